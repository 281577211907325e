//! The status of a mailbox, and the status that follows from a reply.

use std::time::Duration;

use strum::{EnumIter, IntoEnumIterator as _, IntoStaticStr};

use super::CatchAll;
use crate::reply::{About, MailboxDetail, NowDetail, UsDetail};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What asking the mail server brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum MailboxStatus {
    Accepted {
        /// Whether random recipients are accepted too.
        catch_all: CatchAll,
    },
    NotFound,
    Disabled,
    Full,
    /// The server defers unknown clients.
    Greylisted,
    /// The server refuses us, for any recipient.
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
    /// TLS failed where the server demands it.
    TlsFailed,
    /// The server does not support addresses beyond ASCII.
    Smtputf8Unsupported,
    /// Asking this server is paused by the limiter.
    Paused,
    NotProbed(NotProbed),
}

/// Why a mail server is not asked at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NotProbed {
    /// The probe is switched off.
    #[default]
    Off,
    /// The destination is on the operator's never list.
    Never,
    /// The provider's replies do not distinguish mailboxes.
    Provider,
}

impl MailboxStatus {
    /// The code as clients see it.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// The status that the store and the journal keep under this code. `not_probed` is never kept.
    pub fn from_code(code: &str, catch_all: CatchAll) -> Option<Self> {
        let kept = Self::iter().find(|status| status.code() == code)?;
        match kept {
            Self::Accepted { .. } => Some(Self::Accepted { catch_all }),
            Self::NotProbed(_) => None,
            kept => Some(kept),
        }
    }

    /// Whether a random recipient is accepted, as far as this status says.
    pub fn catch_all(self) -> Option<CatchAll> {
        match self {
            Self::Accepted { catch_all } => Some(catch_all),
            _ => None,
        }
    }

    /// How long it holds; none where it says nothing of the mailbox or its server.
    pub fn lifetime(self) -> Option<Duration> {
        match self {
            Self::Accepted { catch_all: CatchAll::Yes | CatchAll::No }
            | Self::Smtputf8Unsupported => Some(7 * DAY),
            Self::NotFound | Self::Disabled => Some(2 * HOUR),
            // The next probe may find out whether the domain is a catch-all.
            Self::Accepted { catch_all: CatchAll::Unknown }
            | Self::Full
            | Self::Greylisted
            | Self::Refused
            | Self::RateLimited
            | Self::Deferred
            | Self::Timeout
            | Self::Unreachable
            | Self::ProtocolError
            | Self::TlsFailed => Some(15 * MINUTE),
            Self::Paused | Self::NotProbed(_) => None,
        }
    }
}

impl About {
    /// The status that follows; none where no recipient was asked about yet. One reply does not show whether
    /// random recipients are accepted too.
    pub fn mailbox_status(self) -> Option<MailboxStatus> {
        Some(match self {
            Self::Mailbox(detail) => detail.mailbox_status(),
            Self::Us(detail) => return detail.mailbox_status(),
            Self::Now(detail) => detail.mailbox_status(),
        })
    }

    /// The code of that status, as clients see it.
    pub fn status(self) -> &'static str {
        self.mailbox_status().map_or("not_probed", MailboxStatus::code)
    }
}

impl MailboxDetail {
    fn mailbox_status(self) -> MailboxStatus {
        match self {
            Self::Accepted | Self::Forwarded | Self::NotVerified => {
                MailboxStatus::Accepted { catch_all: CatchAll::Unknown }
            }
            Self::NoSuchMailbox | Self::Moved | Self::BadAddress | Self::NoSuchDomain => {
                MailboxStatus::NotFound
            }
            Self::Disabled => MailboxStatus::Disabled,
            Self::Full => MailboxStatus::Full,
        }
    }
}

impl UsDetail {
    fn mailbox_status(self) -> Option<MailboxStatus> {
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
            | Self::Unclear => MailboxStatus::Refused,
            Self::RateLimited | Self::TooManyErrors => MailboxStatus::RateLimited,
            Self::TlsRequired | Self::TlsRefused => MailboxStatus::TlsFailed,
            Self::Smtputf8Unsupported => MailboxStatus::Smtputf8Unsupported,
            Self::ProtocolError => MailboxStatus::ProtocolError,
        })
    }
}

impl NowDetail {
    fn mailbox_status(self) -> MailboxStatus {
        match self {
            Self::Greylisted => MailboxStatus::Greylisted,
            Self::TooManyConnections | Self::TooManyRecipients => MailboxStatus::RateLimited,
            Self::ReceivingTooFast
            | Self::MailboxBusy
            | Self::Unverified
            | Self::ServerTrouble
            | Self::RoutingTrouble
            | Self::TryLater => MailboxStatus::Deferred,
        }
    }
}
