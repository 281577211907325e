//! The report on one text: everything that was found out, the judgement, and the forms in which it is written.
//!
//! ```text
//! Validator ──► Report ─┬─ json(JsonForm) ──► JsonReport ── serde ──► service: answer; check --json: visible_json
//!                       ├─ text(ServerText) ─► TextReport ── Display ─► check: terminal
//!                       └─ Column::of ──────► one cell each: clean, as CSV, JSON lines or any other list
//! ```
//!
//! `json` has the names and the order of the JSON fields, `columns` the columns that `clean` adds, `text` the form for
//! a terminal. `visible` escapes what could mislead a terminal. `fixed` decides which address to use from now on.

mod columns;
mod fixed;
mod json;
mod text;
mod visible;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::address::{Address, SyntaxError};
use crate::cache::{LearnedRoute, Timing};
use crate::catalog::Canonical;
use crate::evidence::{Evidence, MailboxStatus};
use crate::route::{Exchanger, Failure, MailRoute};
use crate::smtp::dial::DialError;
use crate::typo::Confidence;
use crate::verdict::{Flags, Judgement};

pub use columns::{Column, UnknownColumn};
pub(crate) use fixed::FixInput;
pub use json::{JsonForm, JsonReport};
pub(crate) use text::style_for;
pub use text::{PORT_25_HINT, PROBE_OFF_HINT, ServerText, TextReport};
pub use visible::{beginning, visible, visible_json};

/// The report on one text.
// No `Debug` here and below: a report holds addresses, which must not get into a log.
#[derive(Clone)]
pub struct Report {
    /// The text as given.
    pub email: String,
    pub judgement: Judgement,
    /// One sentence for people.
    pub message: String,
    /// The address that was probably meant.
    pub suggestion: Option<SuggestedAddress>,
    /// Why the text is no address.
    pub syntax_error: Option<SyntaxError>,
    /// None where the text is no address.
    pub address: Option<AddressFacts>,
    /// Evidence from the DNS.
    pub dns: DomainEvidence,
    /// Evidence from the DNS about the suggested domain, if that was looked up.
    pub suggested_dns: DomainEvidence,
    /// Evidence from the mail server; none unless the depth was `mailbox`.
    pub mailbox: Option<MailboxFacts>,
    /// When the report was made. Cached evidence is older: see [`Report::checked_at`].
    pub made_at: Timestamp,
    /// How long it took.
    pub elapsed: Duration,
}

/// An address that was probably meant.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct SuggestedAddress {
    pub email: String,
    /// Its domain, in U-labels.
    pub domain: String,
    pub confidence: Confidence,
}

/// What the text and the lists say of a well-formed address.
#[derive(Clone)]
pub struct AddressFacts {
    pub address: Address,
    /// The key of the mailbox, the same for all its spellings.
    pub canonical: Canonical,
    /// Whether something pasted around it was removed.
    pub cleaned: bool,
    pub flags: Flags,
    /// The id of the provider that owns the domain.
    pub provider: Option<Box<str>>,
}

/// Evidence about the mailbox.
#[derive(Clone)]
pub struct MailboxFacts {
    pub evidence: Evidence,
    /// Whether it was cached.
    pub timing: Timing,
    /// When a list run with `--wait` will ask again.
    pub next_attempt: Option<Timestamp>,
}

impl MailboxFacts {
    /// Whether the connection timed out, as where a network blocks port 25.
    pub fn never_answered(&self) -> bool {
        self.evidence.status == MailboxStatus::Unreachable
            && self.evidence.detail.as_deref() == Some(DialError::TimedOut.code())
    }
}

/// Evidence about the domain, from the domain stage to the report.
#[derive(Clone)]
pub enum DomainEvidence {
    /// An IP address instead of a domain.
    Literal(IpAddr),
    /// A special-use name, which is not looked up.
    Reserved,
    /// The DNS was not to be asked.
    NotAsked,
    /// The DNS had not answered within the caller's time budget.
    OutOfTime,
    /// The route of the domain, or why there is none.
    Learned(Arc<LearnedRoute>, Timing),
}

impl DomainEvidence {
    /// `dns.status` in JSON.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Literal(_) | Self::Reserved | Self::NotAsked => "skipped",
            Self::OutOfTime => "timeout",
            Self::Learned(learned, _) => match learned.route {
                MailRoute::Exchangers(_) => "mx",
                MailRoute::Implicit(_) => "implicit_mx",
                MailRoute::Null => "null_mx",
                MailRoute::NoService => "no_mail_server",
                MailRoute::NoDomain | MailRoute::NoTarget => "not_found",
                MailRoute::Unusable => "unusable",
                MailRoute::Unresolved(Failure::Timeout) => "timeout",
                MailRoute::Unresolved(_) => "failure",
            },
        }
    }

    /// The mail exchangers by preference; empty unless the status is `mx`.
    pub fn exchangers(&self) -> &[Exchanger] {
        match self {
            Self::Learned(learned, _) => match &learned.route {
                MailRoute::Exchangers(exchangers) => &exchangers.hosts,
                _ => &[],
            },
            Self::Literal(_) | Self::Reserved | Self::NotAsked | Self::OutOfTime => &[],
        }
    }
}

impl Report {
    /// When the oldest evidence was gathered: about the domain, the suggested domain, the mailbox and random
    /// recipients. Without evidence, when the report was made.
    pub fn checked_at(&self) -> Timestamp {
        let domains = self.routes().map(|(learned, _)| learned.asked_at);
        let mailbox = self.mailbox.as_ref().map(|mailbox| mailbox.evidence.asked_at);
        domains.chain(mailbox).min().unwrap_or(self.made_at)
    }

    /// Until when all of the evidence is valid; none without evidence.
    pub fn valid_until(&self) -> Option<Timestamp> {
        let DomainEvidence::Learned(..) = &self.dns else { return None };
        let end = |learned: &LearnedRoute| {
            learned.asked_at.saturating_add(learned.lifetime).unwrap_or(Timestamp::MAX)
        };
        let domains = self.routes().map(|(learned, _)| end(learned));
        let mailbox = self.mailbox.as_ref().and_then(|mailbox| mailbox.evidence.valid_until());
        domains.chain(mailbox).min()
    }

    /// Whether all of the evidence was cached.
    pub fn is_cached(&self) -> bool {
        let is_cached = |mailbox: &MailboxFacts| {
            let was_wanted = !matches!(mailbox.evidence.status, MailboxStatus::NotProbed(_));
            !was_wanted || mailbox.timing == Timing::Cached
        };
        matches!(self.dns, DomainEvidence::Learned(..))
            && self.routes().all(|(_, timing)| timing == Timing::Cached)
            && self.mailbox.as_ref().is_none_or(is_cached)
    }

    /// The routes of the domain and of the suggested one.
    fn routes(&self) -> impl Iterator<Item = (&LearnedRoute, Timing)> {
        [&self.dns, &self.suggested_dns].into_iter().filter_map(|dns| match dns {
            DomainEvidence::Learned(learned, timing) => Some((&**learned, *timing)),
            DomainEvidence::Literal(_)
            | DomainEvidence::Reserved
            | DomainEvidence::NotAsked
            | DomainEvidence::OutOfTime => None,
        })
    }
}
