//! Denials: answers by which a domain has no mail servers; and a second server's opinion on them.

use std::net::IpAddr;

use super::answer::{Answer, Failure, Family, HostName, Mx, ServerId};
use super::{MailRoute, RouteWithTtl};
use crate::reach::ReachPolicy;

/// The most questions that another server is asked about one domain.
pub const MAX_OPINIONS: usize = 4;

/// An answer by which a domain has no mail servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    pub question: DnsQuestion,
    /// The server that answered.
    pub by: Option<ServerId>,
    ground: DenialGround,
}

/// A question that a route depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsQuestion {
    Mx(HostName),
    Addresses(HostName, Family),
}

/// What the first server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DenialGround {
    /// There is no such name, or it is an alias of a name that does not exist.
    NoName,
    NoData,
    /// The mail exchangers are these, none of which can be used.
    Exchangers(Vec<HostName>),
    /// There are addresses, none of which may be contacted.
    Barred,
    /// Among them is 0.0.0.0 or ::, which filters give for what they hide.
    Unspecified,
}

/// Another server's opinion on a [`Denial`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondOpinion {
    Agrees,
    Contradicts,
    /// There was no answer, or no other server to ask.
    None,
}

impl Denial {
    pub(super) fn of_mx(domain: HostName, by: Option<ServerId>, ground: DenialGround) -> Self {
        Self { question: DnsQuestion::Mx(domain), by, ground }
    }

    pub(super) fn of_addresses(
        host: HostName,
        family: Family,
        by: Option<ServerId>,
        ground: DenialGround,
    ) -> Self {
        Self { question: DnsQuestion::Addresses(host, family), by, ground }
    }

    /// The opinion that follows from another server's MX records.
    pub fn weigh_mx(&self, result: &Result<Answer<Mx>, Failure>) -> SecondOpinion {
        let Ok(answer) = result else { return SecondOpinion::None };
        let contradicts = match (&self.ground, answer) {
            (DenialGround::NoName, Answer::Found { .. } | Answer::NoData { .. })
            | (DenialGround::NoData, Answer::Found { .. })
            | (DenialGround::Exchangers(_), Answer::NoData { .. }) => true,
            // Another exchanger may be usable.
            (DenialGround::Exchangers(known), Answer::Found { records, .. }) => {
                hosts(records).any(|host| !known.contains(host))
            }
            // No records or no name: no mail either way.
            (
                DenialGround::NoName | DenialGround::NoData | DenialGround::Exchangers(_),
                Answer::NoName { .. } | Answer::NoTarget { .. },
            )
            | (DenialGround::NoData, Answer::NoData { .. })
            | (DenialGround::Barred | DenialGround::Unspecified, _) => false,
        };
        if contradicts { SecondOpinion::Contradicts } else { SecondOpinion::Agrees }
    }

    /// The opinion that follows from another server's addresses. Only one that may be contacted contradicts.
    pub fn weigh_addresses(
        &self,
        result: &Result<Answer<IpAddr>, Failure>,
        policy: &ReachPolicy,
    ) -> SecondOpinion {
        match result {
            Err(_) => SecondOpinion::None,
            Ok(Answer::Found { records, .. }) if records.iter().any(|ip| policy.allows(*ip)) => {
                SecondOpinion::Contradicts
            }
            Ok(_) => SecondOpinion::Agrees,
        }
    }
}

fn hosts(records: &[Mx]) -> impl Iterator<Item = &HostName> {
    records.iter().filter_map(|mx| mx.host.as_ref())
}

/// The denials to ask about: for every host the first question before the second one, and last the MX records where
/// it is their targets that cannot be used.
pub(super) fn to_ask(mut denials: Vec<Denial>) -> Vec<Denial> {
    denials.sort_by_key(|denial| match (&denial.question, &denial.ground) {
        (DnsQuestion::Mx(_), DenialGround::Exchangers(_)) => 2,
        (DnsQuestion::Mx(_), _) | (DnsQuestion::Addresses(_, Family::V4), _) => 0,
        (DnsQuestion::Addresses(_, Family::V6), _) => 1,
    });
    denials.truncate(MAX_OPINIONS);
    denials
}

/// The route that is left after other servers were asked. A server that does not answer contradicts nothing; but an
/// unspecified address is not believed without a second server.
pub fn confirmed<'a>(
    routed: RouteWithTtl,
    opinions: impl IntoIterator<Item = (&'a Denial, SecondOpinion)>,
) -> RouteWithTtl {
    let doubt = opinions.into_iter().fold(None, |doubt, (denial, opinion)| {
        let failure = match (opinion, &denial.ground) {
            (SecondOpinion::Contradicts, _) => Some(Failure::Contradicted),
            (SecondOpinion::None, DenialGround::Unspecified) => Some(Failure::Malformed),
            (SecondOpinion::None | SecondOpinion::Agrees, _) => None,
        };
        doubt.or(failure)
    });
    match doubt {
        Some(failure) => RouteWithTtl { route: MailRoute::Unresolved(failure), ttl: routed.ttl },
        None => routed,
    }
}
