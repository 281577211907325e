//! The file of a journal: one process at a time, whole after power fails.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::super::StoreError;
use super::super::file::{BESIDE, connect, create_file};
use super::super::key::Key;
use super::tables::FileOwner;
use super::{Checkpoint, JournalWrite, Tell, tables};
use crate::files::with_ending;

/// How long one waits for another process, which has it for as long as it runs: it may be about to end.
const TIMEOUT: Duration = Duration::from_secs(1);

/// A file, open.
pub(super) struct JournalFile {
    connection: Connection,
    path: PathBuf,
    key: Key,
}

impl JournalFile {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        create_file(path)?;
        let before = identity(path);
        let connection = connect(path)?;
        let file = Self::prepared(connection, path.to_owned())?;
        // A run that came to its end meanwhile has deleted the file that it let go.
        let is_gone = before.is_none() || identity(path) != before;
        if is_gone { Err(StoreError::Locked { path: path.to_owned() }) } else { Ok(file) }
    }

    pub(super) fn temporary() -> Result<Self, StoreError> {
        // SQLite's name for a file that is gone when it is closed.
        let path = PathBuf::new();
        let connection = Connection::open_with_flags("", OpenFlags::default());
        let connection = connection.map_err(|error| StoreError::of(&error, &path))?;
        Self::prepared(connection, path)
    }

    fn prepared(mut connection: Connection, path: PathBuf) -> Result<Self, StoreError> {
        let of = |error: rusqlite::Error| StoreError::of(&error, &path);
        connection.busy_timeout(TIMEOUT).map_err(of)?;
        // What belongs to another program is not changed in any way.
        let look = connection.transaction_with_behavior(TransactionBehavior::Exclusive);
        let owner = look.and_then(|look| tables::owner(&look)).map_err(of)?;
        if owner == FileOwner::SomebodyElse {
            return Err(StoreError::NotAJournal { path });
        }
        let set = |connection: &Connection, name: &str, value: &str| {
            connection.pragma_update_and_check(None, name, value, |_| Ok(()))
        };
        // Before the log of changes, which then needs no memory shared between processes.
        set(&connection, "locking_mode", "exclusive").map_err(of)?;
        set(&connection, "journal_mode", "wal").map_err(of)?;
        // Power that fails may cost the last moments, never the file.
        connection.pragma_update(None, "synchronous", "normal").map_err(of)?;
        let change = connection.transaction_with_behavior(TransactionBehavior::Exclusive);
        let change = change.map_err(of)?;
        tables::prepare(&change).map_err(of)?;
        let key = tables::key(&change).map_err(of)?;
        let key = match key {
            Some(key) => key,
            None => {
                let key = Key::random().map_err(|error| StoreError::unusable(&path, &error))?;
                tables::set_key(&change, &key).map_err(of)?;
                key
            }
        };
        change.commit().map_err(of)?;
        Ok(Self { connection, path, key })
    }

    /// Where the run stands.
    pub(super) fn mark(&self) -> Result<Checkpoint, StoreError> {
        tables::mark(&self.connection).map_err(|error| StoreError::of(&error, &self.path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Does all of it or nothing; what is to be told is true then.
    pub(super) fn change(
        &mut self,
        work: impl Iterator<Item = JournalWrite>,
    ) -> Result<Vec<Tell>, StoreError> {
        let done = |connection: &mut Connection, key: &Key| {
            let change: Transaction<'_> = connection.transaction()?;
            let tell = work.map(|work| work(&change, key)).collect::<Result<Vec<_>, _>>()?;
            change.commit()?;
            Ok(tell)
        };
        done(&mut self.connection, &self.key).map_err(|error| StoreError::of(&error, &self.path))
    }

    /// Closes and deletes it.
    pub(super) fn delete(self) -> Result<(), StoreError> {
        let Self { connection, path, .. } = self;
        if path.as_os_str().is_empty() {
            return Ok(());
        }
        // It is deleted before it is let go, so that another run that waits for it finds out that it is not
        // there any more. SQLite must not look for a log of changes then, which may be that of a new one.
        // Where there is no room to do without, it finds none.
        let _ = connection.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()));
        let deleted = delete(&path);
        drop(connection);
        deleted
    }
}

/// Tells a file from another one that has its name later.
fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::symlink_metadata(path).ok().map(|there| (there.dev(), there.ino()))
}

/// Deletes a file that nobody else has open, and what SQLite put beside it.
pub(super) fn delete(path: &Path) -> Result<(), StoreError> {
    for ending in BESIDE {
        // Where it is not there it need not go.
        let _ = std::fs::remove_file(with_ending(path, ending));
    }
    std::fs::remove_file(path).map_err(|error| StoreError::unusable(path, &error))
}
