//! What a person probably meant to type.
//!
//! A noisy channel: how often people mean a domain (`targets`) times how likely the typos are that make the
//! typed one of it (`typos` in a word, `endings`, `heard`), against how likely the typed one is meant
//! (`as_typed`), makes the confidence (`channel`). Candidates come from an index of what is left of their
//! names when letters go (`index`). Texts that are no address are read in every way that makes one
//! (`readings`, `repair`).
//!
//! What is known to be real is never corrected: the caller does not ask about it. This room knows nothing
//! of the DNS; what the DNS says of the typed domain joins through [`weigh`], and of a domain whose ending
//! alone is wrong through [`tld_typo`].

mod channel;
mod confidence;
mod did_you_mean;
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

use channel::{Typed, likeliest};
pub use confidence::Confidence;
pub use did_you_mean::{did_you_mean, nearest_name};
pub use locale::{Locale, LocaleError};
use lookalike::Lookalikes;
pub use repair::{DomainStatus, Repaired};
use targets::Targets;
pub use tld::{Candidate, tld_typo};
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

/// How a domain came to be taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypoKind {
    /// By the hand: `gmal.com`.
    Typo,
    /// By the eye: letters that look like others.
    Lookalike,
}

/// The domains that can be suggested.
// No `Debug`: some are the operator's own.
pub struct Speller {
    targets: Targets,
    lookalikes: Lookalikes,
    own: Vec<Box<str>>,
}

/// Nobody types letters of another script by a typo of the hand into the name of a provider.
const LOOKALIKE: Confidence = Confidence::from_percent(97);

impl Speller {
    /// A speller that suggests the popular ones among these domains (lower-case A-labels).
    pub fn new<'a>(listed: impl IntoIterator<Item = (&'a str, Popularity)>) -> Self {
        Self::with_own(listed, &[])
    }

    /// The same, which also suggests domains of the operator's own, and takes them for real.
    pub fn with_own<'a>(
        listed: impl IntoIterator<Item = (&'a str, Popularity)>,
        own: &'a [Domain],
    ) -> Self {
        let targets = Targets::new(listed.into_iter(), own.iter().map(Domain::ascii));
        let lookalikes = Lookalikes::new(targets.domains());
        let own = own.iter().map(|domain| domain.ascii().into()).collect();
        Self { targets, lookalikes, own }
    }

    /// The domain that was probably meant instead of this one, which is not known to be real.
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
            self.likeliest(Typed { text: text.as_bytes(), domain: typed.ascii() }, locale)
        } else {
            let one_byte = |c: char| u8::try_from(c).ok().filter(u8::is_ascii).unwrap_or(u8::MAX);
            let text: Vec<u8> = text.chars().map(one_byte).collect();
            self.likeliest(Typed { text: &text, domain: typed.ascii() }, locale)
        }
    }

    /// The domain that was probably meant by a text in lower case that need be no domain name.
    pub fn nearest(&self, typed: &str, locale: Option<&Locale>) -> Option<Suggestion> {
        self.likeliest(Typed { text: typed.as_bytes(), domain: typed }, locale)
    }

    fn likeliest(&self, typed: Typed<'_>, locale: Option<&Locale>) -> Option<Suggestion> {
        let (domain, confidence) = likeliest(&self.targets, typed, locale)?;
        Some(Suggestion { domain: domain.into(), kind: TypoKind::Typo, confidence })
    }

    /// Whether it is a domain of the operator's, or one below.
    fn is_own(&self, typed: &Domain) -> bool {
        typed.and_parents().any(|name| self.own.iter().any(|own| **own == *name))
    }
}

#[cfg(test)]
mod tests;
