//! What a person probably meant to type.
//!
//! A typed domain is compared with the domains of popular providers; how popular the target and how
//! small the slip make the confidence. What is known to be real is never corrected: the caller does not
//! ask about it. This room knows nothing of the DNS; what the DNS says of the typed domain joins
//! through [`weigh`].

mod confidence;
mod locale;
mod lookalike;
mod missing_at;
mod nearest;

use crate::address::Domain;
use crate::catalog::Popularity;

pub use confidence::Confidence;
pub use locale::{Locale, LocaleError};
use lookalike::Lookalikes;
pub use missing_at::Parted;
pub use nearest::{did_you_mean, nearest_name};

/// A domain that was probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The domain, in lower-case A-labels.
    pub domain: Box<str>,
    /// How the two are alike.
    pub kind: SlipKind,
    /// How likely it was meant.
    pub confidence: Confidence,
}

/// How a domain came to be taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlipKind {
    /// By the hand: `gmal.com`.
    Typo,
    /// By the eye: letters that look like others.
    Lookalike,
}

/// The domains that can be suggested.
#[derive(Clone, Debug)]
pub struct Speller {
    targets: Vec<Target>,
    lookalikes: Lookalikes,
}

#[derive(Clone, Debug)]
struct Target {
    domain: Box<str>,
    length: usize,
    letters: Letters,
    popularity: Popularity,
}

/// Whether a typed domain takes mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypedDomain {
    /// It does: somebody may well mean it.
    TakesMail,
    /// It does not: nobody can mean it.
    TakesNone,
    /// It was not found out.
    Unknown,
}

impl Speller {
    /// A speller that suggests the popular ones among these domains (lower-case A-labels).
    pub fn new<'a>(targets: impl IntoIterator<Item = (&'a str, Popularity)>) -> Self {
        let target = |(domain, popularity): (&str, Popularity)| Target {
            domain: domain.into(),
            length: domain.chars().count(),
            letters: Letters::of(domain),
            popularity,
        };
        let popular = |(_, popularity): &(&str, Popularity)| popularity.class() <= LEAST_POPULAR;
        let mut targets: Vec<Target> = targets.into_iter().filter(popular).map(target).collect();
        // Popular ones first, names in order: what is suggested never depends on the order of a list.
        targets.sort_by(|a, b| (a.popularity, &a.domain).cmp(&(b.popularity, &b.domain)));
        let lookalikes = Lookalikes::new(targets.iter().map(|target| &*target.domain));
        Self { targets, lookalikes }
    }

    /// The domain that was probably meant instead of this one, which is none of the targets and not known
    /// to be real.
    pub fn suggest(&self, typed: &Domain, locale: Option<&Locale>) -> Option<Suggestion> {
        match self.lookalikes.of(typed) {
            Some(domain) => Some(Suggestion {
                domain: domain.into(),
                kind: SlipKind::Lookalike,
                confidence: LOOKALIKE,
            }),
            None => self.nearest(typed.unicode(), locale),
        }
    }

    /// The domain that was probably meant by a text in lower case that need be no domain name. Of
    /// equally likely ones the one that the locale favours, or none.
    pub fn nearest(&self, typed: &str, locale: Option<&Locale>) -> Option<Suggestion> {
        let length = typed.chars().count();
        let letters = Letters::of(typed);
        let favoured =
            |target: &Target| locale.is_some_and(|locale| locale.favours(&target.domain));
        let mut best: Option<((Confidence, bool), &Target)> = None;
        let mut tie = false;
        for target in &self.targets {
            let Some(confidence) = likelihood(typed, length, letters, target) else { continue };
            let rank = (confidence, favoured(target));
            match best {
                Some((of_best, _)) if rank < of_best => {}
                Some((of_best, _)) if rank == of_best => tie = true,
                _ => {
                    best = Some((rank, target));
                    tie = false;
                }
            }
        }
        let ((confidence, _), target) = best.filter(|_| !tie)?;
        Some(Suggestion { domain: target.domain.clone(), kind: SlipKind::Typo, confidence })
    }
}

/// Nobody types letters of another script by a slip of the hand into the name of a provider.
const LOOKALIKE: Confidence = Confidence::from_percent(97);
/// Less popular domains than those of this class are too rarely meant to be guessed.
const LEAST_POPULAR: u8 = 2;
/// Slips of more edits than this are not recognised.
const MAX_EDITS: usize = 2;

/// Which letters a text has, some of them taken for each other.
#[derive(Clone, Copy, Debug)]
struct Letters(u64);

impl Letters {
    fn of(text: &str) -> Self {
        Self(text.chars().fold(0, |set, c| set | 1 << (u32::from(c) % u64::BITS)))
    }

    /// Fewer edits than this cannot make one text of the other: an edit takes one letter away and
    /// brings one in at most.
    fn least_edits(self, other: Self) -> usize {
        (self.0 ^ other.0).count_ones().div_ceil(2) as usize
    }
}

fn likelihood(typed: &str, length: usize, letters: Letters, target: &Target) -> Option<Confidence> {
    // Nearly every target differs in more letters: that is seen at a glance, an edit distance is not.
    let least_edits = length.abs_diff(target.length).max(letters.least_edits(target.letters));
    if least_edits > MAX_EDITS {
        return None;
    }
    let edits = strsim::osa_distance(typed, &target.domain);
    // The shorter a name, the more real names are near it.
    let percent = match (edits, target.popularity.class(), length) {
        (1, 1, 8..) => 98,
        (1, 2, 8..) => 93,
        (2, 1, 10..) => 82,
        (1, 1, _) => 75,
        (1, 2, _) | (2, 2, 10..) => 60,
        _ => return None,
    };
    Some(Confidence::from_percent(percent))
}

/// From this confidence on a suggestion stands even where the typed domain takes mail: gmal.com and
/// yahooo.com are kept by others for the sake of such slips.
const NEAR_CERTAIN: Confidence = Confidence::from_percent(95);

/// Joins what is known of the typed domain to a suggestion: how confident it still is, if at all. A
/// look-alike takes mail, or does not, to the same end.
pub fn weigh(suggestion: &Suggestion, typed: TypedDomain) -> Option<Confidence> {
    let confidence = suggestion.confidence;
    if suggestion.kind == SlipKind::Lookalike {
        return Some(confidence);
    }
    match typed {
        TypedDomain::TakesMail if confidence < NEAR_CERTAIN => None,
        TypedDomain::TakesMail | TypedDomain::Unknown => Some(confidence),
        TypedDomain::TakesNone => {
            // Half of the doubt was that the domain is meant as typed.
            let doubt = 1.0 - confidence.probability();
            Confidence::from_probability(1.0 - doubt / 2.0)
        }
    }
}

#[cfg(test)]
mod tests;
