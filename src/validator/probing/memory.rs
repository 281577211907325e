//! What is known of mailboxes already: by this process, and by all that share the store.

use std::sync::Arc;

use super::Question;
use crate::address::Domain;
use crate::cache::MailboxCache;
use crate::clock::Clock;
use crate::route::HostName;
use crate::store::{CATCH_ALL_LIFETIME, Evidence, Store};
use crate::verdict::{CatchAll, MailboxEvidence};

/// Remembers what mail servers said.
#[derive(Clone)]
pub(super) struct Memory {
    cache: MailboxCache,
    store: Option<Store>,
    clock: Arc<dyn Clock>,
}

impl Memory {
    pub(super) fn new(cache: MailboxCache, store: Option<Store>, clock: Arc<dyn Clock>) -> Self {
        Self { cache, store, clock }
    }

    /// What is known of the mailbox and still holds.
    pub(super) async fn recall(&self, question: &Question) -> Option<Evidence> {
        let (mailbox, hosts) = (&question.mailbox, question.hosts());
        if let Some(evidence) = self.cache.recall(mailbox, &hosts, self.clock.now()) {
            return Some(evidence);
        }
        let stored = match &self.store {
            Some(store) => store.recall(mailbox, &hosts).await,
            None => None,
        };
        if let Some(evidence) = &stored {
            self.cache.remember(mailbox, evidence);
            return stored;
        }
        // Where every mailbox is accepted, no one needs to be asked about.
        // As those show it that are asked first.
        match self.catch_all(&question.domain, &question.first_hosts()).await {
            CatchAll::Yes => Some(Evidence::without_reply(
                MailboxEvidence::Accepted { catch_all: CatchAll::Yes },
                self.clock.now(),
            )),
            CatchAll::No | CatchAll::Unknown => None,
        }
    }

    /// Keeps what was found out.
    pub(super) async fn remember(&self, question: &Question, evidence: &Evidence) {
        self.cache.remember(&question.mailbox, evidence);
        if let Some(store) = &self.store {
            store.remember(&question.mailbox, evidence).await;
        }
    }

    /// Whether these servers take mail for any mailbox of the domain, as far as that is known.
    pub(super) async fn catch_all(&self, domain: &Domain, hosts: &[HostName]) -> CatchAll {
        let known = self.cache.catch_all(domain, hosts, self.clock.now());
        match (known, &self.store) {
            (CatchAll::Unknown, Some(store)) => store.catch_all(domain, hosts).await,
            (known, _) => known,
        }
    }

    /// Comes true when everything that was noted is kept.
    pub(super) async fn flush(&self) {
        if let Some(store) = &self.store {
            store.flush().await;
        }
    }

    /// Keeps what this server has shown of a domain.
    pub(super) async fn remember_catch_all(
        &self,
        domain: &Domain,
        host: &HostName,
        catch_all: CatchAll,
    ) {
        let until = self.clock.now().saturating_add(CATCH_ALL_LIFETIME);
        let until = until.unwrap_or(jiff::Timestamp::MAX);
        self.cache.remember_catch_all(domain, host, catch_all, until);
        if let Some(store) = &self.store {
            store.remember_catch_all(domain, host, catch_all).await;
        }
    }
}
