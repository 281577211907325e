//! The journal of a run over a list: what was found out so far, so that a run that is stopped, killed or
//! cut off from power loses nothing of it. It ends with the run.
//!
//! A run that goes on does not go on writing where it was: it begins anew and finds everything that it asks
//! for in its journal. So nothing has to be known of how far the output had come, and what is written in
//! the end is what an uninterrupted run would have written. Whatever is noted is in the file before anything
//! else is asked, so a process that is killed forgets no more than what it was just asking.
//!
//! Addresses and domains of the list stand in it as keyed hashes; mail servers by their names, which
//! outputs have.

mod file;
mod tables;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use jiff::Timestamp;
use rusqlite::Transaction;
use tokio::sync::{mpsc, oneshot, watch};

use super::key::Key;
use super::{Evidence, StoreError};
use crate::catalog::Canonical;
use crate::route::{HostName, Routed};
use file::JournalFile;

/// How many may wait until they are noted.
const MOST_WAITING: usize = 1_024;
/// How many are noted with one change of the file.
const NOTED_TOGETHER: usize = 256;

/// A journal. Clones share it.
#[derive(Clone)]
pub struct Journal {
    shared: Arc<JournalInner>,
}

struct JournalInner {
    work: Mutex<Option<mpsc::Sender<JournalWrite>>>,
    last_error: watch::Receiver<Option<StoreError>>,
    scribe: Mutex<Option<JoinHandle<JournalFile>>>,
    /// Whether routes are not to be believed any more. Read and written by the thread that writes.
    is_distrusted: Arc<AtomicBool>,
    /// What has a higher number was noted since it was opened.
    opened_at: Checkpoint,
}

/// The journal is closed, or in trouble: nobody knows what is in it, and the work ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalClosed;

/// A route as it was noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotedRoute {
    /// The route.
    pub routed: Routed,
    /// When the DNS was asked.
    pub asked_at: Timestamp,
}

/// Evidence of a mailbox as it was noted.
#[derive(Clone, PartialEq, Eq)]
pub struct NotedMailbox {
    /// The evidence.
    pub evidence: Evidence,
    /// When it was last tried to ask, also where nobody could be asked then.
    pub tried_at: Timestamp,
    /// When a server first deferred us as it does strangers.
    pub first_deferred: Option<Timestamp>,
}

/// A point in the course of a run: everything noted before it has a lower number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint(i64);

