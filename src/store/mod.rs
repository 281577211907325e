//! What outlives the process, in one file that several processes may use at the same time: what was found
//! out of mailboxes and until when, and how we stand with those who run mail servers.
//!
//! No address, domain or host is in it, only keyed hashes of them; `key` tells why. Nothing here may cost
//! anybody their run: where the file cannot be used, that is said once and work goes on without it.

mod destinations;
mod error;
mod evidence;
mod file;
mod forget;
mod journal;
mod key;
mod refusals;
mod room;
mod schema;
mod time;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::address::Domain;
use crate::catalog::Canonical;
use crate::clock::Clock;
use crate::route::HostName;
use crate::smtp::RefusalRecord;
use crate::smtp::etiquette::{Closing, Ledger, Opened, Opening};
use crate::verdict::CatchAll;

pub use error::StoreError;
pub use evidence::{CATCH_ALL_LIFETIME, Evidence, Greylisting, KnownCatchAll, lifetime};
use file::StoreFile;
pub use journal::{Closed, Journal, Mark, NotedMailbox, NotedRoute};
pub use refusals::REFUSALS_LIFETIME;

/// The longest a flush takes.
const FLUSH_TIME: Duration = Duration::from_secs(10);

/// The store. Clones share it.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    /// Used by one at a time, in the order in which they came, on threads that may block.
    file: Arc<tokio::sync::Mutex<StoreFile>>,
    /// Connections that are over. Whoever uses the file next notes them first: each was opened through
    /// the file, so there are never more than those who wait for it.
    outbox: Mutex<Vec<Closing>>,
}

impl Store {
    /// Opens the store in this folder; what is missing is created. It never grows beyond this size by
    /// much. Takes a moment, in which the thread is blocked.
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn open(folder: &Path, max_mib: u64, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let file = StoreFile::open(folder, max_mib, clock.now())?;
        let file = Arc::new(tokio::sync::Mutex::new(file));
        Ok(Self { shared: Arc::new(Shared { clock, file, outbox: Mutex::default() }) })
    }

    /// Opens the store in this folder if there is one.
    ///
    /// # Errors
    /// There is one, and it cannot be used.
    pub fn open_existing(
        folder: &Path,
        max_mib: u64,
        clock: Arc<dyn Clock>,
    ) -> Result<Option<Self>, StoreError> {
        if file::exists(folder)? { Self::open(folder, max_mib, clock).map(Some) } else { Ok(None) }
    }

    /// What is known of a mailbox and still holds, if one of these mail servers said it or nobody did:
    /// what a server said that is no longer the domain's counts for nothing.
    pub async fn recall(&self, mailbox: &Canonical, hosts: &[HostName]) -> Option<Evidence> {
        let (mailbox, hosts, now) = (mailbox.clone(), hosts.to_vec(), self.shared.clock.now());
        self.used(move |file| file.recall(&mailbox, &hosts, now)).await.ok().flatten()
    }

    /// Keeps what was found out of a mailbox for as long as it holds; see [`lifetime`].
    pub async fn remember(&self, mailbox: &Canonical, evidence: &Evidence) {
        let (mailbox, evidence) = (mailbox.clone(), evidence.clone());
        let _ = self.used(move |file| file.remember(&mailbox, &evidence)).await;
    }

    /// When a mailbox was first asked about of those asked lately for which strangers were deferred, and
    /// when it is time to try again.
    pub async fn greylisting(&self, mailbox: &Canonical) -> Option<Greylisting> {
        let (mailbox, now) = (mailbox.clone(), self.shared.clock.now());
        self.used(move |file| file.greylisting(&mailbox, now)).await.ok().flatten()
    }

    /// Whether a domain accepts mail for any mailbox, as far as one of these mail servers has shown it, and
    /// when.
    pub async fn catch_all(&self, domain: &Domain, hosts: &[HostName]) -> KnownCatchAll {
        let (domain, hosts, now) = (domain.clone(), hosts.to_vec(), self.shared.clock.now());
        let known = self.used(move |file| file.catch_all(&domain, &hosts, now)).await;
        known.unwrap_or(KnownCatchAll::UNKNOWN)
    }

