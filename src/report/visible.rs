//! Foreign text made harmless to look at.

use std::borrow::Cow;

/// The text with everything escaped that a terminal or a reader could be fooled by: controls, escape
/// sequences, characters that turn the direction of the text or cannot be seen.
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

fn is_visible(c: char) -> bool {
    use icu_properties::CodePointMapData;
    use icu_properties::props::GeneralCategory;
    matches!(c, ' '..='~')
        || !matches!(
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
