//! `[probe]`: asking mail servers about mailboxes.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::NumberRange;
use super::proxy::Proxy;
use super::reading::InvalidValue;
use super::value;
use crate::smtp::limiter::{Allowance, Limits, NeverEntry, NeverList};
use crate::smtp::{HeloName, Sender};

/// What a conversation may take beyond its time limit: QUIT has time of its own, and its end is written down.
const SLACK: Duration = Duration::from_secs(5);

/// `[probe]`
#[derive(Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProbeConfig {
    pub enabled: bool,
    #[serde(with = "value::optional")]
    pub helo: Option<HeloName>,
    #[serde(with = "value::optional")]
    pub mail_from: Option<Sender>,
    #[serde(with = "value::optional")]
    pub proxy: Option<Proxy>,
    /// The addresses of this machine to connect from, at most one of IPv4 and one of IPv6.
    #[serde(deserialize_with = "value::ips")]
    pub source: Vec<IpAddr>,
    pub port: u16,
    pub connect_timeout_ms: u64,
    pub reply_timeout_ms: u64,
    pub conversation_timeout_ms: u64,
    /// At the same time, to one organisation or network.
    pub max_connections: u32,
    /// The least time from one connection to the next, to one organisation or network.
    pub gap_ms: u64,
    pub max_recipients_per_connection: u32,
    pub max_refusals_per_connection: u32,
    /// To one organisation or network.
    pub max_recipients_per_day: u32,
    /// How long the breaker stays open after a refusal of us; each time in a row twice as long.
    pub breaker_minutes: u64,
    /// The longest that it stays open.
    pub breaker_max_minutes: u64,
    /// Where a greater percentage of recipients do not exist, the organisation or network is paused for 24 hours.
    pub harvest_percent: u32,
    /// The number of recipients from which on that is judged.
    pub harvest_sample: u32,
    /// Domains, mail servers and networks that are never asked.
    #[serde(deserialize_with = "value::list")]
    pub never: Vec<NeverEntry>,
}

impl Default for ProbeConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            helo: None,
            mail_from: None,
            proxy: None,
            source: Vec::new(),
            port: 25,
            // A default Postfix makes clients wait a second or more for each answer.
            connect_timeout_ms: 10_000,
            reply_timeout_ms: 30_000,
            conversation_timeout_ms: 120_000,
            max_connections: 1,
            gap_ms: 1_000,
            max_recipients_per_connection: 10,
            max_refusals_per_connection: 9,
            max_recipients_per_day: 500,
            breaker_minutes: 120,
            breaker_max_minutes: 1_440,
            harvest_percent: 30,
            harvest_sample: 20,
            never: Vec::new(),
        }
    }
}

impl ProbeConfig {
    pub fn limits(&self) -> Limits {
        let minutes = |minutes: u64| Duration::from_secs(minutes.saturating_mul(60));
        Limits {
            connections: self.max_connections,
            gap: Duration::from_millis(self.gap_ms),
            allowance: Allowance {
                recipients: self.max_recipients_per_connection,
                refusals: self.max_refusals_per_connection,
            },
            recipients_per_day: self.max_recipients_per_day,
            breaker: minutes(self.breaker_minutes),
            breaker_longest: minutes(self.breaker_max_minutes),
            harvest_percent: self.harvest_percent,
            harvest_sample: self.harvest_sample,
            // The time to connect is within it.
            conversation: Duration::from_millis(self.conversation_timeout_ms).saturating_add(SLACK),
        }
    }

    pub fn never_list(&self) -> NeverList {
        NeverList::new(&self.never)
    }

    pub(super) fn ranges(&self) -> [NumberRange; 13] {
        [
            ("probe.port", self.port.into(), 1..=65_535),
            ("probe.connect_timeout_ms", self.connect_timeout_ms, 1..=300_000),
            ("probe.reply_timeout_ms", self.reply_timeout_ms, 1..=600_000),
            ("probe.conversation_timeout_ms", self.conversation_timeout_ms, 1..=3_600_000),
            ("probe.max_connections", self.max_connections.into(), 1..=100),
            ("probe.gap_ms", self.gap_ms, 0..=3_600_000),
            (
                "probe.max_recipients_per_connection",
                self.max_recipients_per_connection.into(),
                // One, and a made-up one for the catch-all test.
                2..=100,
            ),
            ("probe.max_refusals_per_connection", self.max_refusals_per_connection.into(), 1..=100),
            (
                "probe.max_recipients_per_day",
                self.max_recipients_per_day.into(),
                1..=u32::MAX.into(),
            ),
            ("probe.breaker_minutes", self.breaker_minutes, 1..=10_080),
            ("probe.breaker_max_minutes", self.breaker_max_minutes, 1..=10_080),
            ("probe.harvest_percent", self.harvest_percent.into(), 0..=100),
            ("probe.harvest_sample", self.harvest_sample.into(), 0..=u32::MAX.into()),
        ]
    }

    /// A probe needs a HELO name and a sender of the operator's own.
    pub(super) fn check(&self) -> Result<(), InvalidValue> {
        let families = [IpAddr::is_ipv4, IpAddr::is_ipv6];
        if families.iter().any(|family| self.source.iter().filter(|ip| family(ip)).count() > 1) {
            let message = "`probe.source` has more than one address of a kind";
            return Err(InvalidValue {
                key: "probe.source".to_owned(),
                message: message.to_owned(),
            });
        }
        let missing = match (&self.helo, &self.mail_from) {
            _ if !self.enabled => return Ok(()),
            (Some(_), Some(_)) => return Ok(()),
            (None, Some(_)) => HELO,
            (Some(_), None) => MAIL_FROM,
            (None, None) => return Err(unnamed(&format!("{HELO}, and {MAIL_FROM}"))),
        };
        Err(unnamed(missing))
    }
}

const HELO: &str = "`probe.helo`, the name under which this machine is known in the DNS, such as \
                    \"mail.example.org\"";
const MAIL_FROM: &str = "`probe.mail_from`, an address of your own that accepts mail, such as \
                         \"postmaster@example.org\"";

fn unnamed(missing: &str) -> InvalidValue {
    let message = format!(
        "`probe.enabled` is true: mail servers are asked only under your own name; set {missing}"
    );
    InvalidValue { key: "probe.enabled".to_owned(), message }
}

/// Hides names and addresses.
impl fmt::Debug for ProbeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeConfig")
            .field("enabled", &self.enabled)
            .field("port", &self.port)
            .field("limits", &self.limits())
            .finish_non_exhaustive()
    }
}
