//! The closed set of reasons, each with its code, its verdict and its default advice.
//!
//! The order of the variants is the order in which reasons are listed.

use serde::Serialize;
use strum::{EnumIter, IntoEnumIterator as _, IntoStaticStr};

use super::{Advice, Verdict};
use crate::address::SyntaxCode;

/// One finding that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, IntoStaticStr, Serialize)]
#[serde(into = "&'static str")]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    /// The operator's list denies the address, its domain or its mail server.
    DeniedByOperator,
    /// The text is no address.
    #[strum(transparent)]
    Syntax(SyntaxCode),
    /// A special-use name, which has no mailboxes.
    DomainReserved,
    /// There is no such domain.
    DomainNotFound,
    /// The domain says that it accepts no mail (null MX).
    DomainTakesNoMail,
    /// The domain exists, without a mail server or an address.
    DomainHasNoMailServer,
    /// No mail server of the domain can be reached from the internet.
    MailServerUnusable,
    /// The mail server says that there is no such mailbox.
    MailboxNotFound,
    /// The mail server says that the mailbox is disabled.
    MailboxDisabled,
    /// The domain is probably a typo for another.
    DomainTypo,
    /// The domain is made of letters that look like those of another.
    DomainLookalike,
    /// The domain provides disposable mailboxes.
    Disposable,
    /// The part before the `@` is in quotation marks.
    QuotedLocalPart,
    /// The part after the `@` is an IP address.
    AddressLiteral,
    /// The mail server accepts any name, so that it accepted this one means little.
    CatchAll,
    /// The mailbox is full.
    MailboxFull,
    /// The mail server does not accept addresses beyond ASCII.
    Smtputf8Unsupported,
    /// The domain has a null MX beside other MX records.
    NullMxContradicted,
    /// The MX records have IP addresses instead of host names.
    MxIsLiteral,
    /// The DNS did not answer in time.
    DnsTimeout,
    /// The DNS gave no usable answer.
    DnsFailure,
    /// The caller's time budget was spent before the DNS had answered.
    TimeBudgetSpent,
    /// The DNS was not asked.
    NotChecked,
    /// The mail server defers unknown clients.
    Greylisted,
    /// The mail server refuses us, for any recipient.
    ProbeRefused,
    /// The mail server says that it was asked too often.
    ProbeRateLimited,
    /// The mail server deferred the recipient.
    ProbeDeferred,
    /// The mail server did not answer in time.
    ProbeTimeout,
    /// The mail server could not be reached.
    ProbeUnreachable,
    /// The mail server's answer is no valid SMTP.
    ProbeProtocolError,
    /// The mail server requires TLS, and no TLS connection could be made.
    ProbeTlsFailed,
    /// The mail server accepted the recipient, and refuses made-up ones.
    MailboxAccepted,
    /// The domain accepts mail, and nothing counts against the address.
    DomainAcceptsMail,
    /// The depth was `mailbox`; the probe is off.
    ProbeOff,
    /// The depth was `mailbox`; probing this mail server is paused.
    ProbePaused,
    /// The depth was `mailbox`; this provider does not reveal which mailboxes exist.
    ProviderNotProbed,
    /// The mailbox belongs to a function rather than to a person.
    RoleAccount,
    /// A forwarding address that hides the user's own.
    Relay,
    /// The operator's list allows the address, its domain or its mail server.
    AllowedByOperator,
}

impl Reason {
    /// Every reason: first those beyond syntax, then the syntax errors.
    pub fn all() -> impl Iterator<Item = Self> {
        let beyond_syntax = Self::iter().filter(|reason| !matches!(reason, Self::Syntax(_)));
        beyond_syntax.chain(SyntaxCode::ALL.into_iter().map(Self::Syntax))
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::all().find(|reason| reason.code() == code)
    }

    /// Whether the domain was probably not meant.
    pub fn is_typo(self) -> bool {
        matches!(self, Self::DomainTypo | Self::DomainLookalike)
    }

    pub fn code(self) -> &'static str {
        self.into()
    }

    /// The verdict that follows from this reason; none for reasons that never decide.
    pub fn verdict(self) -> Option<Verdict> {
        match self {
            Self::Syntax(_)
            | Self::DomainReserved
            | Self::DomainNotFound
            | Self::DomainTakesNoMail
            | Self::DomainHasNoMailServer
            | Self::MailServerUnusable
            | Self::MailboxNotFound
            | Self::MailboxDisabled => Some(Verdict::Undeliverable),
            Self::DomainTypo
            | Self::DomainLookalike
            | Self::Disposable
            | Self::QuotedLocalPart
            | Self::AddressLiteral
            | Self::CatchAll
            | Self::MailboxFull
            | Self::Smtputf8Unsupported
            | Self::NullMxContradicted
            | Self::MxIsLiteral => Some(Verdict::Risky),
            Self::DnsTimeout
            | Self::DnsFailure
            | Self::TimeBudgetSpent
            | Self::NotChecked
            | Self::Greylisted
            | Self::ProbeRefused
            | Self::ProbeRateLimited
            | Self::ProbeDeferred
            | Self::ProbeTimeout
            | Self::ProbeUnreachable
            | Self::ProbeProtocolError
            | Self::ProbeTlsFailed => Some(Verdict::Unknown),
            Self::MailboxAccepted => Some(Verdict::Deliverable),
            Self::DomainAcceptsMail
            | Self::ProbeOff
            | Self::ProbePaused
            | Self::ProviderNotProbed => Some(Verdict::Plausible),
            Self::DeniedByOperator | Self::RoleAccount | Self::Relay | Self::AllowedByOperator => {
                None
            }
        }
    }

    /// The advice unless `[policy.advice]` says otherwise: reject certain failures, ask the user to confirm likely
    /// typos, accept what could not be judged.
    pub fn default_advice(self) -> Advice {
        match self {
            Self::DeniedByOperator => Advice::Reject,
            Self::DomainTypo | Self::DomainLookalike | Self::Disposable => Advice::Confirm,
            _ if self.verdict() == Some(Verdict::Undeliverable) => Advice::Reject,
            _ => Advice::Accept,
        }
    }
}
