//! Denials that wait for a second answer to confirm them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::route::HostName;

/// How long after a denial a second one confirms it.
const CONFIRMED_AFTER: Duration = Duration::from_secs(60);
/// The most domains whose denial waits for confirmation.
const MAX_WAITING: usize = 10_000;

/// When each domain was first denied without confirmation. Clones share it.
#[derive(Clone, Default)]
pub(super) struct UnconfirmedDenials(Arc<Mutex<HashMap<HostName, Instant>>>);

impl UnconfirmedDenials {
    fn lock(&self) -> MutexGuard<'_, HashMap<HostName, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a denial. Returns whether it confirms an earlier one.
    pub(super) fn confirms(&self, domain: &HostName) -> bool {
        let mut since = self.lock();
        if since.len() >= MAX_WAITING && !since.contains_key(domain) {
            // This costs each of them no more than another minute.
            since.clear();
        }
        let first = since.entry(domain.clone()).or_insert_with(Instant::now);
        first.elapsed() >= CONFIRMED_AFTER
    }

    /// The domain was found: an earlier denial confirms nothing.
    pub(super) fn contradict(&self, domain: &HostName) {
        self.lock().remove(domain);
    }

    /// What a lying resolver denied confirms nothing.
    pub(super) fn forget_all(&self) {
        self.lock().clear();
    }
}
