//! Classifies code points for the address grammar.

use icu_properties::props::{
    CanonicalCombiningClass, DefaultIgnorableCodePoint, Emoji, GeneralCategory, Ideographic,
    JoiningType, Script, VariationSelector,
};
use icu_properties::{CodePointMapData, CodePointSetData};

/// The classes that the grammar distinguishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Text: letters, marks, digits, punctuation, symbols, and the two joiners that some scripts need.
    Text,
    /// A blank of any kind, tab and line separators included.
    WhiteSpace,
    /// A control character (C0, DEL, C1). Line ends count here: they could smuggle a header.
    Control,
    /// A character that changes the direction of the text around it (UAX #9).
    BidiControl,
    /// No text: unassigned, private use, invisible format characters, U+FFFD.
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

/// Invisible letters, marks and signs: with them, two addresses that look the same would differ.
/// Variation selectors and joiners depend on their neighbours: see [`is_idle`].
fn is_invisible(c: char) -> bool {
    shows_nothing(c) && !is_selector(c)
}

/// Characters that are invisible although their Unicode properties say that they are text: the blank
/// Braille pattern, two blanks of hieroglyphs, the null notehead and the Khitan filler.
const BLANK: [char; 5] = ['\u{2800}', '\u{13441}', '\u{13442}', '\u{16fe4}', '\u{1d159}'];

/// Whether a character is invisible. Blanks are not: they take up space.
pub fn shows_nothing(c: char) -> bool {
    !c.is_ascii()
        && (CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c) || BLANK.contains(&c))
}

fn is_selector(c: char) -> bool {
    CodePointSetData::new::<VariationSelector>().contains(c)
}

/// Whether a variation selector or a joiner changes nothing between these neighbours, and so cannot be
/// seen.
pub(super) fn is_idle(previous: Option<char>, c: char, next: Option<char>) -> bool {
    match c {
        '\u{200c}' | '\u{200d}' => {
            !(previous.is_some_and(can_be_joined) && next.is_some_and(|next| !next.is_ascii()))
        }
        c if is_selector(c) => !previous.is_some_and(has_variants),
        _ => false,
    }
}

/// Whether a joiner can change how the letter before it, or an emoji, is drawn (RFC 5892, appendix A).
fn can_be_joined(c: char) -> bool {
    !c.is_ascii()
        && (CodePointMapData::<CanonicalCombiningClass>::new().get(c)
            == CanonicalCombiningClass::Virama
            || matches!(
                CodePointMapData::<JoiningType>::new().get(c),
                JoiningType::DualJoining | JoiningType::LeftJoining | JoiningType::RightJoining
            )
            || is_emoji(c)
            || is_selector(c))
}

/// Whether a variation selector can choose between looks of a character.
fn has_variants(c: char) -> bool {
    is_emoji(c)
        || CodePointSetData::new::<Ideographic>().contains(c)
        || CodePointMapData::<Script>::new().get(c) == Script::Mongolian
}

/// Digits, # and * count as emoji in Unicode, for the sake of keycaps.
fn is_emoji(c: char) -> bool {
    !c.is_ascii() && CodePointSetData::new::<Emoji>().contains(c)
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
            ("blank Braille pattern", '\u{2800}', Class::NotText),
            ("other Braille patterns", '\u{2801}', Class::Text),
            ("Hangul choseong filler", '\u{115f}', Class::NotText),
            ("Hangul jungseong filler", '\u{1160}', Class::NotText),
            ("halfwidth Hangul filler", '\u{ffa0}', Class::NotText),
            ("Khmer inherent vowel", '\u{17b4}', Class::NotText),
            ("null notehead", '\u{1d159}', Class::NotText),
            ("hieroglyph blank", '\u{13441}', Class::NotText),
        ];
        for (name, c, class) in cases {
            assert_eq!(classify(c), class, "{name}");
        }
    }

    #[test]
    fn selectors_and_joiners_that_do_nothing() {
        let (heart, selector, joiner, non_joiner) = ('❤', '\u{fe0f}', '\u{200d}', '\u{200c}');
        let cases = [
            ("emoji with a look", Some(heart), selector, None, false),
            ("ideograph with a look", Some('葛'), '\u{e0100}', Some('a'), false),
            ("Mongolian", Some('\u{1820}'), '\u{180b}', None, false),
            ("selector after a letter", Some('a'), selector, Some('b'), true),
            ("selector after a digit", Some('1'), selector, Some('\u{20e3}'), true),
            ("selector alone", None, selector, Some(heart), true),
            ("selector twice", Some(selector), selector, None, true),
            ("emoji glued", Some(heart), joiner, Some('🔥'), false),
            ("emoji with a look glued", Some(selector), joiner, Some('🔥'), false),
            ("Persian", Some('\u{647}'), non_joiner, Some('\u{627}'), false),
            ("Sinhala", Some('\u{dca}'), joiner, Some('\u{dbb}'), false),
            ("joiner among Latin", Some('a'), joiner, Some('b'), true),
            ("joiner among accented Latin", Some('é'), joiner, Some('é'), true),
            ("joiner before ASCII", Some(heart), joiner, Some('b'), true),
            ("joiner at the end", Some(heart), joiner, None, true),
            ("joiner twice", Some(joiner), joiner, Some(heart), true),
            ("a letter", Some('a'), 'b', None, false),
        ];
        for (name, previous, c, next, idle) in cases {
            assert_eq!(is_idle(previous, c, next), idle, "{name}");
        }
    }
}
