//! Transactions: MAIL FROM and RCPT TO.

use super::known_faults::Fault;
use super::{Cause, Encryption, RecipientOutcome, Session, SessionError};
use crate::reply::{Reply, ReplyClass, Stage};
use crate::smtp::wire::{Charset, Malformed, Recipient, SmtpCommand};

/// The most recipients in one write.
pub const MAX_IN_FLIGHT: usize = 10;

/// The reply to RSET (RFC 5321 §4.3.2).
const RESET: u16 = 250;
/// "Too many recipients", when it stands alone (RFC 5321 §4.5.3.1.10).
const ENVELOPE_FULL: u16 = 452;

/// What the recipients of a transaction have in common: some providers refuse recipients of several domains
/// in one, and SMTPUTF8 is a parameter of MAIL FROM.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Transaction {
    charset: Charset,
    domain: Box<str>,
}

/// The state of the transaction at the server.
pub(super) enum Envelope {
    /// No sender was sent, or none was accepted.
    Closed,
    /// The sender was accepted; recipients of this kind may follow.
    Open(Transaction),
    /// The server accepts no more recipients in it.
    Full,
}

/// How commands are sent.
#[derive(Clone, Copy, PartialEq)]
enum SendMode {
    /// Each after the reply to the previous one.
    OneByOne,
    /// All at once, with RSET last (RFC 2920). The replies count together, when RSET has its own and nothing
    /// follows, or not at all: a reply too many, or one missing, would shift the others.
    Grouped,
}

impl Session {
    /// Sends these recipients in as few writes as the server allows; returns their outcomes in the same order.
    ///
    /// It can be called again. Recipients of one domain share a transaction until another domain comes between.
    /// A recipient that was too many for a transaction (452 4.5.3) gets a new one when it is sent again.
    pub async fn ask(&mut self, recipients: &[Recipient]) -> Vec<RecipientOutcome> {
        self.ask_while(recipients, &|| true).await
    }

