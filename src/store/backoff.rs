//! A file that is not tried for a while after it failed (backoff), and opened again when it can be.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::StoreError;
use super::file::StoreFile;

/// How long the file is not tried after it failed.
pub(super) const BACKOFF: Duration = Duration::from_secs(60);

/// The file, which perhaps could not be opened yet.
pub(super) struct FileWithBackoff {
    folder: PathBuf,
    max_mib: u64,
    file: Option<StoreFile>,
    last_error: Option<RecentError>,
}

struct RecentError {
    #[cfg_attr(not(feature = "testing"), expect(dead_code, reason = "only tests read it"))]
    error: StoreError,
    since: Instant,
}

/// Whether a file that failed a moment ago is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Backoff {
    Respected,
    /// At the end of the store, when there is no later attempt.
    Ignored,
}

impl FileWithBackoff {
    /// Opens the store in this folder.
    pub(super) fn open(folder: &Path, max_mib: u64, now: Timestamp) -> (Self, Option<StoreError>) {
        let opened = StoreFile::open(folder, max_mib, now);
        let (file, error) = match opened {
            Ok(file) => (Some(file), None),
            Err(error) => (None, Some(error)),
        };
        let last_error = error.clone().map(|error| RecentError { error, since: Instant::now() });
        (Self { folder: folder.to_owned(), max_mib, file, last_error }, error)
    }

    #[cfg(feature = "testing")]
    pub(super) fn last_error(&self) -> Option<&StoreError> {
        self.last_error.as_ref().map(|last_error| &last_error.error)
    }

    /// Runs `work` on the file. When the disk is full, evicts rows and runs it once more. Logs the first of a
    /// row of failures, and does not try for a while after each.
    pub(super) fn attempt<R>(
        &mut self,
        backoff: Backoff,
        now: Timestamp,
        mut work: impl FnMut(&mut StoreFile) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let is_fresh =
            self.last_error.as_ref().is_some_and(|last_error| last_error.since.elapsed() < BACKOFF);
        if is_fresh && backoff == Backoff::Respected {
            return Err(StoreError::BackingOff);
        }
        let mut done = self.opened(now).and_then(&mut work);
        if matches!(done, Err(StoreError::Full { .. }))
            && self.opened(now).and_then(|file| file.evict(now)).is_ok()
        {
            done = self.opened(now).and_then(work);
        }
        match &done {
            Ok(_) if self.last_error.take().is_some() => {
                tracing::info!("the store can be used again");
            }
            Ok(_) => {}
            Err(error) => {
                if self.last_error.is_none() {
                    tracing::warn!("{error}; meanwhile nothing is kept");
                }
                self.last_error = Some(RecentError { error: error.clone(), since: Instant::now() });
            }
        }
        done
    }

    fn opened(&mut self, now: Timestamp) -> Result<&mut StoreFile, StoreError> {
        match &mut self.file {
            Some(file) => Ok(file),
            file @ None => Ok(file.insert(StoreFile::open(&self.folder, self.max_mib, now)?)),
        }
    }
}
