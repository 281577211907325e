//! Joins what the DNS says of the typed domain to the confidence of a suggestion.

use super::{Confidence, Suggestion, TypoKind};

/// Whether the typed domain accepts mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypedDomain {
    AcceptsMail,
    AcceptsNone,
    /// The DNS was not asked, or gave no answer.
    Unknown,
}

/// From this confidence on a suggestion is made even where the typed domain accepts mail: gmal.com and
/// yahooo.com are registered by others for the sake of such typos.
const NEAR_CERTAIN: Confidence = Confidence::from_percent(95);

/// A typo leads to a domain without mail so many times as often as a domain that is meant. It would be more
/// if every domain that is meant could be suggested.
const NO_MAIL_FAVOURS_TYPO: f64 = 5.0;
/// Upper bound: no evidence shows what one person means.
const SUREST: f64 = 0.99;

/// The confidence of a suggestion, given what is known of the typed domain; none where it is dropped. A
/// look-alike is as suspicious whether it accepts mail or not.
pub fn weigh(suggestion: &Suggestion, typed: TypedDomain) -> Option<Confidence> {
    let confidence = suggestion.confidence;
    if suggestion.kind == TypoKind::Lookalike {
        return Some(confidence);
    }
    match typed {
        TypedDomain::AcceptsMail if confidence < NEAR_CERTAIN => None,
        TypedDomain::AcceptsMail | TypedDomain::Unknown => Some(confidence),
        TypedDomain::AcceptsNone => {
            let typo = confidence.probability() * NO_MAIL_FAVOURS_TYPO;
            let as_typed = 1.0 - confidence.probability();
            Confidence::from_probability((typo / (typo + as_typed)).min(SUREST))
        }
    }
}
