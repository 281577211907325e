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
const QUIT_PATIENCE: Duration = Duration::from_secs(2);
/// The most bytes that are taken at once.
const CHUNK: usize = 1024;
/// "Service closing transmission channel", to whatever was said (RFC 5321 §4.2.2).
const CLOSING: u16 = 421;

/// A connection that speaks SMTP.
pub(super) struct Channel {
    connection: Connection,
    reader: ReplyReader,
    patience: Duration,
    ends: Instant,
}

impl Channel {
    /// Over this connection, with so long for each reply, until then.
    pub(super) fn new(connection: Connection, patience: Duration, ends: Instant) -> Self {
        Self { connection, reader: ReplyReader::default(), patience, ends }
    }

    /// Says one command and hears the reply to it.
    pub(super) async fn exchange(&mut self, command: Command<'_>) -> Result<Reply, SessionError> {
        self.say(&[command]).await?;
        self.hear(command.stage()).await
    }

    /// Says commands in one write. Nothing may have been said in the meantime that the replies could be
    /// taken for.
    async fn say(&mut self, commands: &[Command<'_>]) -> Result<(), SessionError> {
        let Some(first) = commands.first() else { return Ok(()) };
        self.expect_silence(first.stage())?;
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
        let deadline = self.ends.min(Instant::now() + self.patience);
        let cause = match timeout_at(deadline, writing).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(_)) => Cause::Dropped,
            Err(_) => Cause::Timeout,
        };
        Err(SessionError { stage: first.stage(), cause })
    }

    /// Hears the next reply: that something is done, or will not be done.
    pub(super) async fn hear(&mut self, stage: Stage) -> Result<Reply, SessionError> {
        self.hear_within(self.patience, stage).await
    }

    /// The same with another patience.
    pub(super) async fn hear_within(
        &mut self,
        patience: Duration,
        stage: Stage,
    ) -> Result<Reply, SessionError> {
        // A server that sends a byte now and then does not gain time by it.
        let deadline = self.ends.min(Instant::now() + patience);
        let heard = timeout_at(deadline, self.next_reply()).await;
        heard
            .unwrap_or(Err(Cause::Timeout))
            .and_then(answer)
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
    pub(super) fn expect_silence(&mut self, stage: Stage) -> Result<(), SessionError> {
        let mut chunk = [0; CHUNK];
        let is_gone = match self.connection.read(&mut chunk).now_or_never() {
            None => false,
            Some(Ok(0) | Err(_)) => true,
            Some(Ok(length)) => {
                self.reader.feed(&chunk[..length]);
                false
            }
        };
        if self.reader.is_empty() {
            let gone = SessionError { stage, cause: Cause::Dropped };
            return if is_gone { Err(gone) } else { Ok(()) };
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
        let deadline = self.ends.min(Instant::now() + self.patience);
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
        let leave = async {
            // Whatever comes of it, the connection ends here.
            let _ = self.exchange(Command::Quit).await;
            let _ = self.connection.shutdown().await;
        };
        let _ = timeout(QUIT_PATIENCE, leave).await;
    }
}

/// A reply that a step can end with. The first digit decides (RFC 5321 §4.2.1); "go on" is never due
/// here.
fn answer(reply: Reply) -> Result<Reply, Cause> {
    if reply.code.get() == CLOSING {
        return Err(Cause::Reply(reply));
    }
    match reply.code.class() {
        ReplyClass::Positive | ReplyClass::Transient | ReplyClass::Permanent => Ok(reply),
        ReplyClass::Intermediate => Err(Cause::Malformed(Malformed::OutOfPlace)),
    }
}
