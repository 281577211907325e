//! The configuration: a file, under the environment, under the command line. It is read once, at start.
//!
//! One struct a concern; each field's default stands in its `Default`. Keys that nobody knows are
//! errors, and name the nearest that is known.

mod allowed_host;
mod client_header;
mod http;
mod layers;
mod lists;
mod log;
mod policy;
mod probe;
mod proxy;
mod reading;
mod state;
mod value;

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use allowed_host::AllowedHost;
pub use client_header::ClientHeader;
pub use http::{Http, Limits};
pub use layers::{CONFIG_FILE_VARIABLE, ConfigError, Layers, Origins, VARIABLE_PREFIX};
pub use lists::ListFileError;
pub use log::{Log, LogFormat, LogLevel};
pub use policy::{AdviceTable, Policy};
pub use probe::{Helo, HeloError, MailFrom, MailFromError, Probe};
pub use proxy::{Login, Proxy, ProxyHost};
use reading::Wrong;
pub use state::State;
pub use value::{
    Listen, ListenError, NetworkError, Probability, Secret, Server, ServerError, Setting,
};

/// Old mail domains of different owners, in different networks: the end of one of them is no reason to
/// distrust a resolver.
const CANARIES: [&str; 5] = ["gmail.com", "outlook.com", "yahoo.com", "icloud.com", "gmx.net"];

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
    /// What is remembered.
    pub cache: Cache,
    /// What is known of domains.
    pub catalog: Catalog,
    /// Suggestions.
    pub typo: Typo,
    /// What a form should do.
    pub policy: Policy,
    /// Which machines may be contacted.
    pub network: Network,
    /// Asking mail servers about mailboxes.
    pub probe: Probe,
    /// What outlives the process.
    pub state: State,
    /// The log.
    pub log: Log,
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
    /// How late an answer is when the question is sent again, to the next server where there is one.
    pub repeat_ms: u64,
    /// How long the answer to the last try is waited for.
    pub timeout_ms: u64,
    /// How often a question is sent before it counts as unanswered.
    pub tries: usize,
    /// When the look-up of a domain is given up, whatever the servers do.
    pub lookup_timeout_ms: u64,
    /// Domains that have mail servers, to find out servers that lie; none: nothing is tested, as labs and
    /// intranets need it.
    #[serde(deserialize_with = "value::list")]
    pub canaries: Vec<String>,
    /// How often they are asked.
    pub canary_seconds: u64,
    /// Domains that only the command line asks about, with all below them.
    #[serde(deserialize_with = "value::list")]
    pub private_zones: Vec<String>,
    /// Domains that are looked up at the same time.
    pub max_lookups: usize,
    /// New names below one registrable domain that are looked up in a minute.
    pub max_names_per_zone: u32,
    /// Domains that are looked up for one stranger in a minute.
    pub max_lookups_per_stranger: u32,
}

/// `[cache]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cache {
    /// Memory for what is known of domains.
    pub max_mib: u64,
}

/// `[catalog]`
#[derive(Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Catalog {
    /// Addresses, domains and mail servers (`mx:…`) that are let in whatever else is known.
    #[serde(deserialize_with = "value::list")]
    pub allow: Vec<String>,
    /// The same, kept out.
    #[serde(deserialize_with = "value::list")]
    pub deny: Vec<String>,
    /// Special-use names that are mail domains here, with all names below them.
    #[serde(deserialize_with = "value::list")]
    pub allow_reserved: Vec<String>,
    /// How often `serve` looks whether a file of these lists has changed; 0: only when told to.
    pub watch_seconds: u64,
    /// Files of the operator's own.
    pub files: Files,
}

/// `[catalog.files]`: for each list the files that stand in its place or add to it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Files {
    /// Mailbox providers.
    pub providers: FileUse,
    /// What they do to the part before the @.
    pub local_parts: FileUse,
    /// Their domains.
    pub provider_domains: FileUse,
    /// Domains of mailboxes to throw away.
    pub disposable: FileUse,
    /// Domains of forwarding services.
    pub relays: FileUse,
    /// Further domains of free mailboxes.
    pub free: FileUse,
    /// Domains that are never corrected.
    pub real: FileUse,
    /// Local parts of functions.
    pub roles: FileUse,
    /// Special-use names.
    pub special_use: FileUse,
    /// What mail servers tell about mailboxes.
    pub probing: FileUse,
    /// What is let in.
    pub allow: FileUse,
    /// What is kept out.
    pub deny: FileUse,
    /// What mail servers say in refusals.
    pub replies: FileUse,
}

/// What files do to a list. Paths are relative to the configuration file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileUse {
    /// These stand in the place of the list.
    #[serde(deserialize_with = "value::list")]
    pub replace: Vec<PathBuf>,
    /// These add to the list, and correct it where they speak of the same entry.
    #[serde(deserialize_with = "value::list")]
    pub extend: Vec<PathBuf>,
}

