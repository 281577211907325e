//! The tables of a journal.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, params};

use super::super::evidence::{EvidenceColumns, evidence_of_row};
use super::super::key::{Key, NameOf};
use super::super::time::time;
use super::{Checkpoint, NotedMailbox, NotedRoute};
use crate::catalog::Canonical;
use crate::evidence::{Evidence, MailboxStatus};
use crate::route::{HostName, MailRoute, RouteWithTtl};

/// Distinguishes our files from those of other programs: "mvjr".
const APPLICATION_ID: i32 = 0x6d76_6a72;
/// The version of the tables.
const VERSION: i32 = 1;

/// `mark` is the keyed hash of a name. `number` counts the routes in the order of writing. A mailbox was last
/// asked about at `asked_at`; at `tried_at` its server was perhaps paused.
const TABLES: &str = "
    CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE route (
        number INTEGER PRIMARY KEY,
        mark BLOB NOT NULL UNIQUE,
        route TEXT NOT NULL,
        ttl INTEGER NOT NULL,
        asked_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE mailbox (
        mark BLOB PRIMARY KEY,
        status TEXT NOT NULL,
        catch_all TEXT,
        code INTEGER,
        enhanced TEXT,
        detail TEXT,
        host BLOB,
        asked_at INTEGER NOT NULL,
        retry_at INTEGER,
        tried_at INTEGER NOT NULL,
        first_deferred INTEGER
    ) STRICT, WITHOUT ROWID;
";

/// The program that made a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JournalOwner {
    /// The file is empty.
    Unclaimed,
    /// A journal of this version.
    Us,
    AnotherProgram,
}

pub(super) fn owner(file: &Connection) -> rusqlite::Result<JournalOwner> {
    let number = |sql: &str| file.query_row(sql, [], |row| row.get::<_, i32>(0));
    let id = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    Ok(match (id, version, tables) {
        (0, 0, 0) => JournalOwner::Unclaimed,
        (APPLICATION_ID, VERSION, _) => JournalOwner::Us,
        _ => JournalOwner::AnotherProgram,
    })
}

/// Creates the tables in an empty file.
pub(super) fn prepare(file: &Connection) -> rusqlite::Result<()> {
    if owner(file)? == JournalOwner::Unclaimed {
        file.execute_batch(TABLES)?;
        file.pragma_update(None, "user_version", VERSION)?;
        file.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    Ok(())
}

fn setting<T: rusqlite::types::FromSql>(
    file: &Connection,
    name: &str,
) -> rusqlite::Result<Option<T>> {
    let mut query = file.prepare_cached("SELECT value FROM setting WHERE name = ?1")?;
    query.query_row([name], |row| row.get(0)).optional()
}

pub(super) fn key(file: &Connection) -> rusqlite::Result<Option<Key>> {
    let octets: Option<Vec<u8>> = setting(file, "key")?;
    Ok(octets.as_deref().and_then(Key::from_octets))
}

pub(super) fn set_key(file: &Connection, key: &Key) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO setting (name, value) VALUES ('key', ?1)";
    file.execute(sql, [key.octets()]).map(drop)
}

pub(super) fn route(
    file: &Connection,
    key: &Key,
    domain: &HostName,
) -> rusqlite::Result<Option<NotedRoute>> {
    let name = key.hash(NameOf::Domain, domain.as_str());
    let sql = "SELECT route, ttl, asked_at FROM route WHERE mark = ?1";
    let noted = file.prepare_cached(sql)?.query_row([name], |row| {
        let text: String = row.get(0)?;
        let route: MailRoute = serde_json::from_str(&text).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error))
        })?;
        let ttl = Duration::from_secs(row.get::<_, i64>(1)?.unsigned_abs());
        Ok(NotedRoute { routed: RouteWithTtl { route, ttl }, asked_at: time(row.get(2)?) })
    });
    noted.optional()
}

pub(super) fn note_route(
    file: &Connection,
    key: &Key,
    domain: &HostName,
    noted: &NotedRoute,
) -> rusqlite::Result<()> {
    let name = key.hash(NameOf::Domain, domain.as_str());
    let RouteWithTtl { route, ttl } = &noted.routed;
    let route = serde_json::to_string(route)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let ttl = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX);
    let sql = "INSERT OR REPLACE INTO route (mark, route, ttl, asked_at) VALUES (?1, ?2, ?3, ?4)";
    let asked_at = noted.asked_at.as_second();
    file.prepare_cached(sql)?.execute(params![name, route, ttl, asked_at]).map(drop)
}

pub(super) fn mailbox(
    file: &Connection,
    key: &Key,
    mailbox: &Canonical,
) -> rusqlite::Result<Option<NotedMailbox>> {
    let name = key.hash(NameOf::Mailbox, &mailbox.key);
    let sql = "SELECT status, catch_all, code, enhanced, detail, host, asked_at, retry_at, \
               tried_at, first_deferred FROM mailbox WHERE mark = ?1";
    let noted = file.prepare_cached(sql)?.query_row([name], |row| {
        let tried_at = time(row.get(8)?);
        let first_deferred: Option<i64> = row.get(9)?;
        let Some((evidence, host)) = evidence_of_row(row)? else { return Ok(None) };
        let host = host.and_then(|name| HostName::new(&String::from_utf8_lossy(&name)));
        let evidence = Evidence { host, ..evidence };
        let first_deferred = first_deferred.map(time);
        Ok(Some(NotedMailbox { evidence, tried_at, first_deferred }))
    });
    Ok(noted.optional()?.flatten())
}

