//! The file: made so that nobody else can read it, and opened.

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
/// What SQLite puts beside a file.
pub(super) const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// How long a process waits for another one that writes.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The size of a page of SQLite, unless somebody made the file with another one.
const PAGE_OCTETS: u64 = 4096;
/// What is left of the log of changes when nobody uses it.
const LOG_OCTETS: u32 = 4 << 20;
/// How many changes are made before the rows that have ended go.
const CHANGES_TO_PRUNE: u32 = 500;

/// The file, open.
pub(super) struct StoreFile {
    connection: Connection,
    path: PathBuf,
    pub(super) key: Key,
    /// Tells this process from others that use the file.
    pub(super) process: i64,
    changes: u32,
}

/// Whether there is a store in this folder.
pub(super) fn exists(folder: &Path) -> Result<bool, StoreError> {
    let path = folder.join(FILE);
    path.try_exists().map_err(|error| StoreError::unusable(path, &error))
}

impl StoreFile {
    /// Opens the store in this folder, or makes it.
    pub(super) fn open(folder: &Path, max_mib: u64, now: Timestamp) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        let key_path = folder.join(KEY_FILE);
        let of = |error: rusqlite::Error| StoreError::of(&error, &path);
        create_folder(folder)?;
        // Locked until everything is made: of those who come at the same time one makes it.
        let unusable = |error| StoreError::unusable(&key_path, &error);
        let mut key_file = locked(&key_path).map_err(unusable)?;
        let key = Key::of(&mut key_file).map_err(unusable)?;
        create_file(&path)?;
        let mut connection = connect(&path)?;
        match schema::owner(&connection).map_err(of)? {
            FileOwner::Nobody | FileOwner::Us => {}
            FileOwner::NewerUs => return Err(StoreError::Newer { path }),
            FileOwner::SomebodyElse => return Err(StoreError::NotOurs { path }),
        }
        prepare(&mut connection, max_mib, &key).map_err(of)?;
        let process =
            getrandom::u64().map_err(|error| StoreError::unusable(&path, &error.into()))?;
        let process = process.cast_signed();
        let mut file = Self { connection, path, key, process, changes: 0 };
        match file.prune(now) {
            // That shows again, or is over, when there is something to keep.
            Ok(()) | Err(StoreError::Full { .. } | StoreError::Locked { .. }) => Ok(file),
            Err(error) => Err(error),
        }
    }

    /// Reads from the file.
    pub(super) fn read<R>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<R>,
    ) -> Result<R, StoreError> {
        work(&self.connection).map_err(|error| StoreError::of(&error, &self.path))
    }

    /// Changes the file, wholly or not at all. No other process comes in between.
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

    /// The same, after which it may be time to let go what has ended.
    pub(super) fn change_and_prune<R>(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<R>,
    ) -> Result<R, StoreError> {
        let result = self.change(work)?;
        self.changes += 1;
        if self.changes >= CHANGES_TO_PRUNE {
            self.changes = 0;
            // The change is made. If this fails there will be other changes that tell.
            let _ = self.prune(now);
        }
        Ok(result)
    }
}

fn create_folder(folder: &Path) -> Result<(), StoreError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| StoreError::unusable(folder, &error))
}

/// The file of the key, for this process until it is closed. Another one has it for a moment only: whoever keeps it
/// longer is none of ours.
fn locked(path: &Path) -> io::Result<File> {
    const MOMENT: Duration = Duration::from_millis(10);
    let file = open_private(path)?;
    for _ in 0..TIMEOUT.as_millis() / MOMENT.as_millis() {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            // The time of tokio may stand still in a test, and this thread belongs to nobody else.
            Err(TryLockError::WouldBlock) => std::thread::park_timeout(MOMENT),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

/// Makes the file where it is missing, for this user alone from the first moment. SQLite gives the files
/// that it makes beside it the same mode, and to the superuser the same owner. One that is there is not even opened:
/// closing it again would take the locks off that SQLite may have on it in this process.
///
/// # Errors
/// It cannot be made, or it or a file that SQLite has put beside it cannot be used as one of ours.
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

/// Opens a file that [`create_file`] has checked. SQLite follows no link to it; links on the way to its folder are
/// the user's own.
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
    // What is erased is overwritten.
    set("secure_delete", &true)?;
    // Power that fails may cost the last moments, never the file.
    connection.pragma_update(None, "synchronous", "normal")?;
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    schema::bring_up_to_date(&change)?;
    schema::settle_key(&change, key)?;
    let dropped = schema::settle_canonical_rules(&change)?;
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
