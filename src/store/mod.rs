//! The store: one SQLite file that several processes may use at the same time.
//!
//! [`Store`] keeps evidence of mailboxes and catch-all results with their lifetimes, refusal records, and the
//! limiter's state of each party. It holds no address, domain or host, only keyed hashes of them (`key`). A run
//! never fails for want of the store: where the file cannot be used, that is logged once, work goes on
//! without it, and it is tried again after a minute (`backoff`).
//!
//! [`Journal`] is another file: the results of one run over a list.
//!
//! The two write in different ways on purpose. Every operation of the store is a transaction of its own with
//! an answer, under a mutex, because other processes decide by it at once; the release of a permit must also
//! be possible where no caller can wait, and waits in the `outbox`. A journal has one process and many writers,
//! which share transactions on a thread of its own (`writer_loop`); its first error ends the run.

mod backoff;
mod error;
mod eviction;
mod evidence;
mod file;
mod forget;
mod journal;
mod key;
mod limiter;
mod outbox;
mod refusals;
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

use backoff::{BACKOFF, Backoff, FileWithBackoff};
pub use error::StoreError;
#[cfg(feature = "testing")]
pub use evidence::Greylisting;
use file::StoreFile;
pub use journal::{Checkpoint, Journal, JournalClosed, NotedMailbox, NotedRoute};
use outbox::Outbox;
pub use refusals::REFUSALS_LIFETIME;

/// The longest that a flush takes.
const FLUSH_TIME: Duration = Duration::from_secs(10);

/// The store. Clones share it.
#[derive(Clone)]
pub struct Store {
    shared: Arc<StoreInner>,
}

struct StoreInner {
    clock: Arc<dyn Clock>,
    /// Locked for each operation, which runs on a thread that may block.
    file: Arc<tokio::sync::Mutex<FileWithBackoff>>,
    /// Releases that the next operation writes first.
    outbox: Mutex<Outbox>,
    /// Whether a task will write them after the backoff.
    is_retrying: AtomicBool,
}

impl Store {
    /// Opens the store in this folder, or creates it. It does not grow much beyond this size. Blocks the thread
    /// for a moment.
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn open(folder: &Path, max_mib: u64, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let (store, error) = Self::open_or_retry(folder, max_mib, clock);
        error.map_or(Ok(store), Err)
    }

