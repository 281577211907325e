//! What mail servers said of mailboxes and domains, for as long as it holds.

use jiff::Timestamp;
use moka::sync::Cache;

use crate::address::Domain;
use crate::catalog::Canonical;
use crate::evidence::{CatchAll, Evidence, KnownCatchAll};
use crate::route::HostName;
use crate::smtp::RefusalRecord;
use crate::store::REFUSALS_LIFETIME;

/// About the memory of one mailbox: key, evidence and overhead.
const BYTES_OF_ENTRY: u64 = 512;

/// Evidence of mailboxes, catch-all results and refusals by domain. Clones share it.
#[derive(Clone)]
pub struct MailboxCache {
    mailboxes: Cache<Box<str>, Evidence>,
    catch_alls: Cache<Box<str>, HostCatchAll>,
    /// By domain and server.
    refusals: Cache<(Box<str>, HostName), RefusalRecord>,
}

/// Whether a domain is catch-all, as this server of it has shown.
#[derive(Clone)]
struct HostCatchAll {
    known: KnownCatchAll,
    host: HostName,
}

impl MailboxCache {
    /// An empty cache for about so many bytes.
    pub fn new(max_bytes: u64) -> Self {
        let entries = max_bytes / BYTES_OF_ENTRY / 3;
        let refusals = Cache::builder().max_capacity(entries).time_to_live(REFUSALS_LIFETIME);
        Self {
            mailboxes: Cache::new(entries),
            catch_alls: Cache::new(entries),
            refusals: refusals.build(),
        }
    }

    /// What is known of a mailbox at this time, unless another mail server than these said it.
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

    /// Keeps what was found out of a mailbox, if it holds for a time at all.
    pub fn remember(&self, mailbox: &Canonical, evidence: &Evidence) {
        if evidence.valid_until().is_some() {
            self.mailboxes.insert(mailbox.key.as_str().into(), evidence.clone().without_text());
        }
    }

    /// Whether a domain is catch-all, as far as one of these mail servers has shown, and when.
    pub fn catch_all(&self, domain: &Domain, hosts: &[HostName], now: Timestamp) -> KnownCatchAll {
        let Some(HostCatchAll { known, host }) = self.catch_alls.get(domain.ascii()) else {
            return KnownCatchAll::UNKNOWN;
        };
        let holds = known.valid_until().is_some_and(|until| now < until);
        if holds && hosts.contains(&host) { known } else { KnownCatchAll::UNKNOWN }
    }

    pub fn refusals(&self, domain: &Domain, host: &HostName) -> Option<RefusalRecord> {
        self.refusals.get(&(domain.ascii().into(), host.clone()))
    }

    pub fn keep_refusals(&self, domain: &Domain, host: &HostName, record: RefusalRecord) {
        self.refusals.insert((domain.ascii().into(), host.clone()), record);
    }

    /// Changes what is known of this server's refusals at the domain. Returns it before and after.
    pub fn change_refusals(
        &self,
        domain: &Domain,
        host: &HostName,
        change: impl Fn(RefusalRecord) -> RefusalRecord,
    ) -> (RefusalRecord, RefusalRecord) {
        let mut before = RefusalRecord::default();
        let entry = self.refusals.entry((domain.ascii().into(), host.clone()));
        // moka locks the entry meanwhile.
        let entry = entry.and_upsert_with(|known| {
            before = known.map(moka::Entry::into_value).unwrap_or_default();
            change(before)
        });
        (before, entry.into_value())
    }

    /// Keeps whether a domain is catch-all, as this mail server has shown at this time.
    pub fn remember_catch_all(
        &self,
        domain: &Domain,
        host: &HostName,
        catch_all: CatchAll,
        asked_at: Timestamp,
    ) {
        let known = KnownCatchAll::shown(catch_all, asked_at);
        self.catch_alls.insert(domain.ascii().into(), HostCatchAll { known, host: host.clone() });
    }
}
