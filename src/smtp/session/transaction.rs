//! Asking about recipients.

use super::{Asked, Cause, Encryption, Session, SessionError};
use crate::reply::{Reply, ReplyClass, Stage};
use crate::smtp::wire::{Charset, Command, Malformed, Recipient};

/// The most recipients that a server is asked about in one write.
pub const MAX_IN_FLIGHT: usize = 10;

/// "Too many recipients", when it stands alone (RFC 5321 §4.5.3.1.10).
const ENVELOPE_FULL: u16 = 452;

/// What the recipients of one transaction have in common: some providers refuse those of several domains
/// together, and SMTPUTF8 is said once for all.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Transaction {
    charset: Charset,
    domain: Box<str>,
}

/// What the server holds of a message that never comes.
pub(super) enum Envelope {
    /// Nothing: no sender was named, or none that it accepted.
    Closed,
    /// The sender, and room for recipients of this kind.
    Open(Transaction),
    /// The sender, and as many recipients as it takes.
    Full,
}

impl Session {
    /// Asks about each of these, in as few writes as the server allows, and tells what came of it, in the
    /// same order.
    ///
    /// It can be called again: the recipients of one domain share a transaction for as long as no other
    /// domain comes between. A recipient that was too many for a transaction (452 4.5.3) gets a place in
    /// a new one when it is asked about again.
    pub async fn ask(&mut self, recipients: &[Recipient]) -> Vec<Asked> {
        let mut waiting: Vec<(usize, &Recipient)> = recipients.iter().enumerate().collect();
        waiting.sort_by_cached_key(|(_, recipient)| Transaction::of(recipient));
        let groups = waiting.chunk_by(|(_, a), (_, b)| Transaction::of(a) == Transaction::of(b));
        let mut asked = Vec::with_capacity(recipients.len());
        for batch in groups.flat_map(|group| group.chunks(MAX_IN_FLIGHT)) {
            let (places, recipients): (Vec<usize>, Vec<&Recipient>) = batch.iter().copied().unzip();
            asked.extend(places.into_iter().zip(self.ask_together(&recipients).await));
        }
        asked.sort_by_key(|(place, _)| *place);
        asked.into_iter().map(|(_, asked)| asked).collect()
    }

    /// Asks about recipients of one transaction, at most [`MAX_IN_FLIGHT`].
    async fn ask_together(&mut self, recipients: &[&Recipient]) -> Vec<Asked> {
        let Some(transaction) = recipients.first().map(|first| Transaction::of(first)) else {
            return Vec::new();
        };
        if let Some(error) = &self.ended {
            return vec![Asked::NotAsked(error.clone()); recipients.len()];
        }
        if transaction.charset == Charset::Utf8 && !self.features.smtputf8 {
            return vec![Asked::Smtputf8Unsupported; recipients.len()];
        }
        let identity = self.identity.clone();
        let mail = Command::Mail(&identity.sender, transaction.charset);
        let mut commands = match &self.envelope {
            Envelope::Open(open) if *open == transaction => Vec::new(),
            Envelope::Open(_) | Envelope::Full => vec![Command::Rset, mail],
            Envelope::Closed => vec![mail],
        };
        let opening = commands.len();
        commands.extend(recipients.iter().map(|recipient| Command::Rcpt(recipient)));

        let replies = self.exchange_all(&commands, opening).await;
        let (opened, answers) = replies.split_at(opening.min(replies.len()));
        let refused = commands.iter().zip(opened).find(|(_, reply)| is_refusal(reply));
        if let Some((command, reply)) = refused {
            self.envelope = Envelope::Closed;
            return vec![self.answered(command.stage(), reply); recipients.len()];
        }
        self.envelope = match answers.iter().any(is_one_too_many) {
            true => Envelope::Full,
            false => Envelope::Open(transaction),
        };
        let mut asked: Vec<Asked> =
            answers.iter().map(|reply| self.answered(Stage::RcptTo, reply)).collect();
        if let Some(error) = &self.ended {
            asked.resize(recipients.len(), Asked::NotAsked(error.clone()));
        }
        asked
    }

