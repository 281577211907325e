//! Answers of the DNS become a [`MailRoute`]: where a domain's mail goes, or why nowhere.
//!
//! MX first; where there is none, the domain's own addresses are the implicit MX (RFC 5321 §5.1); a
//! lone "." refuses all mail (RFC 7505). NXDOMAIN and NODATA are answers, everything else that is no
//! record is a [`Failure`] and leads to [`MailRoute::Unresolved`], never to a "no".

mod answer;
mod canary;
mod credence;
mod denial;
mod lifetime;
mod search;

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use answer::{Answer, Answered, Failure, Family, HostName, Mx, NoHostName, ServerId};
pub use canary::{
    CanaryAnswer, DenialKind, Distrust, RandomNameAnswer, ResolverJudgement, ServerRecord, Trust,
    judge_servers,
};
pub use credence::{Credence, canary_answer, credence};
pub use denial::{Denial, DnsQuestion, MAX_OPINIONS, SecondOpinion, confirmed};
pub use lifetime::lifetime;
pub use search::{AskAddresses, AskMx, MAX_EXCHANGERS, MAX_TARGETS, RouteResolver};

/// Where the mail of a domain goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailRoute {
    /// To mail exchangers, at least one of which has an address that may be contacted.
    Exchangers(Exchangers),
    /// To the addresses of the domain itself, for want of an MX.
    Implicit(Vec<IpAddr>),
    /// Nowhere: the domain says that it takes no mail (RFC 7505).
    Null,
    /// Nowhere: the domain exists, and has neither MX nor address.
    NoService,
    /// Nowhere: there is no such domain.
    NoDomain,
    /// Nowhere: the domain is an alias of one that does not exist.
    NoTarget,
    /// Nowhere: what its mail servers are said to be cannot be contacted by anybody.
    Unusable,
    /// Not found out.
    Unresolved(Failure),
}

impl MailRoute {
    /// The mail exchangers by preference; none where there are none, or none are known.
    pub fn mail_servers(&self) -> impl Iterator<Item = &Exchanger> {
        let hosts = match self {
            Self::Exchangers(exchangers) => exchangers.hosts.as_slice(),
            _ => &[],
        };
        hosts.iter()
    }
}

/// The mail exchangers of a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchangers {
    /// By preference, then name; no record of a null MX among them.
    pub hosts: Vec<Exchanger>,
    /// Whether the domain also says that it takes no mail.
    pub null_mx: NullMx,
    /// What kind of target can be used.
    pub targets: Targets,
}

/// One mail exchanger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchanger {
    /// Its name.
    pub host: HostName,
    /// The lower, the sooner it is tried.
    pub preference: u16,
}

/// A null MX next to real ones contradicts them (RFC 7505 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NullMx {
    /// There is none.
    Absent,
    /// There is one.
    Beside,
}

/// What the usable MX records point at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Targets {
    /// Host names, as they should.
    Named,
    /// Nothing but IP addresses, which some senders refuse.
    LiteralsOnly,
}

/// A route, and for how long the answers behind it hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed {
    /// The route.
    pub route: MailRoute,
    /// The shortest TTL of the answers; see [`lifetime`] for how long to believe it.
    pub ttl: Duration,
}

impl Routed {
    /// A route that could not be found out.
    pub fn unresolved(failure: Failure) -> Self {
        Self { route: MailRoute::Unresolved(failure), ttl: Duration::ZERO }
    }
}

/// What a [`RouteResolver`] came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteOutcome {
    /// The route.
    pub routed: Routed,
    /// Where the route is that mail goes nowhere: the answers that made it so, to ask another server about.
    pub denials: Vec<Denial>,
}

#[cfg(test)]
mod tests;
