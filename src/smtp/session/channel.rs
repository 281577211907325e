//! SMTP over a connection, under deadlines.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::{Cause, SessionError};
use crate::reply::{Reply, ReplyClass, Stage};
use crate::route::HostName;
use crate::smtp::dial::Connection;
use crate::smtp::tls::Tls;
use crate::smtp::wire::{Command, Malformed, ReplyReader};

/// How long a server is waited for when nothing is wanted from it any more.
const QUIT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long nothing may follow a reply that ends a group. A reply too many is mostly sent together with the
/// one that it belongs to, or a round trip later; a busy network delays the second of two packets by less.
const SILENCE: Duration = Duration::from_millis(100);
/// The most bytes that are taken at once.
const CHUNK: usize = 1024;
/// "Service closing transmission channel", to whatever was said (RFC 5321 §4.2.2).
pub(super) const CLOSING: u16 = 421;
/// "Service closing transmission channel", to QUIT alone (RFC 5321 §4.3.2).
const BYE: u16 = 221;
/// "Service ready": the banner, and the go-ahead after which encryption begins (RFC 3207 §4).
pub(super) const READY: u16 = 220;

/// Whether the replies of a conversation were those to its commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Synchronisation {
    /// As far as can be told.
    Kept,
    /// A reply was too many, or another command's: none of the answers can be relied on.
    Lost,
}

/// A connection that speaks SMTP.
pub(super) struct Channel {
    connection: Connection,
    reader: ReplyReader,
    timeouts: Duration,
    ends: Instant,
}

impl Channel {
    /// Over this connection, with so long for each reply, until then.
    pub(super) fn new(connection: Connection, timeouts: Duration, ends: Instant) -> Self {
        Self { connection, reader: ReplyReader::default(), timeouts, ends }
    }

    /// Says one command and hears the reply to it.
    pub(super) async fn exchange(&mut self, command: Command<'_>) -> Result<Reply, SessionError> {
        self.send_command(&[command]).await?;
        self.read_reply(command.stage()).await
    }

    /// Says commands in one write. Nothing may have been said in the meantime that the replies could be
    /// taken for.
    async fn send_command(&mut self, commands: &[Command<'_>]) -> Result<(), SessionError> {
        let Some(first) = commands.first() else { return Ok(()) };
        self.ensure_no_pending_input(first.stage())?;
        self.write(commands).await
    }

    /// Writes commands at once, whatever the server has sent.
    pub(super) async fn write(&mut self, commands: &[Command<'_>]) -> Result<(), SessionError> {
        let Some(first) = commands.first() else { return Ok(()) };
        let lines: String = commands.iter().map(|command| command.line()).collect();
        let writing = async {
            self.connection.write_all(lines.as_bytes()).await?;
            self.connection.flush().await
        };
        let deadline = self.ends.min(Instant::now() + self.timeouts);
        let cause = match timeout_at(deadline, writing).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(_)) => Cause::Dropped,
            Err(_) => Cause::Timeout,
        };
        Err(SessionError { stage: first.stage(), cause })
    }

    /// Hears the next reply: that something is done, or will not be done.
    pub(super) async fn read_reply(&mut self, stage: Stage) -> Result<Reply, SessionError> {
        self.hear_within(self.timeouts, stage).await
    }

    /// The same with another patience.
    pub(super) async fn hear_within(
        &mut self,
        timeouts: Duration,
        stage: Stage,
    ) -> Result<Reply, SessionError> {
        // A server that sends a byte now and then does not gain time by it.
        let deadline = self.ends.min(Instant::now() + timeouts);
        let heard = timeout_at(deadline, self.next_reply()).await;
        heard
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

    /// Whether the server is silent and still there, as far as can be told without waiting.
    ///
    /// A reply too many would be taken for the one to the next recipient.
    pub(super) fn ensure_no_pending_input(&mut self, stage: Stage) -> Result<(), SessionError> {
        let mut chunk = [0; CHUNK];
        let read = self.connection.read(&mut chunk).now_or_never();
        let read = read.map(Result::unwrap_or_default);
        self.silence(stage, read.map(|length| &chunk[..length]))
    }

    /// Whether the server is silent and still there for a moment after the last reply of a group.
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

    /// What it means that this was read where nothing was due: nothing, the end of the connection, or bytes.
    fn silence(&mut self, stage: Stage, read: Option<&[u8]>) -> Result<(), SessionError> {
        self.reader.feed(read.unwrap_or_default());
        if self.reader.is_empty() {
            let gone = SessionError { stage, cause: Cause::Dropped };
            return if read.is_some() { Err(gone) } else { Ok(()) };
        }
        // A server may take its leave unasked, and nothing else.
        let cause = match self.reader.next_reply() {
            Ok(Some(reply)) if reply.code.get() == CLOSING => Cause::Reply(reply),
            _ => Cause::Malformed(Malformed::Unasked),
        };
        Err(SessionError { stage, cause })
    }

    /// Encrypts everything from here on. What was said in clear text behind the go-ahead may be
    /// somebody else's and must not pass for the server's (RFC 3207 §4.2, RFC 9325 §3.2).
    pub(super) async fn encrypt(&mut self, tls: &Tls, host: &HostName) -> Result<(), SessionError> {
        let stage = Stage::StartTls;
        if !self.reader.is_empty() {
            return Err(SessionError { stage, cause: Cause::Malformed(Malformed::Unasked) });
        }
        // Where the handshake fails nothing can be said any more.
        let clear = std::mem::replace(&mut self.connection, Box::new(tokio::io::empty()));
        let deadline = self.ends.min(Instant::now() + self.timeouts);
        match timeout_at(deadline, tls.encrypt(clear, host)).await {
            Ok(Ok(encrypted)) => {
                self.connection = encrypted;
                Ok(())
            }
            Err(_) if deadline == self.ends => Err(SessionError { stage, cause: Cause::Timeout }),
            Ok(Err(_)) | Err(_) => Err(SessionError { stage, cause: Cause::Tls }),
        }
    }

    /// Takes leave, without minding what the server does about it.
    pub(super) async fn quit(&mut self) {
        let decision = async {
            // Whatever comes of it, the connection ends here.
            let _ = self.exchange(Command::Quit).await;
            let _ = self.connection.shutdown().await;
        };
        let _ = timeout(QUIT_TIMEOUT, decision).await;
    }

    /// Takes leave, and tells by the reply to QUIT whether those before it were in order: no other command
    /// is answered with 221, so that a reply too many shows here however late it came.
    pub(super) async fn quit_in_step(&mut self) -> Synchronisation {
        let parted = self.part().await;
        // The connection ends here in any case.
        let _ = timeout(QUIT_TIMEOUT, self.connection.shutdown()).await;
        match parted {
            Err(error) if error.is_out_of_step() => Synchronisation::Lost,
            // A server that hangs up without a word has said nothing against its answers.
            Ok(()) | Err(_) => Synchronisation::Kept,
        }
    }

    async fn part(&mut self) -> Result<(), SessionError> {
        let stage = Stage::Quit;
        // A conversation that has used up its time has a moment left to end.
        self.ends = self.ends.max(Instant::now() + QUIT_TIMEOUT);
        self.send_command(&[Command::Quit]).await?;
        let deadline = self.ends.min(Instant::now() + self.timeouts);
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

/// A reply that a step can end with. The first digit decides (RFC 5321 §4.2.1); "go on" is never due
/// here, nor is what only another command is answered with.
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
