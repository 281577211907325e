//! A validator from the configuration.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::probe_setup::probing;
use super::routes::MAX_QUESTIONS;
use super::{
    ActiveLists, Canaries, LookupLimits, Network, Parts, RouteSettings, Routes, Validator,
};
use crate::address::{Domain, SyntaxError};
use crate::catalog::{Catalog, ListError};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ListFileError};
use crate::dns::Metered;
use crate::dns::hickory::{DnsSettings, HickoryDns, SetupError};
use crate::reach::ReachPolicy;
use crate::reply::PatternError;
use crate::route::HostName;
use crate::smtp::{NoTls, SenderError};
use crate::typo::Confidence;
use crate::verdict::Policy;

/// Whether the network may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// It may.
    Online,
    /// It may not (`--offline`).
    Offline,
}

/// The configuration does not make a validator.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// What has to be the name of a domain is none.
    #[error("`{key}`, entry {entry} is not a domain name: {error}")]
    Domain {
        /// The setting.
        key: &'static str,
        /// Which one, counted from 1.
        entry: usize,
        /// What is wrong with it.
        error: SyntaxError,
    },
    /// A file of the operator's cannot be read.
    #[error(transparent)]
    File(#[from] ListFileError),
    /// A line of a list cannot be used.
    #[error(transparent)]
    List(#[from] ListError),
    /// A rule of what replies mean cannot be used.
    #[error(transparent)]
    Replies(#[from] PatternError),
    /// The sender will not do for mail servers.
    #[error("`probe.mail_from`: {0}")]
    Sender(SenderError),
    /// Nothing can be encrypted.
    #[error(transparent)]
    Tls(#[from] NoTls),
    /// The resolver could not be set up.
    #[error(transparent)]
    Dns(#[from] SetupError),
}

impl Validator {
    /// Puts the pipeline together as configured. Online it has to be called within a tokio runtime, and
    /// [`Validator::watch_dns`] has to run beside it. What mail servers say is kept in the folder for `state`, if there is one.
    ///
    /// # Errors
    /// Something in the configuration is not what its place wants.
    pub fn from_config(
        config: &Config,
        connection: Connection,
        state: Option<&Path>,
    ) -> Result<Self, BuildError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        // A mistake is one also where the network is not used.
        let (settings, canaries) = (route_settings(config)?, canaries(config)?);
        let (network, probing) = match connection {
            Connection::Offline => (Network::Offline, None),
            Connection::Online => {
                let interval = Duration::from_secs(config.dns.canary_seconds);
                let routes = routes(config, settings, clock.clone())?
                    .tested_with(Canaries { domains: canaries, interval });
                let probing = probing(config, routes.shared_dns(), clock.clone(), state)?;
                (Network::Online(Box::new(routes)), probing)
            }
        };
        Ok(Self::new(Parts {
            lists: ActiveLists::from_config(config)?,
            suggest_at: Confidence::from_percent(config.typo.suggest_at.percent()),
            policy: policy(config),
            network,
            probing,
            clock,
        }))
    }
}

/// The pipeline for the work on a list, before it begins.
pub struct ListValidator {
    validator: Validator,
    canaries: Vec<HostName>,
}

impl ListValidator {
    /// Puts the pipeline together as configured. See [`Validator::from_config`].
    ///
    /// # Errors
    /// The same.
    pub fn from_config(
        config: &Config,
        connection: Connection,
        state: Option<&Path>,
    ) -> Result<Self, BuildError> {
        let canaries = canaries(config)?;
        let mut config = config.clone();
        // They are not asked as time goes by, but as the work does.
        config.dns.canaries.clear();
        let validator = Validator::from_config(&config, connection, state)?;
        Ok(Self { validator, canaries })
    }

    /// The pipeline, for what asks nobody.
    pub fn validator(&self) -> &Validator {
        &self.validator
    }

    /// The pipeline, and the canaries to give to [`Validator::for_list`].
    pub fn into_parts(self) -> (Validator, Vec<HostName>) {
        (self.validator, self.canaries)
    }
}

/// How many questions can wait for an answer at the same time where so many files may be open. One that is
/// sent again, or whose answer is too long for a packet, takes a socket more; the lists, the journal and the
/// output need some as well.
pub fn questions_within(open_files: Option<u64>) -> usize {
    const RESERVE: u64 = 40;
    const SOCKETS: u64 = 3;
    let sockets = open_files.map_or(u64::MAX, |files| files.saturating_sub(RESERVE));
    usize::try_from(sockets / SOCKETS).map_or(MAX_QUESTIONS, |most| most.clamp(1, MAX_QUESTIONS))
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
    Ok(Routes::new(Arc::new(Metered::new(dns)), clock, settings))
}

/// Which IP addresses may be contacted, or mail be sent to.
fn reach(config: &Config) -> ReachPolicy {
    ReachPolicy::allowing(config.network.allow.clone())
}

fn route_settings(config: &Config) -> Result<RouteSettings, BuildError> {
    Ok(RouteSettings {
        reach: reach(config),
        private_zones: private_zones(config)?,
        limits: LookupLimits {
            flights: config.dns.max_lookups,
            names_per_zone: config.dns.max_names_per_zone,
            flights_per_stranger: config.dns.max_lookups_per_stranger,
        },
        flight_deadline: Duration::from_millis(config.dns.lookup_timeout_ms),
        dns_timeout: config.dns.timeout(),
        cache_bytes: config.cache.max_mib << 20,
    })
}

fn canaries(config: &Config) -> Result<Vec<HostName>, BuildError> {
    let canaries = domains("dns.canaries", &config.dns.canaries, Domain::parse_name)?;
    Ok(canaries.iter().filter_map(|canary| HostName::new(canary.ascii())).collect())
}

/// Names of domains, as this function reads them.
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

/// Finds out whether the settings that name domains do.
///
/// # Errors
/// One of them does not; [`BuildError::key`] tells which.
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
    /// The key of the setting that is wrong; none where it is not a setting itself.
    pub fn key(&self) -> Option<&'static str> {
        match self {
            Self::Domain { key, .. } => Some(key),
            Self::Sender(_) => Some("probe.mail_from"),
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
        risky_at: Confidence::from_percent(config.typo.risky_at.percent()),
        advice: config.policy.advice.by_reason().clone(),
        reach: reach(config),
    }
}
