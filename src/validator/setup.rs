//! The pipeline from the configuration.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::probe_setup::probing;
use super::routes::RouteSource;
use super::{
    ActiveLists, Canaries, LookupLimits, RouteSettings, Routes, Validator, ValidatorParts,
};
use crate::address::{Domain, SyntaxError};
use crate::catalog::{Catalog, ListError};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ListFileError};
use crate::dns::MeteredDns;
use crate::dns::hickory::{DnsSettings, HickoryDns, SetupError};
use crate::reach::ReachPolicy;
use crate::reply::RuleError;
use crate::route::HostName;
use crate::smtp::NoTls;
use crate::verdict::Policy;

/// Whether the network may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    Online,
    /// Every depth is [`Depth::Syntax`](crate::verdict::Depth::Syntax) (`--offline`).
    Offline,
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A setting that names domains has an entry that is not a domain name.
    #[error("`{key}`, entry {entry} is not a domain name: {error}")]
    Domain {
        key: &'static str,
        /// Counted from 1.
        entry: usize,
        error: SyntaxError,
    },
    #[error(transparent)]
    File(#[from] ListFileError),
    #[error(transparent)]
    List(#[from] ListError),
    #[error(transparent)]
    Replies(#[from] RuleError),
    #[error(transparent)]
    Tls(#[from] NoTls),
    #[error(transparent)]
    Dns(#[from] SetupError),
}

impl Validator {
    /// Puts the pipeline together as configured. Online this needs a tokio runtime, and the caller runs
    /// [`Validator::watch_dns`] beside it. What mail servers say is kept in the `state` folder, if there is one.
    ///
    /// # Errors
    /// The configuration cannot be used.
    pub fn from_config(
        config: &Config,
        network: Network,
        state: Option<&Path>,
    ) -> Result<Self, BuildError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        // Read offline too, so that a mistake is found.
        let (settings, canaries) = (route_settings(config)?, canaries(config)?);
        let (routes, probing) = match network {
            Network::Offline => (None, None),
            Network::Online => {
                let interval = Duration::from_secs(config.dns.canary_seconds);
                let routes = routes(config, settings, clock.clone())?
                    .tested_with(Canaries { domains: canaries, interval });
                let probing = probing(config, routes.lookup().dns().clone(), clock.clone(), state)?;
                (Some(routes), probing)
            }
        };
        Ok(Self::new(ValidatorParts {
            lists: ActiveLists::from_config(config)?,
            suggest_at: config.typo.suggest_at,
            policy: policy(config),
            routes,
            probing,
            clock,
        }))
    }
}

fn routes(
    config: &Config,
    settings: RouteSettings,
    clock: Arc<dyn Clock>,
) -> Result<Routes, BuildError> {
    let dns = HickoryDns::new(&DnsSettings {
        servers: config.dns.servers.iter().map(|server| server.0).collect(),
        repeat: config.dns.repeat(),
        timeout: config.dns.timeout(),
        tries: config.dns.tries,
    })?;
    Ok(Routes::new(Arc::new(MeteredDns::new(dns)), clock, settings))
}

/// Which IP addresses may be contacted, and may be where mail goes.
fn reach(config: &Config) -> ReachPolicy {
    ReachPolicy::allowing(config.network.allow.clone())
}

fn route_settings(config: &Config) -> Result<RouteSettings, BuildError> {
    Ok(RouteSettings {
        reach: reach(config),
        private_zones: private_zones(config)?,
        limits: LookupLimits {
            lookups: config.dns.max_lookups,
            names_per_zone: config.dns.max_names_per_zone,
            lookups_per_client: config.dns.max_lookups_per_stranger,
        },
        lookup_timeout: Duration::from_millis(config.dns.lookup_timeout_ms),
        dns_timeout: config.dns.timeout(),
        cache_bytes: config.cache.max_mib << 20,
    })
}

pub(super) fn canaries(config: &Config) -> Result<Vec<HostName>, BuildError> {
    let canaries = domains("dns.canaries", &config.dns.canaries, Domain::parse_name)?;
    Ok(canaries.iter().filter_map(|canary| HostName::new(canary.ascii())).collect())
}

/// The domains that a setting names.
fn domains(
    key: &'static str,
    names: &[String],
    parse: fn(&str) -> Result<Domain, SyntaxError>,
) -> Result<Vec<Domain>, BuildError> {
    let name = |(index, name): (usize, &String)| {
        parse(name).map_err(|error| BuildError::Domain { key, entry: index + 1, error })
    };
    names.iter().enumerate().map(name).collect()
}

/// Checks the settings that name domains.
///
/// # Errors
/// One of them does not name a domain; [`BuildError::key`] says which.
pub fn check_names(config: &Config) -> Result<(), BuildError> {
    private_zones(config)?;
    canaries(config)?;
    allowed_reserved(config)?;
    own_domains(config).map(drop)
}

fn private_zones(config: &Config) -> Result<Vec<Domain>, BuildError> {
    domains("dns.private_zones", &config.dns.private_zones, Domain::parse_name)
}

fn allowed_reserved(config: &Config) -> Result<Vec<Domain>, BuildError> {
    domains("catalog.allow_reserved", &config.catalog.allow_reserved, Domain::parse_name)
}

fn own_domains(config: &Config) -> Result<Vec<Domain>, BuildError> {
    domains("typo.domains", &config.typo.domains, Domain::parse)
}

impl BuildError {
    /// The key of the setting that is wrong; none where it is a file.
    pub fn key(&self) -> Option<&'static str> {
        match self {
            Self::Domain { key, .. } => Some(key),
            Self::File(_) | Self::List(_) | Self::Replies(_) | Self::Tls(_) | Self::Dns(_) => None,
        }
    }
}

impl ActiveLists {
    /// Reads the lists as configured.
    ///
    /// # Errors
    /// A file cannot be read, or a line in it cannot be used.
    pub fn from_config(config: &Config) -> Result<Self, BuildError> {
        let (reserved, own) = (allowed_reserved(config)?, own_domains(config)?);
        let catalog = Catalog::from_lists(&config.catalog.lists()?)?;
        Ok(Self::with_own_domains(catalog.allowing_reserved(&reserved), &own))
    }
}

fn policy(config: &Config) -> Policy {
    Policy {
        risky_at: config.typo.risky_at,
        advice: config.policy.advice.by_reason().clone(),
        reach: reach(config),
    }
}
