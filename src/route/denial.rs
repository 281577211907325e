//! What speaks against a domain, and what a second server's answer to the same question makes of it.

use std::net::IpAddr;

use super::answer::{Answer, Failure, Family, HostName, Mx, ServerId};
use super::{MailRoute, Routed};
use crate::reach::ReachPolicy;

/// The most questions that another server is asked about one domain.
pub const MAX_OPINIONS: usize = 4;

/// An answer that speaks against a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// What was asked.
    pub question: DnsQuestion,
    /// The server that answered.
    pub by: Option<ServerId>,
    ground: DenialGround,
}

/// A question of the search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsQuestion {
    /// The MX records of a name.
    Mx(HostName),
    /// The addresses of a name.
    Addresses(HostName, Family),
}

/// What the first server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DenialGround {
    /// There is no such name, or it is an alias of none.
    NoName,
    /// There are no such records.
    NoData,
    /// The mail exchangers are these, none of which can be used.
    Exchangers(Vec<HostName>),
    /// There are addresses, none of which may be contacted.
    Barred,
    /// Among them is 0.0.0.0 or ::, with which filters stand in for what they hide.
    Unspecified,
}

/// What another server's answer makes of a [`Denial`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondOpinion {
    /// It says so too.
    Agrees,
    /// It says otherwise.
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

    /// What another server's MX records make of it.
    pub fn weigh_mx(&self, result: &Result<Answer<Mx>, Failure>) -> SecondOpinion {
        let Ok(answer) = result else { return SecondOpinion::None };
        let contradicts = match (&self.ground, answer) {
            (DenialGround::NoName, Answer::Found { .. } | Answer::NoData { .. })
            | (DenialGround::NoData, Answer::Found { .. })
            | (DenialGround::Exchangers(_), Answer::NoData { .. }) => true,
            // Another one may be of use.
            (DenialGround::Exchangers(known), Answer::Found { records, .. }) => {
                hosts(records).any(|host| !known.contains(host))
            }
            // Nothing there, or no name at all: no mail either way.
            (
                DenialGround::NoName | DenialGround::NoData | DenialGround::Exchangers(_),
                Answer::NoName { .. } | Answer::NoTarget { .. },
            )
            | (DenialGround::NoData, Answer::NoData { .. })
            | (DenialGround::Barred | DenialGround::Unspecified, _) => false,
        };
        if contradicts { SecondOpinion::Contradicts } else { SecondOpinion::Agrees }
    }

    /// What another server's addresses make of it: only one that may be contacted is of use.
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

/// The denials that are worth asking about: of every host the first question before the second one, and the
/// MX records last where it is not they alone that deny.
pub(super) fn to_ask(mut denials: Vec<Denial>) -> Vec<Denial> {
    denials.sort_by_key(|denial| match (&denial.question, &denial.ground) {
        (DnsQuestion::Mx(_), DenialGround::Exchangers(_)) => 2,
        (DnsQuestion::Mx(_), _) | (DnsQuestion::Addresses(_, Family::V4), _) => 0,
        (DnsQuestion::Addresses(_, Family::V6), _) => 1,
    });
    denials.truncate(MAX_OPINIONS);
    denials
}

/// What is left of a route once others were asked. A server that does not answer contradicts nobody, except
/// that an unspecified address is not believed of one server alone.
pub fn confirmed<'a>(
    routed: Routed,
    opinions: impl IntoIterator<Item = (&'a Denial, SecondOpinion)>,
) -> Routed {
    let doubt = opinions.into_iter().fold(None, |doubt, (denial, opinion)| {
        let failure = match (opinion, &denial.ground) {
            (SecondOpinion::Contradicts, _) => Some(Failure::Contradicted),
            (SecondOpinion::None, DenialGround::Unspecified) => Some(Failure::Malformed),
            (SecondOpinion::None | SecondOpinion::Agrees, _) => None,
        };
        doubt.or(failure)
    });
    match doubt {
        Some(failure) => Routed { route: MailRoute::Unresolved(failure), ttl: routed.ttl },
        None => routed,
    }
}
