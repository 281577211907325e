//! The journal of a run over a list: its results so far, so that a run that is stopped, killed or cut off from
//! power loses none of them. It is deleted when the run is complete.
//!
//! A resumed run does not append to the output: it starts again and finds the results in its journal. So the
//! progress of the output need not be known, and the output is the same as that of an uninterrupted run. A
//! result is committed before its place is given to the next question, so a process that is killed loses only
//! the questions that were open.
//!
//! Addresses and domains of the list are kept as keyed hashes, mail servers by name, as in the outputs.

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
use crate::route::{HostName, RouteWithTtl};
use file::JournalFile;

/// Writes that may wait for the writer.
const MAX_WAITING: usize = 1_024;
/// Writes in one transaction.
const MAX_BATCH: usize = 256;

/// A journal. Clones share it.
#[derive(Clone)]
pub struct Journal {
    shared: Arc<JournalInner>,
}

struct JournalInner {
    writes: Mutex<Option<mpsc::Sender<JournalWrite>>>,
    last_error: watch::Receiver<Option<StoreError>>,
    writer: Mutex<Option<JoinHandle<JournalFile>>>,
    /// Whether no more routes are believed. Used on the writer's thread alone.
    is_distrusted: Arc<AtomicBool>,
    /// Routes with a higher number were written after the opening.
    opened_at: Checkpoint,
}

/// The journal is closed or has failed, and the run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalClosed;

/// A route in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotedRoute {
    pub routed: RouteWithTtl,
    /// When the DNS was asked.
    pub asked_at: Timestamp,
}

/// Evidence of a mailbox in the journal.
#[derive(Clone, PartialEq, Eq)]
pub struct NotedMailbox {
    pub evidence: Evidence,
    /// When a probe was last tried, also where the server was paused.
    pub tried_at: Timestamp,
    /// When a server first greylisted us.
    pub first_deferred: Option<Timestamp>,
}

/// A point in a run: routes written before it have a number that is not higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint(i64);

