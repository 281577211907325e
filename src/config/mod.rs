//! The configuration: defaults, under a TOML file, under the environment, under the command line's flags.
//!
//! ```text
//! file, environment ─> Layers (keys checked, origins noted) ─> reading (kinds, values) ─> Config, Origins
//! ```
//!
//! [`Config`] has one struct for each table; each field's default stands in its `Default`, and the defaults also
//! say which keys there are and of which kind. An unknown key is an error that names the nearest known one. No
//! error repeats a value, and nothing shows a secret.
//!
//! To add a setting: a field with its default, its range in `ranges` if it is a number, and its line in
//! `deploy/mailvet.toml`.

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
pub use http::{HttpConfig, HttpLimits};
pub use layers::{CONFIG_FILE_VARIABLE, ConfigError, Layers, Origins, VARIABLE_PREFIX};
pub use lists::ListFileError;
pub use log::{LogConfig, LogFormat, LogLevel};
pub use policy::{AdviceTable, PolicyConfig};
pub use probe::ProbeConfig;
pub use proxy::{Proxy, ProxyHost, ProxyLogin};
use reading::InvalidValue;
pub use state::StateConfig;
pub use value::{DnsServer, DnsServerError, Listen, ListenError, Secret};

use crate::typo::Confidence;

/// Old mail domains of different owners in different networks: if one of them ends, the resolver is still
/// trusted.
const CANARIES: [&str; 5] = ["gmail.com", "outlook.com", "yahoo.com", "icloud.com", "gmx.net"];

/// Everything that can be configured.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub http: HttpConfig,
    pub budget: BudgetConfig,
    pub dns: DnsConfig,
    pub cache: CacheConfig,
    pub catalog: CatalogConfig,
    pub typo: TypoConfig,
    pub policy: PolicyConfig,
    pub network: NetworkConfig,
    pub probe: ProbeConfig,
    pub state: StateConfig,
    pub log: LogConfig,
}

/// `[budget]`: how long an answer may take.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetConfig {
    /// For a request that names no time of its own: about as long as a person waits for a form.
    pub timeout_ms: u64,
    /// The same at depth mailbox; mail servers are slow.
    pub mailbox_timeout_ms: u64,
}

/// `[dns]`: the DNS servers, and how they are asked.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DnsConfig {
    /// None: those of the system.
    #[serde(with = "value::texts")]
    pub servers: Vec<DnsServer>,
    /// The wait for an answer before the question is sent again, to the next server where there is one.
    pub repeat_ms: u64,
    /// The wait for the answer to the last try.
    pub timeout_ms: u64,
    /// How often a question is sent before it counts as unanswered.
    pub tries: usize,
    /// When the look-up of a domain is given up, whatever the servers do.
    pub lookup_timeout_ms: u64,
    /// Domains that have mail servers, to detect resolvers that lie; none: no test, as labs and intranets need.
    #[serde(deserialize_with = "value::list")]
    pub canaries: Vec<String>,
    /// How often they are asked.
    pub canary_seconds: u64,
    /// Domains, with all below them, that only the command line may ask about.
    #[serde(deserialize_with = "value::list")]
    pub private_zones: Vec<String>,
    /// Look-ups of domains at the same time.
    pub max_lookups: usize,
    /// Look-ups of new names below one registrable domain in a minute.
    pub max_names_per_zone: u32,
    /// Look-ups of domains for one unknown client in a minute.
    pub max_lookups_per_stranger: u32,
}

/// `[cache]`: what is remembered of domains.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheConfig {
    pub max_mib: u64,
}

/// `[catalog]`: what is known without asking.
#[derive(Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogConfig {
    /// Addresses, domains and mail servers (`mx:…`) that are accepted whatever else is known.
    #[serde(deserialize_with = "value::list")]
    pub allow: Vec<String>,
    /// The same, rejected.
    #[serde(deserialize_with = "value::list")]
    pub deny: Vec<String>,
    /// Special-use names that are mail domains here, with all names below them.
    #[serde(deserialize_with = "value::list")]
    pub allow_reserved: Vec<String>,
    /// How often `serve` checks whether a file of these lists has changed; 0: only on SIGHUP.
    pub watch_seconds: u64,
    pub files: ListFilesConfig,
}

/// `[catalog.files]`: for each list the files that stand in its place or add to it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListFilesConfig {
    pub providers: ListFiles,
    pub local_parts: ListFiles,
    pub provider_domains: ListFiles,
    pub disposable: ListFiles,
    pub relays: ListFiles,
    pub free: ListFiles,
    pub real: ListFiles,
    pub roles: ListFiles,
    pub special_use: ListFiles,
    pub probing: ListFiles,
    pub allow: ListFiles,
    pub deny: ListFiles,
    pub replies: ListFiles,
}

