//! Evidence of mailboxes and catch-all results in the store.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use super::StoreError;
use super::file::StoreFile;
use super::key::NameOf;
use super::time::{after, time};
use crate::address::Domain;
use crate::catalog::Canonical;
use crate::evidence::{CATCH_ALL_LIFETIME, CatchAll, Evidence, KnownCatchAll, MailboxStatus};
use crate::route::HostName;

/// How long servers remember greylisted clients, as a rule (Postgrey: two days).
const GREYLISTING: Duration = Duration::from_secs(2 * 24 * 3600);
/// The longest of our codes.
const MAX_CODE_OCTETS: usize = 40;

/// When a mailbox was greylisted.
#[cfg(feature = "testing")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Greylisting {
    /// When it was first asked about.
    pub first_seen: Timestamp,
    /// When it may be asked about again.
    pub retry_at: Timestamp,
}

/// Evidence as the columns of a row.
pub(super) struct EvidenceColumns<'a> {
    pub(super) status: &'static str,
    pub(super) catch_all: Option<&'static str>,
    pub(super) code: Option<u16>,
    pub(super) enhanced: Option<String>,
    pub(super) detail: Option<&'a str>,
    pub(super) asked_at: i64,
    pub(super) retry_at: Option<i64>,
}

impl<'a> EvidenceColumns<'a> {
    pub(super) fn of(evidence: &'a Evidence) -> Self {
        Self {
            status: evidence.status.code(),
            catch_all: evidence.status.catch_all().map(CatchAll::code),
            code: evidence.code,
            enhanced: evidence.enhanced.map(|enhanced| enhanced.to_string()),
            detail: evidence.detail.as_deref().filter(|detail| is_code(detail)),
            asked_at: evidence.asked_at.as_second(),
            retry_at: evidence.retry_at.map(Timestamp::as_second),
        }
    }
}

impl StoreFile {
    /// Valid evidence of a mailbox, from one of these mail servers or from none.
    pub(super) fn recall(
        &self,
        mailbox: &Canonical,
        hosts: &[HostName],
        now: Timestamp,
    ) -> Result<Option<Evidence>, StoreError> {
        let name = self.key.hash(NameOf::Mailbox, &mailbox.key);
        let row = self.read(|connection| {
            let sql = "SELECT status, catch_all, code, enhanced, detail, host, asked_at, retry_at \
                       FROM evidence WHERE mark = ?1 AND valid_until > ?2";
            let mut query = connection.prepare_cached(sql)?;
            query.query_row(params![name, now.as_second()], evidence_of_row).optional()
        })?;
        let Some((evidence, host)) = row.flatten() else { return Ok(None) };
        let Some(hash) = host else { return Ok(Some(evidence)) };
        let host = self.host_of(&hash, hosts);
        Ok(host.map(|host| Evidence { host: Some(host.clone()), ..evidence }))
    }

