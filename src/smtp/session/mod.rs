//! A session with one server, from the banner to QUIT.

mod channel;
mod client;
mod known_faults;
mod transaction;

use std::sync::Arc;
use std::time::Duration;

pub use channel::Synchronisation;
pub use client::{Identity, SmtpClient};
pub use transaction::MAX_IN_FLIGHT;

use super::dial::{DialError, Target};
use super::wire::{Features, Malformed};
use crate::reply::{Reply, Stage};
use channel::{CLOSING, Channel};
use known_faults::KnownFaults;
use transaction::Envelope;

/// Deadlines of a session. RFC 5321 §4.5.3.2 has senders wait for minutes, since a message is at stake; a probe
/// can be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the connection to one address.
    pub connect: Duration,
    /// For the banner, which servers delay for clients that cannot wait.
    pub banner: Duration,
    /// For each later reply, and for encryption. A default Postfix delays clients that never send a message by
    /// a second or more, and a server that asks another one first takes longer.
    pub reply: Duration,
    /// From the first dial to the last reply.
    pub whole: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            banner: Duration::from_secs(30),
            reply: Duration::from_secs(30),
            whole: Duration::from_secs(60),
        }
    }
}

/// What came of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecipientOutcome {
    /// The server replied to RCPT TO ([`Stage::RcptTo`]), or refused MAIL FROM before it ([`Stage::MailFrom`]).
    Answered(Stage, Reply),
    /// The session ended before a reply, which says nothing about the recipient.
    NotAsked(SessionError),
    /// The caller wanted to stop before this recipient was sent.
    Stopped,
    /// The address is not ASCII, and the server does not offer SMTPUTF8.
    Smtputf8Unsupported,
}

/// Why a session ended too early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the conversation ended at {stage:?}: {cause}")]
pub struct SessionError {
    pub stage: Stage,
    pub cause: Cause,
}

/// What ended a session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// There was no connection.
    #[error(transparent)]
    Unreachable(DialError),
    /// The server refused a step that is required, or sent 421.
    #[error("the server refused to go on")]
    Reply(Reply),
    /// No reply in time.
    #[error("no reply in time")]
    Timeout,
    /// The server disconnected.
    #[error("the connection was dropped")]
    Dropped,
    /// The server does not keep to SMTP.
    #[error(transparent)]
    Malformed(Malformed),
    /// The TLS handshake broke the connection, or the server demands TLS after it failed.
    #[error("encryption failed")]
    Tls,
}

impl SessionError {
    /// Whether replies may belong to other commands than those they were matched with.
    pub fn is_out_of_step(&self) -> bool {
        matches!(self.cause, Cause::Malformed(malformed) if malformed.is_out_of_step())
    }
}

impl Cause {
    /// A short name for metrics and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Reply(_) => "reply",
            Self::Timeout => "timeout",
            Self::Dropped => "dropped",
            Self::Malformed(_) => "malformed",
            Self::Tls => "tls",
        }
    }
}

/// How a session is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    Tls,
    /// TLS is not offered.
    NotOffered,
    /// TLS is offered and does not work. If the server then demands it, the session ends with [`Cause::Tls`].
    Failed,
}

/// A session with a server that is ready for recipients.
///
/// It should end with [`Session::quit`]: servers count clients that disconnect, and only the reply to QUIT shows
/// that each reply belonged to its recipient.
pub struct Session {
    channel: Channel,
    identity: Arc<Identity>,
    target: Target,
    faults: KnownFaults,
    features: Features,
    encryption: Encryption,
    envelope: Envelope,
    recipients_sent: usize,
    /// Why no more recipients can be sent.
    ended: Option<SessionError>,
}

impl Session {
    /// The address that was dialled.
    #[cfg(feature = "testing")]
    pub fn target(&self) -> Target {
        self.target
    }

    #[cfg(feature = "testing")]
    pub fn encryption(&self) -> Encryption {
        self.encryption
    }

    /// The RCPT commands that were written, also where the write failed.
    pub fn recipients_sent(&self) -> usize {
        self.recipients_sent
    }

    /// Why no more recipients can be sent; none while they can.
    pub fn ended(&self) -> Option<&SessionError> {
        self.ended.as_ref()
    }

    /// Sends QUIT if the connection is open. Returns whether the outcomes can be relied on, which is known only
    /// now.
    pub async fn quit(mut self) -> Synchronisation {
        let Some(SessionError { stage, cause }) = self.ended else {
            return self.channel.quit_in_step().await;
        };
        match cause {
            // RSET is never refused by a server in step: that was another command's reply.
            Cause::Reply(reply) if stage == Stage::Quit && reply.code.get() != CLOSING => {
                self.channel.quit().await;
                Synchronisation::Lost
            }
            Cause::Reply(_) => {
                self.channel.quit().await;
                Synchronisation::Kept
            }
            Cause::Tls => self.channel.quit_in_step().await,
            Cause::Malformed(malformed) if malformed.is_out_of_step() => Synchronisation::Lost,
            Cause::Unreachable(_) | Cause::Timeout | Cause::Dropped | Cause::Malformed(_) => {
                Synchronisation::Kept
            }
        }
    }
}
