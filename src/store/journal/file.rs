//! The file of a journal: for one process at a time, and intact after a power failure.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::super::StoreError;
use super::super::file::{BESIDE, connect, create_file};
use super::super::key::Key;
use super::tables::JournalOwner;
use super::{Checkpoint, JournalWrite, SendReply, tables};
use crate::files::with_ending;

/// How long to wait for another process, which holds the file as long as it runs: it may be about to end.
const TIMEOUT: Duration = Duration::from_secs(1);

/// An open file.
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
        // Another run may have ended meanwhile and deleted the file that we opened.
        let is_gone = before.is_none() || identity(path) != before;
        if is_gone { Err(StoreError::Locked { path: path.to_owned() }) } else { Ok(file) }
    }

    pub(super) fn temporary() -> Result<Self, StoreError> {
        // SQLite's name for a file that is deleted when it is closed.
        let path = PathBuf::new();
        let connection = Connection::open_with_flags("", OpenFlags::default());
        let connection = connection.map_err(|error| StoreError::of(&error, &path))?;
        Self::prepared(connection, path)
    }

    fn prepared(mut connection: Connection, path: PathBuf) -> Result<Self, StoreError> {
        let of = |error: rusqlite::Error| StoreError::of(&error, &path);
        connection.busy_timeout(TIMEOUT).map_err(of)?;
        // A file of another program is not changed in any way.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive);
        let owner = transaction.and_then(|transaction| tables::owner(&transaction)).map_err(of)?;
        if owner == JournalOwner::AnotherProgram {
            return Err(StoreError::NotAJournal { path });
        }
        let set = |connection: &Connection, name: &str, value: &str| {
            connection.pragma_update_and_check(None, name, value, |_| Ok(()))
        };
        // Before the write-ahead log, which then needs no memory shared between processes.
        set(&connection, "locking_mode", "exclusive").map_err(of)?;
        set(&connection, "journal_mode", "wal").map_err(of)?;
        // A power failure may lose the last transactions, never the file.
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

    pub(super) fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        tables::checkpoint(&self.connection).map_err(|error| StoreError::of(&error, &self.path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Does all writes in one transaction. The replies may be sent once it is committed.
    pub(super) fn change(
        &mut self,
        work: impl Iterator<Item = JournalWrite>,
    ) -> Result<Vec<SendReply>, StoreError> {
        let write = |connection: &mut Connection, key: &Key| {
            let change: Transaction<'_> = connection.transaction()?;
            let replies = work.map(|work| work(&change, key)).collect::<Result<Vec<_>, _>>()?;
            change.commit()?;
            Ok(replies)
        };
        write(&mut self.connection, &self.key).map_err(|error| StoreError::of(&error, &self.path))
    }

    pub(super) fn delete(self) -> Result<(), StoreError> {
        let Self { connection, path, .. } = self;
        if path.as_os_str().is_empty() {
            return Ok(());
        }
        // It is deleted before it is closed, so that another run that waits for it finds out that it is gone.
        // SQLite must not look for a write-ahead log after that, which may be that of a new journal. If this
        // fails on a full disk, there is none.
        let _ = connection.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()));
        let deleted = delete(&path);
        drop(connection);
        deleted
    }
}

/// Distinguishes a file from a later one of the same name.
fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::symlink_metadata(path).ok().map(|there| (there.dev(), there.ino()))
}

/// Deletes a file that no other process has open, and the files of SQLite beside it.
pub(super) fn delete(path: &Path) -> Result<(), StoreError> {
    for ending in BESIDE {
        // Mostly it does not exist.
        let _ = std::fs::remove_file(with_ending(path, ending));
    }
    std::fs::remove_file(path).map_err(|error| StoreError::unusable(path, &error))
}
