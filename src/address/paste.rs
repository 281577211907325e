//! Removes what people paste around an address, before it is parsed.
//!
//! Only what cannot be part of the address is removed: blanks around it, `mailto:`, a display name and angle
//! brackets, quotation marks around the whole, a dot or comma behind it, invisible characters.
//! Full-width `＠` and `．` become what they stand for. Nothing is guessed: a text with two addresses
//! keeps both, and is refused.

use std::borrow::Cow;

/// A text without what was pasted around the address.
#[derive(Clone, PartialEq, Eq)]
pub struct Pasted<'a> {
    text: Cow<'a, str>,
    changed: Option<Changed>,
}

/// What changed, and where.
#[derive(Clone, PartialEq, Eq)]
struct Changed {
    /// Where something was first removed or replaced, in the text as typed.
    first: usize,
    /// For each byte of what is left, and its end: the byte of the text as typed that it comes from.
    sources: Vec<usize>,
}

/// Bound on the wrappings around an address. A text with more is left as typed: removing a thousand of them would
/// cost a thousand times the length of the text.
const MAX_LAYERS: usize = 16;

/// A text with, for each character, the byte where it stood in the text as typed.
type Characters = [(usize, char)];

impl<'a> Pasted<'a> {
    /// Removes what is pasted around an address.
    ///
    /// ```
    /// use mailvet::address::Pasted;
    ///
    /// assert_eq!(Pasted::clean("Joe Smith <mailto:joe@example.org>,").text(), "joe@example.org");
    /// assert_eq!(Pasted::clean("joe@example.org").first_change(), None);
    /// ```
    pub fn clean(typed: &'a str) -> Self {
        if is_plainly_clean(typed) {
            return Self { text: Cow::Borrowed(typed), changed: None };
        }
        let all: Vec<(usize, char)> = typed.char_indices().collect();
        let left = unwrapped(visible(&all));
        let changed = left.and_then(|left| Some((first_difference(typed, &all, &left)?, left)));
        let Some((first, left)) = changed else {
            return Self { text: Cow::Borrowed(typed), changed: None };
        };
        let text: String = left.iter().map(|(_, c)| c).collect();
        let mut sources: Vec<usize> =
            left.iter().flat_map(|(at, c)| std::iter::repeat_n(*at, c.len_utf8())).collect();
        // The end of what is left: behind its last character, as that was typed.
        let end = left.last().map_or(first, |(at, _)| {
            typed[*at..].chars().next().map_or(typed.len(), |c| at + c.len_utf8())
        });
        sources.push(end);
        Self { text: Cow::Owned(text), changed: Some(Changed { first, sources }) }
    }

    /// The text that is left.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where something was first removed or replaced, as a byte offset into the text as typed; none if nothing was.
    pub fn first_change(&self) -> Option<usize> {
        self.changed.as_ref().map(|changed| changed.first)
    }

    /// The place in the text as typed of a place in what is left.
    pub fn typed_offset(&self, at: usize) -> usize {
        match &self.changed {
            None => at,
            Some(changed) => changed.sources.get(at).copied().unwrap_or(changed.first),
        }
    }
}

/// A quick check of the bytes: whether nothing can be there to remove, as with nearly every address.
fn is_plainly_clean(typed: &str) -> bool {
    let ends_well = !matches!(typed.bytes().next_back(), Some(b'.' | b',' | b';' | b'"' | b'\''));
    ends_well && typed.bytes().all(|b| matches!(b, b'!'..=b'~') && !matches!(b, b'<' | b'>' | b':'))
}

/// The visible characters, with full-width separators replaced.
fn visible(all: &Characters) -> Vec<(usize, char)> {
    let shows = |c| !matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{2060}' | '\u{feff}');
    let kept = all.iter().filter(|(_, c)| shows(*c));
    kept.map(|(at, c)| (*at, ascii_separator(*c))).collect()
}

/// Joiners matter only between letters of the scripts that need them.
fn without_idle_joiners(text: &Characters) -> Vec<(usize, char)> {
    let is_joiner = |c| matches!(c, '\u{200c}' | '\u{200d}');
    let joins = |neighbour: Option<&(usize, char)>| {
        neighbour.is_some_and(|(_, c)| !c.is_ascii() && !is_joiner(*c))
    };
    let mut kept: Vec<(usize, char)> = Vec::with_capacity(text.len());
    for (index, (at, c)) in text.iter().enumerate() {
        if !is_joiner(*c) || (joins(kept.last()) && joins(text.get(index + 1))) {
            kept.push((*at, *c));
        }
    }
    kept
}

