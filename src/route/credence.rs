//! Which routes are believed at once: that a big provider's domain has no mail servers is less likely than
//! that the resolver lies.

use super::{CanaryAnswer, DenialKind, MailRoute};
use crate::catalog::Popularity;

/// Whether a route is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credence {
    /// It is.
    Believed,
    /// It is where another server says the same, or a second question later on.
    ToConfirm,
    /// It is not: it speaks against the resolver.
    Refuted,
}

/// Whether a route is believed of a domain of this popularity; none: of no listed provider's.
pub fn credence(route: &MailRoute, popularity: Option<Popularity>) -> Credence {
    match (canary_answer(route), popularity.map(Popularity::class)) {
        (CanaryAnswer::Denied(_), Some(..=2)) => Credence::Refuted,
        (CanaryAnswer::Denied(_), Some(3)) => Credence::ToConfirm,
        (CanaryAnswer::Denied(_), Some(4..) | None)
        | (CanaryAnswer::Found | CanaryAnswer::Silent, _) => Credence::Believed,
    }
}

/// What a route says of the mail servers that a big provider has. A filter leads names to its own address, which
/// is an implicit MX then; a null MX is a provider's own word, which no filter gives.
pub fn canary_answer(route: &MailRoute) -> CanaryAnswer {
    match route {
        MailRoute::Exchangers(_) => CanaryAnswer::Found,
        MailRoute::NoDomain | MailRoute::NoTarget => CanaryAnswer::Denied(DenialKind::NoName),
        MailRoute::NoService | MailRoute::Unusable | MailRoute::Implicit(_) => {
            CanaryAnswer::Denied(DenialKind::NoMail)
        }
        MailRoute::Null | MailRoute::Unresolved(_) => CanaryAnswer::Silent,
    }
}