/// What is done with the file, and told once that is in the file.
type JournalWrite = Box<dyn FnOnce(&Transaction<'_>, &Key) -> rusqlite::Result<Tell> + Send>;
type Tell = Box<dyn FnOnce() + Send>;

impl Journal {
    /// Whether a run has left a journal here.
    pub fn exists(path: &Path) -> bool {
        path.exists()
    }

    /// Begins a journal in a file that is not there yet, or goes on with the one in it. The file is for
    /// its owner alone, and nobody else can use it meanwhile. Takes a moment, in which the thread is blocked.
    ///
    /// # Errors
    /// The file cannot be used, or another run uses it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::over(JournalFile::open(path)?)
    }

    /// A journal that nobody can go on with: its file has no name.
    ///
    /// # Errors
    /// There is no room for one.
    pub fn temporary() -> Result<Self, StoreError> {
        Self::over(JournalFile::temporary()?)
    }

    /// Deletes what a run has left, be it a journal or not.
    ///
    /// # Errors
    /// Another run uses it, or the system does not allow it.
    pub fn delete(path: &Path) -> Result<(), StoreError> {
        match JournalFile::open(path) {
            Ok(file) => file.delete(),
            Err(StoreError::NotAJournal { .. } | StoreError::Damaged { .. }) => file::delete(path),
            Err(error) => Err(error),
        }
    }

    fn over(file: JournalFile) -> Result<Self, StoreError> {
        let path = file.path().to_owned();
        let opened_at = file.mark()?;
        let (sender, work) = mpsc::channel(MOST_WAITING);
        let (tell, last_error) = watch::channel(None);
        let scribe = std::thread::Builder::new().name("journal".to_owned());
        let scribe = scribe.spawn(move || writer_loop(file, work, &tell));
        let scribe = scribe.map_err(|error| StoreError::unusable(path, &error))?;
        let shared = JournalInner {
            work: Mutex::new(Some(sender)),
            last_error,
            scribe: Mutex::new(Some(scribe)),
            is_distrusted: Arc::default(),
            opened_at,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The route of a domain, if it was noted.
    ///
    /// # Errors
    /// Nobody can tell any more.
    pub async fn route(&self, domain: &HostName) -> Result<Option<NotedRoute>, JournalClosed> {
        let domain = domain.clone();
        self.done(move |file, key| tables::route(file, key, &domain)).await.ok_or(JournalClosed)
    }

    /// Notes the route of a domain; comes true once it is in the file.
    pub async fn note_route(&self, domain: &HostName, noted: &NotedRoute) {
        let (domain, noted) = (domain.clone(), noted.clone());
        let is_distrusted = self.shared.is_distrusted.clone();
        self.done(move |file, key| {
            if is_distrusted.load(Ordering::Relaxed) {
                return Ok(());
            }
            tables::note_route(file, key, &domain, &noted)
        })
        .await;
    }

    /// Whether the route of a domain is one of the last so many that an earlier run has left, and was never
    /// confirmed.
    pub async fn is_among_last_left(&self, domain: &HostName, count: usize) -> bool {
        let (domain, last) = (domain.clone(), self.shared.opened_at);
        let found = self
            .done(move |file, key| tables::is_among_last(file, key, &domain, last, count))
            .await;
        found.unwrap_or(false)
    }

    /// What is known of a mailbox, if it was noted.
    ///
    /// # Errors
    /// Nobody can tell any more.
    pub async fn mailbox(
        &self,
        mailbox: &Canonical,
    ) -> Result<Option<NotedMailbox>, JournalClosed> {
        let mailbox = mailbox.clone();
        self.done(move |file, key| tables::mailbox(file, key, &mailbox)).await.ok_or(JournalClosed)
    }

    /// Notes what is known of a mailbox now; comes true with what is in the file then. That nobody may be
    /// asked at the moment is no news of a mailbox that was deferred.
    pub async fn note_mailbox(
        &self,
        mailbox: &Canonical,
        evidence: &Evidence,
    ) -> Option<NotedMailbox> {
        let (mailbox, evidence) = (mailbox.clone(), evidence.clone());
        self.done(move |file, key| tables::note_mailbox(file, key, &mailbox, &evidence)).await
    }

    /// Forgets mailboxes of which nobody said anything for good, so that they are asked about again;
    /// not those that were deferred, which have their time.
    pub async fn forget_unanswered(&self) {
        self.done(|file, _| tables::forget_unanswered(file)).await;
    }

    /// Where the run stands.
    pub async fn mark(&self) -> Option<Checkpoint> {
        self.done(|file, _| tables::mark(file)).await
    }

    /// Everything that was noted before this point can be believed.
    pub async fn confirm(&self, mark: Checkpoint) {
        self.done(move |file, _| tables::confirm(file, mark)).await;
    }

    /// Forgets every route that nobody has confirmed. From now on none is noted: what was asked before
    /// and is answered later is not to be believed either.
    pub async fn forget_unconfirmed(&self) {
        let is_distrusted = self.shared.is_distrusted.clone();
        self.done(move |file, _| {
            is_distrusted.store(true, Ordering::Relaxed);
            tables::forget_unconfirmed(file)
        })
        .await;
    }

    /// Whether there are routes that nobody has confirmed.
    pub async fn has_unconfirmed(&self) -> bool {
        self.done(|file, _| tables::has_unconfirmed(file)).await.unwrap_or(false)
    }

    /// How many routes are noted.
    pub async fn routes(&self) -> u64 {
        self.done(|file, _| tables::routes(file)).await.unwrap_or(0)
    }

    /// Why nothing can be noted any more; none while all is well.
    pub fn last_error(&self) -> Option<StoreError> {
        self.shared.last_error.borrow().clone()
    }

    /// Waits for trouble, which may never come.
    pub async fn in_trouble(&self) -> StoreError {
        let mut last_error = self.shared.last_error.clone();
        match last_error.wait_for(Option::is_some).await.map(|last_error| last_error.clone()) {
            Ok(Some(error)) => error,
            // Closed in good order.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }

    /// Closes the file, once everything is noted. Takes a moment, in which the thread is blocked.
    pub fn close(&self) {
        drop(self.file());
    }

    /// The run is complete: closes and deletes the file.
    ///
    /// # Errors
    /// The system does not allow it.
    pub fn finish(&self) -> Result<(), StoreError> {
        self.file().map_or(Ok(()), JournalFile::delete)
    }

    /// The file back from the thread that writes it.
    fn file(&self) -> Option<JournalFile> {
        drop(self.shared.work.lock().unwrap_or_else(PoisonError::into_inner).take());
        let scribe = self.shared.scribe.lock().unwrap_or_else(PoisonError::into_inner).take();
        scribe?.join().ok()
    }

    /// Does something with the file; none where that is not possible any more.
    async fn done<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>, &Key) -> rusqlite::Result<T> + Send + 'static,
    ) -> Option<T> {
        let sender = self.shared.work.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let (tell, told) = oneshot::channel();
        let work: JournalWrite = Box::new(move |file, key| {
            let result = work(file, key)?;
            // Whoever asked may have gone.
            Ok(Box::new(move || drop(tell.send(result))))
        });
        sender.send(work).await.ok()?;
        told.await.ok()
    }
}

/// Does what there is to do, as much as has piled up with one change of the file, until nobody is left who
/// could want anything. After trouble nothing is done.
fn writer_loop(
    mut file: JournalFile,
    mut work: mpsc::Receiver<JournalWrite>,
    last_error: &watch::Sender<Option<StoreError>>,
) -> JournalFile {
    while let Some(first) = work.blocking_recv() {
        if last_error.borrow().is_some() {
            continue;
        }
        let more = std::iter::from_fn(|| work.try_recv().ok()).take(NOTED_TOGETHER - 1);
        match file.change(std::iter::once(first).chain(more)) {
            Ok(tell) => tell.into_iter().for_each(|tell| tell()),
            Err(error) => drop(last_error.send_replace(Some(error))),
        }
    }
    file
}
