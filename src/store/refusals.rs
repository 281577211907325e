//! Whether the refusals of a mail server at a domain are believed, all processes together.

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

/// How long after the last answer it is known whether refusals are believed.
pub const REFUSALS_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);

impl StoreFile {
    /// What is known of the refusals of this server at the domain.
    pub(super) fn refusals(
        &self,
        domain: &Domain,
        host: &HostName,
        now: Timestamp,
    ) -> Result<Option<RefusalRecord>, StoreError> {
        let marks = self.marks(domain, host);
        self.read(|connection| record(connection, marks, now))
    }

    /// Changes it; tells it before and after.
    pub(super) fn change_refusals(
        &mut self,
        domain: &Domain,
        host: &HostName,
        now: Timestamp,
        change: &impl Fn(RefusalRecord) -> RefusalRecord,
    ) -> Result<(RefusalRecord, RefusalRecord), StoreError> {
        let marks = self.marks(domain, host);
        self.change_and_prune(now, |transaction| {
            let before = record(transaction, marks, now)?.unwrap_or_default();
            let changed = change(before);
            let sql = "INSERT OR REPLACE INTO refusals \
                       (mark, host, absent, finding, postmaster_day, valid_until) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            transaction.prepare_cached(sql)?.execute(params![
                marks[0],
                marks[1],
                changed.absent,
                changed.finding.code(),
                changed.postmaster_asked.map(|day| day.0),
                second_from(after(now, REFUSALS_LIFETIME)),
            ])?;
            Ok((before, changed))
        })
    }

    fn marks(&self, domain: &Domain, host: &HostName) -> [HashedName; 2] {
        let host = self.key.mark(NameOf::Host, host.as_str());
        [self.key.mark(NameOf::Domain, domain.ascii()), host]
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
        let finding = RefusalFinding::ALL.into_iter().find(|known| known.code() == finding);
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
