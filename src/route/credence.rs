//! Which routes are believed at once: that a big provider's domain has no mail servers is less likely than
//! that the resolver lies.

use super::{DenialKind, MailRoute, RowOutcome};
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
    match (said_in(route), popularity.map(Popularity::class)) {
        (RowOutcome::Denied(_), Some(..=2)) => Credence::Refuted,
        (RowOutcome::Denied(_), Some(3)) => Credence::ToConfirm,
        (RowOutcome::Denied(_), Some(4..) | None) | (RowOutcome::Found | RowOutcome::Silent, _) => {
            Credence::Believed
        }
    }
}

/// What a route says of the mail servers that a big provider has. A filter leads names to its own address, which
/// is an implicit MX then; a null MX is a provider's own word, which no filter gives.
pub fn said_in(route: &MailRoute) -> RowOutcome {
    match route {
        MailRoute::Exchangers(_) => RowOutcome::Found,
        MailRoute::NoDomain | MailRoute::NoTarget => RowOutcome::Denied(DenialKind::NoName),
        MailRoute::NoService | MailRoute::Unusable | MailRoute::Implicit(_) => {
            RowOutcome::Denied(DenialKind::NoMail)
        }
        MailRoute::Null | MailRoute::Unresolved(_) => RowOutcome::Silent,
    }
}
