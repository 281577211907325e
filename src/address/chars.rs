//! What a code point is, as far as an address is concerned.

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, VariationSelector};
use icu_properties::{CodePointMapData, CodePointSetData};

/// The classes that the grammar tells apart beyond plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Text: letters, marks, digits, punctuation, symbols, and the two joiners that some scripts need.
    Text,
    /// A blank of any kind, tab and line separators included.
    WhiteSpace,
    /// A control character (C0, DEL, C1). Line ends count here: they could smuggle a header.
    Control,
    /// A character that turns the direction of the text around it (UAX #9).
    BidiControl,
    /// No text at all: unassigned, private use, invisible format characters, U+FFFD.
    NotText,
}

/// Classifies one code point.
pub(super) fn classify(c: char) -> Class {
    match c {
        ' ' | '\t' => Class::WhiteSpace,
        // Joiners shape letters in Persian, Hindi and others, and glue emoji together.
        '!'..='~' | '\u{200c}' | '\u{200d}' => Class::Text,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Class::BidiControl
        }
        // The marks that a decoder or an editor leaves where something was no text.
        '\u{fffc}' | '\u{fffd}' => Class::NotText,
        _ => match CodePointMapData::<GeneralCategory>::new().get(c) {
            GeneralCategory::Control => Class::Control,
            GeneralCategory::SpaceSeparator
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator => Class::WhiteSpace,
            GeneralCategory::Unassigned
            | GeneralCategory::PrivateUse
            | GeneralCategory::Surrogate
            | GeneralCategory::Format => Class::NotText,
            _ if is_invisible(c) => Class::NotText,
            _ => Class::Text,
        },
    }
}

/// Letters and marks that show nothing (Hangul fillers and the like): with them two addresses that
/// look the same would differ. Variation selectors only choose between looks, as emoji need.
fn is_invisible(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        && !CodePointSetData::new::<VariationSelector>().contains(c)
}

/// Whether the code point attaches itself to the one before it, so that it cannot come first.
pub(super) fn is_combining_mark(c: char) -> bool {
    !c.is_ascii()
        && matches!(
            CodePointMapData::<GeneralCategory>::new().get(c),
            GeneralCategory::NonspacingMark
                | GeneralCategory::SpacingMark
                | GeneralCategory::EnclosingMark
        )
}

/// `atext` of RFC 5322 §3.2.3, the characters of a dot-atom. Text beyond ASCII is judged by
/// [`classify`] (RFC 6532 §3.2).
pub(super) fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        let cases = [
            ("letter", 'a', Class::Text),
            ("umlaut", 'ü', Class::Text),
            ("han", '黒', Class::Text),
            ("emoji", '❤', Class::Text),
            ("combining acute", '\u{301}', Class::Text),
            ("zero width joiner", '\u{200d}', Class::Text),
            ("blank", ' ', Class::WhiteSpace),
            ("tab", '\t', Class::WhiteSpace),
            ("no-break space", '\u{a0}', Class::WhiteSpace),
            ("ideographic space", '\u{3000}', Class::WhiteSpace),
            ("line separator", '\u{2028}', Class::WhiteSpace),
            ("line feed", '\n', Class::Control),
            ("NUL", '\0', Class::Control),
            ("DEL", '\u{7f}', Class::Control),
            ("C1", '\u{80}', Class::Control),
            ("next line", '\u{85}', Class::Control),
            ("right-to-left override", '\u{202e}', Class::BidiControl),
            ("Arabic letter mark", '\u{61c}', Class::BidiControl),
            ("isolate", '\u{2066}', Class::BidiControl),
            ("private use", '\u{e000}', Class::NotText),
            ("unassigned", '\u{378}', Class::NotText),
            ("noncharacter", '\u{ffff}', Class::NotText),
            ("zero width space", '\u{200b}', Class::NotText),
            ("byte order mark", '\u{feff}', Class::NotText),
            ("replacement character", '\u{fffd}', Class::NotText),
            ("Hangul filler", '\u{3164}', Class::NotText),
            ("grapheme joiner", '\u{34f}', Class::NotText),
            ("emoji variation selector", '\u{fe0f}', Class::Text),
            ("object replacement", '\u{fffc}', Class::NotText),
            ("tag", '\u{e0041}', Class::NotText),
        ];
        for (name, c, class) in cases {
            assert_eq!(classify(c), class, "{name}");
        }
    }
}
