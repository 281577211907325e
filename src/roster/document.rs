//! Finds the objects in one JSON document: in an array, or in a roster from Mailman's REST API
//! (`{"start": 0, "total_size": 2, "entries": [{…}, {…}]}`). Also objects that simply follow one another.
//!
//! The streaming JSON readers (`struson`, `StreamDeserializer` of `serde_json`) end at the first syntax error.
//! A damaged list must still give all its other rows, byte for byte, so we count brackets and go on at the
//! next object; what is between brackets is parsed by `serde_json` later.

use std::ops::Range;

use memchr::memchr2;

use super::preview::Completeness;

/// What a document begins with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// An object, after commas and blanks.
    Object(Range<usize>),
    /// What closes the document, or blanks at its end.
    Closing,
    /// Anything else, up to the next object.
    Garbage(Range<usize>),
}

/// Splits the first piece off a document whose objects have begun: its length, and what it is. None where
/// its end is not in memory.
pub(super) fn first_piece(bytes: &[u8], completeness: Completeness) -> Option<(usize, Piece)> {
    let start = bytes.iter().take_while(is_between).count();
    let all = bytes.len();
    let garbage = |end: usize| {
        let trailing = bytes[start..end].iter().rev().take_while(is_between).count();
        Some((end, Piece::Garbage(start..end - trailing)))
    };
    let next = match bytes.get(start) {
        None | Some(b']') => {
            return (completeness == Completeness::All).then_some((all, Piece::Closing));
        }
        Some(b'{') => match after_brackets(bytes, start) {
            Some(end) => return Some((end, Piece::Object(start..end))),
            None => None,
        },
        Some(_) => memchr2(b'{', b']', &bytes[start..]),
    };
    match next {
        Some(end) => garbage(start + end),
        None if completeness == Completeness::All => garbage(all),
        None => None,
    }
}

/// How the end of a piece is found that is too long to be held.
pub(super) enum PieceEnd {
    Object(ObjectEnd),
    Closing,
    Garbage,
}

impl PieceEnd {
    /// For the piece that begins with these bytes, and the offset after the commas and blanks before it.
    pub(super) fn of(bytes: &[u8]) -> (usize, Self) {
        let start = bytes.iter().take_while(is_between).count();
        let end = match bytes.get(start) {
            Some(b'{') => Self::Object(ObjectEnd::default()),
            Some(b']') => Self::Closing,
            Some(_) | None => Self::Garbage,
        };
        (start, end)
    }

    /// The offset of its end in the next bytes of it; none where it goes on after them.
    pub(super) fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Object(end) => end.find(bytes),
            Self::Closing => None,
            Self::Garbage => memchr2(b'{', b']', bytes),
        }
    }
}

/// Finds the end of an object that is read in parts: its closing brace, or damage after which the next object may
/// begin. Such damage is a line break in a string, or an object where a key belongs. Without it an object that
/// is cut off would include all that follow.
#[derive(Default)]
pub(super) struct ObjectEnd {
    depth: usize,
    /// Which of the open brackets are braces, the innermost in the lowest bit. `serde_json` reads no deeper object.
    braces: u128,
    is_in_string: bool,
    is_escaped: bool,
    /// The last byte that is no blank.
    last: u8,
}

impl ObjectEnd {
    fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().copied().enumerate() {
            match byte {
                b'\n' | b'\r' if self.is_in_string => return Some(at),
                _ if self.is_in_string => {
                    self.is_in_string = self.is_escaped || byte != b'"';
                    self.is_escaped = !self.is_escaped && byte == b'\\';
                }
                b'"' => self.is_in_string = true,
                b'{' if self.braces & 1 == 1 && self.last != b':' => return Some(at),
                b'{' | b'[' => {
                    self.depth += 1;
                    self.braces = self.braces << 1 | u128::from(byte == b'{');
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.braces >>= 1;
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
            if !byte.is_ascii_whitespace() {
                self.last = byte;
            }
        }
        None
    }
}

/// Whether the byte can separate two values of an array.
fn is_between(byte: &&u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',')
}

/// The offset at which the objects of a document begin; none where the text is no such document.
pub(super) fn first_object(text: &[u8]) -> Option<usize> {
    let start = after_blanks(text, 0);
    match text.get(start)? {
        b'[' => {
            let first = after_blanks(text, start + 1);
            matches!(text.get(first), Some(b'{' | b']')).then_some(start + 1)
        }
        b'{' => Some(entries(text, start).unwrap_or(start)),
        _ => None,
    }
}

/// The offset at which the entries of a roster begin; the end of the text where the roster has none.
fn entries(text: &[u8], open: usize) -> Option<usize> {
    let mut is_roster = false;
    let mut at = open + 1;
    loop {
        at = after_blanks(text, at);
        if text.get(at)? != &b'"' {
            return (is_roster && text.get(at) == Some(&b'}')).then_some(text.len());
        }
        let end = after_string(text, at);
        let key = &text[at..end];
        let value = after_blanks(text, after_blanks(text, end) + 1);
        if key == b"\"entries\"" && text.get(value) == Some(&b'[') {
            return Some(value + 1);
        }
        is_roster |= key == b"\"total_size\"";
        at = after_blanks(text, after_value(text, value));
        if text.get(at) == Some(&b',') {
            at += 1;
        }
    }
}

/// The offset after the blanks at `at`.
pub(super) fn after_blanks(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
}

/// The offset after the string that begins at `start`; the end of the text where it does not end.
fn after_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        match bytes[at + found] {
            b'"' => return at + found + 1,
            _ => at += found + 2,
        }
    }
    bytes.len()
}

/// The offset after the object or array that begins at `start`; none where it does not end.
fn after_brackets(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        match bytes.get(at)? {
            b'"' => {
                at = after_string(bytes, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// The offset after the value that begins at `start`.
fn after_value(bytes: &[u8], start: usize) -> usize {
    match bytes.get(start) {
        Some(b'"') => after_string(bytes, start),
        Some(b'{' | b'[') => after_brackets(bytes, start).unwrap_or(bytes.len()),
        _ => {
            let rest = bytes.get(start..).unwrap_or_default();
            let ends =
                |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
            start + rest.iter().position(ends).unwrap_or(rest.len())
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
        for (name, text, completeness, expected) in cases {
            assert_eq!(first_piece(text.as_bytes(), completeness), expected, "{name}");
        }
    }

    #[test]
    fn objects_end_whatever_their_parts() {
        let cases = [
            ("its brace", r#"{"a": ["{", {"b": "\"}"}]}, {"#, Some(26)),
            ("no brace", r#"{"a": [{"b": 1}, {"c": 2}]"#, None),
            ("a line break in a string", "{\"a\": \"x\n{}", Some(8)),
            ("an object in place of a key", "{\"a\": 1,\n{\"a\": 2}", Some(9)),
            ("an object after a value", "{\"a\": \"1\"\n{\"a\": 2}", Some(10)),
            ("objects in each other", r#"{"a": {"b": [[], {}, {}]}}"#, Some(26)),
        ];
        for (name, text, expected) in cases {
            for size in [1, 2, 3, text.len()] {
                let mut end = ObjectEnd::default();
                let parts = text.as_bytes().chunks(size).enumerate();
                let mut found =
                    parts.filter_map(|(index, part)| Some(index * size + end.find(part)?));
                assert_eq!(found.next(), expected, "{name}, {size} bytes at once");
            }
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
                "a roster without members",
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
