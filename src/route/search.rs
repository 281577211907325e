//! The search for a domain's mail servers as a state machine: it says what to ask next and takes the answer. It does
//! no I/O.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use super::answer::{Answer, Answered, Failure, Family, HostName, Mx, ServerId};
use super::denial::{Denial, DenialGround, to_ask};
use super::{Exchanger, Exchangers, MailRoute, NullMx, RouteOutcome, RouteWithTtl, Targets};
use crate::reach::ReachPolicy;

/// The most MX targets whose addresses are looked up for one domain.
pub const MAX_TARGETS: usize = 5;
/// The most mail exchangers that are kept for one domain.
pub const MAX_EXCHANGERS: usize = 100;

/// The state of the search. At most 1 + 2 × [`MAX_TARGETS`] = 11 questions lead to `Done`.
#[derive(Debug)]
pub enum RouteResolver<'p> {
    /// The MX records of the domain are wanted.
    AskMx(AskMx<'p>),
    /// Addresses are wanted.
    AskAddresses(AskAddresses<'p>),
    /// The route is known, or why there is none.
    Done(RouteOutcome),
}

/// Waiting for MX records.
#[derive(Debug)]
pub struct AskMx<'p> {
    domain: HostName,
    policy: &'p ReachPolicy,
}

/// Waiting for the addresses of one host.
#[derive(Debug)]
pub struct AskAddresses<'p> {
    policy: &'p ReachPolicy,
    host: HostName,
    family: Family,
    ttl: Duration,
    /// The first question that failed: because of it the result cannot be "none is usable".
    failure: Option<Failure>,
    /// Addresses were found, but none that may be contacted.
    barred: bool,
    /// The denials so far.
    denials: Vec<Denial>,
    purpose: AddressPurpose,
}

/// What the addresses are wanted for.
#[derive(Debug)]
enum AddressPurpose {
    /// The domain has no MX: the host is the domain itself (RFC 5321 §5.1).
    ImplicitMx,
    /// The host is a mail exchanger.
    Exchangers(MxCandidates),
}

/// The mail exchangers of a domain, and those whose addresses are still to be looked up.
#[derive(Debug)]
struct MxCandidates {
    source: ExchangerSource,
    exchangers: Vec<Exchanger>,
    null_mx: NullMx,
    waiting: VecDeque<HostName>,
    truncation: Truncation,
}

/// Where the MX records come from.
#[derive(Debug)]
struct ExchangerSource {
    domain: HostName,
    by: Option<ServerId>,
}

/// Whether all targets are considered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Truncation {
    Whole,
    /// There were more than [`MAX_TARGETS`].
    Short,
}

impl<'p> RouteResolver<'p> {
    /// Starts the search for a domain's mail servers.
    pub fn start(domain: HostName, policy: &'p ReachPolicy) -> Self {
        Self::AskMx(AskMx { domain, policy })
    }

    fn done(route: MailRoute, ttl: Duration, denials: Vec<Denial>) -> Self {
        let denials = if is_nowhere(&route) { to_ask(denials) } else { Vec::new() };
        Self::Done(RouteOutcome { routed: RouteWithTtl { route, ttl }, denials })
    }
}

/// Whether the route leads nowhere because servers denied something.
fn is_nowhere(route: &MailRoute) -> bool {
    match route {
        MailRoute::NoDomain | MailRoute::NoTarget | MailRoute::NoService | MailRoute::Unusable => {
            true
        }
        MailRoute::Exchangers(_)
        | MailRoute::Implicit(_)
        | MailRoute::Null
        | MailRoute::Unresolved(_) => false,
    }
}

impl<'p> AskMx<'p> {
    pub fn name(&self) -> &HostName {
        &self.domain
    }

