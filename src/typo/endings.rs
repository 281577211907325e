//! Typos in what follows a provider's name: `.con`, `.couk`, `.com.com`, the wrong country.

use super::keyboard::KeyboardLayout;
use super::typos::{Log10, TypoMatch, best_typos_behind_dot};

/// `gmail.com.com`, `gmail.comcom`, `gmail.comgmail.com`.
const REPEATED: Log10 = -3.4;
/// `gmail.com.ar`, from a country where most names end like that.
const COUNTRY_TOO: Log10 = -3.6;
/// `yahoo.uk`, `yahoo.ar`.
const COUNTRY_ALONE: Log10 = -3.0;
/// `laposte.com`: most names end like that.
const COMMON_INSTEAD: Log10 = -3.0;
/// `gmail.net`.
const LESS_COMMON_INSTEAD: Log10 = -3.6;
/// `gmail.fr`.
const ANY_INSTEAD: Log10 = -4.6;
/// `gmail.qqq`: such an ending does not exist.
const INVALID_ENDING: Log10 = -8.5;

/// What was typed after the provider's name.
#[derive(Clone, Copy)]
pub(super) struct TypedEnding<'t> {
    pub(super) text: &'t [u8],
    pub(super) status: EndingStatus,
}

/// Whether it is in the public suffix list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndingStatus {
    Exists,
    Invalid,
}

impl TypedEnding<'_> {
    /// The likeliest typos that turn the `meant` ending of the provider `name` into this one.
    pub(super) fn typos(
        self,
        meant: &[u8],
        name: &[u8],
        layout: KeyboardLayout,
    ) -> Option<TypoMatch> {
        let by_letter = self.letter_typos(meant, layout);
        let otherwise = self.otherwise(meant, name, layout).map(TypoMatch::one);
        let likelihood = |typos: &TypoMatch| typos.likelihood();
        [by_letter, otherwise]
            .into_iter()
            .flatten()
            .max_by(|one, other| likelihood(one).total_cmp(&likelihood(other)))
    }

    /// The same, with typos in single letters alone.
    pub(super) fn letter_typos(self, meant: &[u8], layout: KeyboardLayout) -> Option<TypoMatch> {
        // Two typos in two letters are another country.
        let most = if meant.len() <= 2 { 1 } else { 2 };
        best_typos_behind_dot(self.text, meant, most, layout)
    }

    /// Whether it is `ar` of `com.ar`.
    pub(super) fn is_country_of(self, meant: &[u8]) -> bool {
        meant.strip_suffix(self.text).is_some_and(|rest| rest.ends_with(b"."))
    }

    /// How likely other typos are than those in single letters.
    fn otherwise(self, meant: &[u8], name: &[u8], layout: KeyboardLayout) -> Option<Log10> {
        if let Some(rest) = self.text.strip_prefix(meant) {
            let rest = rest.strip_prefix(b".").unwrap_or(rest);
            let rest =
                rest.strip_prefix(name).and_then(|rest| rest.strip_prefix(b".")).unwrap_or(rest);
            let last = meant.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
            if rest == meant || rest == last {
                return Some(REPEATED);
            }
            if rest.len() == 2 && self.status == EndingStatus::Exists && !meant.contains(&b'.') {
                return Some(COUNTRY_TOO);
            }
        }
        let first = meant.split(|byte| *byte == b'.').next().unwrap_or_default();
        let behind_first = self.text.strip_prefix(first).and_then(|rest| rest.strip_prefix(b"."));
        if behind_first.is_some_and(|rest| best_typos_behind_dot(rest, meant, 1, layout).is_some())
        {
            return Some(REPEATED);
        }
        if self.is_country_of(meant) {
            return Some(COUNTRY_ALONE);
        }
        Some(match (self.text, self.status) {
            (b"com", _) => COMMON_INSTEAD,
            (b"net" | b"org", _) => LESS_COMMON_INSTEAD,
            (_, EndingStatus::Exists) => ANY_INSTEAD,
            (_, EndingStatus::Invalid) => INVALID_ENDING,
        })
    }
}
