//! The closed set of meanings that a reply can have.

use strum::{EnumIter, IntoEnumIterator as _, IntoStaticStr};

/// What a reply is about, and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum About {
    /// The mailbox.
    Mailbox(MailboxDetail),
    /// The client, the sender or the message: the mailbox may exist or not.
    Us(UsDetail),
    /// The moment: the answer may be different later, for the same mailbox and the same client.
    Now(NowDetail),
}

/// What a reply says of the mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum MailboxDetail {
    /// It accepts mail.
    #[strum(serialize = "recipient_accepted")]
    Accepted,
    /// Mail to it is forwarded (251).
    #[strum(serialize = "recipient_forwarded")]
    Forwarded,
    /// The server accepts without having verified the mailbox (252): no proof that there is one.
    #[strum(serialize = "recipient_not_verified")]
    NotVerified,
    /// There is no mailbox of this name.
    NoSuchMailbox,
    /// Its owner has left.
    #[strum(serialize = "mailbox_moved")]
    Moved,
    /// The server calls the address malformed.
    BadAddress,
    /// The server knows no such domain.
    NoSuchDomain,
    /// It is switched off.
    #[strum(serialize = "mailbox_disabled")]
    Disabled,
    /// It is full.
    #[strum(serialize = "mailbox_full")]
    Full,
}

/// What a reply says of the client, the sender or the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum UsDetail {
    /// A command that names no recipient was accepted.
    CommandAccepted,
    /// Our IP address or domain is on a block list.
    Blocklisted,
    /// Our IP address or domain has a bad reputation there.
    BadReputation,
    /// The reverse DNS of our IP address is missing or does not lead back.
    NoReverseDns,
    /// The name in our HELO is refused.
    BadHelo,
    /// The sender's address or domain is refused.
    SenderRefused,
    /// SPF, DKIM or DMARC failed.
    AuthPolicy,
    /// We sent too much.
    RateLimited,
    /// Too many recipients that do not exist, or other errors of ours.
    TooManyErrors,
    /// The server does not relay to this domain.
    RelayDenied,
    /// The server does not serve this domain.
    DomainNotAccepted,
    /// The client has to log in first.
    AuthRequired,
    /// TLS is required.
    TlsRequired,
    /// The server refused to start TLS.
    TlsRefused,
    /// The recipient accepts mail from some senders only.
    RecipientRestricted,
    /// The message itself was refused.
    MessagePolicy,
    /// The message is too large.
    MessageTooLarge,
    /// The server does not accept addresses beyond ASCII.
    Smtputf8Unsupported,
    /// A policy that the reply does not name.
    Policy,
    /// Every recipient is refused in the same words, postmaster too.
    RefusesEverybody,
    /// One side does not understand the other.
    ProtocolError,
    /// Refused without a reason that a rule knows.
    Unclear,
}

/// What a reply says of the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum NowDetail {
    /// Unknown clients are deferred.
    Greylisted,
    /// Too many connections.
    TooManyConnections,
    /// Too many recipients in one conversation.
    TooManyRecipients,
    /// The mailbox receives mail faster than the server allows.
    ReceivingTooFast,
    /// The mailbox cannot be used at the moment.
    MailboxBusy,
    /// The server could not verify whether the mailbox exists.
    #[strum(serialize = "mailbox_unverified")]
    Unverified,
    /// The server has a problem of its own.
    ServerTrouble,
    /// A loop, a DNS problem, or another server that does not answer.
    RoutingTrouble,
    /// Later, without a reason.
    TryLater,
}

impl About {
    /// Every meaning.
    pub fn all() -> impl Iterator<Item = Self> {
        let mailbox = MailboxDetail::iter().map(Self::Mailbox);
        let us = UsDetail::iter().map(Self::Us);
        mailbox.chain(us).chain(NowDetail::iter().map(Self::Now))
    }

    /// The meaning whose [`detail`](Self::detail) this is.
    pub fn from_detail(detail: &str) -> Option<Self> {
        Self::all().find(|about| about.detail() == detail)
    }

    /// Whether a rule for refusals can have this meaning.
    pub(super) fn is_of_refusals(self) -> bool {
        match self {
            Self::Mailbox(
                MailboxDetail::Accepted | MailboxDetail::Forwarded | MailboxDetail::NotVerified,
            )
            | Self::Us(UsDetail::CommandAccepted)
            // Only several replies together show it.
            | Self::Us(UsDetail::RefusesEverybody) => false,
            Self::Mailbox(_) | Self::Us(_) | Self::Now(_) => true,
        }
    }

    pub fn code(self) -> &'static str {
        self.into()
    }

    /// The code of its detail.
    pub fn detail(self) -> &'static str {
        match self {
            Self::Mailbox(detail) => detail.code(),
            Self::Us(detail) => detail.code(),
            Self::Now(detail) => detail.code(),
        }
    }
}

impl MailboxDetail {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

impl UsDetail {
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Whether the server would refuse every other recipient too, so that probing on is useless and harmful.
    pub fn is_for_every_recipient(self) -> bool {
        match self {
            Self::Blocklisted
            | Self::BadReputation
            | Self::NoReverseDns
            | Self::BadHelo
            | Self::SenderRefused
            | Self::AuthPolicy
            | Self::RateLimited
            | Self::TooManyErrors
            | Self::AuthRequired
            | Self::TlsRequired
            | Self::TlsRefused => true,
            Self::CommandAccepted
            | Self::RelayDenied
            | Self::DomainNotAccepted
            | Self::RecipientRestricted
            | Self::MessagePolicy
            | Self::MessageTooLarge
            | Self::Smtputf8Unsupported
            | Self::Policy
            | Self::RefusesEverybody
            | Self::ProtocolError
            | Self::Unclear => false,
        }
    }
}

impl NowDetail {
    pub fn code(self) -> &'static str {
        self.into()
    }
}
