//! One conversation with one server, from the banner to QUIT.

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

/// How long a server is waited for.
///
/// RFC 5321 §4.5.3.2 has senders wait for minutes, since a message is at stake. A probe can be had again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For one address to take a connection.
    pub connect: Duration,
    /// For the banner, which servers hold back from those who cannot wait.
    pub banner: Duration,
    /// For each reply after it, and for encryption. A default Postfix takes a second or more where nobody
    /// ever sends a message, and a server that asks another one first takes longer.
    pub reply: Duration,
    /// For everything from the first dial to the last reply, whatever the server does meanwhile.
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

/// What came of asking about one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecipientOutcome {
    /// The server answered: about this recipient ([`Stage::RcptTo`]), or to our sender before the
    /// recipient could matter ([`Stage::MailFrom`]).
    Answered(Stage, Reply),
    /// The conversation ended before an answer. It says nothing about the recipient.
    NotAsked(SessionError),
    /// The caller wanted to stop before this recipient was sent.
    Stopped,
    /// The address goes beyond ASCII, which the server does not offer to take.
    Smtputf8Unsupported,
}

/// Why a conversation ended too early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the conversation ended at {stage:?}: {cause}")]
pub struct SessionError {
    /// What was waited for.
    pub stage: Stage,
    /// What came instead.
    pub cause: Cause,
}

/// What ended a conversation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// There was no connection.
    #[error(transparent)]
    Unreachable(DialError),
    /// The server does not talk to us, or not any longer: it refused a step that nothing goes without,
    /// or said 421.
    #[error("the server refused to go on")]
    Reply(Reply),
    /// No reply in time.
    #[error("no reply in time")]
    Timeout,
    /// The server hung up.
    #[error("the connection was dropped")]
    Dropped,
    /// What the server said is no SMTP.
    #[error(transparent)]
    Malformed(Malformed),
    /// Encryption failed: the handshake broke the connection, or the server demands what did not work.
    #[error("encryption failed")]
    Tls,
}

impl SessionError {
    /// Whether replies turned out not to belong to the commands that they were taken for.
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

/// How a conversation is kept from those who listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// By TLS.
    Tls,
    /// Not at all: it is not offered.
    NotOffered,
    /// Not at all: it is offered and does not work. A server that then demands it ends the conversation
    /// with [`Cause::Tls`].
    Failed,
}

/// A conversation with a server that is ready to be asked.
///
/// It ought to end with [`Session::quit`]: servers note who hangs up on them, and only the reply to it shows
/// that the answers belong to whom they seem to.
pub struct Session {
    channel: Channel,
    identity: Arc<Identity>,
    target: Target,
    faults: KnownFaults,
    features: Features,
    encryption: Encryption,
    envelope: Envelope,
    recipients_sent: usize,
    /// Why nothing more can be asked.
    ended: Option<SessionError>,
}

impl Session {
    /// The address that was dialled.
    pub fn target(&self) -> Target {
        self.target
    }

    /// How the conversation is encrypted.
    pub fn encryption(&self) -> Encryption {
        self.encryption
    }

    /// How many recipients the server was asked about, whatever came back: the RCPT commands that were
    /// written, also where the write failed.
    pub fn recipients_sent(&self) -> usize {
        self.recipients_sent
    }

    /// Why nothing more can be asked; none where more can be.
    pub fn ended(&self) -> Option<&SessionError> {
        self.ended.as_ref()
    }

    /// Takes leave where somebody is still there, and tells whether the answers can be relied on. That is
    /// known only now: until then no answer is more than what seems to be one.
    pub async fn quit(mut self) -> Synchronisation {
        let Some(SessionError { stage, cause }) = self.ended else {
            return self.channel.quit_in_step().await;
        };
        match cause {
            // RSET is never refused by a server that knows where it is: that was another command's reply.
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
