//! What the DNS says of the typed domain, joined to a suggestion.

use super::{Confidence, Suggestion, TypoKind};

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

/// From this confidence on a suggestion stands even where the typed domain takes mail: gmal.com and
/// yahooo.com are kept by others for the sake of such typos.
const NEAR_CERTAIN: Confidence = Confidence::from_percent(95);

/// How many times as often a typo leads to a domain without mail as a domain that is meant does; it would
/// be more if what was meant were always one of the domains that can be suggested.
const NO_MAIL_FAVOURS_TYPO: f64 = 5.0;
/// Nobody can be surer than this of what another person means.
const SUREST: f64 = 0.99;

/// Joins what is known of the typed domain to a suggestion: how confident it still is, if at all. A
/// look-alike takes mail, or does not, to the same end.
pub fn weigh(suggestion: &Suggestion, typed: TypedDomain) -> Option<Confidence> {
    let confidence = suggestion.confidence;
    if suggestion.kind == TypoKind::Lookalike {
        return Some(confidence);
    }
    match typed {
        TypedDomain::TakesMail if confidence < NEAR_CERTAIN => None,
        TypedDomain::TakesMail | TypedDomain::Unknown => Some(confidence),
        TypedDomain::TakesNone => {
            let typo = confidence.probability() * NO_MAIL_FAVOURS_TYPO;
            let as_typed = 1.0 - confidence.probability();
            Confidence::from_probability((typo / (typo + as_typed)).min(SUREST))
        }
    }
}
