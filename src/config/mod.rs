//! The configuration: a file, under the environment, under the command line. It is read once, at start.
//!
//! One struct a concern; each field's default stands in its `Default`. Keys that nobody knows are
//! errors, and name the nearest that is known.

mod layers;
mod value;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use layers::{ConfigError, Layers};
pub use value::{Probability, Server};

/// Everything that can be configured.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The service.
    pub http: Http,
    /// How long an answer may take.
    pub budget: Budget,
    /// Asking the DNS.
    pub dns: Dns,
    /// What is known of domains.
    pub catalog: Catalog,
    /// Suggestions.
    pub typo: Typo,
    /// What a form should do.
    pub policy: Policy,
    /// Which machines may be contacted.
    pub network: Network,
}

/// `[http]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Where the service listens. Without keys only loopback addresses will do.
    pub listen: SocketAddr,
}

/// `[budget]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// For a request that names no time of its own: about as long as a person waits for a form.
    pub timeout_ms: u64,
    /// The same where the mailbox is wanted; mail servers are slow.
    pub mailbox_timeout_ms: u64,
}

/// `[dns]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dns {
    /// The servers to ask; none: those of the system.
    #[serde(deserialize_with = "value::list")]
    pub servers: Vec<Server>,
    /// How long one try may take.
    pub timeout_ms: u64,
    /// How often a question is sent before it counts as unanswered.
    pub tries: usize,
}

/// `[catalog]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Catalog {
    /// Special-use names that are mail domains here, with all names below them.
    #[serde(deserialize_with = "value::list")]
    pub allow_reserved: Vec<String>,
}

/// `[typo]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Typo {
    /// From this confidence on something is suggested.
    pub suggest_at: Probability,
    /// From this confidence on the suggestion makes the address risky.
    pub risky_at: Probability,
}

/// `[policy]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Reason = advice, where it differs from the usual.
    pub advice: BTreeMap<String, String>,
}

/// `[network]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    /// Networks whose mail servers may be contacted although they are not on the internet.
    #[serde(deserialize_with = "value::list")]
    pub allow: Vec<IpNet>,
}

impl Default for Http {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)) }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self { timeout_ms: 1_500, mailbox_timeout_ms: 20_000 }
    }
}

impl Default for Dns {
    fn default() -> Self {
        // A second covers a recursive server's own work; a packet that was lost is sent again.
        Self { servers: Vec::new(), timeout_ms: 1_000, tries: 3 }
    }
}

impl Default for Typo {
    fn default() -> Self {
        Self { suggest_at: Probability::from_percent(50), risky_at: Probability::from_percent(80) }
    }
}

impl Dns {
    /// How long one try may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}

#[cfg(test)]
mod tests;
