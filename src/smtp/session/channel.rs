//! Commands and replies over a connection, with deadlines.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::{Cause, SessionError};
use crate::reply::{Reply, ReplyClass, Stage};
use crate::route::HostName;
use crate::smtp::dial::Connection;
use crate::smtp::tls::Tls;
use crate::smtp::wire::{Malformed, ReplyReader, SmtpCommand};

/// How long to wait for the reply to QUIT.
const QUIT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long nothing may follow the last reply of a group. A reply too many mostly comes together with another
/// one, or a round trip later; a busy network delays the second of two packets by less.
const SILENCE: Duration = Duration::from_millis(100);
/// The most bytes in one read.
const CHUNK: usize = 1024;
/// "Service closing transmission channel", in reply to any command (RFC 5321 §4.2.2).
pub(super) const CLOSING: u16 = 421;
/// "Service closing transmission channel", to QUIT alone (RFC 5321 §4.3.2).
const BYE: u16 = 221;
/// "Service ready": the banner, and the go-ahead after which encryption begins (RFC 3207 §4).
pub(super) const READY: u16 = 220;

/// Whether the replies of a session matched its commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Synchronisation {
    /// As far as is known.
    Kept,
    /// A reply was too many, or another command's: no outcome can be relied on.
    Lost,
}

/// A connection that speaks SMTP.
pub(super) struct Channel {
    connection: Connection,
    reader: ReplyReader,
    timeout: Duration,
    ends: Instant,
}

impl Channel {
    /// `timeout` is for each reply, `ends` for all of them.
    pub(super) fn new(connection: Connection, timeout: Duration, ends: Instant) -> Self {
        Self { connection, reader: ReplyReader::default(), timeout, ends }
    }

    /// Sends one command and reads its reply.
    pub(super) async fn exchange(
        &mut self,
        command: SmtpCommand<'_>,
    ) -> Result<Reply, SessionError> {
        self.send_command(&[command]).await?;
        self.read_reply(command.stage()).await
    }

    /// Sends commands in one write. Input that is already there would be taken for their replies, and is an
    /// error.
    async fn send_command(&mut self, commands: &[SmtpCommand<'_>]) -> Result<(), SessionError> {
        let Some(first) = commands.first() else { return Ok(()) };
        self.ensure_no_pending_input(first.stage())?;
        self.write(commands).await
    }

    /// Writes commands at once, without a look at the input.
    pub(super) async fn write(&mut self, commands: &[SmtpCommand<'_>]) -> Result<(), SessionError> {
        let Some(first) = commands.first() else { return Ok(()) };
        let lines: String = commands.iter().map(|command| command.line()).collect();
        let writing = async {
            self.connection.write_all(lines.as_bytes()).await?;
            self.connection.flush().await
        };
        let deadline = self.ends.min(Instant::now() + self.timeout);
        let cause = match timeout_at(deadline, writing).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(_)) => Cause::Dropped,
            Err(_) => Cause::Timeout,
        };
        Err(SessionError { stage: first.stage(), cause })
    }

    pub(super) async fn read_reply(&mut self, stage: Stage) -> Result<Reply, SessionError> {
        self.read_reply_within(self.timeout, stage).await
    }

    pub(super) async fn read_reply_within(
        &mut self,
        timeout: Duration,
        stage: Stage,
    ) -> Result<Reply, SessionError> {
        // A server that sends single bytes gains no time by it.
        let deadline = self.ends.min(Instant::now() + timeout);
        let reply = timeout_at(deadline, self.next_reply()).await;
        reply
            .unwrap_or(Err(Cause::Timeout))
            .and_then(|reply| answer(stage, reply))
            .map_err(|cause| SessionError { stage, cause })
    }

    async fn next_reply(&mut self) -> Result<Reply, Cause> {
        let mut chunk = [0; CHUNK];
        loop {
            if let Some(reply) = self.reader.next_reply().map_err(Cause::Malformed)? {
                return Ok(reply);
            }
            match self.connection.read(&mut chunk).await {
                Ok(0) | Err(_) => return Err(Cause::Dropped),
                Ok(length) => self.reader.feed(&chunk[..length]),
            }
        }
    }

    /// Fails if there is input, or the server disconnected, as far as is known without waiting. A reply too many
    /// would be taken for the next recipient's.
    pub(super) fn ensure_no_pending_input(&mut self, stage: Stage) -> Result<(), SessionError> {
        let mut chunk = [0; CHUNK];
        let read = self.connection.read(&mut chunk).now_or_never();
        let read = read.map(Result::unwrap_or_default);
        self.silence(stage, read.map(|length| &chunk[..length]))
    }

    /// The same over [`SILENCE`], after the last reply of a group.
    pub(super) async fn wait_in_silence(&mut self, stage: Stage) -> Result<(), SessionError> {
        let mut chunk = [0; CHUNK];
        let until = Instant::now() + SILENCE;
        if self.reader.is_empty() && self.ends < until {
            return Err(SessionError { stage, cause: Cause::Timeout });
        }
        let read = match self.reader.is_empty() {
            true => timeout_at(until, self.connection.read(&mut chunk)).await.ok(),
            false => None,
        };
        let read = read.map(Result::unwrap_or_default);
        self.silence(stage, read.map(|length| &chunk[..length]))
    }