/// The files of one list. Paths are relative to the configuration file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListFiles {
    /// These replace the list.
    #[serde(deserialize_with = "value::list")]
    pub replace: Vec<PathBuf>,
    /// These add to the list, and correct it where they have the same entry.
    #[serde(deserialize_with = "value::list")]
    pub extend: Vec<PathBuf>,
}

/// `[typo]`: suggestions.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TypoConfig {
    /// Domains of the operator's own, which are suggested, and never taken for a typo.
    #[serde(deserialize_with = "value::list")]
    pub domains: Vec<String>,
    /// The least confidence of a suggestion.
    #[serde(with = "value::confidence")]
    pub suggest_at: Confidence,
    /// From this confidence on the suggestion makes the address risky.
    #[serde(with = "value::confidence")]
    pub risky_at: Confidence,
    /// From this confidence on `clean --fix` replaces the address with the suggestion.
    #[serde(with = "value::confidence")]
    pub fix_at: Confidence,
}

/// `[network]`: which machines may be contacted.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkConfig {
    /// Networks whose mail servers may be contacted although they are not on the internet.
    #[serde(deserialize_with = "value::networks")]
    pub allow: Vec<IpNet>,
}

/// Hides the entries: they are addresses.
impl fmt::Debug for CatalogConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { allow, deny, allow_reserved, watch_seconds, files } = self;
        f.debug_struct("CatalogConfig")
            .field("allow", &allow.len())
            .field("deny", &deny.len())
            .field("allow_reserved", &allow_reserved.len())
            .field("watch_seconds", watch_seconds)
            .field("files", files)
            .finish()
    }
}

impl Default for BudgetConfig {
    fn default() -> Self {
        Self { timeout_ms: 1_500, mailbox_timeout_ms: 20_000 }
    }
}

impl Default for DnsConfig {
    fn default() -> Self {
        // A question that loses two packets is answered within a second; a recursive server that has to ask
        // others gets three. docs/configuration.md says how these times fit together.
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

impl Default for CacheConfig {
    fn default() -> Self {
        Self { max_mib: 64 }
    }
}

impl Default for TypoConfig {
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            suggest_at: Confidence::from_percent(50),
            risky_at: Confidence::from_percent(80),
            fix_at: Confidence::from_percent(90),
        }
    }
}

impl Config {
    /// Rejects values that would make every answer useless.
    fn check(&self) -> Result<(), InvalidValue> {
        self.all_ranges().try_for_each(check_range)?;
        self.typo.check()?;
        self.probe.check()
    }

    /// Every whole number, with the range in which it is of use.
    fn all_ranges(&self) -> impl Iterator<Item = NumberRange> {
        let limits = self.http.limits.ranges();
        limits.into_iter().chain(self.ranges()).chain(self.probe.ranges())
    }

    fn ranges(&self) -> [NumberRange; 13] {
        let Self { budget, dns, cache, catalog, state, .. } = self;
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
            ("dns.max_names_per_zone", dns.max_names_per_zone.into(), 1..=u32::MAX.into()),
            (
                "dns.max_lookups_per_stranger",
                dns.max_lookups_per_stranger.into(),
                1..=u32::MAX.into(),
            ),
            ("catalog.watch_seconds", catalog.watch_seconds, 0..=u64::MAX),
            ("cache.max_mib", cache.max_mib, 1..=1_048_576),
            ("state.max_mib", state.max_mib, 1..=1_048_576),
        ]
    }
}

/// A key, its number, and what that may be.
type NumberRange = (&'static str, u64, RangeInclusive<u64>);

fn check_range((key, value, range): NumberRange) -> Result<(), InvalidValue> {
    if range.contains(&value) {
        return Ok(());
    }
    let message = format!("`{key}` is {value}, but has to be {}", within(&range));
    Err(InvalidValue { key: key.to_owned(), message })
}

impl TypoConfig {
    /// What is too uncertain to be pointed out must not be replaced.
    fn check(&self) -> Result<(), InvalidValue> {
        let Self { suggest_at, risky_at, fix_at, .. } = self;
        for (key, bound) in [("typo.suggest_at", suggest_at), ("typo.risky_at", risky_at)] {
            if fix_at < bound {
                let message = format!(
                    "`typo.fix_at` is below `{key}`, but has to be at least as high: an address is \
                     replaced only where the suggestion is surer than that"
                );
                return Err(InvalidValue { key: "typo.fix_at".to_owned(), message });
            }
        }
        Ok(())
    }
}

/// What a number may be, in words.
fn within(range: &RangeInclusive<u64>) -> String {
    match (range.start(), range.end()) {
        (least, &u64::MAX) => format!("at least {least}"),
        (least, most) => format!("from {least} to {most}"),
    }
}

impl DnsConfig {
    pub fn repeat(&self) -> Duration {
        Duration::from_millis(self.repeat_ms)
    }

    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}

#[cfg(test)]
mod tests;