    /// The host with this hash, if it is one of these.
    fn host_of<'h>(&self, hash: &[u8], hosts: &'h [HostName]) -> Option<&'h HostName> {
        let has_mark =
            |host: &&HostName| self.key.hash(NameOf::Host, host.as_str()).as_bytes() == hash;
        hosts.iter().find(has_mark)
    }

    /// Stores evidence that has a lifetime.
    pub(super) fn remember(
        &mut self,
        mailbox: &Canonical,
        evidence: &Evidence,
    ) -> Result<(), StoreError> {
        let Some(valid_until) = evidence.valid_until() else { return Ok(()) };
        let name = self.key.hash(NameOf::Mailbox, &mailbox.key);
        let host = evidence.host.as_ref().map(|host| self.key.hash(NameOf::Host, host.as_str()));
        let columns = EvidenceColumns::of(evidence);
        let (asked_at, retry_at) = (evidence.asked_at, evidence.retry_at);
        self.change_and_prune(asked_at, |change| {
            let sql = "INSERT OR REPLACE INTO evidence \
                       (mark, status, catch_all, code, enhanced, detail, host, asked_at, retry_at, \
                       valid_until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
            change.prepare_cached(sql)?.execute(params![
                name,
                columns.status,
                columns.catch_all,
                columns.code,
                columns.enhanced,
                columns.detail,
                host,
                columns.asked_at,
                columns.retry_at,
                valid_until.as_second(),
            ])?;
            match (evidence.status, retry_at) {
                (MailboxStatus::Greylisted, Some(retry_at)) => {
                    let sql = "INSERT INTO greylisting (mark, first_seen, retry_at, valid_until) \
                               VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET \
                               first_seen = iif(valid_until > ?2, first_seen, ?2), retry_at = ?3, \
                               valid_until = ?4";
                    change.prepare_cached(sql)?.execute(params![
                        name,
                        asked_at.as_second(),
                        retry_at.as_second(),
                        after(retry_at, GREYLISTING).as_second(),
                    ])?;
                }
                (
                    MailboxStatus::Accepted { .. }
                    | MailboxStatus::NotFound
                    | MailboxStatus::Disabled
                    | MailboxStatus::Full,
                    _,
                ) => {
                    let sql = "DELETE FROM greylisting WHERE mark = ?1";
                    change.prepare_cached(sql)?.execute([name])?;
                }
                _ => {}
            }
            Ok(())
        })
    }

    /// When a mailbox was greylisted, if that was lately.
    #[cfg(feature = "testing")]
    pub(super) fn greylisting(
        &self,
        mailbox: &Canonical,
        now: Timestamp,
    ) -> Result<Option<Greylisting>, StoreError> {
        let name = self.key.hash(NameOf::Mailbox, &mailbox.key);
        self.read(|connection| {
            let sql = "SELECT first_seen, retry_at FROM greylisting \
                       WHERE mark = ?1 AND valid_until > ?2";
            let mut query = connection.prepare_cached(sql)?;
            let times = |row: &Row<'_>| {
                Ok(Greylisting { first_seen: time(row.get(0)?), retry_at: time(row.get(1)?) })
            };
            query.query_row(params![name, now.as_second()], times).optional()
        })
    }

    /// The catch-all result of a domain, if one of these mail servers showed it.
    pub(super) fn catch_all(
        &self,
        domain: &Domain,
        hosts: &[HostName],
        now: Timestamp,
    ) -> Result<KnownCatchAll, StoreError> {
        let name = self.key.hash(NameOf::Domain, domain.ascii());
        let row: Option<(String, Vec<u8>, i64)> = self.read(|connection| {
            let sql = "SELECT answer, host, asked_at FROM catch_all \
                       WHERE mark = ?1 AND valid_until > ?2";
            let mut query = connection.prepare_cached(sql)?;
            let columns = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            query.query_row(params![name, now.as_second()], columns).optional()
        })?;
        let row = row.filter(|(_, host, _)| self.host_of(host, hosts).is_some());
        Ok(row.map_or(KnownCatchAll::UNKNOWN, |(answer, _, asked_at)| {
            KnownCatchAll::shown(CatchAll::from_code(&answer), time(asked_at))
        }))
    }

    pub(super) fn remember_catch_all(
        &mut self,
        domain: &Domain,
        host: &HostName,
        catch_all: CatchAll,
        asked_at: Timestamp,
    ) -> Result<(), StoreError> {
        if catch_all == CatchAll::Unknown {
            return Ok(());
        }
        let name = self.key.hash(NameOf::Domain, domain.ascii());
        let host = self.key.hash(NameOf::Host, host.as_str());
        let valid_until = after(asked_at, CATCH_ALL_LIFETIME).as_second();
        self.change_and_prune(asked_at, |change| {
            let sql = "INSERT OR REPLACE INTO catch_all (mark, answer, host, asked_at, valid_until) \
                       VALUES (?1, ?2, ?3, ?4, ?5)";
            let answer = catch_all.code();
            let values = params![name, answer, host, asked_at.as_second(), valid_until];
            change.prepare_cached(sql)?.execute(values)?;
            Ok(())
        })
    }
}

/// The evidence in a row without its host, and the hash of the host. None where a newer mailvet wrote a status
/// that this one does not know.
pub(super) fn evidence_of_row(
    row: &Row<'_>,
) -> rusqlite::Result<Option<(Evidence, Option<Vec<u8>>)>> {
    let (status, catch_all): (String, Option<String>) = (row.get(0)?, row.get(1)?);
    let catch_all = catch_all.as_deref().map_or(CatchAll::Unknown, CatchAll::from_code);
    let Some(status) = MailboxStatus::from_code(&status, catch_all) else { return Ok(None) };
    let (enhanced, detail): (Option<String>, Option<String>) = (row.get(3)?, row.get(4)?);
    let retry_at: Option<i64> = row.get(7)?;
    let evidence = Evidence {
        status,
        code: row.get(2)?,
        enhanced: enhanced.and_then(|enhanced| enhanced.parse().ok()),
        detail: detail.map(Box::from),
        text: None,
        host: None,
        asked_at: time(row.get(6)?),
        retry_at: retry_at.map(time),
    };
    Ok(Some((evidence, row.get(5)?)))
}

/// Whether a text can be one of our codes, and not a server's words.
fn is_code(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=MAX_CODE_OCTETS).contains(&text.len()) && text.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_codes_of_ours_are_kept() {
        for (text, kept) in [
            ("blocklisted", true),
            ("no_reverse_dns", true),
            ("", false),
            ("joe@x", false),
            ("a b", false),
        ] {
            assert_eq!(is_code(text), kept, "{text}");
        }
        assert!(!is_code(&"a".repeat(41)));
    }
}
