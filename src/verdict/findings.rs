//! The findings about a text: the input of the rule table.

use std::net::IpAddr;

use serde::Serialize;

use crate::address::{Quoting, SyntaxCode};
use crate::catalog::OperatorDecision;
use crate::route::MailRoute;
use crate::typo::{Confidence, TypoKind};

/// Everything that the judgement rests on.
#[derive(Clone, Copy, Debug)]
pub enum Findings<'a> {
    /// The text is no address.
    Malformed {
        code: SyntaxCode,
        /// How likely another address was meant.
        suggestion: Option<Confidence>,
    },
    WellFormed(AddressFindings<'a>),
}

/// The findings about a well-formed address.
#[derive(Clone, Copy, Debug)]
pub struct AddressFindings<'a> {
    pub quoting: Quoting,
    pub host: HostFindings<'a>,
    /// What its mail server said.
    pub mailbox: Mailbox,
    /// The domain that was probably meant.
    pub typo: Option<Typo>,
    pub flags: Flags,
    /// Whether the operator's own list allows or denies it.
    pub decision: Option<OperatorDecision>,
}

/// What is known of the part after the `@`.
#[derive(Clone, Copy, Debug)]
pub enum HostFindings<'a> {
    Literal(IpAddr),
    /// A special-use name.
    Reserved,
    /// The DNS was not asked.
    NotAsked,
    /// The DNS had not answered within the caller's time budget.
    OutOfTime,
    Route(&'a MailRoute),
}

/// What is known of the mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mailbox {
    /// Nobody wanted to know.
    NotWanted,
    /// It was wanted; this came of it.
    Wanted(MailboxEvidence),
}

/// What asking the mail server brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailboxEvidence {
    /// The recipient was accepted.
    Accepted {
        /// Whether made-up ones are accepted too.
        catch_all: CatchAll,
    },
    /// No such mailbox.
    NotFound,
    /// The mailbox is switched off.
    Disabled,
    /// The mailbox is full.
    Full,
    /// Strangers are deferred.
    Greylisted,
    /// We are refused, whoever the recipient.
    Refused,
    /// We asked too much.
    RateLimited,
    /// Some other "not now".
    Deferred,
    /// No answer in time.
    Timeout,
    /// No connection.
    Unreachable,
    /// No SMTP that makes sense.
    ProtocolError,
    /// No encryption where the server demands it.
    TlsFailed,
    /// The server cannot take an address beyond ASCII.
    Smtputf8Unsupported,
    /// Asking this server is paused.
    Paused,
    /// Nobody was asked.
    NotProbed(NotProbed),
}

/// Why a mail server was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotProbed {
    /// Asking is switched off.
    Off,
    /// The operator does not want this server to be asked.
    Never,
    /// The provider tells nobody.
    Provider,
}

impl MailboxEvidence {
    /// The status as clients see it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::NotFound => "not_found",
            Self::Disabled => "disabled",
            Self::Full => "full",
            Self::Greylisted => "greylisted",
            Self::Refused => "refused",
            Self::RateLimited => "rate_limited",
            Self::Deferred => "deferred",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::ProtocolError => "protocol_error",
            Self::TlsFailed => "tls_failed",
            Self::Smtputf8Unsupported => "smtputf8_unsupported",
            Self::Paused => "paused",
            Self::NotProbed(_) => "not_probed",
        }
    }
}

/// Whether a mail server takes any recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatchAll {
    /// A made-up recipient was accepted.
    Yes,
    /// A made-up recipient was refused.
    No,
    /// It was not found out.
    Unknown,
}

/// A domain that was probably meant instead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Typo {
    pub kind: TypoKind,
    pub confidence: Confidence,
}

/// What the lists say of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Flags {
    /// The domain provides disposable mailboxes.
    pub disposable: bool,
    /// A forwarding service that hides the user's own address.
    pub relay: bool,
    /// The mailbox belongs to a function, such as `info`, rather than to a person.
    pub role: bool,
    /// The domain's mailboxes are free for anybody.
    pub free: bool,
}
