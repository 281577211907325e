//! From what a server said, or failed to say, to evidence of a mailbox: plain functions.

use std::time::Duration;

use jiff::Timestamp;

use crate::reply::{About, MailboxDetail, NowDetail, Patterns, Reply, Stage, UsDetail, classify};
use crate::route::HostName;
use crate::smtp::{Cause, SessionError};
use crate::store::{Evidence, KnownCatchAll};
use crate::verdict::MailboxEvidence;

/// When a deferred stranger may come back: what Postgrey asks for.
const GREYLISTED_FOR: Duration = Duration::from_secs(5 * 60);
/// When to try again what did not work for some other reason.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(15 * 60);
/// The most bytes of a server's own words that are shown to the operator.
const MAX_TEXT_BYTES: usize = 200;

/// What is known of a mailbox now, and the server's own words.
#[derive(Clone)]
pub(super) struct ProbeResult {
    pub(super) evidence: Evidence,
    pub(super) text: Option<Box<str>>,
    /// What the reply spoke of; none where there was no reply.
    pub(super) about: Option<About>,
}

/// Who said it, when, and what is known of how they speak.
#[derive(Clone, Copy)]
pub(super) struct ReplyInterpreter<'a> {
    pub(super) host: &'a HostName,
    pub(super) provider: Option<&'a str>,
    pub(super) patterns: &'a Patterns,
    pub(super) now: Timestamp,
}

impl ReplyInterpreter<'_> {
    /// What a reply tells.
    pub(super) fn reply(self, stage: Stage, reply: &Reply) -> ProbeResult {
        let about = match classify(stage, reply, self.provider, self.patterns).about {
            // The DNS has just led us to this server for this domain: it is not set up for it, or its own DNS
            // fails. Either says nothing of the mailbox.
            About::Mailbox(MailboxDetail::NoSuchDomain) => About::Us(UsDetail::DomainNotAccepted),
            about => about,
        };
        // A command that was accepted tells nothing; nobody stops there.
        let mailbox = about.evidence().unwrap_or(MailboxEvidence::ProtocolError);
        let enhanced = reply.enhanced.map(|code| [code.class.into(), code.subject, code.detail]);
        let evidence = Evidence {
            code: Some(reply.code.get()),
            enhanced,
            detail: Some(about.detail().into()),
            ..self.evidence(mailbox, retry_after(about))
        };
        ProbeResult { evidence, text: Some(shortened(&reply.text)), about: Some(about) }
    }

    /// What the end of a conversation tells.
    pub(super) fn error(self, error: &SessionError) -> ProbeResult {
        let mailbox = match &error.cause {
            Cause::Reply(reply) => return self.reply(error.stage, reply),
            Cause::Unreachable(_) => MailboxEvidence::Unreachable,
            // Who hangs up before a word was said was never there for us.
            Cause::Dropped if error.stage == Stage::Connect => MailboxEvidence::Unreachable,
            Cause::Timeout => MailboxEvidence::Timeout,
            Cause::Dropped | Cause::Malformed(_) => MailboxEvidence::ProtocolError,
            Cause::Tls => MailboxEvidence::TlsFailed,
        };
        let evidence = Evidence {
            detail: Some(detail(&error.cause).into()),
            ..self.evidence(mailbox, Some(TRY_AGAIN_AFTER))
        };
        ProbeResult { evidence, text: None, about: None }
    }

    /// The server cannot take the address.
    pub(super) fn smtputf8_unsupported(self) -> ProbeResult {
        let evidence = self.evidence(MailboxEvidence::Smtputf8Unsupported, None);
        ProbeResult { evidence, text: None, about: None }
    }

    fn evidence(self, mailbox: MailboxEvidence, retry_after: Option<Duration>) -> Evidence {
        let retry_at = retry_after.and_then(|after| self.now.saturating_add(after).ok());
        Evidence {
            host: Some(self.host.clone()),
            retry_at,
            ..Evidence::without_reply(mailbox, self.now)
        }
    }
}

impl ProbeResult {
    /// No reply and no server: why nobody was asked, or nothing came of it.
    pub(super) fn nothing(mailbox: MailboxEvidence, now: Timestamp) -> Self {
        Self { evidence: Evidence::without_reply(mailbox, now), text: None, about: None }
    }

    /// The same with what is known of made-up recipients.
    #[must_use]
    pub(super) fn with_catch_all(self, known: KnownCatchAll) -> Self {
        Self { evidence: self.evidence.with_catch_all(known), ..self }
    }

    /// The same where the server says this of everybody: it is no word about the mailbox.
    #[must_use]
    pub(super) fn of_everybody(self) -> Self {
        let evidence = self.evidence.of_everybody();
        Self { evidence, about: Some(About::Us(UsDetail::RefusesEverybody)), ..self }
    }

    /// Whether a server was contacted, or tried to be.
    pub(super) fn is_from_server(&self) -> bool {
        self.evidence.host.is_some()
    }

    /// Whether the recipient was refused because there is none of this name.
    pub(super) fn is_absent(&self) -> bool {
        self.evidence.mailbox == MailboxEvidence::NotFound
    }

    /// Whether the recipient was accepted.
    pub(super) fn is_accepted(&self) -> bool {
        matches!(self.evidence.mailbox, MailboxEvidence::Accepted { .. })
    }
}

/// Why a conversation ended, or did not begin, as one of our codes.
fn detail(cause: &Cause) -> &'static str {
    match cause {
        Cause::Unreachable(error) => error.code(),
        cause => cause.code(),
    }
}

/// When it makes sense to ask again.
fn retry_after(about: About) -> Option<Duration> {
    match about {
        About::Now(NowDetail::Greylisted) => Some(GREYLISTED_FOR),
        About::Now(_) => Some(TRY_AGAIN_AFTER),
        About::Mailbox(_) | About::Us(_) => None,
    }
}

fn shortened(text: &str) -> Box<str> {
    let end = text.floor_char_boundary(MAX_TEXT_BYTES);
    text[..end].into()
}
