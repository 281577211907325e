//! Typos outside the domain: the text is no address, and yet it is clear which one was meant.
//!
//! Each way to read such a text gives a local part, as it was typed, and a domain. A reading counts only if its
//! domain is as well known as the reading requires ([`DomainSupport`]).

use super::readings::{AddressReading, DomainSupport, readings};
use super::{Confidence, Locale, Suggester, Suggestion};
use crate::address::{Address, Domain, SyntaxCode};

/// An address that was probably meant by a text that is none.
// No `Debug`: it holds an address.
pub struct Repaired {
    pub address: Address,
    /// How likely it was meant.
    pub confidence: Confidence,
}

/// What the lists say of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DomainStatus {
    /// Known to be real.
    Real,
    Unknown,
    /// A reserved name, which has no mailboxes.
    Impossible,
}

/// How likely a domain is meant of which no more is known than that it could exist.
const COULD_EXIST: f64 = 0.9;
/// Besides the fault in the text, a typo in the domain must have this confidence.
const SURE_TYPO: Confidence = Confidence::from_percent(90);
/// Longer texts are no mistyped address.
const LONGEST: usize = 320;

impl Suggester {
    /// The address that was probably meant by a text that is none for this reason. `status_of` looks domains up
    /// in the lists.
    pub fn repair(
        &self,
        text: &str,
        error: SyntaxCode,
        locale: Option<&Locale>,
        status_of: impl Fn(&Domain) -> DomainStatus,
    ) -> Option<Repaired> {
        if text.len() > LONGEST || is_whole_domain(text, error, &status_of) {
            return None;
        }
        let mut best: Option<Repaired> = None;
        for reading in readings(text, error) {
            let Some(repaired) = self.confirm(&reading, locale, &status_of) else { continue };
            if best.as_ref().is_none_or(|best| best.confidence < repaired.confidence) {
                best = Some(repaired);
            }
        }
        best
    }

    /// The address of a reading, if its domain is well known enough.
    fn confirm(
        &self,
        reading: &AddressReading<'_>,
        locale: Option<&Locale>,
        status_of: impl Fn(&Domain) -> DomainStatus,
    ) -> Option<Repaired> {
        let meant = match Domain::parse(&reading.domain) {
            Ok(domain) => self.meant_by(&domain, reading.support, locale, status_of(&domain))?,
            Err(_) if reading.support == DomainSupport::CouldExist => {
                self.nearest(&reading.domain.to_lowercase(), locale).map(MeantDomain::Suggested)?
            }
            Err(_) => return None,
        };
        let (domain, confidence) = match &meant {
            MeantDomain::AsRead(confidence) => (&*reading.domain, *confidence),
            MeantDomain::Suggested(meant) => (&*meant.domain, meant.confidence.probability()),
        };
        let address: Address = format!("{}@{domain}", reading.local).parse().ok()?;
        let confidence = Confidence::from_probability(reading.likelihood * confidence)?;
        Some(Repaired { address, confidence })
    }

    /// Whether this domain is meant, or another one in its place.
    fn meant_by(
        &self,
        domain: &Domain,
        support: DomainSupport,
        locale: Option<&Locale>,
        status: DomainStatus,
    ) -> Option<MeantDomain> {
        let name = domain.ascii();
        let is_known = self.targets.contain(name) || self.is_own(domain);
        match (support, status) {
            (_, DomainStatus::Impossible) => return None,
            (DomainSupport::Famous, _) => {
                return self.targets.famous(name).map(|_| MeantDomain::AsRead(1.0));
            }
            (DomainSupport::Known | DomainSupport::CouldExist, DomainStatus::Real) => {
                return Some(MeantDomain::AsRead(1.0));
            }
            (DomainSupport::Known | DomainSupport::CouldExist, DomainStatus::Unknown)
                if is_known =>
            {
                return Some(MeantDomain::AsRead(1.0));
            }
            (DomainSupport::Known | DomainSupport::CouldExist, DomainStatus::Unknown) => {}
        }
        let typo = self.suggest(domain, locale).filter(|meant| meant.confidence >= SURE_TYPO);
        let as_it_is = support == DomainSupport::CouldExist && ends_well(domain);
        typo.map(MeantDomain::Suggested)
            .or_else(|| as_it_is.then_some(MeantDomain::AsRead(COULD_EXIST)))
    }
}

/// Which domain is meant.
enum MeantDomain {
    /// The one that was read, with this probability.
    AsRead(f64),
    Suggested(Suggestion),
}

/// Whether the text is a domain that is known to be real: the local part is missing, nothing is mistyped.
fn is_whole_domain(
    text: &str,
    error: SyntaxCode,
    status_of: impl Fn(&Domain) -> DomainStatus,
) -> bool {
    error == SyntaxCode::NoAt
        && Domain::parse(text).is_ok_and(|domain| status_of(&domain) != DomainStatus::Unknown)
}

fn ends_well(domain: &Domain) -> bool {
    let suffix = psl::suffix(domain.ascii().as_bytes());
    suffix.is_some_and(|suffix| suffix.is_known() && suffix.as_bytes().len() < domain.ascii().len())
}
