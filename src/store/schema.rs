//! The tables, and their migration from older versions.

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::key::{Key, NameOf};
use crate::catalog::CANONICAL_RULES;

/// Distinguishes our files from those of other programs: "mvet".
const APPLICATION_ID: i32 = 0x6d76_6574;

/// What each version adds to the one before it. Never changed, only added to, which is why some names are old.
///
/// Times are seconds since 1970, those with `_ms` milliseconds. `mark` and `host` are keyed hashes of names;
/// `standing` is the limiter's state of a party. Every row expires at `valid_until` and is deleted some time
/// after.
const VERSIONS: [&str; 3] = [
    "
    CREATE TABLE setting (
        name TEXT PRIMARY KEY,
        value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE evidence (
        mark BLOB PRIMARY KEY,
        status TEXT NOT NULL,
        catch_all TEXT,
        code INTEGER,
        enhanced TEXT,
        detail TEXT,
        host BLOB,
        asked_at INTEGER NOT NULL,
        retry_at INTEGER,
        valid_until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX evidence_end ON evidence (valid_until);
    CREATE TABLE greylisting (
        mark BLOB PRIMARY KEY,
        first_seen INTEGER NOT NULL,
        retry_at INTEGER NOT NULL,
        valid_until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX greylisting_end ON greylisting (valid_until);
    CREATE TABLE catch_all (
        mark BLOB PRIMARY KEY,
        answer TEXT NOT NULL,
        host BLOB NOT NULL,
        valid_until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX catch_all_end ON catch_all (valid_until);
    CREATE TABLE standing (
        mark BLOB PRIMARY KEY,
        day INTEGER NOT NULL,
        recipients INTEGER NOT NULL,
        answered INTEGER NOT NULL,
        absent INTEGER NOT NULL,
        refusals INTEGER NOT NULL,
        closed_why TEXT,
        closed_until INTEGER,
        free_from_ms INTEGER,
        valid_until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX standing_end ON standing (valid_until);
    CREATE TABLE connection (
        mark BLOB NOT NULL,
        process INTEGER NOT NULL,
        connections INTEGER NOT NULL,
        valid_until INTEGER NOT NULL,
        PRIMARY KEY (mark, process)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX connection_end ON connection (valid_until);
",
    // Until now every catch-all result was kept for exactly seven days.
    "
    ALTER TABLE catch_all ADD COLUMN asked_at INTEGER NOT NULL DEFAULT 0;
    UPDATE catch_all SET asked_at = valid_until - 7 * 24 * 3600;
",
    "
    ALTER TABLE standing ADD COLUMN refused_us INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE standing ADD COLUMN refused_us_until INTEGER;
    ALTER TABLE standing ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE standing ADD COLUMN failures_until INTEGER;
    CREATE TABLE refusals (
        mark BLOB NOT NULL,
        host BLOB NOT NULL,
        absent INTEGER NOT NULL,
        finding TEXT NOT NULL,
        postmaster_day INTEGER,
        valid_until INTEGER NOT NULL,
        PRIMARY KEY (mark, host)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX refusals_end ON refusals (valid_until);
",
];

const NEWEST: i64 = VERSIONS.len() as i64;

/// Tables whose rows expire.
pub(super) const TABLES: [&str; 6] =
    ["evidence", "greylisting", "catch_all", "standing", "connection", "refusals"];

/// The program that made a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileOwner {
    /// The file is empty.
    Unclaimed,
    Us,
    /// A newer mailvet.
    NewerUs,
    AnotherProgram,
}

/// Reads which program made the file, and changes nothing.
pub(super) fn owner(connection: &Connection) -> rusqlite::Result<FileOwner> {
    let id: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let version = version(connection)?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (id, version, tables) {
        (APPLICATION_ID, version, _) if version > NEWEST => FileOwner::NewerUs,
        (APPLICATION_ID, _, _) => FileOwner::Us,
        (0, 0, 0) => FileOwner::Unclaimed,
        _ => FileOwner::AnotherProgram,
    })
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

pub(super) fn migrate(change: &Transaction<'_>) -> rusqlite::Result<()> {
    let known = version(change)?;
    for (version, tables) in (1..).zip(VERSIONS).filter(|(version, _)| *version > known) {
        change.execute_batch(tables)?;
        change.pragma_update(None, "user_version", version)?;
        change.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    Ok(())
}

/// The tables whose rows are kept under canonical keys of mailboxes.
const OF_MAILBOXES: [&str; 2] = ["evidence", "greylisting"];

/// Deletes rows whose canonical keys were made by other rules: they can neither be found nor erased on demand.
/// Returns how many.
pub(super) fn drop_rows_of_other_rules(change: &Transaction<'_>) -> rusqlite::Result<usize> {
    let sql = "SELECT value FROM setting WHERE name = 'canonical_rules'";
    let known: Option<Vec<u8>> = change.query_row(sql, [], |row| row.get(0)).optional()?;
    let rules = CANONICAL_RULES.to_string().into_bytes();
    if known.as_deref() == Some(&*rules) {
        return Ok(0);
    }
    let mut dropped = 0;
    for table in OF_MAILBOXES {
        dropped += change.execute(&format!("DELETE FROM {table}"), [])?;
    }
    let sql = "INSERT OR REPLACE INTO setting (name, value) VALUES ('canonical_rules', ?1)";
    change.execute(sql, [rules])?;
    Ok(dropped)
}

/// Deletes rows that were hashed with another key: they cannot be found any more.
pub(super) fn drop_rows_of_another_key(
    change: &Transaction<'_>,
    key: &Key,
) -> rusqlite::Result<()> {
    let hash = key.hash(NameOf::Key, "");
    let sql = "SELECT value FROM setting WHERE name = 'key'";
    let known: Option<Vec<u8>> = change.query_row(sql, [], |row| row.get(0)).optional()?;
    if known.as_deref() == Some(hash.as_bytes()) {
        return Ok(());
    }
    for table in TABLES {
        change.execute(&format!("DELETE FROM {table}"), [])?;
    }
    change.execute("INSERT OR REPLACE INTO setting (name, value) VALUES ('key', ?1)", [hash])?;
    Ok(())
}