    /// The result of a read where no reply was due: nothing, the end of the connection, or bytes.
    fn silence(&mut self, stage: Stage, read: Option<&[u8]>) -> Result<(), SessionError> {
        self.reader.feed(read.unwrap_or_default());
        if self.reader.is_empty() {
            let gone = SessionError { stage, cause: Cause::Dropped };
            return if read.is_some() { Err(gone) } else { Ok(()) };
        }
        // The only reply without a command is 421.
        let cause = match self.reader.next_reply() {
            Ok(Some(reply)) if reply.code.get() == CLOSING => Cause::Reply(reply),
            _ => Cause::Malformed(Malformed::Unasked),
        };
        Err(SessionError { stage, cause })
    }

    /// Encrypts everything from here on. Clear text behind the reply to STARTTLS may be an attacker's and must
    /// not pass for the server's (RFC 3207 §4.2, RFC 9325 §3.2).
    pub(super) async fn encrypt(&mut self, tls: &Tls, host: &HostName) -> Result<(), SessionError> {
        let stage = Stage::StartTls;
        if !self.reader.is_empty() {
            return Err(SessionError { stage, cause: Cause::Malformed(Malformed::Unasked) });
        }
        // If the handshake fails, the connection is of no more use.
        let clear = std::mem::replace(&mut self.connection, Box::new(tokio::io::empty()));
        let deadline = self.ends.min(Instant::now() + self.timeout);
        match timeout_at(deadline, tls.encrypt(clear, host)).await {
            Ok(Ok(encrypted)) => {
                self.connection = encrypted;
                Ok(())
            }
            Err(_) if deadline == self.ends => Err(SessionError { stage, cause: Cause::Timeout }),
            Ok(Err(_)) | Err(_) => Err(SessionError { stage, cause: Cause::Tls }),
        }
    }

    /// Sends QUIT and ignores the result.
    pub(super) async fn quit(&mut self) {
        let quit = async {
            // Whatever comes of it, the connection ends here.
            let _ = self.exchange(SmtpCommand::Quit).await;
            let _ = self.connection.shutdown().await;
        };
        let _ = timeout(QUIT_TIMEOUT, quit).await;
    }

    /// Sends QUIT. Its reply shows whether the earlier ones were in step: no other command is answered with 221,
    /// so that a reply too many shows here, however late it came.
    pub(super) async fn quit_in_step(&mut self) -> Synchronisation {
        let result = self.read_reply_to_quit().await;
        // The connection ends here in any case.
        let _ = timeout(QUIT_TIMEOUT, self.connection.shutdown()).await;
        match result {
            Err(error) if error.is_out_of_step() => Synchronisation::Lost,
            // A server that disconnects without a reply has not contradicted its answers.
            Ok(()) | Err(_) => Synchronisation::Kept,
        }
    }

    async fn read_reply_to_quit(&mut self) -> Result<(), SessionError> {
        let stage = Stage::Quit;
        // A session that has used up its time has a moment left for QUIT.
        self.ends = self.ends.max(Instant::now() + QUIT_TIMEOUT);
        self.send_command(&[SmtpCommand::Quit]).await?;
        let deadline = self.ends.min(Instant::now() + self.timeout);
        let reply = timeout_at(deadline, self.next_reply()).await.unwrap_or(Err(Cause::Timeout));
        let reply = reply.map_err(|cause| SessionError { stage, cause })?;
        match (reply.code.get(), reply.code.class()) {
            (BYE, _) => self.wait_in_silence(stage).await,
            (CLOSING, _) | (_, ReplyClass::Intermediate) => Ok(()),
            (_, ReplyClass::Positive | ReplyClass::Transient | ReplyClass::Permanent) => {
                Err(SessionError { stage, cause: Cause::Malformed(Malformed::Unmatched) })
            }
        }
    }
}

/// Accepts the reply if it can answer a command of this stage. 3xx cannot, nor codes that answer other commands
/// only (RFC 5321 §4.2.1).
fn answer(stage: Stage, reply: Reply) -> Result<Reply, Cause> {
    match (reply.code.get(), reply.code.class()) {
        (CLOSING, _) => Err(Cause::Reply(reply)),
        (_, ReplyClass::Intermediate) => Err(Cause::Malformed(Malformed::OutOfPlace)),
        (BYE, _) => Err(Cause::Malformed(Malformed::Unmatched)),
        (READY, _) if !matches!(stage, Stage::Connect | Stage::StartTls) => {
            Err(Cause::Malformed(Malformed::Unmatched))
        }
        (_, ReplyClass::Positive | ReplyClass::Transient | ReplyClass::Permanent) => Ok(reply),
    }
}
