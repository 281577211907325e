//! The second stage: where the domain's mail goes.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::syntax_stage::ParsedInput;
use super::{FoundRoute, Network, Request};
use crate::address::Host;
use crate::cache::{LearnedRoute, Timing};
use crate::report::DomainEvidence;
use crate::route::{HostName, MailRoute};
use crate::typo::TypedDomain;
use crate::verdict::{Depth, HostFindings};

/// What the stage brought.
pub(super) enum DomainStage {
    /// There is no domain to ask for.
    Literal(IpAddr),
    /// Nobody is asked for a special-use name.
    Reserved,
    /// Nobody wanted to know, or nobody may be asked.
    NotAsked,
    /// There was no answer in time.
    OutOfTime,
    /// The route.
    Learned(Arc<LearnedRoute>, Timing),
}

impl DomainStage {
    pub(super) async fn run(
        network: &Network,
        known: &ParsedInput<'_>,
        request: &Request<'_>,
    ) -> Self {
        let domain = match known.address.host() {
            Host::Literal(literal) => return Self::Literal(literal.ip()),
            Host::Domain(_) if known.knowledge.reserved => return Self::Reserved,
            Host::Domain(domain) => domain,
        };
        let (Network::Online(routes), Depth::Domain | Depth::Mailbox) = (network, request.depth)
        else {
            return Self::NotAsked;
        };
        let Some(name) = HostName::new(domain.ascii()) else { return Self::NotAsked };
        match routes.of(&name, request.caller, request.urgency, timeouts(request.budget)).await {
            FoundRoute::Learned(learned, freshness) => Self::Learned(learned, freshness),
            FoundRoute::OutOfTime => Self::OutOfTime,
            FoundRoute::Private => Self::NotAsked,
        }
    }

    pub(super) fn findings(&self) -> HostFindings<'_> {
        match self {
            Self::Literal(ip) => HostFindings::Literal(*ip),
            Self::Reserved => HostFindings::Reserved,
            Self::NotAsked => HostFindings::NotAsked,
            Self::OutOfTime => HostFindings::OutOfTime,
            Self::Learned(learned, _) => HostFindings::Route(&learned.route),
        }
    }

    /// What it says of a domain that may be a typo for another.
    pub(super) fn typed_domain(&self) -> TypedDomain {
        let Self::Learned(learned, _) = self else { return TypedDomain::Unknown };
        match learned.route {
            MailRoute::Unresolved(_) => TypedDomain::Unknown,
            ref route if accepts_mail(route) => TypedDomain::AcceptsMail,
            _ => TypedDomain::AcceptsNone,
        }
    }

    /// Whether there is no such domain.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Learned(learned, _) if learned.route == MailRoute::NoDomain)
    }

    /// The names of the domain's mail servers, as far as they are known.
    pub(super) fn mail_servers(&self) -> impl Iterator<Item = &str> {
        let learned = match self {
            Self::Learned(learned, _) => Some(learned),
            _ => None,
        };
        let hosts = learned.into_iter().flat_map(|learned| learned.route.mail_servers());
        hosts.map(|exchanger| exchanger.host.as_str())
    }

    /// The route, where mail goes somewhere.
    pub(super) fn way(&self) -> Option<&Arc<LearnedRoute>> {
        match self {
            Self::Learned(learned, _) if accepts_mail(&learned.route) => Some(learned),
            _ => None,
        }
    }

    pub(super) fn into_evidence(self) -> DomainEvidence {
        match self {
            Self::Literal(_) | Self::Reserved | Self::NotAsked => DomainEvidence::Skipped,
            Self::OutOfTime => DomainEvidence::OutOfTime,
            Self::Learned(learned, freshness) => DomainEvidence::Learned(learned, freshness),
        }
    }
}

/// Whether mail has somewhere to go.
pub(super) fn accepts_mail(route: &MailRoute) -> bool {
    match route {
        MailRoute::Exchangers(_) | MailRoute::Implicit(_) => true,
        MailRoute::Null
        | MailRoute::NoService
        | MailRoute::NoDomain
        | MailRoute::NoTarget
        | MailRoute::Unusable
        | MailRoute::Unresolved(_) => false,
    }
}

/// The budget is for the whole answer: what comes after the DNS needs a moment too.
pub(super) fn timeouts(budget: Duration) -> Duration {
    const MOMENT: Duration = Duration::from_millis(20);
    budget.saturating_sub(MOMENT.min(budget / 10))
}
