//! Evidence that is known already: the cache of this process, then the store that processes share.

use std::sync::Arc;

use super::ProbeRequest;
use crate::address::Domain;
use crate::cache::MailboxCache;
use crate::clock::Clock;
use crate::evidence::{CatchAll, Evidence, KnownCatchAll, MailboxStatus};
use crate::route::HostName;
use crate::smtp::limiter::Day;
use crate::smtp::{PostmasterAnswer, RecipientAnswers, RefusalFinding, RefusalRecord};
use crate::store::Store;

/// The cache and the store as one.
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

    /// Valid evidence of the mailbox, or of its domain where that is a catch-all.
    pub(super) async fn recall(&self, request: &ProbeRequest) -> Option<Evidence> {
        let (mailbox, hosts) = (&request.mailbox, request.hosts());
        let mut known = self.cache.recall(mailbox, &hosts, self.clock.now());
        if let (None, Some(store)) = (&known, &self.store) {
            known = store.recall(mailbox, &hosts).await;
            if let Some(evidence) = &known {
                self.cache.remember(mailbox, evidence);
            }
        }
        if let Some(evidence) = known {
            let evidence = self.corrected_by_server_findings(&request.domain, evidence).await;
            // Corrected evidence has a shorter lifetime.
            let holds = evidence.valid_until().is_some_and(|until| self.clock.now() < until);
            return holds.then_some(evidence);
        }
        // At a catch-all domain no mailbox needs a probe. The hosts that are tried first decide.
        let known = self.catch_all(&request.domain, &request.first_hosts()).await;
        match known.catch_all {
            CatchAll::Yes => Some(Evidence::of_catch_all_domain(known, self.clock.now())),
            CatchAll::No | CatchAll::Unknown => None,
        }
    }

    pub(super) async fn remember(&self, request: &ProbeRequest, evidence: &Evidence) {
        self.cache.remember(&request.mailbox, evidence);
        if let Some(store) = &self.store {
            store.remember(&request.mailbox, evidence).await;
        }
    }

    /// The catch-all result of the domain, if one of these servers showed it.
    pub(super) async fn catch_all(&self, domain: &Domain, hosts: &[HostName]) -> KnownCatchAll {
        let known = self.cache.catch_all(domain, hosts, self.clock.now());
        match (known.catch_all, &self.store) {
            (CatchAll::Unknown, Some(store)) => store.catch_all(domain, hosts).await,
            _ => known,
        }
    }

    /// Evidence corrected by what was learned of its server since: a refusal by a server that refuses everybody
    /// says nothing about the mailbox.
    pub(super) async fn corrected_by_server_findings(
        &self,
        domain: &Domain,
        evidence: Evidence,
    ) -> Evidence {
        let (MailboxStatus::NotFound, Some(host)) = (evidence.status, &evidence.host) else {
            return evidence;
        };
        match self.refusals(domain, host).await.finding {
            RefusalFinding::RefusesEverybody => evidence.of_everybody(),
            RefusalFinding::Open | RefusalFinding::Believed => evidence,
        }
    }

    pub(super) async fn refusals(&self, domain: &Domain, host: &HostName) -> RefusalRecord {
        let cached = self.cache.refusals(domain, host);
        match (cached, &self.store) {
            (Some(record), _) if record.finding == RefusalFinding::Believed => record,
            // Another process may have found out more.
            (cached, Some(store)) => {
                let stored = store.refusals(domain, host).await;
                stored.or(cached).unwrap_or_default()
            }
            (cached, None) => cached.unwrap_or_default(),
        }
    }

    /// Claims today's question about postmaster; false where it was asked today.
    pub(super) async fn claim_postmaster(&self, domain: &Domain, host: &HostName) -> bool {
        let today = Day::of(self.clock.now());
        let claim = move |record: RefusalRecord| {
            let is_new = record.postmaster_asked.is_none_or(|asked| asked < today);
            if is_new { record.asking_postmaster(today) } else { record }
        };
        let before = self.change_refusals(domain, host, claim).await.0;
        before.postmaster_asked.is_none_or(|asked| asked < today)
    }

    /// Stores what this server answered about recipients of the domain.
    pub(super) async fn note_refusals(
        &self,
        domain: &Domain,
        host: &HostName,
        answers: RecipientAnswers,
        postmaster: Option<PostmasterAnswer>,
    ) -> RefusalRecord {
        if answers == RecipientAnswers::default() {
            return self.refusals(domain, host).await;
        }
        let note = move |record: RefusalRecord| {
            let record = record.after(answers);
            postmaster.map_or(record, |answer| record.after_postmaster(answer))
        };
        self.change_refusals(domain, host, note).await.1
    }

    /// Changes a record in the store, or without one in the cache; returns it before and after.
    async fn change_refusals(
        &self,
        domain: &Domain,
        host: &HostName,
        change: impl Fn(RefusalRecord) -> RefusalRecord + Copy + Send + 'static,
    ) -> (RefusalRecord, RefusalRecord) {
        let changed = match &self.store {
            Some(store) => store.change_refusals(domain, host, change).await,
            None => None,
        };
        let (before, after) = match changed {
            Some(changed) => changed,
            None => self.cache.change_refusals(domain, host, change),
        };
        self.cache.keep_refusals(domain, host, after);
        (before, after)
    }

    /// Waits until all pending writes are committed or have failed.
    pub(super) async fn flush(&self) {
        if let Some(store) = &self.store {
            store.flush().await;
        }
    }

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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::cache::LearnedRoute;
    use crate::catalog::Catalog;
    use crate::clock::StoppedClock;
    use crate::route::{MailRoute, RouteWithTtl};

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn request() -> ProbeRequest {
        let domain = Domain::parse("all.de").unwrap();
        let address = "joe@all.de".parse().unwrap();
        let routed = RouteWithTtl { route: MailRoute::Implicit(vec![]), ttl: DAY };
        ProbeRequest {
            mailbox: Catalog::builtin().canonical(&address, &crate::catalog::Knowledge::default()),
            address,
            domain,
            provider: None,
            behaviour: None,
            operators: HashMap::default(),
            route: Arc::new(LearnedRoute::new(routed, Timestamp::UNIX_EPOCH)),
        }
    }

    #[tokio::test]
    async fn what_is_known_of_a_domain_is_as_old_as_the_answer() {
        let (began, request) = (Timestamp::UNIX_EPOCH, request());
        let (cache, host) = (MailboxCache::new(1 << 20), HostName::new("all.de").unwrap());
        let at = |now| Memory::new(cache.clone(), None, Arc::new(StoppedClock(now)));
        let known = KnownCatchAll::shown(CatchAll::Yes, began);
        at(began).remember_catch_all(&request.domain, &host, known).await;
        for (days, asked_at) in [(0, Some(began)), (6, Some(began)), (7, None)] {
            let evidence = at(began + days * DAY).recall(&request).await;
            assert_eq!(evidence.as_ref().map(|evidence| evidence.asked_at), asked_at, "{days}");
            let until = evidence.and_then(|evidence| evidence.valid_until());
            assert_eq!(until, asked_at.map(|began| began + 7 * DAY), "{days}");
        }
    }
}
