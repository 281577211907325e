//! What a reply speaks of, as closed sets of codes.

use strum::{EnumIter, IntoEnumIterator as _, IntoStaticStr};

use crate::verdict::{CatchAll, MailboxEvidence};

/// What a reply speaks of, and precisely what it says of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum About {
    /// The mailbox that was asked about.
    Mailbox(MailboxDetail),
    /// Whoever asks, or what they sent: the mailbox may exist or not.
    Us(UsDetail),
    /// The moment: it may be different later, for the same mailbox and the same client.
    Now(NowDetail),
}

/// What is said of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum MailboxDetail {
    /// It takes mail.
    #[strum(serialize = "recipient_accepted")]
    Accepted,
    /// Mail to it is sent on (251).
    #[strum(serialize = "recipient_forwarded")]
    Forwarded,
    /// The server takes the mail without knowing the mailbox (252): no proof that there is one.
    #[strum(serialize = "recipient_not_verified")]
    NotVerified,
    /// There is none of this name.
    NoSuchMailbox,
    /// Its owner has left.
    #[strum(serialize = "mailbox_moved")]
    Moved,
    /// There can be none: the server calls the address malformed.
    BadAddress,
    /// There is none: the server knows no such domain.
    NoSuchDomain,
    /// It is switched off.
    #[strum(serialize = "mailbox_disabled")]
    Disabled,
    /// It is full.
    #[strum(serialize = "mailbox_full")]
    Full,
}

/// What is said of whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum UsDetail {
    /// A command before the recipient was accepted: nobody asked about a mailbox yet.
    CommandAccepted,
    /// Our IP address or domain is on a block list.
    Blocklisted,
    /// Our IP address or domain has a bad name with them.
    BadReputation,
    /// The reverse DNS of our IP address is missing or does not lead back.
    NoReverseDns,
    /// They do not like the name in our HELO.
    BadHelo,
    /// They do not take mail from this sender.
    SenderRefused,
    /// SPF, DKIM or DMARC failed.
    AuthPolicy,
    /// We sent or asked too much.
    RateLimited,
    /// We asked for too many mailboxes that do not exist, or made other errors.
    TooManyErrors,
    /// They take no mail for this domain from strangers.
    RelayDenied,
    /// They do not serve this domain.
    DomainNotAccepted,
    /// They take mail only from who has logged in.
    AuthRequired,
    /// They take mail only over TLS.
    TlsRequired,
    /// They refused to start TLS.
    TlsRefused,
    /// This recipient takes mail from some senders only.
    RecipientRestricted,
    /// The message itself was refused.
    MessagePolicy,
    /// The message is too large.
    MessageTooLarge,
    /// The server cannot take an address beyond ASCII.
    Smtputf8Unsupported,
    /// A rule of theirs, they do not say which.
    Policy,
    /// They refuse every recipient in the same words, postmaster too.
    RefusesEverybody,
    /// They do not understand us, or we them.
    ProtocolError,
    /// Refused, and nobody can tell why.
    Unclear,
}

/// What is said of the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum NowDetail {
    /// Strangers have to come back.
    Greylisted,
    /// Too many connections.
    TooManyConnections,
    /// Too many recipients in one go.
    TooManyRecipients,
    /// The mailbox gets more mail than it may.
    ReceivingTooFast,
    /// The mailbox cannot be used at the moment.
    MailboxBusy,
    /// The server could not find out whether the mailbox exists.
    #[strum(serialize = "mailbox_unverified")]
    Unverified,
    /// The server has troubles of its own.
    ServerTrouble,
    /// The server cannot reach what it needs: loops, the DNS, another server.
    RoutingTrouble,
    /// Later, and they do not say why.
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

    /// Whether it can be said in a refusal.
    pub(super) fn is_of_refusals(self) -> bool {
        match self {
            Self::Mailbox(
                MailboxDetail::Accepted | MailboxDetail::Forwarded | MailboxDetail::NotVerified,
            )
            | Self::Us(UsDetail::CommandAccepted)
            // One reply cannot say it.
            | Self::Us(UsDetail::RefusesEverybody) => false,
            Self::Mailbox(_) | Self::Us(_) | Self::Now(_) => true,
        }
    }

    /// What it speaks of.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// What precisely.
    pub fn detail(self) -> &'static str {
        match self {
            Self::Mailbox(detail) => detail.code(),
            Self::Us(detail) => detail.code(),
            Self::Now(detail) => detail.code(),
        }
    }

    /// What it is as evidence of the mailbox; none where nobody asked about it yet. Whether made-up
    /// recipients are accepted too, one reply cannot tell.
    pub fn evidence(self) -> Option<MailboxEvidence> {
        Some(match self {
            Self::Mailbox(detail) => detail.evidence(),
            Self::Us(detail) => return detail.evidence(),
            Self::Now(detail) => detail.evidence(),
        })
    }

    /// The status of the mailbox that follows, as clients see it.
    pub fn status(self) -> &'static str {
        self.evidence().map_or("not_probed", MailboxEvidence::code)
    }
}

impl MailboxDetail {
    /// The code as clients see it.
    pub fn code(self) -> &'static str {
        self.into()
    }

    fn evidence(self) -> MailboxEvidence {
        match self {
            Self::Accepted | Self::Forwarded | Self::NotVerified => {
                MailboxEvidence::Accepted { catch_all: CatchAll::Unknown }
            }
            Self::NoSuchMailbox | Self::Moved | Self::BadAddress | Self::NoSuchDomain => {
                MailboxEvidence::NotFound
            }
            Self::Disabled => MailboxEvidence::Disabled,
            Self::Full => MailboxEvidence::Full,
        }
    }
}

impl UsDetail {
    /// The code as clients see it.
    pub fn code(self) -> &'static str {
        self.into()
    }

    fn evidence(self) -> Option<MailboxEvidence> {
        Some(match self {
            Self::CommandAccepted => return None,
            Self::Blocklisted
            | Self::BadReputation
            | Self::NoReverseDns
            | Self::BadHelo
            | Self::SenderRefused
            | Self::AuthPolicy
            | Self::RelayDenied
            | Self::DomainNotAccepted
            | Self::AuthRequired
            | Self::RecipientRestricted
            | Self::MessagePolicy
            | Self::MessageTooLarge
            | Self::Policy
            | Self::RefusesEverybody
            | Self::Unclear => MailboxEvidence::Refused,
            Self::RateLimited | Self::TooManyErrors => MailboxEvidence::RateLimited,
            Self::TlsRequired | Self::TlsRefused => MailboxEvidence::TlsFailed,
            Self::Smtputf8Unsupported => MailboxEvidence::Smtputf8Unsupported,
            Self::ProtocolError => MailboxEvidence::ProtocolError,
        })
    }

    /// Whether every other recipient there would be refused as well, so that asking on is of no use and
    /// does harm.
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
    /// The code as clients see it.
    pub fn code(self) -> &'static str {
        self.into()
    }

    fn evidence(self) -> MailboxEvidence {
        match self {
            Self::Greylisted => MailboxEvidence::Greylisted,
            Self::TooManyConnections | Self::TooManyRecipients => MailboxEvidence::RateLimited,
            Self::ReceivingTooFast
            | Self::MailboxBusy
            | Self::Unverified
            | Self::ServerTrouble
            | Self::RoutingTrouble
            | Self::TryLater => MailboxEvidence::Deferred,
        }
    }
}
