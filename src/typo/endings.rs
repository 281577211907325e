//! Typos in what follows a provider's name: `.con`, `.couk`, `.com.com`, the wrong country.

use super::typos::{Log10, TypingModel, TypoMatch};

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
/// `gmail.qqq`: no ending at all.
const NONSENSE: Log10 = -8.5;

/// What was typed after the name, and whether names can end like that.
#[derive(Clone, Copy)]
pub(super) struct TypedEnding<'t> {
    pub(super) text: &'t [u8],
    pub(super) existence: Existence,
}

/// Whether names can end like that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existence {
    Exists,
    Nonsense,
}

impl TypedEnding<'_> {
    /// The likeliest typos that make it of the ending that was meant, of the domain of that `name`.
    pub(super) fn typos(self, meant: &[u8], name: &[u8], hand: TypingModel) -> Option<TypoMatch> {
        let by_hand = self.typos_by_hand(meant, hand);
        let otherwise = self.otherwise(meant, name, hand).map(TypoMatch::one);
        let likelihood = |typos: &TypoMatch| typos.likelihood();
        [by_hand, otherwise]
            .into_iter()
            .flatten()
            .max_by(|one, other| likelihood(one).total_cmp(&likelihood(other)))
    }

    /// The same, typos in its letters alone.
    pub(super) fn typos_by_hand(self, meant: &[u8], hand: TypingModel) -> Option<TypoMatch> {
        // Two typos in two letters are another country.
        let most = if meant.len() <= 2 { 1 } else { 2 };
        hand.typos_behind_dot(self.text, meant, most)
    }

    /// Whether it is `ar` of `com.ar`.
    pub(super) fn is_country_of(self, meant: &[u8]) -> bool {
        meant.strip_suffix(self.text).is_some_and(|rest| rest.ends_with(b"."))
    }

    /// How likely it is by other typos than those of letters.
    fn otherwise(self, meant: &[u8], name: &[u8], hand: TypingModel) -> Option<Log10> {
        if let Some(rest) = self.text.strip_prefix(meant) {
            let rest = rest.strip_prefix(b".").unwrap_or(rest);
            let rest =
                rest.strip_prefix(name).and_then(|rest| rest.strip_prefix(b".")).unwrap_or(rest);
            let last = meant.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
            if rest == meant || rest == last {
                return Some(REPEATED);
            }
            if rest.len() == 2 && self.existence == Existence::Exists && !meant.contains(&b'.') {
                return Some(COUNTRY_TOO);
            }
        }
        let first = meant.split(|byte| *byte == b'.').next().unwrap_or_default();
        let behind_first = self.text.strip_prefix(first).and_then(|rest| rest.strip_prefix(b"."));
        if behind_first.is_some_and(|rest| hand.typos_behind_dot(rest, meant, 1).is_some()) {
            return Some(REPEATED);
        }
        if self.is_country_of(meant) {
            return Some(COUNTRY_ALONE);
        }
        Some(match (self.text, self.existence) {
            (b"com", _) => COMMON_INSTEAD,
            (b"net" | b"org", _) => LESS_COMMON_INSTEAD,
            (_, Existence::Exists) => ANY_INSTEAD,
            (_, Existence::Nonsense) => NONSENSE,
        })
    }
}
