//! The begin of a session: dial, banner, greeting, encryption.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::channel::{Channel, READY};
use super::known_faults::{Fault, KnownFaults};
use super::transaction::Envelope;
use super::{Cause, Encryption, Session, SessionError, Timeouts};
use crate::reply::{Reply, ReplyClass, Stage};
use crate::route::HostName;
use crate::smtp::dial::{Connection, DialError, Dialer, Target};
use crate::smtp::tls::{NoTls, Tls};
use crate::smtp::wire::{Features, HeloName, Sender, SmtpCommand};

/// The operator's own names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// In EHLO and HELO.
    pub helo: HeloName,
    /// In MAIL FROM.
    pub sender: Sender,
}

/// Opens sessions.
#[derive(Clone)]
pub struct SmtpClient {
    identity: Arc<Identity>,
    timeouts: Timeouts,
    tls: Tls,
    faults: KnownFaults,
}

/// What to do where STARTTLS is offered.
#[derive(Clone, Copy)]
enum StartTls {
    Use,
    Skip,
}

impl SmtpClient {
    /// # Errors
    /// There is no TLS in this build.
    pub fn new(identity: Identity, timeouts: Timeouts) -> Result<Self, NoTls> {
        let faults = KnownFaults::default();
        Ok(Self { identity: Arc::new(identity), timeouts, tls: Tls::new()?, faults })
    }

    /// Opens a session with the first of a host's addresses that accepts a connection, encrypted where that is
    /// offered.
    ///
    /// If STARTTLS is refused, the session goes on in clear text. If the handshake breaks the connection, the
    /// error is [`Cause::Tls`], and the next connection to the same address is in clear text, as that of a sender
    /// would be; the caller decides when.
    ///
    /// # Errors
    /// No address accepted a connection, or the first server that did refuses us.
    pub async fn connect(
        &self,
        dialer: &dyn Dialer,
        host: &HostName,
        targets: &[Target],
    ) -> Result<Session, SessionError> {
        let ends = Instant::now() + self.timeouts.whole;
        let (target, connection) = self.dial_first(dialer, targets, ends).await?;
        let start_tls = match self.faults.has(target, Fault::Encryption) {
            true => StartTls::Skip,
            false => StartTls::Use,
        };
        let begun = self.begin(connection, target, host, start_tls, ends).await;
        if let Err(SessionError { cause: Cause::Tls, .. }) = &begun {
            self.faults.record(target, Fault::Encryption);
        }
        begun
    }

    /// A connection to the first address that accepts one; else the error of the first address.
    async fn dial_first(
        &self,
        dialer: &dyn Dialer,
        targets: &[Target],
        ends: Instant,
    ) -> Result<(Target, Connection), SessionError> {
        let mut first_error = None;
        for target in targets {
            match self.dial(dialer, *target, ends).await {
                Ok(connection) => return Ok((*target, connection)),
                Err(error) if error.cause == Cause::Timeout => return Err(error),
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
        Err(first_error.unwrap_or_else(|| no_connection(Cause::Unreachable(DialError::NoTarget))))
    }

    async fn dial(
        &self,
        dialer: &dyn Dialer,
        target: Target,
        ends: Instant,
    ) -> Result<Connection, SessionError> {
        let deadline = ends.min(Instant::now() + self.timeouts.connect);
        let cause = match timeout_at(deadline, dialer.dial(target)).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => Cause::Unreachable(error),
            Err(_) if deadline == ends => Cause::Timeout,
            Err(_) => Cause::Unreachable(DialError::TimedOut),
        };
        Err(no_connection(cause))
    }

    async fn begin(
        &self,
        connection: Connection,
        target: Target,
        host: &HostName,
        start_tls: StartTls,
        ends: Instant,
    ) -> Result<Session, SessionError> {
        let mut channel = Channel::new(connection, self.timeouts.reply, ends);
        match self.greet(&mut channel, host, start_tls).await {
            Ok((features, encryption)) => Ok(Session {
                channel,
                identity: self.identity.clone(),
                target,
                faults: self.faults.clone(),
                features: Features {
                    pipelining: features.pipelining && !self.faults.has(target, Fault::Pipelining),
                    ..features
                },
                encryption,
                envelope: Envelope::Closed,
                recipients_sent: 0,
                ended: None,
            }),
            Err(error) => {
                // A server that refuses waits for QUIT (RFC 5321 §3.1).
                if matches!(error.cause, Cause::Reply(_)) {
                    channel.quit().await;
                }
                Err(error)
            }
        }
    }

    async fn greet(
        &self,
        channel: &mut Channel,
        host: &HostName,
        start_tls: StartTls,
    ) -> Result<(Features, Encryption), SessionError> {
        let banner = channel.read_reply_within(self.timeouts.banner, Stage::Connect).await?;
        require(banner, Stage::Connect)?;
        let features = self.introduce(channel).await?;
        match start_tls {
            StartTls::Use | StartTls::Skip if !features.starttls => {
                Ok((features, Encryption::NotOffered))
            }
            StartTls::Skip => Ok((features, Encryption::Failed)),
            StartTls::Use => {
                let reply = channel.exchange(SmtpCommand::StartTls).await?;
                if reply.code.get() != READY {
                    return Ok((features, Encryption::Failed));
                }
                channel.encrypt(&self.tls, host).await?;
                // What was offered in clear text may not hold any more (RFC 3207 §4.2).
                Ok((self.introduce(channel).await?, Encryption::Tls))
            }
        }
    }

    /// EHLO, or HELO where that is refused (RFC 5321 §3.2).
    async fn introduce(&self, channel: &mut Channel) -> Result<Features, SessionError> {
        let helo = &self.identity.helo;
        let reply = channel.exchange(SmtpCommand::Ehlo(helo)).await?;
        if reply.code.class() == ReplyClass::Permanent {
            let reply = channel.exchange(SmtpCommand::Helo(helo)).await?;
            require(reply, Stage::Helo)?;
            return Ok(Features::default());
        }
        require(reply, Stage::Helo).map(|reply| Features::of(&reply))
    }
}

fn no_connection(cause: Cause) -> SessionError {
    SessionError { stage: Stage::Connect, cause }
}

/// The reply to a step that is required.
fn require(reply: Reply, stage: Stage) -> Result<Reply, SessionError> {
    match reply.code.class() {
        ReplyClass::Positive => Ok(reply),
        ReplyClass::Intermediate | ReplyClass::Transient | ReplyClass::Permanent => {
            Err(SessionError { stage, cause: Cause::Reply(reply) })
        }
    }
}