    /// Says the commands, at once where the server can take that, and hears the replies: in order, until
    /// one does not come or the opening of the transaction is refused.
    async fn exchange_all(&mut self, commands: &[Command<'_>], opening: usize) -> Vec<Reply> {
        // Whoever waits for this may go away in the middle of it, and would leave replies behind that
        // belong to nobody any more.
        self.ended = Some(SessionError { stage: Stage::RcptTo, cause: Cause::Timeout });
        let mut replies = Vec::with_capacity(commands.len());
        let heard = self.hear_all(&mut replies, commands, opening).await;
        self.ended = heard.and_then(|()| self.channel.expect_silence(Stage::RcptTo)).err();
        let is_shifted = |error: &SessionError| error.cause == Cause::Malformed(Malformed::Unasked);
        if self.ended.as_ref().is_some_and(is_shifted) {
            // One of the replies was too many, and nobody can tell which.
            replies.clear();
        }
        replies
    }

    async fn hear_all(
        &mut self,
        replies: &mut Vec<Reply>,
        commands: &[Command<'_>],
        opening: usize,
    ) -> Result<(), SessionError> {
        let at_once = if self.features.pipelining { commands.len().max(1) } else { 1 };
        for said in commands.chunks(at_once) {
            if let Some(first) = said.first() {
                self.channel.expect_silence(first.stage())?;
            }
            let recipients = said.iter().filter(|command| matches!(command, Command::Rcpt(_)));
            // Before the write: one that fails half-way may have named them all.
            self.recipients_sent += recipients.count();
            self.channel.write(said).await?;
            for command in said {
                replies.push(self.channel.hear(command.stage()).await?);
            }
            if replies.iter().take(opening).any(is_refusal) {
                break;
            }
        }
        Ok(())
    }

    /// What a reply comes to.
    fn answered(&mut self, stage: Stage, reply: &Reply) -> Asked {
        let ending = match stage {
            Stage::MailFrom | Stage::RcptTo if self.demands_tls(reply) => {
                Some(SessionError { stage: Stage::StartTls, cause: Cause::Tls })
            }
            Stage::MailFrom | Stage::RcptTo => None,
            // RSET is never refused (RFC 5321 §4.3.2) by a server that knows where it is.
            Stage::Connect | Stage::Helo | Stage::StartTls | Stage::Data | Stage::Quit => {
                Some(SessionError { stage, cause: Cause::Reply(reply.clone()) })
            }
        };
        match ending {
            Some(error) => Asked::NotAsked(self.ended.insert(error).clone()),
            None => Asked::Answered(stage, reply.clone()),
        }
    }

    /// Whether the server wants the encryption that failed (RFC 3207 §4, X.7.10 in RFC 5248 §3).
    fn demands_tls(&self, reply: &Reply) -> bool {
        let names_it = || {
            let is_coded =
                reply.enhanced.is_some_and(|code| (code.subject, code.detail) == (7, 10));
            is_coded || reply.text.to_ascii_uppercase().contains("TLS")
        };
        self.encryption == Encryption::Failed && is_refusal(reply) && names_it()
    }
}

impl Transaction {
    fn of(recipient: &Recipient) -> Self {
        Self { charset: recipient.charset(), domain: recipient.domain().into() }
    }
}

fn is_refusal(reply: &Reply) -> bool {
    reply.code.class() != ReplyClass::Positive
}

/// Whether the envelope is full, rather than a mailbox.
fn is_one_too_many(reply: &Reply) -> bool {
    let is_of_envelope = reply.enhanced.is_none_or(|code| (code.subject, code.detail) == (5, 3));
    reply.code.get() == ENVELOPE_FULL && is_of_envelope
}
