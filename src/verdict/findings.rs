//! What was found out about a text, before anybody judges it.

use std::net::IpAddr;

use crate::address::{Quoting, SyntaxCode};
use crate::catalog::OperatorDecision;
use crate::evidence::MailboxStatus;
use crate::route::MailRoute;
use crate::typo::{Confidence, TypoKind};

/// Everything the judgement rests on.
#[derive(Clone, Copy, Debug)]
pub enum Findings<'a> {
    /// The text is no address.
    Malformed {
        /// What is wrong.
        code: SyntaxCode,
        /// Something else that was probably meant.
        suggestion: Option<Confidence>,
    },
    /// The text is an address.
    WellFormed(AddressFindings<'a>),
}

/// What was found out about an address.
#[derive(Clone, Copy, Debug)]
pub struct AddressFindings<'a> {
    /// How its local part was written.
    pub quoting: Quoting,
    /// What is known of where it leads.
    pub host: HostFindings<'a>,
    /// What its mail server said; none where it was not to be asked.
    pub mailbox: Option<MailboxStatus>,
    /// Another domain that was probably meant.
    pub typo: Option<Typo>,
    /// What the lists say.
    pub marks: Marks,
    /// What the operator's own list says.
    pub word: Option<OperatorDecision>,
}

/// What is known of where an address leads.
#[derive(Clone, Copy, Debug)]
pub enum HostFindings<'a> {
    /// It is an IP address.
    Literal(IpAddr),
    /// It is a special-use name.
    Reserved,
    /// The DNS was not asked.
    NotAsked,
    /// The DNS had not answered when the caller's time was over.
    OutOfTime,
    /// The DNS was asked.
    Route(&'a MailRoute),
}

/// A domain that was probably meant instead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Typo {
    /// How the two are alike.
    pub kind: TypoKind,
    /// How likely the other one was meant.
    pub confidence: Confidence,
}

/// What the lists say of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Its domain hands out mailboxes to throw away.
    pub disposable: bool,
    /// It forwards to somebody who keeps their own address private.
    pub relay: bool,
    /// It belongs to a function rather than to a person.
    pub role: bool,
}