    /// Keeps whether a domain accepts mail for any mailbox, as this mail server has shown it at this time.
    pub async fn remember_catch_all(
        &self,
        domain: &Domain,
        host: &HostName,
        catch_all: CatchAll,
        asked_at: Timestamp,
    ) {
        let (domain, host) = (domain.clone(), host.clone());
        let kept = move |file: &mut StoreFile| {
            file.remember_catch_all(&domain, &host, catch_all, asked_at)
        };
        let _ = self.used(kept).await;
    }

    /// What is known of the refusals of a mail server at a domain.
    pub async fn refusals(&self, domain: &Domain, host: &HostName) -> Option<RefusalRecord> {
        let (domain, host, now) = (domain.clone(), host.clone(), self.shared.clock.now());
        self.used(move |file| file.refusals(&domain, &host, now)).await.ok().flatten()
    }

    /// Changes what is known of the refusals of a mail server at a domain, with no other process in
    /// between; tells it before and after. None where the store cannot be used.
    pub async fn change_refusals(
        &self,
        domain: &Domain,
        host: &HostName,
        change: impl Fn(RefusalRecord) -> RefusalRecord + Send + 'static,
    ) -> Option<(RefusalRecord, RefusalRecord)> {
        let (domain, host, now) = (domain.clone(), host.clone(), self.shared.clock.now());
        self.used(move |file| file.change_refusals(&domain, &host, now, &change)).await.ok()
    }

    /// Erases what is kept of a mailbox, under each of these names, and of its domain. Tells how many
    /// entries that were.
    ///
    /// # Errors
    /// It cannot be said that nothing is left.
    pub async fn forget(
        &self,
        mailbox: &[Canonical],
        domain: Option<&Domain>,
    ) -> Result<usize, StoreError> {
        let (mailbox, domain) = (mailbox.to_vec(), domain.cloned());
        self.used(move |file| file.forget(&mailbox, domain.as_ref())).await
    }

    /// Waits until everything that was noted so far is in the file or cannot be, for so long at most: a disk
    /// that hangs must not keep the process from ending.
    pub async fn flush(&self) {
        let _ = timeout(FLUSH_TIME, self.used(|_| Ok(()))).await;
    }

    /// Why the store cannot be used at the moment; none where it can.
    pub async fn trouble(&self) -> Option<StoreError> {
        self.shared.file.lock().await.trouble().cloned()
    }

    /// Does something with the file, where it may block.
    async fn used<R: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut StoreFile) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let mut file = self.shared.file.clone().lock_owned().await;
        let (mut over, now) = (self.shared.take_outbox(), self.shared.clock.now());
        let used = tokio::task::spawn_blocking(move || {
            file.attempt(now, |file| {
                file.close(&over, now)?;
                // A second attempt must not count them once more.
                over.clear();
                work(file)
            })
        });
        done(used).await
    }
}

/// What comes of work on the file. A panic in it says nothing of the file, and is told as what it is.
async fn done<R>(work: JoinHandle<Result<R, StoreError>>) -> Result<R, StoreError> {
    work.await.unwrap_or_else(|error| {
        if error.is_panic() {
            tracing::error!("the store met an internal error; please report it");
            return Err(StoreError::Internal);
        }
        // The process ends.
        Err(StoreError::Resting)
    })
}

impl Shared {
    fn take_outbox(&self) -> Vec<Closing> {
        std::mem::take(&mut *self.outbox.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Ledger for Store {
    fn open(&self, opening: Opening) -> BoxFuture<'_, Option<Opened>> {
        Box::pin(async move {
            let now = self.shared.clock.now();
            self.used(move |file| file.begin(&opening, now)).await.ok()
        })
    }

    fn close(&self, closing: Closing) {
        let mut outbox = self.shared.outbox.lock().unwrap_or_else(PoisonError::into_inner);
        outbox.push(closing);
        drop(outbox);
        // Without a runtime it waits for whoever comes next, or for the end of the store.
        if let Ok(runtime) = Handle::try_current() {
            let store = self.clone();
            runtime.spawn(async move { store.flush().await });
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let over = self.take_outbox();
        if !over.is_empty()
            && let Ok(mut file) = self.file.try_lock()
        {
            let now = self.clock.now();
            let _ = file.attempt(now, |file| file.close(&over, now));
        }
    }
}

#[cfg(test)]
mod tests;
