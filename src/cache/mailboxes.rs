//! What mail servers said of mailboxes and domains, as long as it holds.

use jiff::Timestamp;
use moka::sync::Cache;

use crate::address::Domain;
use crate::catalog::Canonical;
use crate::evidence::{CatchAll, Evidence, KnownCatchAll};
use crate::route::HostName;
use crate::smtp::RefusalRecord;
use crate::store::REFUSALS_LIFETIME;

/// What a mailbox takes in memory, about: the key, the evidence, and what holds them.
const BYTES_OF_ENTRY: u64 = 512;

/// Evidence of mailboxes, and of domains that take anything, by this process. Clones share it.
#[derive(Clone)]
pub struct MailboxCache {
    mailboxes: Cache<Box<str>, Evidence>,
    domains: Cache<Box<str>, OfDomain>,
    /// By domain and server.
    refusals: Cache<(Box<str>, HostName), RefusalRecord>,
}

/// Whether a domain takes anything, as one of its servers has shown it.
#[derive(Clone)]
struct OfDomain {
    known: KnownCatchAll,
    host: HostName,
}

impl MailboxCache {
    /// An empty memory of at most about so many bytes.
    pub fn new(max_bytes: u64) -> Self {
        let entries = max_bytes / BYTES_OF_ENTRY / 3;
        let refusals = Cache::builder().max_capacity(entries).time_to_live(REFUSALS_LIFETIME);
        Self {
            mailboxes: Cache::new(entries),
            domains: Cache::new(entries),
            refusals: refusals.build(),
        }
    }

    /// What is known of a mailbox at this time, if one of these mail servers said it or nobody did.
    pub fn recall(
        &self,
        mailbox: &Canonical,
        hosts: &[HostName],
        now: Timestamp,
    ) -> Option<Evidence> {
        let evidence = self.mailboxes.get(mailbox.key.as_str())?;
        let holds = evidence.valid_until().is_some_and(|until| now < until);
        let is_theirs = evidence.host.as_ref().is_none_or(|host| hosts.contains(host));
        (holds && is_theirs).then_some(evidence)
    }

    /// Keeps what was found out of a mailbox, if it is to be kept at all.
    pub fn remember(&self, mailbox: &Canonical, evidence: &Evidence) {
        if evidence.valid_until().is_some() {
            self.mailboxes.insert(mailbox.key.as_str().into(), evidence.clone().without_text());
        }
    }

    /// Whether a domain accepts mail for any mailbox, as far as one of these mail servers has shown it, and
    /// when.
    pub fn catch_all(&self, domain: &Domain, hosts: &[HostName], now: Timestamp) -> KnownCatchAll {
        let Some(OfDomain { known, host }) = self.domains.get(domain.ascii()) else {
            return KnownCatchAll::UNKNOWN;
        };
        let holds = known.valid_until().is_some_and(|until| now < until);
        if holds && hosts.contains(&host) { known } else { KnownCatchAll::UNKNOWN }
    }

    /// What is known of this server's refusals at the domain.
    pub fn refusals(&self, domain: &Domain, host: &HostName) -> Option<RefusalRecord> {
        self.refusals.get(&(domain.ascii().into(), host.clone()))
    }

    /// Keeps what is known of this server's refusals at the domain.
    pub fn keep_refusals(&self, domain: &Domain, host: &HostName, record: RefusalRecord) {
        self.refusals.insert((domain.ascii().into(), host.clone()), record);
    }

    /// Changes what is known of this server's refusals at the domain; tells it before and after.
    pub fn change_refusals(
        &self,
        domain: &Domain,
        host: &HostName,
        change: impl Fn(RefusalRecord) -> RefusalRecord,
    ) -> (RefusalRecord, RefusalRecord) {
        let mut before = RefusalRecord::default();
        let entry = self.refusals.entry((domain.ascii().into(), host.clone()));
        // Nobody else changes it meanwhile.
        let entry = entry.and_upsert_with(|known| {
            before = known.map(moka::Entry::into_value).unwrap_or_default();
            change(before)
        });
        (before, entry.into_value())
    }

    /// Keeps whether a domain accepts mail for any mailbox, as this mail server has shown it at this time.
    pub fn remember_catch_all(
        &self,
        domain: &Domain,
        host: &HostName,
        catch_all: CatchAll,
        asked_at: Timestamp,
    ) {
        let known = KnownCatchAll::shown(catch_all, asked_at);
        self.domains.insert(domain.ascii().into(), OfDomain { known, host: host.clone() });
    }
}
