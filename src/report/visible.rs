//! Makes foreign text safe to show in a terminal.

use std::borrow::Cow;
use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::address::shows_nothing;

/// Escapes everything that could mislead a terminal or a reader: control characters, escape sequences, invisible
/// characters, characters that change the direction of the text.
///
/// ```
/// assert_eq!(mailvet::report::visible("joe\u{1b}[2J@x"), "joe\\u{1b}[2J@x");
/// assert_eq!(mailvet::report::visible("jörg@x"), "jörg@x");
/// ```
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_visible) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_visible(c) {
            shown.push(c);
        } else {
            shown.extend(c.escape_unicode());
        }
    }
    Cow::Owned(shown)
}

/// The most bytes of a server's own words that are shown.
const MAX_REPLY_BYTES: usize = 200;

/// The part of a server's own words that is shown.
pub fn beginning(words: &str) -> &str {
    &words[..words.floor_char_boundary(MAX_REPLY_BYTES)]
}

/// The value as one line of JSON. What [`visible`] escapes is written as `\u…`, so that JSON readers get the same text
/// and a terminal is not misled.
///
/// # Errors
/// The value cannot be written as JSON.
pub fn visible_json(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut json = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut json, Visible))?;
    Ok(json)
}

struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| !is_visible(*c)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

fn is_visible(c: char) -> bool {
    use icu_properties::CodePointMapData;
    use icu_properties::props::GeneralCategory;
    matches!(c, ' '..='~')
        || !shows_nothing(c)
            && !matches!(
                CodePointMapData::<GeneralCategory>::new().get(c),
                GeneralCategory::Control
                    | GeneralCategory::Format
                    | GeneralCategory::Unassigned
                    | GeneralCategory::PrivateUse
                    | GeneralCategory::Surrogate
                    | GeneralCategory::LineSeparator
                    | GeneralCategory::ParagraphSeparator
            )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_nothing_is_shown() {
        let cases = [
            ("escape sequence", '\u{1b}'),
            ("C1", '\u{9b}'),
            ("line end", '\n'),
            ("right-to-left override", '\u{202e}'),
            ("zero width joiner", '\u{200d}'),
            ("line separator", '\u{2028}'),
            ("private use", '\u{e000}'),
            ("unassigned", '\u{378}'),
            ("Hangul filler", '\u{3164}'),
            ("halfwidth Hangul filler", '\u{ffa0}'),
            ("Hangul choseong filler", '\u{115f}'),
            ("Hangul jungseong filler", '\u{1160}'),
            ("Khmer inherent vowel", '\u{17b4}'),
            ("grapheme joiner", '\u{34f}'),
            ("blank Braille pattern", '\u{2800}'),
            ("variation selector", '\u{fe0f}'),
            ("ideographic variation selector", '\u{e0100}'),
            ("tag", '\u{e0041}'),
            ("null notehead", '\u{1d159}'),
        ];
        for (name, c) in cases {
            let text = format!("a{c}b");
            let escape = format!("a{}b", c.escape_unicode());
            assert_eq!(visible(&text), escape, "{name}");
            let json = String::from_utf8(visible_json(&text).unwrap()).unwrap();
            assert!(json.is_ascii(), "{name}: {json}");
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text, "{name}");
        }
        for shown in ["a b", "jörg", "黒", "\u{301}", "💩", "\u{3000}", "\u{a0}"] {
            assert_eq!(visible(shown), shown, "{shown:?}");
        }
    }
}
