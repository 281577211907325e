//! A file that is left alone for a while after it failed, and opened when it can be.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::StoreError;
use super::file::StoreFile;

/// How long the file is left alone after it failed.
pub(super) const REST: Duration = Duration::from_secs(60);

/// The file, which perhaps could not be opened yet.
pub(super) struct RestingFile {
    folder: PathBuf,
    max_mib: u64,
    file: Option<StoreFile>,
    last_error: Option<Trouble>,
}

struct Trouble {
    error: StoreError,
    since: Instant,
}

/// Whether a file that failed a moment ago is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    Kept,
    /// There will be no other time.
    Broken,
}

impl RestingFile {
    /// The store in this folder, which is opened now.
    pub(super) fn open(folder: &Path, max_mib: u64, now: Timestamp) -> (Self, Option<StoreError>) {
        let opened = StoreFile::open(folder, max_mib, now);
        let (file, error) = match opened {
            Ok(file) => (Some(file), None),
            Err(error) => (None, Some(error)),
        };
        let last_error = error.clone().map(|error| Trouble { error, since: Instant::now() });
        (Self { folder: folder.to_owned(), max_mib, file, last_error }, error)
    }

    /// Why it cannot be used at the moment.
    pub(super) fn last_error(&self) -> Option<&StoreError> {
        self.last_error.as_ref().map(|last_error| &last_error.error)
    }

    /// Does something with the file. Where there is no room, some is made and it is tried once more. A
    /// failure is told once, and for a while after it nothing is tried.
    pub(super) fn attempt<R>(
        &mut self,
        rest: Rest,
        now: Timestamp,
        mut work: impl FnMut(&mut StoreFile) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let is_fresh =
            self.last_error.as_ref().is_some_and(|last_error| last_error.since.elapsed() < REST);
        if is_fresh && rest == Rest::Kept {
            return Err(StoreError::Resting);
        }
        let mut done = self.opened(now).and_then(&mut work);
        if matches!(done, Err(StoreError::Full { .. }))
            && self.opened(now).and_then(|file| file.make_room(now)).is_ok()
        {
            done = self.opened(now).and_then(work);
        }
        match &done {
            Ok(_) if self.last_error.take().is_some() => {
                tracing::info!("the store can be used again")
            }
            Ok(_) => {}
            Err(error) => {
                if self.last_error.is_none() {
                    tracing::warn!("{error}; meanwhile nothing is kept");
                }
                self.last_error = Some(Trouble { error: error.clone(), since: Instant::now() });
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
