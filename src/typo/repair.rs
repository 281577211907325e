//! Typos outside the domain: the text is no address, and yet it is clear which one was meant.
//!
//! Each way to read such a text gives a local part, as it was typed, and a domain. It counts only if the
//! domain bears it out.

use super::readings::{Reading, Support, readings};
use super::{Confidence, Locale, Speller, Suggestion};
use crate::address::{Address, Domain, SyntaxCode};

/// An address that was probably meant by a text that is none.
// No `Debug`: it holds an address.
pub struct Repaired {
    /// The address.
    pub address: Address,
    /// How likely it was meant.
    pub confidence: Confidence,
}

/// What is known of a domain elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DomainStatus {
    /// It is known to be real.
    Real,
    /// Nothing is known.
    Unknown,
    /// Nobody can have mail there.
    Impossible,
}

/// How sure it is that a domain is meant of which nothing is known but that it could exist.
const COULD_EXIST: f64 = 0.9;
/// From this confidence on a typo in the domain may come on top of another one.
const SURE_TYPO: Confidence = Confidence::from_percent(90);
/// Longer texts are no typo of an address.
const LONGEST: usize = 320;

impl Speller {
    /// The address that was probably meant by a text that is none for this reason. What is known of
    /// domains is asked of `standing`.
    pub fn repair(
        &self,
        text: &str,
        error: SyntaxCode,
        locale: Option<&Locale>,
        standing: impl Fn(&Domain) -> DomainStatus,
    ) -> Option<Repaired> {
        if text.len() > LONGEST || is_whole_domain(text, error, &standing) {
            return None;
        }
        let mut best: Option<Repaired> = None;
        for reading in readings(text, error) {
            let Some(repaired) = self.prove(&reading, locale, &standing) else { continue };
            if best.as_ref().is_none_or(|best| best.confidence < repaired.confidence) {
                best = Some(repaired);
            }
        }
        best
    }

    /// The address of a reading, if its domain bears it out.
    fn prove(
        &self,
        reading: &Reading<'_>,
        locale: Option<&Locale>,
        standing: impl Fn(&Domain) -> DomainStatus,
    ) -> Option<Repaired> {
        let meant = match Domain::parse(&reading.domain) {
            Ok(domain) => self.meant_by(&domain, reading.proof, locale, standing(&domain))?,
            Err(_) if reading.proof == Support::CouldExist => {
                self.nearest(&reading.domain.to_lowercase(), locale).map(Meant::Another)?
            }
            Err(_) => return None,
        };
        let (domain, confidence) = match &meant {
            Meant::ThatOne(confidence) => (&*reading.domain, *confidence),
            Meant::Another(meant) => (&*meant.domain, meant.confidence.probability()),
        };
        let address: Address = format!("{}@{domain}", reading.local).parse().ok()?;
        let confidence = Confidence::from_probability(reading.likelihood * confidence)?;
        Some(Repaired { address, confidence })
    }

    /// Whether a domain is meant, or another one in its place.
    fn meant_by(
        &self,
        domain: &Domain,
        proof: Support,
        locale: Option<&Locale>,
        standing: DomainStatus,
    ) -> Option<Meant> {
        let name = domain.ascii();
        let is_known = self.targets.contain(name) || self.is_own(domain);
        match (proof, standing) {
            (_, DomainStatus::Impossible) => return None,
            (Support::Famous, _) => return self.targets.famous(name).map(|_| Meant::ThatOne(1.0)),
            (Support::Known | Support::CouldExist, DomainStatus::Real) => {
                return Some(Meant::ThatOne(1.0));
            }
            (Support::Known | Support::CouldExist, DomainStatus::Unknown) if is_known => {
                return Some(Meant::ThatOne(1.0));
            }
            (Support::Known | Support::CouldExist, DomainStatus::Unknown) => {}
        }
        let typo = self.suggest(domain, locale).filter(|meant| meant.confidence >= SURE_TYPO);
        let as_it_is = proof == Support::CouldExist && ends_well(domain);
        typo.map(Meant::Another).or_else(|| as_it_is.then_some(Meant::ThatOne(COULD_EXIST)))
    }
}

/// Which domain is meant.
enum Meant {
    /// The one that was read, this probably.
    ThatOne(f64),
    /// Another one.
    Another(Suggestion),
}

/// Whether the text lacks nothing but everything before the `@`: a domain that is known to be real.
fn is_whole_domain(
    text: &str,
    error: SyntaxCode,
    standing: impl Fn(&Domain) -> DomainStatus,
) -> bool {
    error == SyntaxCode::NoAt
        && Domain::parse(text).is_ok_and(|domain| standing(&domain) != DomainStatus::Unknown)
}

fn ends_well(domain: &Domain) -> bool {
    let suffix = psl::suffix(domain.ascii().as_bytes());
    suffix.is_some_and(|suffix| suffix.is_known() && suffix.as_bytes().len() < domain.ascii().len())
}