pub(super) fn note_mailbox(
    file: &Connection,
    key: &Key,
    mailbox: &Canonical,
    evidence: &Evidence,
) -> rusqlite::Result<NotedMailbox> {
    if evidence.status == MailboxStatus::Paused
        && let Some(noted) = self::mailbox(file, key, mailbox)?
        && noted.first_deferred.is_some()
    {
        return note_try(file, key, mailbox, noted, evidence.asked_at);
    }
    let name = key.hash(NameOf::Mailbox, &mailbox.key);
    let columns = EvidenceColumns::of(evidence);
    let host = evidence.host.as_ref().map(|host| host.as_str().as_bytes());
    let deferred = evidence.status == MailboxStatus::Greylisted;
    let sql = "INSERT INTO mailbox (mark, status, catch_all, code, enhanced, detail, host, \
               asked_at, tried_at, retry_at, first_deferred) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9, ?10) \
               ON CONFLICT DO UPDATE SET status = ?2, catch_all = ?3, code = ?4, enhanced = ?5, \
               detail = ?6, host = ?7, asked_at = ?8, tried_at = ?8, retry_at = ?9, \
               first_deferred = coalesce(first_deferred, ?10) RETURNING first_deferred";
    let values = params![
        name,
        columns.status,
        columns.catch_all,
        columns.code,
        columns.enhanced,
        columns.detail,
        host,
        columns.asked_at,
        columns.retry_at,
        deferred.then_some(columns.asked_at),
    ];
    let first: Option<i64> = file.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
    let first_deferred: Option<Timestamp> = first.map(time);
    Ok(NotedMailbox { evidence: evidence.clone(), tried_at: evidence.asked_at, first_deferred })
}

/// The server was paused when it was time to ask again: the earlier evidence stands.
fn note_try(
    file: &Connection,
    key: &Key,
    mailbox: &Canonical,
    noted: NotedMailbox,
    tried_at: Timestamp,
) -> rusqlite::Result<NotedMailbox> {
    let name = key.hash(NameOf::Mailbox, &mailbox.key);
    let sql = "UPDATE mailbox SET tried_at = ?2 WHERE mark = ?1";
    file.prepare_cached(sql)?.execute(params![name, tried_at.as_second()])?;
    Ok(NotedMailbox { tried_at, ..noted })
}

/// Statuses that a new run keeps, beside `accepted`.
const ANSWERED: [MailboxStatus; 5] = [
    MailboxStatus::NotFound,
    MailboxStatus::Disabled,
    MailboxStatus::Full,
    MailboxStatus::Smtputf8Unsupported,
    MailboxStatus::Greylisted,
];

pub(super) fn forget_unanswered(file: &Connection) -> rusqlite::Result<()> {
    let kept = ANSWERED.map(|evidence| format!("'{}'", evidence.code())).join(", ");
    let sql = format!("DELETE FROM mailbox WHERE status NOT IN ('accepted', {kept})");
    file.execute(&sql, []).map(drop)
}

pub(super) fn checkpoint(file: &Connection) -> rusqlite::Result<Checkpoint> {
    let sql = "SELECT coalesce(max(number), 0) FROM route";
    file.query_row(sql, [], |row| row.get(0)).map(Checkpoint)
}

pub(super) fn confirm(file: &Connection, Checkpoint(number): Checkpoint) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO setting (name, value) VALUES ('confirmed', ?1)";
    file.execute(sql, [number.to_le_bytes()]).map(drop)
}

/// The number of the last confirmed route.
fn confirmed(file: &Connection) -> rusqlite::Result<i64> {
    let number: Option<[u8; 8]> = setting(file, "confirmed")?;
    Ok(number.map_or(0, i64::from_le_bytes))
}

pub(super) fn forget_unconfirmed(file: &Connection) -> rusqlite::Result<()> {
    let confirmed = confirmed(file)?;
    file.execute("DELETE FROM route WHERE number > ?1", [confirmed]).map(drop)
}

pub(super) fn has_unconfirmed(file: &Connection) -> rusqlite::Result<bool> {
    let Checkpoint(last) = checkpoint(file)?;
    Ok(last > confirmed(file)?)
}

/// Whether a route is one of the last so many up to this checkpoint, and not confirmed.
pub(super) fn is_among_last(
    file: &Connection,
    key: &Key,
    domain: &HostName,
    Checkpoint(last): Checkpoint,
    count: usize,
) -> rusqlite::Result<bool> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let first = confirmed(file)?.max(last.saturating_sub(count)) + 1;
    let name = key.hash(NameOf::Domain, domain.as_str());
    let sql = "SELECT count(*) FROM route WHERE mark = ?1 AND number BETWEEN ?2 AND ?3";
    let found: i64 =
        file.prepare_cached(sql)?.query_row(params![name, first, last], |row| row.get(0))?;
    Ok(found > 0)
}

pub(super) fn routes(file: &Connection) -> rusqlite::Result<u64> {
    let count: i64 = file.query_row("SELECT count(*) FROM route", [], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}
