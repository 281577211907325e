//! What is believed of what the DNS said.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Asked, Routes, unresolved};
use crate::route::{Credence, Distrust, Failure, HostName, Routed, ServerId, credence, said_in};
use crate::validator::canaries::Change;

/// How long after a denial a second question confirms it.
const CONFIRMED_AFTER: Duration = Duration::from_secs(60);
/// The most domains of which a denial waits to be confirmed.
const MOST_WAITING: usize = 10_000;

/// Denials that nothing has confirmed when they came, by domain: since when they are made. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Denials(Arc<Mutex<HashMap<HostName, Instant>>>);

impl Denials {
    /// Notes a denial, and tells whether it confirms an earlier one.
    fn is_confirmed(&self, domain: &HostName) -> bool {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if since.len() >= MOST_WAITING && !since.contains_key(domain) {
            // What is lost is a minute.
            since.clear();
        }
        let first = since.entry(domain.clone()).or_insert_with(Instant::now);
        first.elapsed() >= CONFIRMED_AFTER
    }

    fn contradict(&self, domain: &HostName) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(domain);
    }

    /// What a resolver said that lies confirms nothing.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Routes {
    /// How much an answer about this domain that denies its mail servers would be worth.
    pub(super) fn credence(&self, domain: &HostName, routed: &Routed) -> Credence {
        // What a private zone says of a name is true there.
        if self.is_private(domain) {
            return Credence::Believed;
        }
        credence(&routed.route, (self.popularity)(domain))
    }

    /// What is believed of an answer. It also counts for or against the server that gave it.
    ///
    /// # Errors
    /// It shows that a server lies which was believed before.
    pub(super) fn believed(&self, domain: &HostName, asked: Asked) -> Result<Routed, Distrust> {
        let Asked { routed, by, agreed } = asked;
        match self.credence(domain, &routed) {
            Credence::Refuted => {
                self.note(domain, &routed, by)?;
                return Ok(unresolved(Failure::Untrusted));
            }
            Credence::ToConfirm if agreed || self.denials.is_confirmed(domain) => {}
            Credence::ToConfirm => return Ok(unresolved(Failure::Unconfirmed)),
            Credence::Believed => {
                self.denials.contradict(domain);
                self.note(domain, &routed, by)?;
            }
        }
        // It may have been found to lie while it was being asked.
        let lies = by.is_some_and(|by| self.trust.fails(by));
        Ok(if lies { unresolved(Failure::Untrusted) } else { routed })
    }

    /// Notes what a server says of a domain that is as good as a canary.
    fn note(
        &self,
        domain: &HostName,
        routed: &Routed,
        by: Option<ServerId>,
    ) -> Result<(), Distrust> {
        let is_canary = (self.popularity)(domain).is_some_and(|popularity| popularity.class() <= 2);
        if !is_canary || self.is_private(domain) {
            return Ok(());
        }
        let said = said_in(&routed.route);
        let change = self.trust.said_of_provider(self.dns(), domain, said, by);
        self.forget_lies(&change);
        match change {
            Change::Nothing => Ok(()),
            Change::Lost { distrust, .. } => Err(distrust),
        }
    }
}