/// What East Asian keyboards type for `@` and `.`.
fn ascii_separator(c: char) -> char {
    match c {
        '\u{ff20}' | '\u{fe6b}' => '@',
        '\u{ff0e}' => '.',
        c => c,
    }
}

/// Removes wrapping after wrapping; none where there are too many.
fn unwrapped(mut text: Vec<(usize, char)>) -> Option<Vec<(usize, char)>> {
    for _ in 0..=MAX_LAYERS {
        let mut left = without_blanks(&text);
        left = without_trailing_separators(left);
        left = without_scheme(left);
        left = without_angle_brackets(left);
        left = without_quotes(left);
        let left = without_idle_joiners(left);
        if left.len() == text.len() {
            return Some(left);
        }
        text = left;
    }
    None
}

fn without_blanks(mut text: &Characters) -> &Characters {
    while let [(_, first), rest @ ..] = text
        && first.is_whitespace()
    {
        text = rest;
    }
    while let [rest @ .., (_, last)] = text
        && last.is_whitespace()
    {
        text = rest;
    }
    text
}

/// The end of a sentence, or of an entry in a list.
fn without_trailing_separators(mut text: &Characters) -> &Characters {
    while let [rest @ .., (_, '.' | ',' | ';')] = text {
        text = rest;
    }
    text
}

/// `mailto:` and what may follow the address in such a link (RFC 6068).
fn without_scheme(text: &Characters) -> &Characters {
    const SCHEME: &str = "mailto:";
    let Some((scheme, rest)) = text.split_at_checked(SCHEME.len()) else { return text };
    if !scheme.iter().zip(SCHEME.chars()).all(|((_, c), known)| c.eq_ignore_ascii_case(&known)) {
        return text;
    }
    match rest.iter().position(|(_, c)| *c == '?') {
        Some(query) => &rest[..query],
        None => rest,
    }
}

/// `Joe Smith <joe@example.org>`. A name that is itself another address is no name.
fn without_angle_brackets(text: &Characters) -> &Characters {
    let [before @ .., (_, '>')] = text else { return text };
    let Some(open) = before.iter().position(|(_, c)| *c == '<') else { return text };
    let (name, inside) = (&before[..open], &before[open + 1..]);
    let is_another = |c: char| matches!(c, '<' | '>');
    if inside.iter().any(|(_, c)| is_another(*c)) {
        return text;
    }
    let name_has_at = name.iter().any(|(_, c)| *c == '@');
    if name_has_at && !says_the_same(name, inside) { text } else { inside }
}

/// Whether a display name repeats the address, as some mail programs write it, quoted or not.
fn says_the_same(name: &Characters, address: &Characters) -> bool {
    let name = without_quotes(without_blanks(name));
    let folded =
        |text: &Characters| -> String { text.iter().flat_map(|(_, c)| c.to_lowercase()).collect() };
    folded(name) == folded(address)
}

/// Quotation marks around a whole address; those around a local part end before the `@`.
fn without_quotes(text: &Characters) -> &Characters {
    match text {
        [(_, '"'), inside @ .., (_, '"')]
        | [(_, '\''), inside @ .., (_, '\'')]
        | [(_, '“'), inside @ .., (_, '”')]
        | [(_, '„'), inside @ .., (_, '“')]
        | [(_, '‘'), inside @ .., (_, '’')]
        | [(_, '«'), inside @ .., (_, '»')]
            if inside.iter().any(|(_, c)| *c == '@') =>
        {
            inside
        }
        _ => text,
    }
}

