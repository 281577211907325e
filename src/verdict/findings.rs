//! The findings about a text: the input of the rule table.

use std::net::IpAddr;

use serde::Serialize;

use crate::address::{Quoting, SyntaxCode};
use crate::catalog::OperatorDecision;
use crate::evidence::MailboxStatus;
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
    /// What the mail server said; none unless the depth is `mailbox`.
    pub mailbox: Option<MailboxStatus>,
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
