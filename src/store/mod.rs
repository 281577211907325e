//! What outlives the process, in one file that several processes may use at the same time: what was found
//! out of mailboxes and until when, and how we stand with those who run mail servers.
//!
//! No address, domain or host is in it, only keyed hashes of them; `key` tells why. Nothing here may cost
//! anybody their run: where the file cannot be used, that is said once and work goes on without it.

mod destinations;
mod error;
mod eviction;
mod evidence;
mod file;
mod forget;
mod journal;
mod key;
mod outbox;
mod refusals;
mod resting;
mod schema;
mod time;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::OwnedMutexGuard;
use tokio::task::JoinError;
use tokio::time::timeout;

use crate::address::Domain;
use crate::catalog::Canonical;
use crate::clock::Clock;
use crate::evidence::{CatchAll, Evidence, KnownCatchAll};
use crate::route::HostName;
use crate::smtp::RefusalRecord;
use crate::smtp::limiter::{AcquireReply, AcquireRequest, LimitStore, ReleaseRecord};

pub use error::StoreError;
pub use evidence::Greylisting;
use file::StoreFile;
pub use journal::{Checkpoint, Journal, JournalClosed, NotedMailbox, NotedRoute};
use outbox::Outbox;
pub use refusals::REFUSALS_LIFETIME;
use resting::{REST, Rest, RestingFile};

/// The longest a flush takes.
const FLUSH_TIME: Duration = Duration::from_secs(10);

/// The store. Clones share it.
#[derive(Clone)]
pub struct Store {
    shared: Arc<StoreInner>,
}

struct StoreInner {
    clock: Arc<dyn Clock>,
    /// Used by one at a time, in the order in which they came, on threads that may block.
    file: Arc<tokio::sync::Mutex<RestingFile>>,
    /// Connections that are over. Whoever uses the file next notes them first.
    outbox: Mutex<Outbox>,
    /// Whether they will be noted when the file is no longer left alone.
    is_retrying: AtomicBool,
}

impl Store {
    /// Opens the store in this folder; what is missing is created. It never grows beyond this size by
    /// much. Takes a moment, in which the thread is blocked.
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn open(folder: &Path, max_mib: u64, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let (store, error) = Self::open_or_retry(folder, max_mib, clock);
        error.map_or(Ok(store), Err)
    }

    /// The same. Where the file cannot be used, that is tried again a while later, whenever somebody wants something
    /// of it; why it cannot be used now is told.
    pub fn open_or_retry(
        folder: &Path,
        max_mib: u64,
        clock: Arc<dyn Clock>,
    ) -> (Self, Option<StoreError>) {
        let (file, error) = RestingFile::open(folder, max_mib, clock.now());
        let shared = StoreInner {
            clock,
            file: Arc::new(tokio::sync::Mutex::new(file)),
            outbox: Mutex::default(),
            is_retrying: AtomicBool::new(false),
        };
        (Self { shared: Arc::new(shared) }, error)
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

    /// Keeps what was found out of a mailbox for as long as it holds; see [`Evidence::valid_until`].
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
    pub async fn last_error(&self) -> Option<StoreError> {
        self.shared.file.lock().await.last_error().cloned()
    }

    /// Does something with the file, where it may block.
    async fn used<R: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut StoreFile) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let file = self.shared.file.clone().lock_owned().await;
        let now = self.shared.clock.now();
        let over = self.shared.outbox().take();
        let mut visit = Visit { over, file, store: self.clone() };
        // The caller may go away before this is done: whatever has to be put right is put right in there.
        let used = tokio::task::spawn_blocking(move || {
            let Visit { over, file, .. } = &mut visit;
            file.attempt(Rest::Kept, now, |file| {
                note(file, over, now)?;
                work(file)
            })
        });
        done(used.await)?
    }

    /// Sees to it that what could not be noted is noted when the file is no longer left alone, even if nobody uses it
    /// then: other processes have to know of a breaker.
    fn retry_later(&self) {
        if self.shared.is_retrying.swap(true, Ordering::Relaxed) {
            return;
        }
        // Without a runtime they wait for the end of the store.
        let Ok(runtime) = Handle::try_current() else { return };
        let shared = Arc::downgrade(&self.shared);
        runtime.spawn(async move {
            tokio::time::sleep(REST).await;
            if let Some(shared) = shared.upgrade() {
                shared.is_retrying.store(false, Ordering::Relaxed);
                Self { shared }.flush().await;
            }
        });
    }
}

/// One use of the file. Connections that it could not note are kept for later, before the file is free: the
/// next use has to note the same ones first.
struct Visit {
    over: VecDeque<ReleaseRecord>,
    file: OwnedMutexGuard<RestingFile>,
    /// Dropped last: the end of the store needs the file.
    store: Store,
}

impl Drop for Visit {
    fn drop(&mut self) {
        if !self.over.is_empty() {
            self.store.shared.outbox().put_back(std::mem::take(&mut self.over));
            self.store.retry_later();
        }
    }
}

/// What comes of work on the file. A panic in it says nothing of the file, and is told as what it is.
fn done<T>(work: Result<T, JoinError>) -> Result<T, StoreError> {
    work.map_err(|error| {
        if error.is_panic() {
            tracing::error!("the store met an internal error; please report it");
            return StoreError::Internal;
        }
        // The process ends.
        StoreError::Resting
    })
}

/// Notes connections that are over; those that are left could not be noted.
fn note(
    file: &mut StoreFile,
    over: &mut VecDeque<ReleaseRecord>,
    now: Timestamp,
) -> Result<(), StoreError> {
    file.close(over.make_contiguous(), now)?;
    // A second attempt must not count them once more.
    over.clear();
    Ok(())
}

impl StoreInner {
    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LimitStore for Store {
    fn open(&self, opening: AcquireRequest) -> BoxFuture<'_, Option<AcquireReply>> {
        Box::pin(async move {
            let now = self.shared.clock.now();
            self.used(move |file| file.begin(&opening, now)).await.ok()
        })
    }

    fn close(&self, closing: ReleaseRecord) {
        self.shared.outbox().push(closing);
        // Without a runtime it waits for whoever comes next, or for the end of the store.
        if let Ok(runtime) = Handle::try_current() {
            let store = self.clone();
            runtime.spawn(async move { store.flush().await });
        }
    }
}

impl Drop for StoreInner {
    fn drop(&mut self) {
        let mut over = self.outbox().take();
        if !over.is_empty()
            && let Ok(mut file) = self.file.try_lock()
        {
            let now = self.clock.now();
            let _ = file.attempt(Rest::Broken, now, |file| note(file, &mut over, now));
        }
    }
}

#[cfg(test)]
mod tests;
