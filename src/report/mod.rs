//! The report on one text: what was found out, how it was judged, and its forms.
//!
//! The names of JSON fields stand in `json` and nowhere else; `text` is the form for people.

mod columns;
mod fixed;
mod json;
mod text;
mod visible;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::address::{Address, SyntaxError};
use crate::cache::{LearnedRoute, Timing};
use crate::catalog::Canonical;
use crate::route::{Exchanger, MailRoute};
use crate::smtp::dial::DialError;
use crate::store::Evidence;
use crate::typo::Confidence;
use crate::verdict::{Judgement, MailboxEvidence};

pub use columns::{Column, UnknownColumn};
pub(crate) use fixed::FixInput;
pub use json::{Form, JsonReport};
pub(crate) use text::look;
pub use text::{PORT_25_HINT, PROBE_OFF_HINT, TextReport, Wording};
pub use visible::{beginning, visible, visible_json};

/// Everything that is said about one text.
// No `Debug` here and below: a report is full of what must not get into a log.
#[derive(Clone)]
pub struct Report {
    /// The text as it was given.
    pub email: String,
    /// The verdict, with its reasons and advice.
    pub judgement: Judgement,
    /// The judgement in a sentence for people.
    pub message: String,
    /// What was probably meant instead.
    pub suggestion: Option<SuggestedAddress>,
    /// Why the text is no address; none where it is one.
    pub syntax_error: Option<SyntaxError>,
    /// The address; none where the text is none.
    pub address: Option<AddressFacts>,
    /// What the DNS said.
    pub dns: DomainEvidence,
    /// What it said of the domain that is suggested, where that was asked for.
    pub suggested_dns: DomainEvidence,
    /// What the mail server said; none where nobody wanted to know.
    pub mailbox: Option<MailboxFacts>,
    /// When the report was made. Evidence from memory is older: see [`Report::checked_at`].
    pub made_at: Timestamp,
    /// How long it took.
    pub elapsed: Duration,
}

/// An address that was probably meant.
#[derive(Clone, PartialEq, Eq)]
pub struct SuggestedAddress {
    /// The whole address.
    pub email: String,
    /// Its domain, in U-labels.
    pub domain: String,
    /// How likely it was meant.
    pub confidence: Confidence,
}

/// What is known of a well-formed address without asking anybody.
#[derive(Clone)]
pub struct AddressFacts {
    /// The address.
    pub address: Address,
    /// Its canonical form.
    pub canonical: Canonical,
    /// Whether something pasted around it was taken away.
    pub cleaned: bool,
    /// What the lists say.
    pub flags: Flags,
    /// The id of the provider whose domain it is.
    pub provider: Option<Box<str>>,
}

/// What the lists say of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Its domain hands out mailboxes to throw away.
    pub disposable: bool,
    /// It forwards to somebody who keeps their own address private.
    pub relay: bool,
    /// It belongs to a function rather than to a person.
    pub role: bool,
    /// Its domain's mailboxes are free for anybody.
    pub free: bool,
}

/// What the mail server said of the mailbox.
#[derive(Clone)]
pub struct MailboxFacts {
    /// What it comes to.
    pub evidence: Evidence,
    /// The server's own words, for the operator's eyes. They are kept nowhere.
    pub text: Option<Box<str>>,
    /// Whether it was known already.
    pub freshness: Timing,
    /// When it will be asked about again, in the work on a list that waits for that.
    pub come_back: Option<Timestamp>,
}

impl MailboxFacts {
    /// Whether nothing at all came back when a connection was tried, as where port 25 is blocked on the way.
    pub fn never_answered(&self) -> bool {
        self.evidence.mailbox == MailboxEvidence::Unreachable
            && self.evidence.detail.as_deref() == Some(DialError::TimedOut.code())
    }
}

/// What is known of the domain, from the domain stage to the report.
#[derive(Clone)]
pub enum DomainEvidence {
    /// There is no domain, but an IP address.
    Literal(IpAddr),
    /// It is a special-use name, which the DNS is not asked about.
    Reserved,
    /// The DNS was not asked, or may not be.
    NotAsked,
    /// There was no answer when the caller's time was over.
    OutOfTime,
    /// The route of the domain, or why there is none.
    Learned(Arc<LearnedRoute>, Timing),
}

impl DomainEvidence {
    /// The status as clients see it.
    pub fn code(&self) -> &'static str {
        use crate::route::Failure;
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

    /// The mail exchangers by preference; none unless the status is `mx`.
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
    /// When the oldest of the evidence that it rests on was gathered, whoever asked for it then: the DNS about
    /// the domain, and about one that is suggested because it accepts mail; the mail server about the mailbox,
    /// and about made-up ones. Where nobody was asked, when it was made.
    pub fn checked_at(&self) -> Timestamp {
        let domains = self.routes().map(|(learned, _)| learned.asked_at);
        let mailbox = self.mailbox.as_ref().map(|mailbox| mailbox.evidence.asked_at);
        domains.chain(mailbox).min().unwrap_or(self.made_at)
    }

    /// Until when all of the evidence holds; none where nothing was asked.
    pub fn valid_until(&self) -> Option<Timestamp> {
        let DomainEvidence::Learned(..) = &self.dns else { return None };
        let end = |learned: &LearnedRoute| {
            learned.asked_at.saturating_add(learned.lifetime).unwrap_or(Timestamp::MAX)
        };
        let domains = self.routes().map(|(learned, _)| end(learned));
        let mailbox = self.mailbox.as_ref().and_then(|mailbox| mailbox.evidence.valid_until());
        domains.chain(mailbox).min()
    }

    /// Whether all of the evidence was known before the question came.
    pub fn is_cached(&self) -> bool {
        let is_cached = |mailbox: &MailboxFacts| {
            let was_wanted = !matches!(mailbox.evidence.mailbox, MailboxEvidence::NotProbed(_));
            !was_wanted || mailbox.freshness == Timing::Cached
        };
        matches!(self.dns, DomainEvidence::Learned(..))
            && self.routes().all(|(_, freshness)| freshness == Timing::Cached)
            && self.mailbox.as_ref().is_none_or(is_cached)
    }

    /// What was learned of domains.
    fn routes(&self) -> impl Iterator<Item = (&LearnedRoute, Timing)> {
        [&self.dns, &self.suggested_dns].into_iter().filter_map(|dns| match dns {
            DomainEvidence::Learned(learned, freshness) => Some((&**learned, *freshness)),
            DomainEvidence::Literal(_)
            | DomainEvidence::Reserved
            | DomainEvidence::NotAsked
            | DomainEvidence::OutOfTime => None,
        })
    }
}
