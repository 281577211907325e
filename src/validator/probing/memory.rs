//! What is known of mailboxes already: by this process, and by all that share the store.

use std::sync::Arc;

use jiff::Timestamp;

use super::Question;
use crate::address::Domain;
use crate::cache::MailboxCache;
use crate::clock::Clock;
use crate::route::HostName;
use crate::store::{Evidence, KnownCatchAll, Store};
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
        let known = self.catch_all(&question.domain, &question.first_hosts()).await;
        match known.catch_all {
            CatchAll::Yes => Some(accepts_any(known, self.clock.now())),
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

    /// Whether these servers accept mail for any mailbox of the domain, as far as that is known.
    pub(super) async fn catch_all(&self, domain: &Domain, hosts: &[HostName]) -> KnownCatchAll {
        let known = self.cache.catch_all(domain, hosts, self.clock.now());
        match (known.catch_all, &self.store) {
            (CatchAll::Unknown, Some(store)) => store.catch_all(domain, hosts).await,
            _ => known,
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
        known: KnownCatchAll,
    ) {
        let KnownCatchAll { catch_all, asked_at: Some(asked_at) } = known else { return };
        self.cache.remember_catch_all(domain, host, catch_all, asked_at);
        if let Some(store) = &self.store {
            store.remember_catch_all(domain, host, catch_all, asked_at).await;
        }
    }
}

/// What is known of every mailbox of a domain that accepts any, as old as that knowledge.
pub(super) fn accepts_any(known: KnownCatchAll, now: Timestamp) -> Evidence {
    let accepted = MailboxEvidence::Accepted { catch_all: CatchAll::Yes };
    Evidence::without_reply(accepted, now).with_catch_all(known)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cache::LearnedRoute;
    use crate::catalog::Catalog;
    use crate::clock::StoppedClock;
    use crate::route::{MailRoute, Routed};

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn question() -> Question {
        let domain = Domain::parse("all.de").unwrap();
        let address = "joe@all.de".parse().unwrap();
        let routed = Routed { route: MailRoute::Implicit(vec![]), ttl: DAY };
        Question {
            mailbox: Catalog::builtin().canonical(&address, &crate::catalog::Knowledge::default()),
            address,
            domain,
            provider: None,
            tells: None,
            route: Arc::new(LearnedRoute::new(routed, Timestamp::UNIX_EPOCH)),
        }
    }

    #[tokio::test]
    async fn what_is_known_of_a_domain_is_as_old_as_the_answer() {
        let (began, question) = (Timestamp::UNIX_EPOCH, question());
        let (cache, host) = (MailboxCache::new(1 << 20), HostName::new("all.de").unwrap());
        let at = |now| Memory::new(cache.clone(), None, Arc::new(StoppedClock(now)));
        let known = KnownCatchAll::shown(CatchAll::Yes, began);
        at(began).remember_catch_all(&question.domain, &host, known).await;
        for (days, asked_at) in [(0, Some(began)), (6, Some(began)), (7, None)] {
            let evidence = at(began + days * DAY).recall(&question).await;
            assert_eq!(evidence.as_ref().map(|evidence| evidence.asked_at), asked_at, "{days}");
            let until = evidence.and_then(|evidence| evidence.valid_until());
            assert_eq!(until, asked_at.map(|began| began + 7 * DAY), "{days}");
        }
    }
}