    pub fn answer(self, answered: Answered<Mx>) -> RouteResolver<'p> {
        let Answered { result, by } = answered;
        match result {
            Err(failure) => {
                RouteResolver::done(MailRoute::Unresolved(failure), Duration::ZERO, vec![])
            }
            Ok(Answer::NoName { ttl }) => {
                let denial = Denial::of_mx(self.domain, by, DenialGround::NoName);
                RouteResolver::done(MailRoute::NoDomain, ttl, vec![denial])
            }
            Ok(Answer::NoTarget { ttl }) => {
                let denial = Denial::of_mx(self.domain, by, DenialGround::NoName);
                RouteResolver::done(MailRoute::NoTarget, ttl, vec![denial])
            }
            Ok(Answer::NoData { ttl }) => {
                let denials = vec![Denial::of_mx(self.domain.clone(), by, DenialGround::NoData)];
                let ask =
                    AskAddresses::new(self.policy, self.domain, ttl, AddressPurpose::ImplicitMx);
                AskAddresses { denials, ..ask }.into_search()
            }
            Ok(Answer::Found { records, ttl }) => {
                exchangers(self.policy, ExchangerSource { domain: self.domain, by }, records, ttl)
            }
        }
    }
}

/// Sorts the MX records, and begins with the most preferred host.
fn exchangers(
    policy: &ReachPolicy,
    source: ExchangerSource,
    records: Vec<Mx>,
    ttl: Duration,
) -> RouteResolver<'_> {
    let count = records.len();
    let mut exchangers: Vec<Exchanger> = records
        .into_iter()
        .filter_map(|mx| Some(Exchanger { host: mx.host?, preference: mx.preference }))
        .collect();
    if exchangers.is_empty() {
        return RouteResolver::done(MailRoute::Null, ttl, vec![]);
    }
    let null_mx = if exchangers.len() < count { NullMx::Beside } else { NullMx::Absent };
    exchangers.sort_by(|a, b| (a.preference, &a.host).cmp(&(b.preference, &b.host)));
    let mut named: VecDeque<HostName> = exchangers
        .iter()
        .filter(|exchanger| exchanger.host.as_literal().is_none())
        .map(|exchanger| exchanger.host.clone())
        .collect();
    // A host may be named twice, with different preferences.
    let mut seen = std::collections::HashSet::new();
    named.retain(|host| seen.insert(host.clone()));
    let truncation = if named.len() > MAX_TARGETS { Truncation::Short } else { Truncation::Whole };
    named.truncate(MAX_TARGETS);
    exchangers.truncate(MAX_EXCHANGERS);
    let first = named.pop_front();
    let candidates = MxCandidates { source, exchangers, null_mx, waiting: named, truncation };
    match first {
        Some(host) => AskAddresses::new(policy, host, ttl, AddressPurpose::Exchangers(candidates))
            .into_search(),
        None => {
            let (route, denial) = candidates.without_usable_name(policy, None);
            RouteResolver::done(route, ttl, Vec::from_iter(denial))
        }
    }
}

impl<'p> AskAddresses<'p> {
    fn new(
        policy: &'p ReachPolicy,
        host: HostName,
        ttl: Duration,
        purpose: AddressPurpose,
    ) -> Self {
        Self {
            policy,
            host,
            family: Family::V4,
            ttl,
            failure: None,
            barred: false,
            denials: vec![],
            purpose,
        }
    }

    pub fn name(&self) -> &HostName {
        &self.host
    }

    pub fn family(&self) -> Family {
        self.family
    }

