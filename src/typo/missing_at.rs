//! A missing `@`: `joe.gmail.com`, `joegmail.com`, `joe#gmail.com`.

use super::{Confidence, Speller};

/// A text without `@`, cut in two where the `@` was probably left out.
// No `Debug`: it holds part of an address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Parted<'a> {
    /// What belongs before the `@`.
    pub local: &'a str,
    /// What belongs after it.
    pub domain: &'a str,
    /// How likely that was meant.
    pub confidence: Confidence,
}

impl Speller {
    /// Finds the provider's domain at the end of a text without `@`. What stands between the name and the
    /// domain in place of the `@` is dropped; without such a separator only the most popular domains count.
    pub fn part<'a>(&self, text: &'a str) -> Option<Parted<'a>> {
        let ends_with = |domain: &str| {
            let at = text.len().checked_sub(domain.len())?;
            let (before, end) = text.split_at_checked(at)?;
            end.eq_ignore_ascii_case(domain).then_some((before, end))
        };
        let (target, (before, domain)) = self
            .targets
            .iter()
            .filter_map(|target| Some((target, ends_with(&target.domain)?)))
            .max_by_key(|(target, _)| target.length)?;
        let local = before.trim_end_matches(is_separator);
        let percent = match (local.len() < before.len(), target.popularity.class()) {
            (true, _) => 95,
            (false, 1) => 85,
            (false, _) => return None,
        };
        (!local.is_empty()).then_some(Parted {
            local,
            domain,
            confidence: Confidence::from_percent(percent),
        })
    }
}

/// Keys hit instead of `@` (2, q, ', ", # on various keyboards share its key), or a wrong sign.
fn is_separator(c: char) -> bool {
    matches!(c, '.' | ',' | ';' | '#' | '*' | '"' | '\'' | ' ' | '/' | '&' | '$')
}