    /// The same; sends no more recipients once `goes_on` is false. The replies to a group that was sent are read
    /// to the end.
    pub async fn ask_while(
        &mut self,
        recipients: &[Recipient],
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Vec<RecipientOutcome> {
        let mut waiting: Vec<(usize, &Recipient)> = recipients.iter().enumerate().collect();
        waiting.sort_by_cached_key(|(_, recipient)| Transaction::of(recipient));
        let groups = waiting.chunk_by(|(_, a), (_, b)| Transaction::of(a) == Transaction::of(b));
        let mut asked = Vec::with_capacity(recipients.len());
        for batch in groups.flat_map(|group| group.chunks(MAX_IN_FLIGHT)) {
            let (places, recipients): (Vec<usize>, Vec<&Recipient>) = batch.iter().copied().unzip();
            asked.extend(places.into_iter().zip(self.ask_together(&recipients, goes_on).await));
        }
        asked.sort_by_key(|(place, _)| *place);
        asked.into_iter().map(|(_, asked)| asked).collect()
    }

    /// Sends recipients of one transaction, at most [`MAX_IN_FLIGHT`].
    async fn ask_together(
        &mut self,
        recipients: &[&Recipient],
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Vec<RecipientOutcome> {
        let Some(transaction) = recipients.first().map(|first| Transaction::of(first)) else {
            return Vec::new();
        };
        if let Some(error) = &self.ended {
            return vec![RecipientOutcome::NotAsked(error.clone()); recipients.len()];
        }
        if transaction.charset == Charset::Utf8 && !self.features.smtputf8 {
            return vec![RecipientOutcome::Smtputf8Unsupported; recipients.len()];
        }
        if !goes_on() {
            return vec![RecipientOutcome::Stopped; recipients.len()];
        }
        let identity = self.identity.clone();
        let mail = SmtpCommand::Mail(&identity.sender, transaction.charset);
        let mut commands = match &self.envelope {
            Envelope::Open(open) if *open == transaction => Vec::new(),
            Envelope::Open(_) | Envelope::Full => vec![SmtpCommand::Rset, mail],
            Envelope::Closed => vec![mail],
        };
        let opening = commands.len();
        commands.extend(recipients.iter().map(|recipient| SmtpCommand::Rcpt(recipient)));
        // A single recipient is not worth RSET and the wait for silence.
        let mode = match self.features.pipelining && recipients.len() > 1 {
            true => SendMode::Grouped,
            false => SendMode::OneByOne,
        };

        let replies = self.exchange_all(&commands, opening, mode, goes_on).await;
        let (opened, answers) = replies.split_at(opening.min(replies.len()));
        let refused = commands.iter().zip(opened).find(|(_, reply)| is_refusal(reply));
        if let Some((command, reply)) = refused {
            self.envelope = Envelope::Closed;
            return vec![self.answered(command.stage(), reply); recipients.len()];
        }
        self.envelope = match mode {
            SendMode::Grouped => Envelope::Closed,
            SendMode::OneByOne if answers.iter().any(is_one_too_many) => Envelope::Full,
            SendMode::OneByOne => Envelope::Open(transaction),
        };
        let mut asked: Vec<RecipientOutcome> =
            answers.iter().map(|reply| self.answered(Stage::RcptTo, reply)).collect();
        let rest = self.ended.clone().map_or(RecipientOutcome::Stopped, RecipientOutcome::NotAsked);
        asked.resize(recipients.len(), rest);
        asked
    }

    /// Sends the commands and reads the replies, until one does not come or the opening of the transaction is
    /// refused.
    async fn exchange_all(
        &mut self,
        commands: &[SmtpCommand<'_>],
        opening: usize,
        mode: SendMode,
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Vec<Reply> {
        // If this future is dropped in the middle, replies are left that match no command.
        self.ended = Some(SessionError { stage: Stage::RcptTo, cause: Cause::Timeout });
        let mut replies = Vec::with_capacity(commands.len());
        let read = match mode {
            SendMode::OneByOne => {
                self.exchange_one_by_one(&mut replies, commands, opening, goes_on).await
            }
            SendMode::Grouped => self.exchange_group(&mut replies, commands).await,
        };
        self.ended = read.err();
        let Some(error) = &self.ended else { return replies };
        if error.is_out_of_step() {
            // One of the replies is another command's, and nothing shows which.
            replies.clear();
        } else if mode == SendMode::Grouped {
            // A refusal before the first recipient says nothing of a mailbox, and counts.
            let refused = replies.iter().take(opening).position(is_refusal);
            replies.truncate(refused.map_or(0, |at| at + 1));
        }
        if mode == SendMode::Grouped || error.is_out_of_step() {
            self.faults.record(self.target, Fault::Pipelining);
        }
        replies
    }

    async fn exchange_one_by_one(
        &mut self,
        replies: &mut Vec<Reply>,
        commands: &[SmtpCommand<'_>],
        opening: usize,
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), SessionError> {
        let stage = Stage::RcptTo;
        let was_out_of_step = self.faults.has(self.target, Fault::Pipelining);
        for command in commands {
            if replies.len() >= opening && !goes_on() {
                break;
            }
            // A late reply too many would be taken for this recipient's.
            if was_out_of_step && matches!(command, SmtpCommand::Rcpt(_)) {
                let silence = self.channel.wait_in_silence(stage).await;
                silence.inspect_err(|error| withdraw_last(replies, opening, error))?;
            }
            self.send_command(&[*command]).await?;
            replies.push(self.channel.read_reply(command.stage()).await?);
            if replies.iter().take(opening).any(is_refusal) {
                break;
            }
        }
        if was_out_of_step {
            let silence = self.channel.wait_in_silence(stage).await;
            return silence.inspect_err(|error| withdraw_last(replies, opening, error));
        }
        self.channel.ensure_no_pending_input(stage)
    }

    async fn exchange_group(
        &mut self,
        replies: &mut Vec<Reply>,
        commands: &[SmtpCommand<'_>],
    ) -> Result<(), SessionError> {
        let reset = SmtpCommand::Rset;
        self.send_command(&[commands, &[reset]].concat()).await?;
        for command in commands {
            replies.push(self.channel.read_reply(command.stage()).await?);
        }
        let stage = Stage::RcptTo;
        let reply = self.channel.read_reply(stage).await?;
        if reply.code.get() != RESET {
            return Err(SessionError { stage, cause: Cause::Malformed(Malformed::Unmatched) });
        }
        self.channel.wait_in_silence(stage).await
    }

    /// Sends commands in one write, and counts the recipients among them.
    async fn send_command(&mut self, commands: &[SmtpCommand<'_>]) -> Result<(), SessionError> {
        let Some(first) = commands.first() else { return Ok(()) };
        self.channel.ensure_no_pending_input(first.stage())?;
        let recipients = commands.iter().filter(|command| matches!(command, SmtpCommand::Rcpt(_)));
        // Before the write: a failed write may have sent them all.
        self.recipients_sent += recipients.count();
        self.channel.write(commands).await
    }

    /// The outcome of a reply.
    fn answered(&mut self, stage: Stage, reply: &Reply) -> RecipientOutcome {
        let ending = match stage {
            Stage::MailFrom | Stage::RcptTo if self.demands_tls(reply) => {
                Some(SessionError { stage: Stage::StartTls, cause: Cause::Tls })
            }
            Stage::MailFrom | Stage::RcptTo => None,
            // RSET is never refused (RFC 5321 §4.3.2) by a server in step.
            Stage::Connect | Stage::Helo | Stage::StartTls | Stage::Data | Stage::Quit => {
                Some(SessionError { stage, cause: Cause::Reply(reply.clone()) })
            }
        };
        match ending {
            Some(error) => RecipientOutcome::NotAsked(self.ended.insert(error).clone()),
            None => RecipientOutcome::Answered(stage, reply.clone()),
        }
    }

    /// Whether the server wants the encryption that failed (RFC 3207 §4, X.7.10 in RFC 5248 §3).
    fn demands_tls(&self, reply: &Reply) -> bool {
        let mentions_tls = || {
            let is_coded =
                reply.enhanced.is_some_and(|code| (code.subject, code.detail) == (7, 10));
            is_coded || reply.text.to_ascii_uppercase().contains("TLS")
        };
        self.encryption == Encryption::Failed && is_refusal(reply) && mentions_tls()
    }
}

impl Transaction {
    fn of(recipient: &Recipient) -> Self {
        Self { charset: recipient.charset(), domain: recipient.domain().into() }
    }
}

/// Withdraws the last reply where a server that was out of step before sends 421 without a command: the 421 may
/// be the reply, and the other one too many. Earlier replies were followed by silence.
fn withdraw_last(replies: &mut Vec<Reply>, opening: usize, error: &SessionError) {
    if matches!(error.cause, Cause::Reply(_)) && replies.len() > opening {
        replies.pop();
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
