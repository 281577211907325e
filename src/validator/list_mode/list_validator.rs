//! The pipeline for a list: how it is set up, and how its work ends.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use super::{Halt, JournaledRoutes, ListMode, ListModeSettings, RetryPlan};
use crate::config::Config;
use crate::route::HostName;
use crate::store::Journal;
use crate::validator::Validator;
use crate::validator::routes::MAX_QUESTIONS;
use crate::validator::setup::{BuildError, Network, canaries};

/// What the caller decides about the work on a list.
pub struct ListModeOptions {
    /// What was found out so far, and will be.
    pub journal: Journal,
    /// Domains that are looked up at the same time.
    pub concurrency: usize,
    /// How many files the process may have open; none: no limit.
    pub open_files: Option<u64>,
    /// Domains that are looked up in a second, at most.
    pub rate: Option<NonZeroU32>,
    pub retry_plan: RetryPlan,
}

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

    pub fn at_work(self, options: ListModeOptions) -> Validator {
        let ListModeOptions { journal, concurrency, open_files, rate, retry_plan } = options;
        let questions = questions_within(open_files);
        let canaries = self.canaries;
        let settings =
            ListModeSettings { journal, concurrency, questions, rate, canaries, retry_plan };
        self.validator.for_list(settings)
    }
}

/// How many look-ups can ask at the same time where so many files may be open. A question that is sent again, or
/// whose answer is too long for a packet, takes one more socket; the lists, the journal and the output need some
/// files as well.
fn questions_within(open_files: Option<u64>) -> usize {
    const RESERVE: u64 = 40;
    const SOCKETS: u64 = 3;
    let sockets = open_files.map_or(u64::MAX, |files| files.saturating_sub(RESERVE));
    usize::try_from(sockets / SOCKETS).map_or(MAX_QUESTIONS, |most| most.clamp(1, MAX_QUESTIONS))
}

impl Validator {
    /// The same pipeline for the work on a list, and for nothing else. Offline nothing is noted.
    #[must_use]
    pub fn for_list(self, settings: ListModeSettings) -> Self {
        let Some(live) = &self.routes else { return self };
        let list_mode = ListMode::new(settings);
        let journaled = JournaledRoutes::new(live.lookup().clone(), list_mode.clone());
        Self { routes: Some(Arc::new(journaled)), list_mode: Some(list_mode), ..self }
    }

    /// Waits for a reason why the work on a list cannot go on, which may never come.
    pub async fn halted(&self) -> Halt {
        match &self.list_mode {
            Some(list_mode) => list_mode.halted().await,
            None => std::future::pending().await,
        }
    }

    /// Tests at the end of the work on a list whether the last answers of the DNS can be believed too.
    ///
    /// # Errors
    /// They cannot, and are forgotten.
    pub async fn last_test(&self) -> Result<(), Halt> {
        match (&self.routes, &self.list_mode) {
            (Some(routes), Some(list_mode)) => list_mode.last_test(routes.lookup()).await,
            _ => Ok(()),
        }
    }
}
