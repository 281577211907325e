//! The pipeline for a list: how it is set up, and how its work ends.

use std::path::Path;
use std::sync::Arc;

use super::{Halt, JournaledRoutes, ListModeSettings, ListRun};
use crate::config::Config;
use crate::route::HostName;
use crate::validator::Validator;
use crate::validator::setup::{BuildError, Network, canaries};

/// The pipeline for a list, before the work begins.
pub struct ListValidator {
    validator: Validator,
    canaries: Vec<HostName>,
}

impl ListValidator {
    /// See [`Validator::from_config`].
    ///
    /// # Errors
    /// The configuration cannot be used.
    pub fn from_config(
        config: &Config,
        network: Network,
        state: Option<&Path>,
    ) -> Result<Self, BuildError> {
        let canaries = canaries(config)?;
        let mut config = config.clone();
        // They are not tested by the clock, but before every round of look-ups.
        config.dns.canaries.clear();
        let validator = Validator::from_config(&config, network, state)?;
        Ok(Self { validator, canaries })
    }

    /// The pipeline, for what needs no network.
    pub fn validator(&self) -> &Validator {
        &self.validator
    }

    pub fn with_list_mode(self, settings: ListModeSettings) -> Validator {
        self.validator.for_list(settings, self.canaries)
    }
}

impl Validator {
    /// The same pipeline for the work on a list, and for nothing else. Offline nothing is noted.
    #[must_use]
    pub fn for_list(self, settings: ListModeSettings, canaries: Vec<HostName>) -> Self {
        let Some(live) = &self.routes else { return self };
        let list_run = ListRun::new(settings, canaries);
        let journaled = JournaledRoutes::new(live.lookup().clone(), list_run.clone());
        Self { routes: Some(Arc::new(journaled)), list_run: Some(list_run), ..self }
    }

    /// Waits for a reason why the work on a list cannot go on, which may never come.
    pub async fn halted(&self) -> Halt {
        match &self.list_run {
            Some(list_run) => list_run.halted().await,
            None => std::future::pending().await,
        }
    }

    /// Tests at the end of the work on a list whether the last answers of the DNS can be believed too.
    ///
    /// # Errors
    /// They cannot, and are forgotten.
    pub async fn last_test(&self) -> Result<(), Halt> {
        match (&self.routes, &self.list_run) {
            (Some(routes), Some(list_run)) => list_run.last_test(routes.lookup()).await,
            _ => Ok(()),
        }
    }
}
