//! DNS answers become a [`MailRoute`]: where a domain's mail goes, or why it goes nowhere. Pure: no socket, no clock.
//!
//! MX records come first. Where there are none, the domain's own addresses are the implicit MX (RFC 5321 §5.1). A
//! lone "." refuses all mail (RFC 7505). NXDOMAIN and NODATA are answers; everything else without records is a
//! [`Failure`] and leads to [`MailRoute::Unresolved`], never to "no mail".
//!
//! [`RouteResolver`] says which question is next and takes the answer. A route that leads nowhere comes with its
//! [`Denial`]s, for a second server's opinion. [`credence`] and [`judge_servers`] decide whether the resolver can be
//! believed, [`lifetime`] how long a route is kept.

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
    /// Nowhere: the domain says that it accepts no mail (RFC 7505).
    Null,
    /// Nowhere: the domain exists and has neither MX nor address.
    NoService,
    /// Nowhere: there is no such domain.
    NoDomain,
    /// Nowhere: the domain is an alias of one that does not exist.
    NoTarget,
    /// Nowhere: its mail servers have no address that can be contacted.
    Unusable,
    /// Not found out.
    Unresolved(Failure),
}

impl MailRoute {
    /// The mail exchangers by preference, as far as they are known.
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
    /// By preference, then name, without the record of a null MX.
    pub hosts: Vec<Exchanger>,
    /// Whether the domain also says that it accepts no mail.
    pub null_mx: NullMx,
    pub targets: Targets,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchanger {
    pub host: HostName,
    /// The lower, the sooner it is tried.
    pub preference: u16,
}

/// A null MX next to real ones contradicts them (RFC 7505 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NullMx {
    Absent,
    Beside,
}

/// What the usable MX records point at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Targets {
    /// Host names, as the standard wants.
    Named,
    /// Only IP addresses, which some senders refuse.
    LiteralsOnly,
}

/// A route, and how long the answers behind it hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteWithTtl {
    pub route: MailRoute,
    /// The shortest TTL of the answers. [`lifetime`] says how long to keep the route.
    pub ttl: Duration,
}

impl RouteWithTtl {
    /// A route that could not be found out.
    pub fn unresolved(failure: Failure) -> Self {
        Self { route: MailRoute::Unresolved(failure), ttl: Duration::ZERO }
    }
}

/// The result of a [`RouteResolver`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteOutcome {
    pub routed: RouteWithTtl,
    /// The answers that led nowhere, to ask another server about; empty where mail goes somewhere.
    pub denials: Vec<Denial>,
}

#[cfg(test)]
mod tests;
