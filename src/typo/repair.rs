//! Slips outside the domain: the text is no address, and yet it is clear which one was meant.
//!
//! Each way to read such a text gives a local part, as it was typed, and a domain. It counts only if the
//! domain bears it out.

use std::borrow::Cow;

use super::readings::{Proof, Reading, readings};
use super::{Confidence, Locale, Speller};
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
pub enum Standing {
    /// It is known to be real.
    Real,
    /// Nothing is known.
    Unknown,
    /// Nobody can have mail there.
    Impossible,
}

/// How sure it is that a domain is meant of which nothing is known but that it could exist.
const COULD_EXIST: f64 = 0.9;
/// From this confidence on a slip in the domain may come on top of another one.
const SURE_SLIP: Confidence = Confidence::from_percent(90);
/// Longer texts are no slip of an address.
const LONGEST: usize = 320;

impl Speller {
    /// The address that was probably meant by a text that is none for this reason. What is known of
    /// domains is asked of `standing`.
    pub fn repair(
        &self,
        text: &str,
        error: SyntaxCode,
        locale: Option<&Locale>,
        standing: impl Fn(&Domain) -> Standing,
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
        standing: impl Fn(&Domain) -> Standing,
    ) -> Option<Repaired> {
        let (domain, confidence) = match Domain::parse(&reading.domain) {
            Ok(domain) => {
                let sure = self.is_sure(&domain, locale, reading.proof, standing(&domain))?;
                (sure.0.map_or(reading.domain.as_ref().into(), Cow::from), sure.1)
            }
            Err(_) if reading.proof != Proof::CouldExist => return None,
            Err(_) => {
                let meant = self.nearest(&reading.domain.to_lowercase(), locale)?;
                (Cow::from(meant.domain.into_string()), meant.confidence.probability())
            }
        };
        let address: Address = format!("{}@{domain}", reading.local).parse().ok()?;
        let confidence = Confidence::from_probability(reading.likelihood * confidence)?;
        Some(Repaired { address, confidence })
    }

    /// How sure it is that a domain is meant, or which one in its place.
    fn is_sure(
        &self,
        domain: &Domain,
        locale: Option<&Locale>,
        proof: Proof,
        standing: Standing,
    ) -> Option<(Option<String>, f64)> {
        if standing == Standing::Impossible {
            return None;
        }
        let is_target = self.targets.contain(domain.ascii()) || self.is_own(domain);
        match proof {
            Proof::Famous => self.targets.famous(domain.ascii()).map(|_| (None, 1.0)),
            _ if is_target || standing == Standing::Real => Some((None, 1.0)),
            Proof::Known | Proof::CouldExist => {
                let meant = self.suggest(domain, locale);
                match meant.filter(|meant| meant.confidence >= SURE_SLIP) {
                    Some(meant) => {
                        let confidence = meant.confidence.probability();
                        Some((Some(meant.domain.into_string()), confidence))
                    }
                    None if proof == Proof::CouldExist && ends_well(domain) => {
                        Some((None, COULD_EXIST))
                    }
                    None => None,
                }
            }
        }
    }
}

/// Whether the text lacks nothing but everything before the `@`: a domain that is known to be real.
fn is_whole_domain(text: &str, error: SyntaxCode, standing: impl Fn(&Domain) -> Standing) -> bool {
    error == SyntaxCode::NoAt
        && Domain::parse(text).is_ok_and(|domain| standing(&domain) != Standing::Unknown)
}

fn ends_well(domain: &Domain) -> bool {
    let suffix = psl::suffix(domain.ascii().as_bytes());
    suffix.is_some_and(|suffix| suffix.is_known() && suffix.as_bytes().len() < domain.ascii().len())
}
