//! A validator from the configuration.

use std::sync::Arc;

use super::{InForce, Network, Parts, Routes, Validator};
use crate::address::{Domain, SyntaxError};
use crate::catalog::{Catalog, ListError};
use crate::clock::SystemClock;
use crate::config::{self, Config, ListFileError};
use crate::dns::hickory::{DnsSettings, HickoryDns, SetupError};
use crate::reach::ReachPolicy;
use crate::typo::Confidence;
use crate::verdict::{Advice, Policy, Reason};

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
    /// A name in `allow_reserved` is none.
    #[error("`catalog.allow_reserved`, entry {entry} is not a domain name: {error}")]
    Reserved {
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
    /// A key of `[policy.advice]` is no reason.
    #[error("`policy.advice`: there is no reason `{code}`{}", did_you_mean(.nearest))]
    Reason {
        /// As configured.
        code: String,
        /// The reason's code most like it.
        nearest: Option<&'static str>,
    },
    /// A value of `[policy.advice]` is no advice.
    #[error("`policy.advice.{code}`: `{advice}` is none of accept, confirm, reject")]
    Advice {
        /// The reason.
        code: String,
        /// As configured.
        advice: String,
    },
    /// The resolver could not be set up.
    #[error(transparent)]
    Dns(#[from] SetupError),
}

fn did_you_mean(nearest: &Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"))
}

impl Validator {
    /// Puts the pipeline together as configured.
    ///
    /// # Errors
    /// Something in the configuration is not what its place wants.
    pub fn from_config(config: &Config, connection: Connection) -> Result<Self, BuildError> {
        let clock = Arc::new(SystemClock);
        let network = match connection {
            Connection::Offline => Network::Offline,
            Connection::Online => {
                let dns = HickoryDns::new(&DnsSettings {
                    servers: config.dns.servers.iter().map(|server| server.0).collect(),
                    timeout: config.dns.timeout(),
                    tries: config.dns.tries,
                })?;
                let policy = ReachPolicy::allowing(config.network.allow.clone());
                Network::Online(Routes::new(Arc::new(dns), Arc::new(policy), clock.clone()))
            }
        };
        Ok(Self::new(Parts {
            lists: InForce::from_config(&config.catalog)?,
            suggest_at: Confidence::from_percent(config.typo.suggest_at.percent()),
            policy: policy(config)?,
            network,
            clock,
        }))
    }
}

impl InForce {
    /// Reads the lists as configured.
    ///
    /// # Errors
    /// A file cannot be read, or a line in it cannot be used.
    pub fn from_config(config: &config::Catalog) -> Result<Self, BuildError> {
        let name = |(index, name): (usize, &String)| {
            Domain::parse_name(name)
                .map_err(|error| BuildError::Reserved { entry: index + 1, error })
        };
        let reserved = config.allow_reserved.iter().enumerate().map(name);
        let reserved: Vec<Domain> = reserved.collect::<Result<_, _>>()?;
        let catalog = Catalog::from_lists(&config.lists()?)?;
        Ok(Self::new(catalog.allowing_reserved(&reserved)))
    }
}

fn policy(config: &Config) -> Result<Policy, BuildError> {
    let advice = config.policy.advice.iter().map(|(code, advice)| {
        let reason = Reason::from_code(code)
            .ok_or_else(|| BuildError::Reason { code: code.clone(), nearest: nearest(code) })?;
        let advice = Advice::ALL
            .into_iter()
            .find(|known| known.code() == advice)
            .ok_or_else(|| BuildError::Advice { code: code.clone(), advice: advice.clone() })?;
        Ok((reason, advice))
    });
    Ok(Policy {
        risky_at: Confidence::from_percent(config.typo.risky_at.percent()),
        advice: advice.collect::<Result<_, BuildError>>()?,
    })
}

fn nearest(code: &str) -> Option<&'static str> {
    let best =
        Reason::all().map(Reason::code).min_by_key(|known| strsim::osa_distance(code, known))?;
    (strsim::osa_distance(code, best) <= 4).then_some(best)
}
