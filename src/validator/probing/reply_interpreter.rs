//! From a mail server's reply, or the lack of one, to evidence of a mailbox. Pure.

use std::time::Duration;

use jiff::Timestamp;

use crate::evidence::{Evidence, MailboxStatus};
use crate::reply::{About, MailboxDetail, NowDetail, Reply, ReplyRules, Stage, UsDetail, classify};
use crate::route::HostName;
use crate::smtp::{Cause, SessionError};

/// When a greylisted client may come back: Postgrey's default delay.
const GREYLISTED_FOR: Duration = Duration::from_secs(5 * 60);
/// When to try again after any other temporary failure.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(15 * 60);
/// The most bytes of a server's own words that are shown to the operator.
const MAX_TEXT_BYTES: usize = 200;

/// The server that replied, the time, and the rules that its replies are read by.
#[derive(Clone, Copy)]
pub(super) struct ReplyInterpreter<'a> {
    pub(super) host: &'a HostName,
    pub(super) provider: Option<&'a str>,
    pub(super) rules: &'a ReplyRules,
    pub(super) now: Timestamp,
}

impl ReplyInterpreter<'_> {
    pub(super) fn reply(self, stage: Stage, reply: &Reply) -> Evidence {
        let about = match classify(stage, reply, self.provider, self.rules).about {
            // The DNS has just led us to this server for this domain: it is not set up for it, or its own DNS
            // fails. Either says nothing of the mailbox.
            About::Mailbox(MailboxDetail::NoSuchDomain) => About::Us(UsDetail::DomainNotAccepted),
            about => about,
        };
        // No conversation ends with the reply to a command that was accepted before RCPT TO.
        let status = about.mailbox_status().unwrap_or(MailboxStatus::ProtocolError);
        Evidence {
            code: Some(reply.code.get()),
            enhanced: reply.enhanced,
            detail: Some(about.detail().into()),
            text: Some(shortened(&reply.text)),
            ..self.evidence(status, retry_after(about))
        }
    }

    /// Evidence from the error that ended a conversation.
    pub(super) fn error(self, error: &SessionError) -> Evidence {
        let status = match &error.cause {
            Cause::Reply(reply) => return self.reply(error.stage, reply),
            Cause::Unreachable(_) => MailboxStatus::Unreachable,
            // A server that disconnects before its banner was never available to us.
            Cause::Dropped if error.stage == Stage::Connect => MailboxStatus::Unreachable,
            Cause::Timeout => MailboxStatus::Timeout,
            Cause::Dropped | Cause::Malformed(_) => MailboxStatus::ProtocolError,
            Cause::Tls => MailboxStatus::TlsFailed,
        };
        Evidence {
            detail: Some(detail(&error.cause).into()),
            ..self.evidence(status, Some(TRY_AGAIN_AFTER))
        }
    }

    pub(super) fn smtputf8_unsupported(self) -> Evidence {
        self.evidence(MailboxStatus::Smtputf8Unsupported, None)
    }

    fn evidence(self, status: MailboxStatus, retry_after: Option<Duration>) -> Evidence {
        let retry_at = retry_after.and_then(|after| self.now.saturating_add(after).ok());
        Evidence {
            host: Some(self.host.clone()),
            retry_at,
            ..Evidence::without_reply(status, self.now)
        }
    }
}

/// Why a conversation ended, or did not begin, as one of our codes.
fn detail(cause: &Cause) -> &'static str {
    match cause {
        Cause::Unreachable(error) => error.code(),
        cause => cause.code(),
    }
}

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