    /// The same. If the file cannot be used now, returns the error too, and operations try again later.
    pub fn open_or_retry(
        folder: &Path,
        max_mib: u64,
        clock: Arc<dyn Clock>,
    ) -> (Self, Option<StoreError>) {
        let (file, error) = FileWithBackoff::open(folder, max_mib, clock.now());
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

    /// Valid evidence of a mailbox, from one of these mail servers or from none. Evidence from a server that is
    /// no longer the domain's does not count.
    pub async fn recall(&self, mailbox: &Canonical, hosts: &[HostName]) -> Option<Evidence> {
        let (mailbox, hosts, now) = (mailbox.clone(), hosts.to_vec(), self.shared.clock.now());
        self.with_file(move |file| file.recall(&mailbox, &hosts, now)).await.ok().flatten()
    }

    /// Stores evidence of a mailbox for its lifetime; see [`Evidence::valid_until`].
    pub async fn remember(&self, mailbox: &Canonical, evidence: &Evidence) {
        let (mailbox, evidence) = (mailbox.clone(), evidence.clone());
        let _ = self.with_file(move |file| file.remember(&mailbox, &evidence)).await;
    }

    /// When a mailbox was greylisted, if that was lately.
    #[cfg(feature = "testing")]
    pub async fn greylisting(&self, mailbox: &Canonical) -> Option<Greylisting> {
        let (mailbox, now) = (mailbox.clone(), self.shared.clock.now());
        self.with_file(move |file| file.greylisting(&mailbox, now)).await.ok().flatten()
    }

    /// The catch-all result of a domain, if one of these mail servers showed it.
    pub async fn catch_all(&self, domain: &Domain, hosts: &[HostName]) -> KnownCatchAll {
        let (domain, hosts, now) = (domain.clone(), hosts.to_vec(), self.shared.clock.now());
        let known = self.with_file(move |file| file.catch_all(&domain, &hosts, now)).await;
        known.unwrap_or(KnownCatchAll::UNKNOWN)
    }

    /// Stores the catch-all result that a mail server showed at this time.
    pub async fn remember_catch_all(
        &self,
        domain: &Domain,
        host: &HostName,
        catch_all: CatchAll,
        asked_at: Timestamp,
    ) {
        let (domain, host) = (domain.clone(), host.clone());
        let write = move |file: &mut StoreFile| {
            file.remember_catch_all(&domain, &host, catch_all, asked_at)
        };
        let _ = self.with_file(write).await;
    }

    /// The refusal record of a mail server at a domain.
    pub async fn refusals(&self, domain: &Domain, host: &HostName) -> Option<RefusalRecord> {
        let (domain, host, now) = (domain.clone(), host.clone(), self.shared.clock.now());
        self.with_file(move |file| file.refusals(&domain, &host, now)).await.ok().flatten()
    }

    /// Changes a refusal record in one transaction; returns it before and after. None where the store cannot be
    /// used.
    pub async fn change_refusals(
        &self,
        domain: &Domain,
        host: &HostName,
        change: impl Fn(RefusalRecord) -> RefusalRecord + Send + 'static,
    ) -> Option<(RefusalRecord, RefusalRecord)> {
        let (domain, host, now) = (domain.clone(), host.clone(), self.shared.clock.now());
        self.with_file(move |file| file.change_refusals(&domain, &host, now, &change)).await.ok()
    }

    /// Erases the rows of a mailbox, under each of these names, and of its domain. Returns how many.
    ///
    /// # Errors
    /// Something may be left.
    pub async fn forget(
        &self,
        mailbox: &[Canonical],
        domain: Option<&Domain>,
    ) -> Result<usize, StoreError> {
        let (mailbox, domain) = (mailbox.to_vec(), domain.cloned());
        self.with_file(move |file| file.forget(&mailbox, domain.as_ref())).await
    }

    /// Waits until all pending writes are committed or have failed, at most 10 s: a disk that hangs
    /// must not keep the process from ending.
    pub async fn flush(&self) {
        let _ = timeout(FLUSH_TIME, self.with_file(|_| Ok(()))).await;
    }

    /// Why the store cannot be used at the moment.
    #[cfg(feature = "testing")]
    pub async fn last_error(&self) -> Option<StoreError> {
        self.shared.file.lock().await.last_error().cloned()
    }

    /// Runs `work` on the file, on a thread that may block. Writes pending releases first.
    async fn with_file<R: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut StoreFile) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let file = self.shared.file.clone().lock_owned().await;
        let now = self.shared.clock.now();
        let releases = self.shared.outbox().take();
        let mut access = FileAccess { releases, file, store: self.clone() };
        // The caller may be dropped before this ends; `FileAccess` puts back what was not written.
        let result = tokio::task::spawn_blocking(move || {
            let FileAccess { releases, file, .. } = &mut access;
            file.attempt(Backoff::Respected, now, |file| {
                write_releases(file, releases, now)?;
                work(file)
            })
        });
        joined(result.await)?
    }

    /// Starts a task that writes pending releases after the backoff, even if there is no other operation then:
    /// other processes have to know of an open breaker.
    fn retry_later(&self) {
        if self.shared.is_retrying.swap(true, Ordering::Relaxed) {
            return;
        }
        // Without a runtime they are written at the end of the store.
        let Ok(runtime) = Handle::try_current() else { return };
        let shared = Arc::downgrade(&self.shared);
        runtime.spawn(async move {
            tokio::time::sleep(BACKOFF).await;
            if let Some(shared) = shared.upgrade() {
                shared.is_retrying.store(false, Ordering::Relaxed);
                Self { shared }.flush().await;
            }
        });
    }
}

/// One operation on the file. Puts back releases that were not written before it unlocks the file: the next
/// operation has to write them first.
struct FileAccess {
    releases: VecDeque<ReleaseRecord>,
    file: OwnedMutexGuard<FileWithBackoff>,
    /// Dropped last, because dropping the store may lock the file.
    store: Store,
}

impl Drop for FileAccess {
    fn drop(&mut self) {
        if !self.releases.is_empty() {
            self.store.shared.outbox().put_back(std::mem::take(&mut self.releases));
            self.store.retry_later();
        }
    }
}

/// The result of a task. A panic says nothing of the file, and gets an error of its own.
fn joined<T>(result: Result<T, JoinError>) -> Result<T, StoreError> {
    result.map_err(|error| {
        if error.is_panic() {
            tracing::error!("the store met an internal error; please report it");
            return StoreError::Internal;
        }
        // The process ends.
        StoreError::BackingOff
    })
}

/// Writes releases and removes those that were written.
fn write_releases(
    file: &mut StoreFile,
    releases: &mut VecDeque<ReleaseRecord>,
    now: Timestamp,
) -> Result<(), StoreError> {
    file.release(releases.make_contiguous(), now)?;
    // A second attempt must not count them once more.
    releases.clear();
    Ok(())
}

impl StoreInner {
    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LimitStore for Store {
    fn acquire(&self, request: AcquireRequest) -> BoxFuture<'_, Option<AcquireReply>> {
        Box::pin(async move {
            let now = self.shared.clock.now();
            self.with_file(move |file| file.acquire(&request, now)).await.ok()
        })
    }

    fn release(&self, release: ReleaseRecord) {
        self.shared.outbox().push(release);
        // Without a runtime the next operation writes it, or the end of the store.
        if let Ok(runtime) = Handle::try_current() {
            let store = self.clone();
            runtime.spawn(async move { store.flush().await });
        }
    }
}

impl Drop for StoreInner {
    fn drop(&mut self) {
        let mut releases = self.outbox().take();
        if !releases.is_empty()
            && let Ok(mut file) = self.file.try_lock()
        {
            let now = self.clock.now();
            let _ = file
                .attempt(Backoff::Ignored, now, |file| write_releases(file, &mut releases, now));
        }
    }
}

#[cfg(test)]
mod tests;
