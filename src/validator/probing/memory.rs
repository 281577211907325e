//! What is known of mailboxes already: by this process, and by all that share the store.

use std::sync::Arc;

use jiff::Timestamp;

use super::Question;
use crate::address::Domain;
use crate::cache::MailboxCache;
use crate::clock::Clock;
use crate::route::HostName;
use crate::smtp::etiquette::Day;
use crate::smtp::{PostmasterAnswer, RecipientAnswers, RefusalFinding, RefusalRecord};
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
        let mut known = self.cache.recall(mailbox, &hosts, self.clock.now());
        if let (None, Some(store)) = (&known, &self.store) {
            known = store.recall(mailbox, &hosts).await;
            if let Some(evidence) = &known {
                self.cache.remember(mailbox, evidence);
            }
        }
        if let Some(evidence) = known {
            let evidence = self.reconsidered(&question.domain, evidence).await;
            // As a refusal of us it may have ended by now.
            let holds = evidence.valid_until().is_some_and(|until| self.clock.now() < until);
            return holds.then_some(evidence);
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

    /// Evidence in the light of what was found out of its server since: a refusal by one that refuses
    /// everybody is no word about the mailbox.
    pub(super) async fn reconsidered(&self, domain: &Domain, evidence: Evidence) -> Evidence {
        let (MailboxEvidence::NotFound, Some(host)) = (evidence.mailbox, &evidence.host) else {
            return evidence;
        };
        match self.refusals(domain, host).await.finding {
            RefusalFinding::RefusesEverybody => evidence.of_everybody(),
            RefusalFinding::Open | RefusalFinding::Believed => evidence,
        }
    }

    /// What is known of this server's refusals at the domain.
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

    /// Takes it on to ask this server about postmaster; false where somebody has done so today.
    pub(super) async fn claim_postmaster(&self, domain: &Domain, host: &HostName) -> bool {
        let today = Day::of(self.clock.now());
        let claim = move |record: RefusalRecord| {
            let is_new = record.postmaster_asked.is_none_or(|asked| asked < today);
            if is_new { record.asking_postmaster(today) } else { record }
        };
        let before = self.change_refusals(domain, host, claim).await.0;
        before.postmaster_asked.is_none_or(|asked| asked < today)
    }

    /// Notes what this server said of recipients of the domain.
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

    /// Changes a record for all processes, or where there is no store for this one; tells it before and
    /// after.
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
        let until = until.unwrap_or(Timestamp::MAX);
        self.cache.remember_catch_all(domain, host, catch_all, until);
        if let Some(store) = &self.store {
            store.remember_catch_all(domain, host, catch_all).await;
        }
    }
}