/// The first byte of the text as typed that was moved or removed.
fn first_difference(typed: &str, all: &Characters, left: &Characters) -> Option<usize> {
    match all.iter().zip(left).find(|(typed, left)| typed != left) {
        Some(((at, _), _)) => Some(*at),
        None if all.len() > left.len() => {
            Some(all.get(left.len()).map_or(typed.len(), |(at, _)| *at))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_pasted_goes() {
        let cases = [
            ("nothing to do", "joe@x.de", "joe@x.de", None),
            ("blanks", "  joe@x.de\t\r\n", "joe@x.de", Some(0)),
            ("blank behind", "joe@x.de ", "joe@x.de", Some(8)),
            ("no-break space", "\u{a0}joe@x.de\u{3000}", "joe@x.de", Some(0)),
            ("mailto", "mailto:joe@x.de", "joe@x.de", Some(0)),
            (
                "mailto in capitals with a subject",
                "MAILTO:joe@x.de?subject=a@b",
                "joe@x.de",
                Some(0),
            ),
            ("angle brackets", "<joe@x.de>", "joe@x.de", Some(0)),
            ("name", "Joe Smith <joe@x.de>", "joe@x.de", Some(0)),
            ("quoted name with a comma", "\"Smith, Joe\" <joe@x.de>", "joe@x.de", Some(0)),
            ("the address as its own name", "Joe@x.de <joe@x.de>", "joe@x.de", Some(0)),
            ("the same in quotes", "'joe@x.de' <joe@x.de>", "joe@x.de", Some(0)),
            ("all of it", " Joe <mailto:joe@x.de>, ", "joe@x.de", Some(0)),
            ("dot behind", "joe@x.de.", "joe@x.de", Some(8)),
            ("commas behind", "joe@x.de,,", "joe@x.de", Some(8)),
            ("semicolon behind", "joe@x.de; ", "joe@x.de", Some(8)),
            ("quotes around", "\"joe@x.de\"", "joe@x.de", Some(0)),
            ("typographic quotes", "“joe@x.de”", "joe@x.de", Some(0)),
            ("full-width at", "joe＠x.de", "joe@x.de", Some(3)),
            ("full-width dots", "j．oe@x．de", "j.oe@x.de", Some(1)),
            ("zero width space", "jo\u{200b}e@x.de", "joe@x.de", Some(2)),
            ("byte order mark", "\u{feff}joe@x.de", "joe@x.de", Some(0)),
            ("soft hyphen", "joe@long\u{ad}name.de", "joe@longname.de", Some(8)),
            ("joiner in ASCII", "joe\u{200d}@x.de", "joe@x.de", Some(3)),
            ("joiner in Persian", "می\u{200c}خ@x.de", "می\u{200c}خ@x.de", None),
            ("quoted local part", "\"joe smith\"@x.de", "\"joe smith\"@x.de", None),
            ("quoted local part with an angle", "\"<joe>\"@x.de", "\"<joe>\"@x.de", None),
            ("an apostrophe is a letter", "o'neil@x.de", "o'neil@x.de", None),
            ("two addresses", "joe@x.de, sue@y.de", "joe@x.de, sue@y.de", None),
            ("two with names", "J <j@x.de>, S <s@y.de>", "J <j@x.de>, S <s@y.de>", None),
            ("another address as the name", "j@x.de <s@y.de>", "j@x.de <s@y.de>", None),
            ("bidi control stays to be refused", "joe\u{202e}@x.de", "joe\u{202e}@x.de", None),
            ("literal", "joe@[IPv6:::1]", "joe@[IPv6:::1]", None),
            ("nothing", "", "", None),
            ("blanks alone", " \n ", "", Some(0)),
            ("dots alone", "...", "", Some(0)),
            ("empty angle brackets", "Joe <>", "", Some(0)),
        ];
        for (name, typed, left, first) in cases {
            let pasted = Pasted::clean(typed);
            assert_eq!((pasted.text(), pasted.first_change()), (left, first), "{name}");
        }
    }

    #[test]
    fn layers_go_up_to_a_number() {
        let wrapped = |layers| format!("{}joe@x.de{}", "\"".repeat(layers), "\"".repeat(layers));
        assert_eq!(Pasted::clean(&wrapped(MAX_LAYERS)).text(), "joe@x.de");
        let deeper = wrapped(MAX_LAYERS + 1);
        assert_eq!(Pasted::clean(&deeper).text(), deeper);
        assert_eq!(Pasted::clean(&deeper).first_change(), None);
    }

    #[test]
    fn offsets_lead_back() {
        let cases = [
            ("name", "Joe <jo e@x.de>", 2, 7),
            ("full-width at", "joe＠x,de", 5, 7),
            ("end", "Joe <joe> ", 3, 8),
            ("end after a wide character", "joe\u{ff20} ", 4, 6),
            ("unchanged", "joe", 2, 2),
        ];
        for (name, typed, at, source) in cases {
            assert_eq!(Pasted::clean(typed).typed_offset(at), source, "{name}");
        }
    }

    proptest! {
        #[test]
        fn clean_twice_is_clean_once(typed in "[ -~＠．\u{200b}\u{200d}ü“”«»\n]{0,40}") {
            let once = Pasted::clean(&typed);
            let text = once.text().to_owned();
            let twice = Pasted::clean(&text);
            prop_assert_eq!(twice.text(), text.as_str());
            prop_assert_eq!(once.first_change().is_some(), text != typed);
            for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
                prop_assert!(typed.is_char_boundary(once.typed_offset(at)));
            }
        }
    }
}
