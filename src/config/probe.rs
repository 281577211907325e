//! `[probe]`: asking mail servers about mailboxes.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Range;
use super::proxy::Proxy;
use super::reading::Wrong;
use super::value::{self, Setting};
use crate::address::{Address, Host, SyntaxError};
use crate::smtp::limiter::{Allowance, Limits, NeverEntry, NeverList};

/// What a conversation takes beyond its time limit: QUIT has a moment of its own, and that it is over has to
/// be noted.
const SLACK: Duration = Duration::from_secs(5);

/// `[probe]`
#[derive(Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Probe {
    /// Whether mail servers may be asked at all.
    pub enabled: bool,
    /// The name that we introduce ourselves with.
    pub helo: Setting<Helo>,
    /// Who we say the mail would be from.
    pub mail_from: Setting<MailFrom>,
    /// A proxy to go through.
    pub proxy: Setting<Proxy>,
    /// The addresses of this machine to connect from, at most one of IPv4 and one of IPv6.
    #[serde(deserialize_with = "value::ips")]
    pub source: Vec<IpAddr>,
    /// The port of mail servers.
    pub port: u16,
    /// How long a connection may take to come about.
    pub connect_timeout_ms: u64,
    /// How long one reply may take.
    pub reply_timeout_ms: u64,
    /// How long a whole conversation may take.
    pub conversation_timeout_ms: u64,
    /// Connections at the same time to one organisation or network.
    pub max_connections: u32,
    /// The least time from one connection to the next.
    pub gap_ms: u64,
    /// Recipients asked on one connection.
    pub max_recipients_per_connection: u32,
    /// Recipients refused on one connection.
    pub max_refusals_per_connection: u32,
    /// Recipients asked of one organisation or network in a day.
    pub max_recipients_per_day: u32,
    /// How long somebody is left alone who refused us; each time in a row twice as long.
    pub breaker_minutes: u64,
    /// The longest that they are.
    pub breaker_max_minutes: u64,
    /// Where more in a hundred do not exist, the server is left alone for a day.
    pub harvest_percent: u32,
    /// That is judged once so many have been asked about.
    pub harvest_sample: u32,
    /// Domains, mail servers and networks that are never asked.
    #[serde(deserialize_with = "value::list")]
    pub never: Vec<NeverEntry>,
}

/// The name of this machine, as it says it to mail servers: a domain name or an address literal
/// (RFC 5321 §4.1.1.1).
#[derive(Clone, PartialEq, Eq)]
pub struct Helo(Host);

impl Helo {
    /// The name, or the literal.
    pub fn host(&self) -> &Host {
        &self.0
    }
}

/// A text is no name to say to mail servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no name such as mail.example.org or [192.0.2.1]")]
pub struct HeloError;

impl FromStr for Helo {
    type Err = HeloError;

    fn from_str(text: &str) -> Result<Self, HeloError> {
        text.parse().map(Self).map_err(|_: SyntaxError| HeloError)
    }
}

impl fmt::Display for Helo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.ascii())
    }
}

/// The sender that mail servers are told: an address that every server can take.
#[derive(Clone, PartialEq, Eq)]
pub struct MailFrom(Address);

impl MailFrom {
    /// The address, which has an ASCII form.
    pub fn address(&self) -> &Address {
        &self.0
    }
}

/// A text is no sender for mail servers. It does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailFromError {
    /// It is no address.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// It has no ASCII form.
    #[error("not every mail server takes a sender beyond ASCII")]
    NotAscii,
    /// It is at an IP address.
    #[error("the sender has to be at a domain, not at an IP address")]
    Literal,
}

impl FromStr for MailFrom {
    type Err = MailFromError;

    fn from_str(text: &str) -> Result<Self, MailFromError> {
        let address: Address = text.parse()?;
        if address.local().needs_smtputf8() {
            return Err(MailFromError::NotAscii);
        }
        if let Host::Literal(_) = address.host() {
            return Err(MailFromError::Literal);
        }
        Ok(Self(address))
    }
}

impl fmt::Display for MailFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.normalized())
    }
}

impl Default for Probe {
    fn default() -> Self {
        Self {
            enabled: false,
            helo: Setting::default(),
            mail_from: Setting::default(),
            proxy: Setting::default(),
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

impl Probe {
    /// How much may be asked.
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

    /// What is never asked.
    pub fn never_list(&self) -> NeverList {
        NeverList::new(&self.never)
    }

    pub(super) fn ranges(&self) -> [Range; 12] {
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
                // One, and a made-up one.
                2..=100,
            ),
            ("probe.max_refusals_per_connection", self.max_refusals_per_connection.into(), 1..=100),
            ("probe.max_recipients_per_day", self.max_recipients_per_day.into(), 1..=u64::MAX),
            ("probe.breaker_minutes", self.breaker_minutes, 1..=10_080),
            ("probe.breaker_max_minutes", self.breaker_max_minutes, 1..=10_080),
            ("probe.harvest_percent", self.harvest_percent.into(), 0..=100),
        ]
    }

    /// Mail servers want to know who asks, and have to be told something true.
    pub(super) fn check(&self) -> Result<(), Wrong> {
        let families = [IpAddr::is_ipv4, IpAddr::is_ipv6];
        if families.iter().any(|family| self.source.iter().filter(|ip| family(ip)).count() > 1) {
            let message = "`probe.source` has more than one address of a kind";
            return Err(Wrong { key: "probe.source".to_owned(), message: message.to_owned() });
        }
        let missing = match (self.helo.get(), self.mail_from.get()) {
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
const MAIL_FROM: &str = "`probe.mail_from`, an address of your own that takes mail, such as \
                         \"postmaster@example.org\"";

fn unnamed(missing: &str) -> Wrong {
    let message = format!(
        "`probe.enabled` is true: mail servers are asked only under your own name; set {missing}"
    );
    Wrong { key: "probe.enabled".to_owned(), message }
}

/// Hides names and addresses.
impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe")
            .field("enabled", &self.enabled)
            .field("port", &self.port)
            .field("limits", &self.limits())
            .finish_non_exhaustive()
    }
}