    pub fn answer(mut self, answered: Answered<IpAddr>) -> RouteResolver<'p> {
        let Answered { result, by } = answered;
        match result {
            Ok(Answer::Found { records, ttl }) => {
                self.ttl = self.ttl.min(ttl);
                if records.iter().any(|ip| self.policy.allows(*ip)) {
                    return self.usable(records);
                }
                self.barred = true;
                let is_stand_in = records.iter().any(IpAddr::is_unspecified);
                self.deny(
                    by,
                    if is_stand_in { DenialGround::Unspecified } else { DenialGround::Barred },
                );
                self.other_family()
            }
            Ok(Answer::NoData { ttl }) => {
                self.ttl = self.ttl.min(ttl);
                self.deny(by, DenialGround::NoData);
                self.other_family()
            }
            // The answer to the MX question was that the name exists.
            Ok(Answer::NoName { .. } | Answer::NoTarget { .. })
                if matches!(
                    (&self.purpose, self.family),
                    (AddressPurpose::ImplicitMx, Family::V4)
                ) =>
            {
                RouteResolver::done(MailRoute::Unresolved(Failure::Contradicted), self.ttl, vec![])
            }
            // A name that does not exist has no records of another type either.
            Ok(Answer::NoName { ttl } | Answer::NoTarget { ttl }) => {
                self.ttl = self.ttl.min(ttl);
                self.deny(by, DenialGround::NoName);
                self.next_host()
            }
            Err(failure) => {
                self.failure.get_or_insert(failure);
                self.other_family()
            }
        }
    }

    fn deny(&mut self, by: Option<ServerId>, ground: DenialGround) {
        self.denials.push(Denial::of_addresses(self.host.clone(), self.family, by, ground));
    }

    /// Skips a host that needs no question.
    fn into_search(self) -> RouteResolver<'p> {
        match self.purpose {
            // A sender would deliver to itself.
            AddressPurpose::Exchangers(_) if self.host.is_localhost() => self.next_host(),
            AddressPurpose::Exchangers(_) | AddressPurpose::ImplicitMx => {
                RouteResolver::AskAddresses(self)
            }
        }
    }

    fn usable(self, mut addresses: Vec<IpAddr>) -> RouteResolver<'p> {
        addresses.retain(|ip| self.policy.allows(*ip));
        let route = match self.purpose {
            AddressPurpose::ImplicitMx => MailRoute::Implicit(addresses),
            AddressPurpose::Exchangers(candidates) => candidates.into_route(Targets::Named),
        };
        RouteResolver::done(route, self.ttl, vec![])
    }

    fn other_family(mut self) -> RouteResolver<'p> {
        match self.family {
            Family::V4 => {
                self.family = Family::V6;
                RouteResolver::AskAddresses(self)
            }
            Family::V6 => self.next_host(),
        }
    }

    /// None of this host's addresses can be used.
    fn next_host(mut self) -> RouteResolver<'p> {
        let next = match &mut self.purpose {
            AddressPurpose::ImplicitMx => None,
            AddressPurpose::Exchangers(candidates) => candidates.waiting.pop_front(),
        };
        if let Some(host) = next {
            return Self { host, family: Family::V4, ..self }.into_search();
        }
        let route = match (self.purpose, self.failure) {
            (AddressPurpose::Exchangers(candidates), failure) => {
                let (route, denial) = candidates.without_usable_name(self.policy, failure);
                self.denials.extend(denial);
                route
            }
            (AddressPurpose::ImplicitMx, Some(failure)) => MailRoute::Unresolved(failure),
            (AddressPurpose::ImplicitMx, None) if self.barred => MailRoute::Unusable,
            (AddressPurpose::ImplicitMx, None) => MailRoute::NoService,
        };
        RouteResolver::done(route, self.ttl, self.denials)
    }
}

impl MxCandidates {
    fn into_route(self, targets: Targets) -> MailRoute {
        MailRoute::Exchangers(Exchangers { hosts: self.exchangers, null_mx: self.null_mx, targets })
    }

    /// The result where no named exchanger can be used, with the denial by the MX records.
    fn without_usable_name(
        self,
        policy: &ReachPolicy,
        failure: Option<Failure>,
    ) -> (MailRoute, Option<Denial>) {
        let reachable_literal =
            |exchanger: &Exchanger| exchanger.host.as_literal().is_some_and(|ip| policy.allows(ip));
        match (failure, self.truncation) {
            (Some(failure), _) => (MailRoute::Unresolved(failure), None),
            // One that was not looked up may be usable.
            (None, Truncation::Short) => (MailRoute::Unresolved(Failure::TooManyServers), None),
            // An IP address is no host name (RFC 1035 §3.3.9), yet many senders deliver to it.
            (None, Truncation::Whole) if self.exchangers.iter().any(reachable_literal) => {
                (self.into_route(Targets::LiteralsOnly), None)
            }
            (None, Truncation::Whole) => {
                let hosts = self.exchangers.into_iter().map(|exchanger| exchanger.host).collect();
                let ExchangerSource { domain, by } = self.source;
                let denial = Denial::of_mx(domain, by, DenialGround::Exchangers(hosts));
                (MailRoute::Unusable, Some(denial))
            }
        }
    }
}
