//! What was found out of mailboxes and domains, and for how long it holds.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use super::StoreError;
use super::file::StoreFile;
use super::key::NameOf;
use super::time::{after, time};
use crate::address::Domain;
use crate::catalog::Canonical;
use crate::reply::UsDetail;
use crate::route::HostName;
use crate::verdict::{CatchAll, MailboxEvidence};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long it is known whether a domain takes mail for any mailbox.
pub const CATCH_ALL_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long servers remember whom they deferred, as a rule (Postgrey: two days).
const GREYLISTING: Duration = Duration::from_secs(2 * 24 * 3600);
/// The most octets of a code of ours.
const MAX_CODE_OCTETS: usize = 40;

/// What is known of made-up mailboxes at a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownCatchAll {
    /// Whether they are accepted.
    pub catch_all: CatchAll,
    /// When a server showed it; none where a list says so, or nothing is known.
    pub asked_at: Option<Timestamp>,
}

impl KnownCatchAll {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self { catch_all: CatchAll::Unknown, asked_at: None };

    /// A list says so.
    pub const fn listed(catch_all: CatchAll) -> Self {
        Self { catch_all, asked_at: None }
    }

    /// A server has shown it at this time.
    pub const fn shown(catch_all: CatchAll, asked_at: Timestamp) -> Self {
        Self { catch_all, asked_at: Some(asked_at) }
    }

    /// Until when it holds; none where it is no knowledge of a server.
    pub fn valid_until(self) -> Option<Timestamp> {
        Some(after(self.asked_at?, CATCH_ALL_LIFETIME))
    }
}

/// What a mail server told of a mailbox, or why it told nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What came of asking.
    pub mailbox: MailboxEvidence,
    /// The code of the reply.
    pub code: Option<u16>,
    /// Its enhanced code (RFC 3463): class, subject, detail.
    pub enhanced: Option<[u16; 3]>,
    /// What the reply was about, as a code of ours; any other text is not kept.
    pub detail: Option<Box<str>>,
    /// The server.
    pub host: Option<HostName>,
    /// When it was asked. Where it rests on an answer about made-up mailboxes that is older, the time of that.
    pub asked_at: Timestamp,
    /// When asking again makes sense, for what is only so for now.
    pub retry_at: Option<Timestamp>,
}

/// Strangers are deferred, and we are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Greylisting {
    /// When it was asked about for the first time.
    pub first_seen: Timestamp,
    /// When it may be asked about again.
    pub retry_at: Timestamp,
}

/// How long something holds; none where it says nothing of the mailbox or its server.
pub fn lifetime(evidence: MailboxEvidence) -> Option<Duration> {
    match evidence {
        MailboxEvidence::Accepted { catch_all: CatchAll::Yes | CatchAll::No }
        | MailboxEvidence::Smtputf8Unsupported => Some(7 * DAY),
        MailboxEvidence::NotFound | MailboxEvidence::Disabled => Some(2 * HOUR),
        // Whether made-up ones are accepted too may be found out the next time.
        MailboxEvidence::Accepted { catch_all: CatchAll::Unknown }
        | MailboxEvidence::Full
        | MailboxEvidence::Greylisted
        | MailboxEvidence::Refused
        | MailboxEvidence::RateLimited
        | MailboxEvidence::Deferred
        | MailboxEvidence::Timeout
        | MailboxEvidence::Unreachable
        | MailboxEvidence::ProtocolError
        | MailboxEvidence::TlsFailed => Some(15 * MINUTE),
        MailboxEvidence::Paused | MailboxEvidence::NotProbed(_) => None,
    }
}

impl Evidence {
    /// What came of it where no server said a word.
    pub fn without_reply(mailbox: MailboxEvidence, asked_at: Timestamp) -> Self {
        Self {
            mailbox,
            code: None,
            enhanced: None,
            detail: None,
            host: None,
            asked_at,
            retry_at: None,
        }
    }

    /// The same resting also on what is known of made-up mailboxes: accepted means more, or less, with it,
    /// and all of it is as old as its oldest part.
    #[must_use]
    pub fn with_catch_all(mut self, known: KnownCatchAll) -> Self {
        if let MailboxEvidence::Accepted { catch_all } = &mut self.mailbox {
            *catch_all = known.catch_all;
            self.asked_at = known.asked_at.map_or(self.asked_at, |at| self.asked_at.min(at));
        }
        self
    }

    /// The same where it turned out that the server says this of everybody: it is no word about the mailbox.
    #[must_use]
    pub fn of_everybody(self) -> Self {
        let detail = UsDetail::RefusesEverybody.code();
        Self { mailbox: MailboxEvidence::Refused, detail: Some(detail.into()), ..self }
    }

    /// When it no longer holds; none where it is not kept at all.
    pub fn valid_until(&self) -> Option<Timestamp> {
        let end = after(self.asked_at, lifetime(self.mailbox)?);
        // What may be asked again is asked again.
        Some(self.retry_at.map_or(end, |retry_at| end.min(retry_at)))
    }
}

