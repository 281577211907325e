//! The file: made so that nobody else can read it, opened, and left alone for a while where it fails.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, ToSql, Transaction, TransactionBehavior};
use tokio::time::Instant;

use super::StoreError;
use super::key::Key;
use super::schema::{self, Owner};

const FILE: &str = "mailvet.db";
const KEY_FILE: &str = "mailvet.key";

/// How long a process waits for another one that writes.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the file is left alone after it failed.
const REST: Duration = Duration::from_secs(60);
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
    trouble: Option<Trouble>,
    changes: u32,
}

struct Trouble {
    error: StoreError,
    since: Instant,
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
        let mut connection = connect(&path).map_err(of)?;
        match schema::owner(&connection).map_err(of)? {
            Owner::Nobody | Owner::Us => {}
            Owner::NewerUs => return Err(StoreError::Newer { path }),
            Owner::SomebodyElse => return Err(StoreError::NotOurs { path }),
        }
        prepare(&mut connection, max_mib, &key).map_err(of)?;
        let process =
            getrandom::u64().map_err(|error| StoreError::unusable(&path, &error.into()))?;
        let process = process.cast_signed();
        let mut file = Self { connection, path, key, process, trouble: None, changes: 0 };
        match file.prune(now) {
            // That shows again, or is over, when there is something to keep.
            Ok(()) | Err(StoreError::Full { .. } | StoreError::Locked { .. }) => Ok(file),
            Err(error) => Err(error),
        }
    }

    /// Why it cannot be used at the moment.
    pub(super) fn trouble(&self) -> Option<&StoreError> {
        self.trouble.as_ref().map(|trouble| &trouble.error)
    }

    /// Does something with the file. Where there is no room, some is made and it is tried once more. A
    /// failure is told once, and for a while after it nothing is tried.
    pub(super) fn attempt<R>(
        &mut self,
        now: Timestamp,
        mut work: impl FnMut(&mut Self) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        if self.trouble.as_ref().is_some_and(|trouble| trouble.since.elapsed() < REST) {
            return Err(StoreError::Resting);
        }
        let mut done = work(self);
        if matches!(done, Err(StoreError::Full { .. })) && self.make_room(now).is_ok() {
            done = work(self);
        }
        match &done {
            Ok(_) if self.trouble.take().is_some() => tracing::info!("the store can be used again"),
            Ok(_) => {}
            Err(error) => {
                if self.trouble.is_none() {
                    tracing::warn!("{error}; meanwhile nothing is kept");
                }
                self.trouble = Some(Trouble { error: error.clone(), since: Instant::now() });
            }
        }
        done
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

/// The file of the key, for this user alone from the first moment, and for this process until it is
/// closed.
fn locked(path: &Path) -> io::Result<File> {
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    file.lock()?;
    Ok(file)
}

/// Makes the file where it is missing, for this user alone from the first moment. SQLite gives the files
/// that it makes beside it the same mode. One that is there is not even opened: closing it again would
/// take the locks off that SQLite may have on it in this process.
pub(super) fn create_file(path: &Path) -> Result<(), StoreError> {
    match File::options().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(StoreError::unusable(path, &error))
        }
        _ => Ok(()),
    }
}

pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
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
