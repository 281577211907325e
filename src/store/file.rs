//! The file: created for its owner alone, and opened.

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, ToSql, Transaction, TransactionBehavior};

use super::StoreError;
use super::key::Key;
use super::schema::{self, FileOwner};
use crate::files::{check_private, open_private, with_ending};

const FILE: &str = "mailvet.db";
const KEY_FILE: &str = "mailvet.key";
/// The endings of files that SQLite puts beside a database.
pub(super) const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// How long to wait for another process that writes.
const TIMEOUT: Duration = Duration::from_secs(5);
/// SQLite's default page size.
const PAGE_OCTETS: u64 = 4096;
/// The size that the write-ahead log is cut to.
const LOG_OCTETS: u32 = 4 << 20;
/// How many changes are made between two deletions of expired rows.
const CHANGES_TO_PRUNE: u32 = 500;

/// The open file.
pub(super) struct StoreFile {
    connection: Connection,
    path: PathBuf,
    pub(super) key: Key,
    /// A random id of this process.
    pub(super) process: i64,
    changes: u32,
}

pub(super) fn exists(folder: &Path) -> Result<bool, StoreError> {
    let path = folder.join(FILE);
    path.try_exists().map_err(|error| StoreError::unusable(path, &error))
}

impl StoreFile {
    /// Opens or creates the store in this folder.
    pub(super) fn open(folder: &Path, max_mib: u64, now: Timestamp) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        let key_path = folder.join(KEY_FILE);
        let of = |error: rusqlite::Error| StoreError::of(&error, &path);
        create_folder(folder)?;
        // Locked until everything is created: one of several processes does it.
        let unusable = |error| StoreError::unusable(&key_path, &error);
        let mut key_file = locked(&key_path).map_err(unusable)?;
        let key = Key::of(&mut key_file).map_err(unusable)?;
        create_file(&path)?;
        let mut connection = connect(&path)?;
        match schema::owner(&connection).map_err(of)? {
            FileOwner::Unclaimed | FileOwner::Us => {}
            FileOwner::NewerUs => return Err(StoreError::Newer { path }),
            FileOwner::AnotherProgram => return Err(StoreError::NotOurs { path }),
        }
        prepare(&mut connection, max_mib, &key).map_err(of)?;
        let process =
            getrandom::u64().map_err(|error| StoreError::unusable(&path, &error.into()))?;
        let process = process.cast_signed();
        let mut file = Self { connection, path, key, process, changes: 0 };
        match file.prune(now) {
            // This shows again at the next write, or is over by then.
            Ok(()) | Err(StoreError::Full { .. } | StoreError::Locked { .. }) => Ok(file),
            Err(error) => Err(error),
        }
    }

    pub(super) fn read<R>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<R>,
    ) -> Result<R, StoreError> {
        work(&self.connection).map_err(|error| StoreError::of(&error, &self.path))
    }

    /// Changes the file in one transaction.
    pub(super) fn change<R>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<R>,
    ) -> Result<R, StoreError> {
        let changed = (|| {
            let change =
                self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&change)?;
            change.commit()?;
            Ok(result)
        })();
        changed.map_err(|error| StoreError::of(&error, &self.path))
    }

    /// The same; now and then deletes expired rows after it.
    pub(super) fn change_and_prune<R>(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<R>,
    ) -> Result<R, StoreError> {
        let result = self.change(work)?;
        self.changes += 1;
        if self.changes >= CHANGES_TO_PRUNE {
            self.changes = 0;
            // The change is made. If this fails, a later change shows it.
            let _ = self.prune(now);
        }
        Ok(result)
    }
}

fn create_folder(folder: &Path) -> Result<(), StoreError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| StoreError::unusable(folder, &error))
}

/// The key file, locked until it is closed. Another process of ours holds the lock for a moment only.
fn locked(path: &Path) -> io::Result<File> {
    const MOMENT: Duration = Duration::from_millis(10);
    let file = open_private(path)?;
    for _ in 0..TIMEOUT.as_millis() / MOMENT.as_millis() {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            // The time of tokio may stand still in a test, and this thread runs nothing else.
            Err(TryLockError::WouldBlock) => std::thread::park_timeout(MOMENT),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

/// Creates the file if it is missing, for this user alone from the first moment. SQLite gives the files beside
/// it the same mode, and as the superuser the same owner. An existing file is not even opened: closing it would
/// drop the locks that SQLite may hold on it in this process.
///
/// # Errors
/// It cannot be created, or it or a file beside it is not private to this user.
pub(super) fn create_file(path: &Path) -> Result<(), StoreError> {
    let check =
        |path: &Path| check_private(path).map_err(|error| StoreError::unusable(path, &error));
    check(path)?;
    for ending in BESIDE {
        check(&with_ending(path, ending))?;
    }
    match File::options().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(StoreError::unusable(path, &error))
        }
        _ => Ok(()),
    }
}

/// Opens a file that [`create_file`] has checked. SQLite follows no link to it; links to its folder are the
/// user's own.
pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let folder =
        std::fs::canonicalize(folder).map_err(|error| StoreError::unusable(folder, &error))?;
    let found = path.file_name().map_or_else(|| path.to_owned(), |name| folder.join(name));
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(found, flags);
    let connection = connection.and_then(|connection| {
        connection.busy_timeout(TIMEOUT)?;
        Ok(connection)
    });
    connection.map_err(|error| StoreError::of(&error, path))
}

fn prepare(connection: &mut Connection, max_mib: u64, key: &Key) -> rusqlite::Result<()> {
    let pages = i64::try_from((max_mib << 20) / PAGE_OCTETS).unwrap_or(i64::MAX);
    let set = |name: &str, value: &dyn ToSql| {
        connection.pragma_update_and_check(None, name, value, |_| Ok(()))
    };
    set("journal_mode", &"wal")?;
    set("journal_size_limit", &LOG_OCTETS)?;
    set("max_page_count", &pages)?;
    // Deleted content is overwritten.
    set("secure_delete", &true)?;
    // A power failure may lose the last transactions, never the file.
    connection.pragma_update(None, "synchronous", "normal")?;
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    schema::migrate(&change)?;
    schema::drop_rows_of_another_key(&change, key)?;
    let dropped = schema::drop_rows_of_other_rules(&change)?;
    change.commit()?;
    if dropped > 0 {
        tracing::info!(
            entries = dropped,
            "the rules have changed for which addresses are one mailbox: what was kept by the old \
             ones is dropped from the store"
        );
    }
    Ok(())
}
