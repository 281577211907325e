//! Which routes are believed at once. That a resolver lies is more likely than that a big provider's domain has no
//! mail servers.

use super::{CanaryAnswer, DenialKind, MailRoute};
use crate::catalog::Popularity;

/// Whether a route is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credence {
    Believed,
    /// Believed when another server agrees, or the same server a minute later.
    ToConfirm,
    /// Not believed: it is evidence against the resolver.
    Refuted,
}

/// Whether a route is believed for a domain of this popularity; none: not the domain of a listed provider.
pub fn credence(route: &MailRoute, popularity: Option<Popularity>) -> Credence {
    match (canary_answer(route), popularity.map(Popularity::class)) {
        (CanaryAnswer::Denied(_), Some(..=2)) => Credence::Refuted,
        (CanaryAnswer::Denied(_), Some(3)) => Credence::ToConfirm,
        (CanaryAnswer::Denied(_), Some(4..) | None)
        | (CanaryAnswer::Found | CanaryAnswer::Silent, _) => Credence::Believed,
    }
}

/// What a route says of the mail servers of a big provider. A filter maps names to its own address, which looks like
/// an implicit MX; a null MX is the provider's own statement, which no filter makes.
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