/// A write, and what sends its reply once it is committed.
type JournalWrite = Box<dyn FnOnce(&Transaction<'_>, &Key) -> rusqlite::Result<SendReply> + Send>;
type SendReply = Box<dyn FnOnce() + Send>;

impl Journal {
    /// Whether a run left a journal here.
    pub fn exists(path: &Path) -> bool {
        path.exists()
    }

    /// Creates or opens a journal, for this user and this process alone. Blocks the thread for a moment.
    ///
    /// # Errors
    /// The file cannot be used, or another run uses it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::over(JournalFile::open(path)?)
    }

    /// A journal that cannot be resumed: its file has no name.
    ///
    /// # Errors
    /// The disk is full.
    pub fn temporary() -> Result<Self, StoreError> {
        Self::over(JournalFile::temporary()?)
    }

    /// Deletes the file of an earlier run, be it a journal or not.
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
        let opened_at = file.checkpoint()?;
        let (sender, work) = mpsc::channel(MAX_WAITING);
        let (error_sender, last_error) = watch::channel(None);
        let writer = std::thread::Builder::new().name("journal".to_owned());
        let writer = writer.spawn(move || writer_loop(file, work, &error_sender));
        let writer = writer.map_err(|error| StoreError::unusable(path, &error))?;
        let shared = JournalInner {
            writes: Mutex::new(Some(sender)),
            last_error,
            writer: Mutex::new(Some(writer)),
            is_distrusted: Arc::default(),
            opened_at,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// # Errors
    /// The journal is closed.
    pub async fn route(&self, domain: &HostName) -> Result<Option<NotedRoute>, JournalClosed> {
        let domain = domain.clone();
        self.with_file(move |file, key| tables::route(file, key, &domain))
            .await
            .ok_or(JournalClosed)
    }

    /// Writes a route; returns once it is committed.
    pub async fn note_route(&self, domain: &HostName, noted: &NotedRoute) {
        let (domain, noted) = (domain.clone(), noted.clone());
        let is_distrusted = self.shared.is_distrusted.clone();
        self.with_file(move |file, key| {
            if is_distrusted.load(Ordering::Relaxed) {
                return Ok(());
            }
            tables::note_route(file, key, &domain, &noted)
        })
        .await;
    }

    /// Whether the route of a domain is one of the last so many of an earlier run, and not confirmed.
    pub async fn is_among_last_left(&self, domain: &HostName, count: usize) -> bool {
        let (domain, last) = (domain.clone(), self.shared.opened_at);
        let found = self
            .with_file(move |file, key| tables::is_among_last(file, key, &domain, last, count))
            .await;
        found.unwrap_or(false)
    }

    /// # Errors
    /// The journal is closed.
    pub async fn mailbox(
        &self,
        mailbox: &Canonical,
    ) -> Result<Option<NotedMailbox>, JournalClosed> {
        let mailbox = mailbox.clone();
        self.with_file(move |file, key| tables::mailbox(file, key, &mailbox))
            .await
            .ok_or(JournalClosed)
    }

    /// Writes evidence of a mailbox; returns what is in the file once it is committed. `Paused` does not replace
    /// the evidence of a mailbox that was greylisted.
    pub async fn note_mailbox(
        &self,
        mailbox: &Canonical,
        evidence: &Evidence,
    ) -> Option<NotedMailbox> {
        let (mailbox, evidence) = (mailbox.clone(), evidence.clone());
        self.with_file(move |file, key| tables::note_mailbox(file, key, &mailbox, &evidence)).await
    }

    /// Deletes mailboxes without a lasting answer, so that they are asked about again; not those that were
    /// greylisted, which have their own schedule.
    pub async fn forget_unanswered(&self) {
        self.with_file(|file, _| tables::forget_unanswered(file)).await;
    }

    pub async fn checkpoint(&self) -> Option<Checkpoint> {
        self.with_file(|file, _| tables::checkpoint(file)).await
    }

    /// Confirms all routes up to this checkpoint.
    pub async fn confirm(&self, checkpoint: Checkpoint) {
        self.with_file(move |file, _| tables::confirm(file, checkpoint)).await;
    }

    /// Deletes every unconfirmed route. From now on none is written: answers to questions that are still open
    /// are not believed either.
    pub async fn forget_unconfirmed(&self) {
        let is_distrusted = self.shared.is_distrusted.clone();
        self.with_file(move |file, _| {
            is_distrusted.store(true, Ordering::Relaxed);
            tables::forget_unconfirmed(file)
        })
        .await;
    }

    pub async fn has_unconfirmed(&self) -> bool {
        self.with_file(|file, _| tables::has_unconfirmed(file)).await.unwrap_or(false)
    }

    /// The number of routes.
    pub async fn routes(&self) -> u64 {
        self.with_file(|file, _| tables::routes(file)).await.unwrap_or(0)
    }

    /// Why nothing can be written any more.
    pub fn last_error(&self) -> Option<StoreError> {
        self.shared.last_error.borrow().clone()
    }

    /// Waits for the first error, which may never come.
    pub async fn failed(&self) -> StoreError {
        let mut last_error = self.shared.last_error.clone();
        match last_error.wait_for(Option::is_some).await.map(|last_error| last_error.clone()) {
            Ok(Some(error)) => error,
            // Closed without an error.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }

    /// Closes the file once everything is written. Blocks the thread for a moment.
    pub fn close(&self) {
        drop(self.file());
    }

    /// Closes and deletes the file of a complete run.
    ///
    /// # Errors
    /// The system does not allow it.
    pub fn finish(&self) -> Result<(), StoreError> {
        self.file().map_or(Ok(()), JournalFile::delete)
    }

    /// The file, back from the writer's thread.
    fn file(&self) -> Option<JournalFile> {
        drop(self.shared.writes.lock().unwrap_or_else(PoisonError::into_inner).take());
        let writer = self.shared.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        writer?.join().ok()
    }

    /// Has the writer run `work` on the file; none where the journal is closed or has failed.
    async fn with_file<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>, &Key) -> rusqlite::Result<T> + Send + 'static,
    ) -> Option<T> {
        let writes = self.shared.writes.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let (sender, reply) = oneshot::channel();
        let work: JournalWrite = Box::new(move |file, key| {
            let result = work(file, key)?;
            // The caller may be gone.
            Ok(Box::new(move || drop(sender.send(result))))
        });
        writes.send(work).await.ok()?;
        reply.await.ok()
    }
}

/// Runs writes, those that wait together in one transaction, until all senders are gone. After an error it
/// drops them.
fn writer_loop(
    mut file: JournalFile,
    mut writes: mpsc::Receiver<JournalWrite>,
    last_error: &watch::Sender<Option<StoreError>>,
) -> JournalFile {
    while let Some(first) = writes.blocking_recv() {
        if last_error.borrow().is_some() {
            continue;
        }
        let more = std::iter::from_fn(|| writes.try_recv().ok()).take(MAX_BATCH - 1);
        match file.change(std::iter::once(first).chain(more)) {
            Ok(replies) => replies.into_iter().for_each(|send| send()),
            Err(error) => drop(last_error.send_replace(Some(error))),
        }
    }
    file
}
