//! The objects in one JSON document: of an array, or of the roster that Mailman's REST API gives
//! (`{"start": 0, "total_size": 2, "entries": [{…}, {…}]}`). Also objects that simply follow one another.

use std::ops::Range;

use memchr::memchr2;

use super::head::Completeness;
use super::json::{past_blanks, past_brackets, past_string, past_value};

/// What is at the front of a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// An object, with the commas and blanks before it.
    Object(Range<usize>),
    /// What closes the document, or blanks at its end.
    Closing,
    /// Anything else, up to the next object.
    Garbage(Range<usize>),
}

/// Cuts the first piece off a document whose objects have begun, and says how long it is; none where its
/// end is not in sight.
pub(super) fn cut(bytes: &[u8], extent: Completeness) -> Option<(usize, Piece)> {
    let start = bytes.iter().take_while(is_between).count();
    let all = bytes.len();
    let garbage = |end: usize| {
        let behind = bytes[start..end].iter().rev().take_while(is_between).count();
        Some((end, Piece::Garbage(start..end - behind)))
    };
    let next = match bytes.get(start) {
        None | Some(b']') => return (extent == Completeness::All).then_some((all, Piece::Closing)),
        Some(b'{') => match past_brackets(bytes, start) {
            Some(end) => return Some((end, Piece::Object(start..end))),
            None => None,
        },
        Some(_) => memchr2(b'{', b']', &bytes[start..]),
    };
    match next {
        Some(end) => garbage(start + end),
        None if extent == Completeness::All => garbage(all),
        None => None,
    }
}

/// Whether a byte stands between two values of an array.
fn is_between(byte: &&u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',')
}

/// Where the objects of a document begin; none where there is nothing of the kind.
pub(super) fn first_object(text: &[u8]) -> Option<usize> {
    let start = past_blanks(text, 0);
    match text.get(start)? {
        b'[' => {
            let first = past_blanks(text, start + 1);
            matches!(text.get(first), Some(b'{' | b']')).then_some(start + 1)
        }
        b'{' => Some(entries(text, start).unwrap_or(start)),
        _ => None,
    }
}

/// Where the entries of a roster begin: its end where it says that it has none.
fn entries(text: &[u8], open: usize) -> Option<usize> {
    let mut is_roster = false;
    let mut at = open + 1;
    loop {
        at = past_blanks(text, at);
        if text.get(at)? != &b'"' {
            return (is_roster && text.get(at) == Some(&b'}')).then_some(text.len());
        }
        let end = past_string(text, at);
        let key = &text[at..end];
        let value = past_blanks(text, past_blanks(text, end) + 1);
        if key == b"\"entries\"" && text.get(value) == Some(&b'[') {
            return Some(value + 1);
        }
        is_roster |= key == b"\"total_size\"";
        at = past_blanks(text, past_value(text, value));
        if text.get(at) == Some(&b',') {
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_cut_into_objects() {
        let cases = [
            (
                "an object",
                r#"{"a": "}"}, {"b": 1}"#,
                Completeness::All,
                Some((10, Piece::Object(0..10))),
            ),
            (
                "commas before it",
                ",\n {}]",
                Completeness::Beginning,
                Some((5, Piece::Object(3..5))),
            ),
            ("half of one", r#" {"a": {}"#, Completeness::Beginning, None),
            (
                "half of one and no more",
                r#" {"a": {}"#,
                Completeness::All,
                Some((9, Piece::Garbage(1..9))),
            ),
            (
                "an escaped mark",
                r#"{"a": "\"}"}x"#,
                Completeness::Beginning,
                Some((12, Piece::Object(0..12))),
            ),
            ("the end", "], \"http_etag\": 1}\n", Completeness::All, Some((19, Piece::Closing))),
            ("the end, perhaps", "]", Completeness::Beginning, None),
            ("blanks", "\n\n", Completeness::All, Some((2, Piece::Closing))),
            ("no object", ", 1, {}", Completeness::Beginning, Some((5, Piece::Garbage(2..3)))),
            (
                "no object at the end",
                ", 1 ]",
                Completeness::Beginning,
                Some((4, Piece::Garbage(2..3))),
            ),
        ];
        for (name, text, extent, expected) in cases {
            assert_eq!(cut(text.as_bytes(), extent), expected, "{name}");
        }
    }

    #[test]
    fn the_objects_begin_somewhere() {
        let cases = [
            ("an array", " [{\"a\": 1}]", Some(2)),
            ("an empty array", "[]", Some(1)),
            ("texts", "[\"joe@x.de\"]", None),
            ("an object", "\n{\"a\": 1}", Some(1)),
            ("a roster", r#"{"start": 0, "entries": [{}]}"#, Some(25)),
            (
                "a roster of nobody",
                r#"{"start": 0, "total_size": 0, "http_etag": "\"x\""}"#,
                Some(51),
            ),
            ("a roster that is cut off", r#"{"start": 0, "total_size": 0"#, Some(0)),
            ("entries of another kind", r#"{"entries": 3, "x": 1}"#, Some(0)),
            ("no JSON", "joe@x.de", None),
        ];
        for (name, text, expected) in cases {
            assert_eq!(first_object(text.as_bytes()), expected, "{name}");
        }
    }
}