/// Evidence as it stands in the columns of a table.
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
        let catch_all = match evidence.mailbox {
            MailboxEvidence::Accepted { catch_all } => Some(catch_all_code(catch_all)),
            _ => None,
        };
        let enhanced =
            evidence.enhanced.map(|[class, subject, detail]| format!("{class}.{subject}.{detail}"));
        Self {
            status: evidence.mailbox.code(),
            catch_all,
            code: evidence.code,
            enhanced,
            detail: evidence.detail.as_deref().filter(|detail| is_code(detail)),
            asked_at: evidence.asked_at.as_second(),
            retry_at: evidence.retry_at.map(Timestamp::as_second),
        }
    }
}

impl StoreFile {
    /// What is known of a mailbox at this time, if one of these servers said it or nobody did.
    pub(super) fn recall(
        &self,
        mailbox: &Canonical,
        hosts: &[HostName],
        now: Timestamp,
    ) -> Result<Option<Evidence>, StoreError> {
        let mark = self.key.mark(NameOf::Mailbox, &mailbox.key);
        let row = self.read(|connection| {
            let sql = "SELECT status, catch_all, code, enhanced, detail, host, asked_at, retry_at \
                       FROM evidence WHERE mark = ?1 AND valid_until > ?2";
            let mut query = connection.prepare_cached(sql)?;
            query.query_row(params![mark, now.as_second()], evidence_of_row).optional()
        })?;
        let Some((evidence, host)) = row.flatten() else { return Ok(None) };
        let Some(mark) = host else { return Ok(Some(evidence)) };
        let host = self.host_of(&mark, hosts);
        Ok(host.map(|host| Evidence { host: Some(host.clone()), ..evidence }))
    }

    /// The host that a mark stands for, if it is one of these.
    fn host_of<'h>(&self, mark: &[u8], hosts: &'h [HostName]) -> Option<&'h HostName> {
        let has_mark =
            |host: &&HostName| self.key.mark(NameOf::Host, host.as_str()).as_bytes() == mark;
        hosts.iter().find(has_mark)
    }

    /// Keeps what was found out of a mailbox.
    pub(super) fn remember(
        &mut self,
        mailbox: &Canonical,
        evidence: &Evidence,
    ) -> Result<(), StoreError> {
        let Some(valid_until) = evidence.valid_until() else { return Ok(()) };
        let mark = self.key.mark(NameOf::Mailbox, &mailbox.key);
        let host = evidence.host.as_ref().map(|host| self.key.mark(NameOf::Host, host.as_str()));
        let columns = EvidenceColumns::of(evidence);
        let (asked_at, retry_at) = (evidence.asked_at, evidence.retry_at);
        self.change_and_prune(asked_at, |change| {
            let sql = "INSERT OR REPLACE INTO evidence \
                       (mark, status, catch_all, code, enhanced, detail, host, asked_at, retry_at, \
                       valid_until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
            change.prepare_cached(sql)?.execute(params![
                mark,
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
            match (evidence.mailbox, retry_at) {
                (MailboxEvidence::Greylisted, Some(retry_at)) => {
                    let sql = "INSERT INTO greylisting (mark, first_seen, retry_at, valid_until) \
                               VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET \
                               first_seen = iif(valid_until > ?2, first_seen, ?2), retry_at = ?3, \
                               valid_until = ?4";
                    change.prepare_cached(sql)?.execute(params![
                        mark,
                        asked_at.as_second(),
                        retry_at.as_second(),
                        after(retry_at, GREYLISTING).as_second(),
                    ])?;
                }
                (
                    MailboxEvidence::Accepted { .. }
                    | MailboxEvidence::NotFound
                    | MailboxEvidence::Disabled
                    | MailboxEvidence::Full,
                    _,
                ) => {
                    let sql = "DELETE FROM greylisting WHERE mark = ?1";
                    change.prepare_cached(sql)?.execute([mark])?;
                }
                _ => {}
            }
            Ok(())
        })
    }

    /// Whether a mailbox was deferred lately as strangers' are.
    pub(super) fn greylisting(
        &self,
        mailbox: &Canonical,
        now: Timestamp,
    ) -> Result<Option<Greylisting>, StoreError> {
        let mark = self.key.mark(NameOf::Mailbox, &mailbox.key);
        self.read(|connection| {
            let sql = "SELECT first_seen, retry_at FROM greylisting \
                       WHERE mark = ?1 AND valid_until > ?2";
            let mut query = connection.prepare_cached(sql)?;
            let times = |row: &Row<'_>| {
                Ok(Greylisting { first_seen: time(row.get(0)?), retry_at: time(row.get(1)?) })
            };
            query.query_row(params![mark, now.as_second()], times).optional()
        })
    }

    /// Whether a domain takes mail for any mailbox, if one of these servers has shown it.
    pub(super) fn catch_all(
        &self,
        domain: &Domain,
        hosts: &[HostName],
        now: Timestamp,
    ) -> Result<KnownCatchAll, StoreError> {
        let mark = self.key.mark(NameOf::Domain, domain.ascii());
        let row: Option<(String, Vec<u8>, i64)> = self.read(|connection| {
            let sql = "SELECT answer, host, asked_at FROM catch_all \
                       WHERE mark = ?1 AND valid_until > ?2";
            let mut query = connection.prepare_cached(sql)?;
            let columns = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            query.query_row(params![mark, now.as_second()], columns).optional()
        })?;
        let row = row.filter(|(_, host, _)| self.host_of(host, hosts).is_some());
        Ok(row.map_or(KnownCatchAll::UNKNOWN, |(answer, _, asked_at)| {
            KnownCatchAll::shown(catch_all_of(&answer), time(asked_at))
        }))
    }

    /// Keeps whether a domain takes mail for any mailbox.
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
        let mark = self.key.mark(NameOf::Domain, domain.ascii());
        let host = self.key.mark(NameOf::Host, host.as_str());
        let valid_until = after(asked_at, CATCH_ALL_LIFETIME).as_second();
        self.change_and_prune(asked_at, |change| {
            let sql = "INSERT OR REPLACE INTO catch_all (mark, answer, host, asked_at, valid_until) \
                       VALUES (?1, ?2, ?3, ?4, ?5)";
            let answer = catch_all_code(catch_all);
            let values = params![mark, answer, host, asked_at.as_second(), valid_until];
            change.prepare_cached(sql)?.execute(values)?;
            Ok(())
        })
    }
}

