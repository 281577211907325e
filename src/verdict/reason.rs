//! Why a verdict is what it is: the closed set of reasons, each with its row in the table, its code
//! and what a form should do about it unless the operator says otherwise.

use strum::{EnumIter, IntoEnumIterator as _, IntoStaticStr};

use super::{Advice, Verdict};
use crate::address::SyntaxCode;

/// One finding that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    /// The operator's list denies the address, its domain or its mail server.
    DeniedByOperator,
    /// The text is no address.
    #[strum(transparent)]
    Syntax(SyntaxCode),
    /// A special-use name, which is nobody's mail domain.
    DomainReserved,
    /// There is no such domain.
    DomainNotFound,
    /// The domain says that it takes no mail.
    DomainTakesNoMail,
    /// The domain exists, without a mail server or an address.
    DomainHasNoMailServer,
    /// Its mail servers lead nowhere that mail can go.
    MailServerUnusable,
    /// The mail server says that there is no such mailbox.
    MailboxNotFound,
    /// The mail server says that the mailbox is switched off.
    MailboxDisabled,
    /// The domain is probably a typo for another.
    DomainTypo,
    /// The domain is made of letters that look like those of another.
    DomainLookalike,
    /// The domain hands out mailboxes to throw away.
    Disposable,
    /// The part before the `@` is in quotation marks.
    QuotedLocalPart,
    /// The part after the `@` is an IP address.
    AddressLiteral,
    /// The mail server takes every name, so its yes means little.
    CatchAll,
    /// The mailbox is full.
    MailboxFull,
    /// The mail server cannot take addresses beyond ASCII.
    Smtputf8Unsupported,
    /// The domain says that it takes no mail, and names mail servers all the same.
    NullMxContradicted,
    /// The domain names IP addresses where names of mail servers belong.
    MxIsLiteral,
    /// The DNS did not answer in time.
    DnsTimeout,
    /// The DNS could not tell.
    DnsFailure,
    /// The caller's time was over before the DNS had answered.
    TimeBudgetSpent,
    /// The DNS was not asked.
    NotChecked,
    /// The mail server defers strangers.
    Greylisted,
    /// The mail server refuses us, whoever the recipient.
    ProbeRefused,
    /// The mail server was asked too much.
    ProbeRateLimited,
    /// The mail server put us off.
    ProbeDeferred,
    /// The mail server did not answer in time.
    ProbeTimeout,
    /// The mail server could not be reached.
    ProbeUnreachable,
    /// The mail server spoke no SMTP that makes sense.
    ProbeProtocolError,
    /// No encrypted connection came about with a server that wants one.
    ProbeTlsFailed,
    /// The mail server accepted the recipient, and refuses made-up ones.
    MailboxAccepted,
    /// The domain takes mail, and nothing speaks against the address.
    DomainAcceptsMail,
    /// The mailbox was wanted; asking mail servers is switched off.
    ProbeOff,
    /// The mailbox was wanted; asking this mail server is paused.
    ProbePaused,
    /// The mailbox was wanted; this provider tells nobody.
    ProviderNotProbed,
    /// The mailbox belongs to a function rather than to a person.
    RoleAccount,
    /// The address forwards to somebody who keeps their own private.
    Relay,
    /// The operator's list allows the address, its domain or its mail server.
    AllowedByOperator,
}

impl Reason {
    /// Every reason there is.
    pub fn all() -> impl Iterator<Item = Self> {
        let beyond_syntax = Self::iter().filter(|reason| !matches!(reason, Self::Syntax(_)));
        beyond_syntax.chain(SyntaxCode::ALL.into_iter().map(Self::Syntax))
    }

    /// The reason with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::all().find(|reason| reason.code() == code)
    }

    /// Whether the domain was probably not meant.
    pub fn is_typo(self) -> bool {
        matches!(self, Self::DomainTypo | Self::DomainLookalike)
    }

    /// The code as clients see it.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// The verdict of the reason's row in the table; none for reasons that never set one.
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

    /// What a form should do about it, unless the operator says otherwise: certain failures are
    /// rejected, likely typos are asked back, and who could not be judged is let in.
    pub fn default_advice(self) -> Advice {
        match self {
            Self::DeniedByOperator => Advice::Reject,
            Self::DomainTypo | Self::DomainLookalike | Self::Disposable => Advice::Confirm,
            _ if self.verdict() == Some(Verdict::Undeliverable) => Advice::Reject,
            _ => Advice::Accept,
        }
    }
}
