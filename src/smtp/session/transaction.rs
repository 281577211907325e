//! Asking about recipients.

use super::known_faults::Fault;
use super::{Cause, Encryption, RecipientOutcome, Session, SessionError};
use crate::reply::{Reply, ReplyClass, Stage};
use crate::smtp::wire::{Charset, Command, Malformed, Recipient};

/// The most recipients that a server is asked about in one write.
pub const MAX_IN_FLIGHT: usize = 10;

/// The reply to RSET (RFC 5321 §4.3.2).
const RESET: u16 = 250;
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

/// How commands are said.
#[derive(Clone, Copy, PartialEq)]
enum SendMode {
    /// Each after the reply to the one before it.
    OneByOne,
    /// All at once, with RSET behind them (RFC 2920). The replies count together or not at all: once RSET got
    /// its own, and nothing follows. One that is too many or missing would else shift the others.
    Grouped,
}

impl Session {
    /// Asks about each of these, in as few writes as the server allows, and tells what came of it, in the
    /// same order.
    ///
    /// It can be called again: the recipients of one domain share a transaction for as long as no other
    /// domain comes between. A recipient that was too many for a transaction (452 4.5.3) gets a place in
    /// a new one when it is asked about again.
    pub async fn ask(&mut self, recipients: &[Recipient]) -> Vec<RecipientOutcome> {
        self.ask_while(recipients, &|| true).await
    }

    /// The same for as long as `goes_on` is true: no recipient is sent after that. A group that was sent is
    /// heard to its end.
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

    /// Asks about recipients of one transaction, at most [`MAX_IN_FLIGHT`].
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
        let mail = Command::Mail(&identity.sender, transaction.charset);
        let mut commands = match &self.envelope {
            Envelope::Open(open) if *open == transaction => Vec::new(),
            Envelope::Open(_) | Envelope::Full => vec![Command::Rset, mail],
            Envelope::Closed => vec![mail],
        };
        let opening = commands.len();
        commands.extend(recipients.iter().map(|recipient| Command::Rcpt(recipient)));
        // Alone, a recipient is worth neither another command nor the wait for silence.
        let pace = match self.features.pipelining && recipients.len() > 1 {
            true => SendMode::Grouped,
            false => SendMode::OneByOne,
        };

        let replies = self.exchange_all(&commands, opening, pace, goes_on).await;
        let (opened, answers) = replies.split_at(opening.min(replies.len()));
        let refused = commands.iter().zip(opened).find(|(_, reply)| is_refusal(reply));
        if let Some((command, reply)) = refused {
            self.envelope = Envelope::Closed;
            return vec![self.answered(command.stage(), reply); recipients.len()];
        }
        self.envelope = match pace {
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

    /// Says the commands and hears the replies: in order, until one does not come or the opening of the
    /// transaction is refused.
    async fn exchange_all(
        &mut self,
        commands: &[Command<'_>],
        opening: usize,
        pace: SendMode,
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Vec<Reply> {
        // Whoever waits for this may go away in the middle of it, and would leave replies behind that
        // belong to nobody any more.
        self.ended = Some(SessionError { stage: Stage::RcptTo, cause: Cause::Timeout });
        let mut replies = Vec::with_capacity(commands.len());
        let heard = match pace {
            SendMode::OneByOne => {
                self.hear_one_by_one(&mut replies, commands, opening, goes_on).await
            }
            SendMode::Grouped => self.hear_group(&mut replies, commands).await,
        };
        self.ended = heard.err();
        let Some(error) = &self.ended else { return replies };
        if error.is_out_of_step() {
            // One of the replies is another command's, and nobody can tell which.
            replies.clear();
        } else if pace == SendMode::Grouped {
            // That we are refused before a recipient matters says nothing of a mailbox, and counts.
            let refused = replies.iter().take(opening).position(is_refusal);
            replies.truncate(refused.map_or(0, |at| at + 1));
        }
        if pace == SendMode::Grouped || error.is_out_of_step() {
            self.faults.note(self.target, Fault::Pipelining);
        }
        replies
    }

    async fn hear_one_by_one(
        &mut self,
        replies: &mut Vec<Reply>,
        commands: &[Command<'_>],
        opening: usize,
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), SessionError> {
        let stage = Stage::RcptTo;
        let has_lost_count = self.faults.has(self.target, Fault::Pipelining);
        for command in commands {
            if replies.len() >= opening && !goes_on() {
                break;
            }
            // A reply too many that comes late would be taken for this recipient's.
            if has_lost_count && matches!(command, Command::Rcpt(_)) {
                let silence = self.channel.wait_in_silence(stage).await;
                silence.inspect_err(|error| withdraw_last(replies, opening, error))?;
            }
            self.send_command(&[*command]).await?;
            replies.push(self.channel.read_reply(command.stage()).await?);
            if replies.iter().take(opening).any(is_refusal) {
                break;
            }
        }
        if has_lost_count {
            let silence = self.channel.wait_in_silence(stage).await;
            return silence.inspect_err(|error| withdraw_last(replies, opening, error));
        }
        self.channel.ensure_no_pending_input(stage)
    }

    async fn hear_group(
        &mut self,
        replies: &mut Vec<Reply>,
        commands: &[Command<'_>],
    ) -> Result<(), SessionError> {
        let reset = Command::Rset;
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

    /// Says commands at once, and counts the recipients among them.
    async fn send_command(&mut self, commands: &[Command<'_>]) -> Result<(), SessionError> {
        let Some(first) = commands.first() else { return Ok(()) };
        self.channel.ensure_no_pending_input(first.stage())?;
        let recipients = commands.iter().filter(|command| matches!(command, Command::Rcpt(_)));
        // Before the write: one that fails half-way may have named them all.
        self.recipients_sent += recipients.count();
        self.channel.write(commands).await
    }

    /// What a reply comes to.
    fn answered(&mut self, stage: Stage, reply: &Reply) -> RecipientOutcome {
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
            Some(error) => RecipientOutcome::NotAsked(self.ended.insert(error).clone()),
            None => RecipientOutcome::Answered(stage, reply.clone()),
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

/// Takes back the last recipient's answer where a server that lost count before says 421 unasked: that may
/// be the answer, and the other one a reply too many. Those before it were followed by silence.
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
