//! What an error or a reply shows the limiter about a mail server's attitude to us. Pure.

use crate::evidence::Evidence;
use crate::reply::{About, NowDetail, ReplyClass, Stage, UsDetail};
use crate::smtp::limiter::ServerFeedback;
use crate::smtp::{Cause, SessionError};

/// "Service closing transmission channel" (RFC 5321 §4.2.2).
const CLOSING: u16 = 421;

/// Why a server closed the conversation at a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CloseReason {
    /// It does not want us.
    RefusesUs,
    /// It has trouble of its own, is shut down or greylists: no recipient gets further now.
    ServerTrouble,
    /// It did not say: it disconnected, was silent, or made no sense.
    Unexplained,
}

pub(super) fn close_reason(error: &SessionError, evidence: &Evidence) -> CloseReason {
    match &error.cause {
        Cause::Reply(reply) if reply.code.get() == CLOSING => match evidence.about() {
            Some(About::Now(
                NowDetail::ServerTrouble | NowDetail::RoutingTrouble | NowDetail::Greylisted,
            )) => CloseReason::ServerTrouble,
            Some(About::Now(_) | About::Us(_) | About::Mailbox(_)) | None => CloseReason::RefusesUs,
        },
        Cause::Reply(_)
        | Cause::Unreachable(_)
        | Cause::Timeout
        | Cause::Dropped
        | Cause::Malformed(_)
        | Cause::Tls => CloseReason::Unexplained,
    }
}

/// The feedback from a conversation that failed before its first answer.
pub(super) fn feedback_of_failure(error: &SessionError, evidence: &Evidence) -> ServerFeedback {
    match (evidence.about(), &error.cause) {
        _ if refuses_everybody(error.stage, evidence) => ServerFeedback::Refused,
        (Some(About::Now(NowDetail::Greylisted | NowDetail::TooManyRecipients)), _)
        | (Some(About::Us(_) | About::Mailbox(_)), _) => ServerFeedback::Deferred,
        // No server was bothered.
        (None, Cause::Unreachable(_)) => ServerFeedback::Unknown,
        (Some(About::Now(_)) | None, _) => ServerFeedback::NoAnswer,
    }
}

/// Whether another server of the domain may accept us, as RFC 5321 §5.1 has it for a delivery that cannot be
/// made now.
pub(super) fn is_worth_another_server(error: &SessionError) -> bool {
    match &error.cause {
        Cause::Unreachable(_) => true,
        Cause::Timeout | Cause::Dropped => error.stage == Stage::Connect,
        Cause::Reply(reply) => reply.code.class() == ReplyClass::Transient,
        Cause::Malformed(_) | Cause::Tls => false,
    }
}

/// Whether every other recipient would get the same reply.
pub(super) fn refuses_everybody(stage: Stage, evidence: &Evidence) -> bool {
    match evidence.about() {
        // At RCPT these are rules of one recipient; before it they are about us, and so is one connection too
        // many.
        Some(
            About::Us(UsDetail::SenderRefused | UsDetail::AuthPolicy)
            | About::Now(NowDetail::TooManyConnections),
        ) => stage != Stage::RcptTo,
        Some(About::Us(detail)) => detail.is_for_every_recipient(),
        Some(About::Now(_) | About::Mailbox(_)) | None => false,
    }
}

/// Whether a refusal is about one domain or one recipient: it says nothing about another.
pub(super) fn is_of_one_domain(detail: UsDetail) -> bool {
    use UsDetail::{DomainNotAccepted, RecipientRestricted, RelayDenied};
    matches!(detail, DomainNotAccepted | RecipientRestricted | RelayDenied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::{Reply, ReplyRules};
    use crate::route::HostName;
    use crate::smtp::Malformed;
    use crate::smtp::dial::DialError;
    use crate::validator::probing::reply_interpreter::ReplyInterpreter;
    use jiff::Timestamp;

    fn evidence(error: &SessionError) -> Evidence {
        let (host, rules) = (HostName::new("mx.example").unwrap(), ReplyRules::builtin());
        let now = Timestamp::UNIX_EPOCH;
        ReplyInterpreter { host: &host, provider: None, rules: &rules, now }.error(error)
    }

    fn said(text: &str) -> Cause {
        Cause::Reply(Reply::parse(text).unwrap())
    }

    #[test]
    fn a_421_at_a_recipient_is_a_refusal_of_us_unless_it_is_trouble() {
        let cases = [
            (said("421 4.3.2 shutting down"), CloseReason::ServerTrouble),
            (said("421 4.3.2 System shutting down, try again later"), CloseReason::ServerTrouble),
            (said("421 4.3.0 Temporary system problem"), CloseReason::ServerTrouble),
            (said("421 4.7.1 Greylisting in action, try again later"), CloseReason::ServerTrouble),
            (said("421 4.7.0 Too many errors"), CloseReason::RefusesUs),
            (said("421 4.7.0 Try again later, closing connection"), CloseReason::RefusesUs),
            (said("421 4.7.1 Client host blocked using zen.spamhaus.org"), CloseReason::RefusesUs),
            (said("421 Go away"), CloseReason::RefusesUs),
            (Cause::Dropped, CloseReason::Unexplained),
            (Cause::Timeout, CloseReason::Unexplained),
            (Cause::Malformed(Malformed::Unasked), CloseReason::Unexplained),
        ];
        for (cause, expected) in cases {
            let error = SessionError { stage: Stage::RcptTo, cause };
            let name = format!("{:?}", evidence(&error).text);
            assert_eq!(close_reason(&error, &evidence(&error)), expected, "{name} {error:?}");
        }
    }

    #[test]
    fn what_a_failure_shows() {
        use Stage::{Connect, Helo, RcptTo, StartTls};
        let cases = [
            (Connect, Cause::Unreachable(DialError::TimedOut), ServerFeedback::Unknown),
            (Connect, Cause::Timeout, ServerFeedback::NoAnswer),
            (Connect, Cause::Dropped, ServerFeedback::NoAnswer),
            (Helo, Cause::Malformed(Malformed::Unasked), ServerFeedback::NoAnswer),
            (StartTls, Cause::Tls, ServerFeedback::NoAnswer),
            (RcptTo, Cause::Dropped, ServerFeedback::NoAnswer),
            (Connect, said("421 4.3.2 Service not available"), ServerFeedback::NoAnswer),
            (Connect, said("554 5.7.1 blocked using zen.spamhaus.org"), ServerFeedback::Refused),
            (Connect, said("554 No SMTP service here"), ServerFeedback::Deferred),
            (
                Helo,
                said("421 4.7.0 Too many connections from your address"),
                ServerFeedback::Refused,
            ),
        ];
        for (stage, cause, expected) in cases {
            let error = SessionError { stage, cause };
            let name = format!("{error:?} {:?}", evidence(&error).text);
            assert_eq!(feedback_of_failure(&error, &evidence(&error)), expected, "{name}");
        }
    }
}
