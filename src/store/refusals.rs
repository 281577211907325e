//! Whether a mail server's refusals at a domain are believed, shared by all processes.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::StoreError;
use super::file::StoreFile;
use super::key::{HashedName, NameOf};
use super::time::{after, second_from};
use crate::address::Domain;
use crate::route::HostName;
use crate::smtp::limiter::Day;
use crate::smtp::{RefusalFinding, RefusalRecord};

/// How long a refusal record holds after the last answer.
pub const REFUSALS_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);

impl StoreFile {
    pub(super) fn refusals(
        &self,
        domain: &Domain,
        host: &HostName,
        now: Timestamp,
    ) -> Result<Option<RefusalRecord>, StoreError> {
        let names = self.names(domain, host);
        self.read(|connection| record(connection, names, now))
    }

    /// Changes the record in one transaction; returns it before and after.
    pub(super) fn change_refusals(
        &mut self,
        domain: &Domain,
        host: &HostName,
        now: Timestamp,
        change: &impl Fn(RefusalRecord) -> RefusalRecord,
    ) -> Result<(RefusalRecord, RefusalRecord), StoreError> {
        let names = self.names(domain, host);
        self.change_and_prune(now, |transaction| {
            let before = record(transaction, names, now)?.unwrap_or_default();
            let changed = change(before);
            let sql = "INSERT OR REPLACE INTO refusals \
                       (mark, host, absent, finding, postmaster_day, valid_until) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            transaction.prepare_cached(sql)?.execute(params![
                names[0],
                names[1],
                changed.absent,
                changed.finding.code(),
                changed.postmaster_asked.map(|day| day.0),
                second_from(after(now, REFUSALS_LIFETIME)),
            ])?;
            Ok((before, changed))
        })
    }

    fn names(&self, domain: &Domain, host: &HostName) -> [HashedName; 2] {
        let host = self.key.hash(NameOf::Host, host.as_str());
        [self.key.hash(NameOf::Domain, domain.ascii()), host]
    }
}

fn record(
    connection: &Connection,
    [mark, host]: [HashedName; 2],
    now: Timestamp,
) -> rusqlite::Result<Option<RefusalRecord>> {
    let sql = "SELECT absent, finding, postmaster_day FROM refusals \
               WHERE mark = ?1 AND host = ?2 AND valid_until > ?3";
    let of_row = |row: &Row<'_>| {
        let finding: String = row.get(1)?;
        let finding = RefusalFinding::from_code(&finding);
        let postmaster_day: Option<i64> = row.get(2)?;
        Ok(RefusalRecord {
            absent: row.get(0)?,
            finding: finding.unwrap_or_default(),
            postmaster_asked: postmaster_day.map(Day),
        })
    };
    let mut query = connection.prepare_cached(sql)?;
    query.query_row(params![mark, host, now.as_second()], of_row).optional()
}