/// The evidence in a row, without its host, and the mark of that; none where another version of mailvet
/// wrote something that this one does not know.
pub(super) fn evidence_of_row(
    row: &Row<'_>,
) -> rusqlite::Result<Option<(Evidence, Option<Vec<u8>>)>> {
    let (status, catch_all): (String, Option<String>) = (row.get(0)?, row.get(1)?);
    let Some(mailbox) = mailbox_evidence(&status, catch_all.as_deref()) else { return Ok(None) };
    let (enhanced, detail): (Option<String>, Option<String>) = (row.get(3)?, row.get(4)?);
    let retry_at: Option<i64> = row.get(7)?;
    let evidence = Evidence {
        mailbox,
        code: row.get(2)?,
        enhanced: enhanced.as_deref().and_then(enhanced_of),
        detail: detail.map(Box::from),
        host: None,
        asked_at: time(row.get(6)?),
        retry_at: retry_at.map(time),
    };
    Ok(Some((evidence, row.get(5)?)))
}

/// What a status stands for that can be kept.
fn mailbox_evidence(status: &str, catch_all: Option<&str>) -> Option<MailboxEvidence> {
    let catch_all = catch_all.map_or(CatchAll::Unknown, catch_all_of);
    [
        MailboxEvidence::Accepted { catch_all },
        MailboxEvidence::NotFound,
        MailboxEvidence::Disabled,
        MailboxEvidence::Full,
        MailboxEvidence::Greylisted,
        MailboxEvidence::Refused,
        MailboxEvidence::RateLimited,
        MailboxEvidence::Deferred,
        MailboxEvidence::Timeout,
        MailboxEvidence::Unreachable,
        MailboxEvidence::ProtocolError,
        MailboxEvidence::TlsFailed,
        MailboxEvidence::Smtputf8Unsupported,
        // Only in a journal: elsewhere it is not kept.
        MailboxEvidence::Paused,
    ]
    .into_iter()
    .find(|evidence| evidence.code() == status)
}

fn catch_all_code(catch_all: CatchAll) -> &'static str {
    match catch_all {
        CatchAll::Yes => "yes",
        CatchAll::No => "no",
        CatchAll::Unknown => "unknown",
    }
}

fn catch_all_of(code: &str) -> CatchAll {
    match code {
        "yes" => CatchAll::Yes,
        "no" => CatchAll::No,
        _ => CatchAll::Unknown,
    }
}

fn enhanced_of(text: &str) -> Option<[u16; 3]> {
    let numbers: Vec<u16> = text.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    numbers.try_into().ok()
}

/// Whether a text can be one of our codes, and nothing that somebody else said.
fn is_code(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=MAX_CODE_OCTETS).contains(&text.len()) && text.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_as_old_as_its_oldest_part() {
        let day = |number: i64| Timestamp::from_second(number * 24 * 3600).unwrap();
        let accepted = MailboxEvidence::Accepted { catch_all: CatchAll::Unknown };
        let shown = |at| KnownCatchAll::shown(CatchAll::No, at);
        // When the mailbox was asked about, what is known of made-up ones, the age of all of it.
        let cases = [
            ("shown six days ago", accepted, day(10), shown(day(4)), day(4)),
            ("shown on the same connection", accepted, day(10), shown(day(10)), day(10)),
            ("shown since", accepted, day(10), shown(day(11)), day(10)),
            ("a list says so", accepted, day(10), KnownCatchAll::listed(CatchAll::No), day(10)),
            ("not accepted", MailboxEvidence::NotFound, day(10), shown(day(4)), day(10)),
        ];
        for (name, mailbox, asked_at, known, expected) in cases {
            let evidence = Evidence::without_reply(mailbox, asked_at).with_catch_all(known);
            assert_eq!(evidence.asked_at, expected, "{name}");
            if mailbox == accepted {
                assert_eq!(evidence.valid_until(), Some(after(expected, 7 * DAY)), "{name}");
            }
        }
    }

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
