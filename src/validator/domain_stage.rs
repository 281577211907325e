//! The second stage: where the domain's mail goes.

use std::sync::Arc;
use std::time::Duration;

use super::routes::RouteQuery;
use super::syntax_stage::ParsedInput;
use super::{Request, Validator};
use crate::address::Host;
use crate::cache::LearnedRoute;
use crate::report::DomainEvidence;
use crate::route::{HostName, MailRoute};
use crate::typo::TypedDomain;
use crate::verdict::{Depth, HostFindings};

impl Validator {
    /// What the DNS says of the domain, as far as it is to be asked.
    pub(super) async fn domain_stage(
        &self,
        parsed: &ParsedInput<'_>,
        request: &Request<'_>,
    ) -> DomainEvidence {
        let domain = match parsed.address.host() {
            Host::Literal(literal) => return DomainEvidence::Literal(literal.ip()),
            Host::Domain(_) if parsed.knowledge.reserved => return DomainEvidence::Reserved,
            Host::Domain(domain) => domain,
        };
        match (HostName::new(domain.ascii()), request.depth) {
            (Some(name), Depth::Domain | Depth::Mailbox) => {
                self.find_route(&name, request, request.budget).await
            }
            (None, _) | (_, Depth::Syntax) => DomainEvidence::NotAsked,
        }
    }

    /// What the DNS says of a domain within what is `left` of the time.
    pub(super) async fn find_route(
        &self,
        domain: &HostName,
        request: &Request<'_>,
        left: Duration,
    ) -> DomainEvidence {
        let Some(routes) = &self.routes else { return DomainEvidence::NotAsked };
        let Request { client, priority, .. } = *request;
        routes.find(RouteQuery { domain, client, priority, budget: for_asking(left) }).await
    }
}

impl DomainEvidence {
    /// What the rules of the verdict see.
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
        self.exchangers().iter().map(|exchanger| exchanger.host.as_str())
    }

    /// The route, where the domain accepts mail.
    pub(super) fn accepting_route(&self) -> Option<&Arc<LearnedRoute>> {
        match self {
            Self::Learned(learned, _) if accepts_mail(&learned.route) => Some(learned),
            _ => None,
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

/// The part of the budget for asking: what comes after it needs a moment too.
pub(super) fn for_asking(budget: Duration) -> Duration {
    const MOMENT: Duration = Duration::from_millis(20);
    budget.saturating_sub(MOMENT.min(budget / 10))
}
