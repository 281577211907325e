//! Typo suggestions: the domain, or the address, that a person probably meant to type.
//!
//! # The noisy channel
//!
//! ```text
//!                                   prior(meant) × typos(typed | meant)
//! confidence(meant | typed) = ────────────────────────────────────────────────
//!                             typed_prior(typed) + Σ prior(d) × typos(typed | d)
//! ```
//!
//! The sum runs over every domain `d` within a few typos of the typed one; all factors are decimal logarithms.
//!
//! | factor | file |
//! |---|---|
//! | prior: the share of addresses at a domain, by its popularity class; the operator's own domains | `targets` |
//! | typos: in letters (by keyboard layout), by ear, in the ending, of dots and prefixes | `typos`, `keyboard`, `phonetic`, `endings`, `channel` |
//! | `typed_prior`: how likely the typed domain is genuine, by its length and ending | `typed_prior` |
//! | bonus for domains of the user's country | `locale`, `languages` |
//!
//! `index` finds candidates by deleting letters, so a look-up costs the same however many domains are listed;
//! `channel` puts the factors together; of a tie nothing is suggested. [`weigh`] joins what the DNS says of the
//! typed domain; [`tld_typo`] corrects the ending of a domain that no list has. [`Suggester::repair`] finds the
//! address in a text that is none (`readings`: ways to read it).
//!
//! A domain that is known to be real is never corrected: the caller does not ask about it.
//!
//! # Where the constants come from
//!
//! They are rounded estimates, set by hand from one assumption (about one typo in fifty words) and from the order of
//! what is likelier, and held by tests: `tests/vectors/typos.tsv` and `well_known_typos.txt` must be corrected,
//! `real_domains.tsv` must not, and `confidence` must be right as often as it says (tests/it/typo/calibration.rs).
//!
//! # To add a kind of typo
//!
//! Give it a constant with an example (in letters: `typos`; in endings: `endings`; around the domain: `channel`; in
//! texts that are no address: `readings`) and a row in `tests/vectors/typos.tsv`; then run
//! `cargo test --test it typo::`, which measures the real domains too.

mod channel;
mod confidence;
mod endings;
mod index;
mod keyboard;
mod languages;
mod locale;
mod lookalike;
mod phonetic;
mod readings;
mod repair;
mod targets;
mod tld;
mod typed_prior;
mod typos;
mod weigh;

use crate::address::Domain;
use crate::catalog::Popularity;

use channel::{TypedText, likeliest};
pub use confidence::Confidence;
pub use locale::{Locale, LocaleError};
use lookalike::Lookalikes;
pub use repair::{DomainStatus, Repaired};
use targets::TypoTargets;
pub use tld::{TldCorrection, tld_typo};
pub use weigh::{TypedDomain, weigh};

/// A domain that was probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The domain, in lower-case A-labels.
    pub domain: Box<str>,
    /// How the two are alike.
    pub kind: TypoKind,
    /// How likely it was meant.
    pub confidence: Confidence,
}

/// How the typed domain resembles the meant one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypoKind {
    /// Mistyped: `gmal.com`.
    Typo,
    /// Letters of another script that look alike: a Cyrillic а in `gmail.com`.
    Lookalike,
}

/// Suggests domains and addresses.
// No `Debug`: some domains are the operator's own.
pub struct Suggester {
    targets: TypoTargets,
    lookalikes: Lookalikes,
    own: Vec<Box<str>>,
}

/// A provider's name in letters of another script is hardly ever a real domain.
const LOOKALIKE: Confidence = Confidence::from_percent(97);

impl Suggester {
    /// Suggests the popular ones among these domains (lower-case A-labels).
    #[cfg(feature = "testing")]
    pub fn new<'a>(listed: impl IntoIterator<Item = (&'a str, Popularity)>) -> Self {
        Self::with_own(listed, &[])
    }

    /// The same; also suggests the operator's own domains, and never corrects them.
    pub fn with_own<'a>(
        listed: impl IntoIterator<Item = (&'a str, Popularity)>,
        own: &'a [Domain],
    ) -> Self {
        let targets = TypoTargets::new(listed.into_iter(), own.iter().map(Domain::ascii));
        let lookalikes = Lookalikes::new(targets.domains());
        let own = own.iter().map(|domain| domain.ascii().into()).collect();
        Self { targets, lookalikes, own }
    }

    /// The domain that was probably meant instead of `typed`, which is not known to be real.
    pub fn suggest(&self, typed: &Domain, locale: Option<&Locale>) -> Option<Suggestion> {
        if let Some(domain) = self.lookalikes.of(typed) {
            return Some(Suggestion {
                domain: domain.into(),
                kind: TypoKind::Lookalike,
                confidence: LOOKALIKE,
            });
        }
        if self.is_own(typed) || self.targets.contain(typed.ascii()) {
            return None;
        }
        let text = typed.unicode();
        if text.is_ascii() {
            self.likeliest(TypedText { text: text.as_bytes(), domain: typed.ascii() }, locale)
        } else {
            let one_byte = |c: char| u8::try_from(c).ok().filter(u8::is_ascii).unwrap_or(u8::MAX);
            let text: Vec<u8> = text.chars().map(one_byte).collect();
            self.likeliest(TypedText { text: &text, domain: typed.ascii() }, locale)
        }
    }

    /// The domain that was probably meant by a text in lower case that may be no domain name.
    pub fn nearest(&self, typed: &str, locale: Option<&Locale>) -> Option<Suggestion> {
        self.likeliest(TypedText { text: typed.as_bytes(), domain: typed }, locale)
    }

    fn likeliest(&self, typed: TypedText<'_>, locale: Option<&Locale>) -> Option<Suggestion> {
        let (domain, confidence) = likeliest(&self.targets, typed, locale)?;
        Some(Suggestion { domain: domain.into(), kind: TypoKind::Typo, confidence })
    }

    /// Whether it is one of the operator's own domains, or below one.
    fn is_own(&self, typed: &Domain) -> bool {
        typed.and_parents().any(|name| self.own.iter().any(|own| **own == *name))
    }
}

#[cfg(test)]
mod tests;
