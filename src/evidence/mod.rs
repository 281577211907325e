//! Evidence of a mailbox: one type from the mail server's reply to the report. Pure.
//!
//! ```text
//! smtp::RecipientOutcome   what came of one RCPT TO on the wire
//!        │  reply rules: reply::About
//!        ▼
//!     Evidence ──▶ cache, store, journal
//!        │  its MailboxStatus
//!        ├──────▶ verdict::judge
//!        └──────▶ report::MailboxFacts
//! ```
//!
//! [`Evidence`] says what a mailbox's server answered, or why there is no answer: a server that was not
//! asked is a [`MailboxStatus`] too, because the journal keeps it and a report shows when to try again.

mod catch_all;
mod status;

use std::time::Duration;

use jiff::Timestamp;

use crate::reply::{About, EnhancedCode, UsDetail};
use crate::route::HostName;

pub use catch_all::{CATCH_ALL_LIFETIME, CatchAll, KnownCatchAll};
pub use status::{MailboxStatus, NotProbed};

/// What is known of a mailbox.
#[derive(Clone, PartialEq, Eq)]
pub struct Evidence {
    pub status: MailboxStatus,
    /// The reply code; none where there was no reply.
    pub code: Option<u16>,
    pub enhanced: Option<EnhancedCode>,
    /// What the reply was about, why the connection failed or why asking is paused, as one of our codes.
    pub detail: Option<Box<str>>,
    /// The server's own words, for the operator. Neither the cache nor the store keeps them.
    pub text: Option<Box<str>>,
    /// The mail server that was asked.
    pub host: Option<HostName>,
    /// When it was asked; the time of the catch-all result where that is older.
    pub asked_at: Timestamp,
    /// When asking again makes sense, for a temporary result.
    pub retry_at: Option<Timestamp>,
}

impl Evidence {
    pub fn without_reply(status: MailboxStatus, asked_at: Timestamp) -> Self {
        Self {
            status,
            code: None,
            enhanced: None,
            detail: None,
            text: None,
            host: None,
            asked_at,
            retry_at: None,
        }
    }

    /// Evidence for every mailbox of a catch-all domain, as old as the catch-all result.
    pub fn of_catch_all_domain(known: KnownCatchAll, now: Timestamp) -> Self {
        let accepted = MailboxStatus::Accepted { catch_all: CatchAll::Yes };
        Self::without_reply(accepted, now).with_catch_all(known)
    }

    /// Adds the catch-all result to an accepted recipient. The evidence is as old as its oldest part.
    #[must_use]
    pub fn with_catch_all(mut self, known: KnownCatchAll) -> Self {
        if let MailboxStatus::Accepted { catch_all } = &mut self.status {
            *catch_all = known.catch_all;
            self.asked_at = known.asked_at.map_or(self.asked_at, |at| self.asked_at.min(at));
        }
        self
    }

    /// The same refusal by a server that refuses every recipient: it says nothing about the mailbox.
    #[must_use]
    pub fn of_everybody(self) -> Self {
        let detail = UsDetail::RefusesEverybody.code();
        Self { status: MailboxStatus::Refused, detail: Some(detail.into()), ..self }
    }

    /// The same as the cache and the store keep it.
    #[must_use]
    pub fn without_text(self) -> Self {
        Self { text: None, ..self }
    }

    /// What the reply was about; none where there was no reply.
    pub fn about(&self) -> Option<About> {
        self.code?;
        About::from_detail(self.detail.as_deref()?)
    }

    pub fn is_accepted(&self) -> bool {
        matches!(self.status, MailboxStatus::Accepted { .. })
    }

    pub fn is_not_found(&self) -> bool {
        self.status == MailboxStatus::NotFound
    }

    /// When it stops holding; none where it is not kept at all.
    pub fn valid_until(&self) -> Option<Timestamp> {
        let end = after(self.asked_at, self.status.lifetime()?);
        // From `retry_at` on the server may be asked again.
        Some(self.retry_at.map_or(end, |retry_at| end.min(retry_at)))
    }
}

fn after(time: Timestamp, wait: Duration) -> Timestamp {
    time.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_as_old_as_its_oldest_part() {
        let day = |number: i64| Timestamp::from_second(number * 24 * 3600).unwrap();
        let accepted = MailboxStatus::Accepted { catch_all: CatchAll::Unknown };
        let shown = |at| KnownCatchAll::shown(CatchAll::No, at);
        // When the mailbox was asked about, what is known of random ones, the age of all of it.
        let cases = [
            ("shown six days ago", accepted, day(10), shown(day(4)), day(4)),
            ("shown on the same connection", accepted, day(10), shown(day(10)), day(10)),
            ("shown since", accepted, day(10), shown(day(11)), day(10)),
            ("a list says so", accepted, day(10), KnownCatchAll::listed(CatchAll::No), day(10)),
            ("not accepted", MailboxStatus::NotFound, day(10), shown(day(4)), day(10)),
        ];
        for (name, status, asked_at, known, expected) in cases {
            let evidence = Evidence::without_reply(status, asked_at).with_catch_all(known);
            assert_eq!(evidence.asked_at, expected, "{name}");
            if status == accepted {
                let week = Duration::from_secs(7 * 24 * 3600);
                assert_eq!(evidence.valid_until(), Some(after(expected, week)), "{name}");
            }
        }
    }

    #[test]
    fn the_meaning_of_a_reply_is_found_again_from_its_detail() {
        for about in About::all() {
            let status = about.mailbox_status().unwrap_or(MailboxStatus::ProtocolError);
            let evidence = Evidence {
                code: Some(550),
                detail: Some(about.detail().into()),
                ..Evidence::without_reply(status, Timestamp::UNIX_EPOCH)
            };
            assert_eq!(evidence.about(), Some(about));
            assert_eq!(Evidence { code: None, ..evidence }.about(), None, "no reply");
        }
    }
}
