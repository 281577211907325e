//! What the DNS can answer, in types of our own: a failure cannot be mistaken for an answer.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A name in the DNS: lower case, without a final dot, not the root.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct HostName(Box<str>);

/// Hides the name: a domain may be personal data and must not appear in a panic.
impl fmt::Debug for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostName").finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the root is the name of no host")]
pub struct NoHostName;

impl TryFrom<String> for HostName {
    type Error = NoHostName;

    fn try_from(name: String) -> Result<Self, NoHostName> {
        Self::new(&name).ok_or(NoHostName)
    }
}

impl HostName {
    /// A name in presentation form; none for the root (`.`).
    pub fn new(name: &str) -> Option<Self> {
        let name = name.strip_suffix('.').unwrap_or(name);
        (!name.is_empty()).then(|| Self(name.to_ascii_lowercase().into_boxed_str()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The IP address that is written in place of a name, with or without brackets.
    pub fn as_literal(&self) -> Option<IpAddr> {
        let bare = self.0.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        bare.unwrap_or(&self.0).parse().ok()
    }

    /// Whether the name means the asking machine (RFC 6761 §6.3).
    pub fn is_localhost(&self) -> bool {
        crate::address::and_parents(&self.0).last() == Some("localhost")
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mx {
    /// The lower, the sooner it is tried.
    pub preference: u16,
    /// The mail exchanger; none where the record says that no mail is accepted (RFC 7505).
    pub host: Option<HostName>,
}

/// An answer of the DNS. That there is nothing is an answer too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// Records of the type asked for, at least one, in the server's order.
    Found { records: Vec<T>, ttl: Duration },
    /// The name exists, without records of this type (NODATA). The TTL is that of RFC 2308, here and below.
    NoData { ttl: Duration },
    /// There is no such name (NXDOMAIN), and so none below it (RFC 8020).
    NoName { ttl: Duration },
    /// The name is an alias, and what it leads to does not exist (NXDOMAIN for the last name of the chain,
    /// RFC 6604). Names below it may exist.
    NoTarget { ttl: Duration },
}

/// Why there was no answer. None of these says anything about the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// No server answered in time.
    Timeout,
    /// The server could not find out (SERVFAIL), or what it found fails DNSSEC.
    ServFail,
    /// The server does not answer us (REFUSED and the like).
    Refused,
    /// A limit of ours was reached.
    Overloaded,
    /// The mail servers that were looked up cannot be used, and there are more.
    TooManyServers,
    /// The server could not be contacted.
    Unreachable,
    /// The reply cannot be parsed or contradicts itself.
    Malformed,
    /// Two servers gave different answers.
    Contradicted,
    /// The resolver cannot be believed, or not in this answer.
    Untrusted,
    /// The answer is surprising, and nothing has confirmed it so far.
    Unconfirmed,
}

impl Failure {
    /// A short name for metrics and logs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::ServFail => "servfail",
            Self::Refused => "refused",
            Self::Overloaded => "overloaded",
            Self::TooManyServers => "too_many_servers",
            Self::Unreachable => "unreachable",
            Self::Malformed => "malformed",
            Self::Contradicted => "contradicted",
            Self::Untrusted => "untrusted",
            Self::Unconfirmed => "unconfirmed",
        }
    }
}

/// One of the DNS servers, the same as long as the process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerId(pub usize);

/// The result of a question, and which server it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered<T> {
    pub result: Result<Answer<T>, Failure>,
    /// None where no server answered.
    pub by: Option<ServerId>,
}

impl<T> Answered<T> {
    pub fn by(server: ServerId, result: Result<Answer<T>, Failure>) -> Self {
        Self { result, by: Some(server) }
    }

    /// No server answered.
    pub fn by_none(failure: Failure) -> Self {
        Self { result: Err(failure), by: None }
    }
}

/// The address families.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// A records.
    V4,
    /// AAAA records.
    V6,
}