/// `[typo]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Typo {
    /// Domains of the operator's own, which are suggested, and never taken for a typo.
    #[serde(deserialize_with = "value::list")]
    pub domains: Vec<String>,
    /// From this confidence on something is suggested.
    pub suggest_at: Probability,
    /// From this confidence on the suggestion makes the address risky.
    pub risky_at: Probability,
    /// From this confidence on `clean --fix` replaces the address with the suggestion.
    pub fix_at: Probability,
}

/// `[network]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    /// Networks whose mail servers may be contacted although they are not on the internet.
    #[serde(deserialize_with = "value::networks")]
    pub allow: Vec<IpNet>,
}

/// Hides the entries: they are addresses.
impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { allow, deny, allow_reserved, watch_seconds, files } = self;
        f.debug_struct("Catalog")
            .field("allow", &allow.len())
            .field("deny", &deny.len())
            .field("allow_reserved", &allow_reserved.len())
            .field("watch_seconds", watch_seconds)
            .field("files", files)
            .finish()
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self { timeout_ms: 1_500, mailbox_timeout_ms: 20_000 }
    }
}

impl Default for Dns {
    fn default() -> Self {
        // A question that loses two packets is answered within a second; a recursive server that has work to
        // do gets three. See docs/configuration.md for how the clocks fit together.
        Self {
            servers: Vec::new(),
            repeat_ms: 300,
            timeout_ms: 1_000,
            tries: 9,
            lookup_timeout_ms: 15_000,
            canaries: CANARIES.map(str::to_owned).to_vec(),
            canary_seconds: 60,
            private_zones: Vec::new(),
            max_lookups: 1_000,
            max_names_per_zone: 100,
            max_lookups_per_stranger: 300,
        }
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self { max_mib: 64 }
    }
}

impl Default for Typo {
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            suggest_at: Probability::from_percent(50),
            risky_at: Probability::from_percent(80),
            fix_at: Probability::from_percent(90),
        }
    }
}

impl Config {
    /// What would make every answer useless is a mistake.
    fn check(&self) -> Result<(), Wrong> {
        self.all_ranges().try_for_each(check_range)?;
        self.typo.check()?;
        self.probe.check()
    }

    /// Every number, with the range in which it is of use.
    fn all_ranges(&self) -> impl Iterator<Item = Range> {
        let limits = self.http.limits.ranges();
        limits.into_iter().chain(self.ranges()).chain(self.probe.ranges())
    }

    fn ranges(&self) -> [Range; 12] {
        let Self { budget, dns, cache, state, .. } = self;
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        [
            ("budget.timeout_ms", budget.timeout_ms, 50..=30_000),
            ("budget.mailbox_timeout_ms", budget.mailbox_timeout_ms, 50..=30_000),
            ("dns.repeat_ms", dns.repeat_ms, 1..=60_000),
            ("dns.timeout_ms", dns.timeout_ms, 1..=60_000),
            ("dns.tries", count(dns.tries), 1..=100),
            ("dns.lookup_timeout_ms", dns.lookup_timeout_ms, 1..=600_000),
            ("dns.canary_seconds", dns.canary_seconds, 1..=86_400),
            ("dns.max_lookups", count(dns.max_lookups), 1..=u64::MAX),
            ("dns.max_names_per_zone", dns.max_names_per_zone.into(), 1..=u64::MAX),
            ("dns.max_lookups_per_stranger", dns.max_lookups_per_stranger.into(), 1..=u64::MAX),
            ("cache.max_mib", cache.max_mib, 1..=1_048_576),
            ("state.max_mib", state.max_mib, 1..=1_048_576),
        ]
    }
}

/// A number of the configuration, and what it may be.
type Range = (&'static str, u64, RangeInclusive<u64>);

fn check_range((key, value, range): Range) -> Result<(), Wrong> {
    if range.contains(&value) {
        return Ok(());
    }
    let message = format!("`{key}` is {value}, but has to be {}", within(&range));
    Err(Wrong { key: key.to_owned(), message })
}

impl Typo {
    /// Nothing is replaced that is not even certain enough to be pointed out.
    fn check(&self) -> Result<(), Wrong> {
        let Self { suggest_at, risky_at, fix_at, .. } = self;
        for (key, bound) in [("typo.suggest_at", suggest_at), ("typo.risky_at", risky_at)] {
            if fix_at.percent() < bound.percent() {
                let message = format!(
                    "`typo.fix_at` is below `{key}`, but has to be at least as high: an address is \
                     replaced only where the suggestion is surer than that"
                );
                return Err(Wrong { key: "typo.fix_at".to_owned(), message });
            }
        }
        Ok(())
    }
}

/// What a number may be, for people.
fn within(range: &RangeInclusive<u64>) -> String {
    match (range.start(), range.end()) {
        (least, &u64::MAX) => format!("at least {least}"),
        (least, most) => format!("from {least} to {most}"),
    }
}

impl Dns {
    /// How late an answer is when the question is sent again.
    pub fn repeat(&self) -> Duration {
        Duration::from_millis(self.repeat_ms)
    }

    /// How long the answer to the last try is waited for.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}

#[cfg(test)]
mod tests;
