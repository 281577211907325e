//! What a server shows of its mind about us by what it says and how it ends: plain functions.

use super::probe_result::ProbeResult;
use crate::reply::{About, NowDetail, ReplyClass, Stage, UsDetail};
use crate::smtp::limiter::Stance;
use crate::smtp::{Cause, SessionError};

/// "Service closing transmission channel" (RFC 5321 §4.2.2).
const CLOSING: u16 = 421;

/// Why a server closed the conversation at a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closure {
    /// It does not want us.
    Refusal,
    /// It has trouble of its own, is shut down or greylists: nobody gets further now.
    Trouble,
    /// It did not say: it hung up, was silent, or made no sense.
    Unsaid,
}

/// Why the server closed the conversation.
pub(super) fn closure(error: &SessionError, told: &ProbeResult) -> Closure {
    match &error.cause {
        Cause::Reply(reply) if reply.code.get() == CLOSING => match told.about {
            Some(About::Now(
                NowDetail::ServerTrouble | NowDetail::RoutingTrouble | NowDetail::Greylisted,
            )) => Closure::Trouble,
            Some(About::Now(_) | About::Us(_) | About::Mailbox(_)) | None => Closure::Refusal,
        },
        Cause::Reply(_)
        | Cause::Unreachable(_)
        | Cause::Timeout
        | Cause::Dropped
        | Cause::Malformed(_)
        | Cause::Tls => Closure::Unsaid,
    }
}

/// What it shows of the server that no conversation came about, or none with an answer.
pub(super) fn stance_of_failure(error: &SessionError, told: &ProbeResult) -> Stance {
    match (told.about, &error.cause) {
        _ if refuses_everybody(error.stage, told) => Stance::Refused,
        (Some(About::Now(NowDetail::Greylisted | NowDetail::TooManyRecipients)), _)
        | (Some(About::Us(_) | About::Mailbox(_)), _) => Stance::Deferred,
        // Nobody was there to be bothered.
        (None, Cause::Unreachable(_)) => Stance::Unclear,
        (Some(About::Now(_)) | None, _) => Stance::NoAnswer,
    }
}

/// Whether another server of the domain may take us: as RFC 5321 §5.1 has it for a delivery that cannot be
/// made now.
pub(super) fn is_worth_another_server(error: &SessionError) -> bool {
    match &error.cause {
        Cause::Unreachable(_) => true,
        Cause::Timeout | Cause::Dropped => error.stage == Stage::Connect,
        Cause::Reply(reply) => reply.code.class() == ReplyClass::Transient,
        Cause::Malformed(_) | Cause::Tls => false,
    }
}

/// Whether what one recipient was told is what every other would be told.
pub(super) fn refuses_everybody(stage: Stage, told: &ProbeResult) -> bool {
    match told.about {
        // Of one recipient's own rules others know nothing; before there is one it is about us. So is that we
        // are one too many for them.
        Some(
            About::Us(UsDetail::SenderRefused | UsDetail::AuthPolicy)
            | About::Now(NowDetail::TooManyConnections),
        ) => stage != Stage::RcptTo,
        Some(About::Us(detail)) => detail.is_for_every_recipient(),
        Some(About::Now(_) | About::Mailbox(_)) | None => false,
    }
}

/// Whether a refusal is about one domain, or one recipient: what they do not do for it says nothing of what
/// they would do for another.
pub(super) fn is_of_a_domain(detail: UsDetail) -> bool {
    use UsDetail::{DomainNotAccepted, RecipientRestricted, RelayDenied};
    matches!(detail, DomainNotAccepted | RecipientRestricted | RelayDenied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::{Patterns, Reply};
    use crate::route::HostName;
    use crate::smtp::Malformed;
    use crate::smtp::dial::DialError;
    use crate::validator::probing::probe_result::ReplyInterpreter;
    use jiff::Timestamp;

    fn told(error: &SessionError) -> ProbeResult {
        let (host, patterns) = (HostName::new("mx.example").unwrap(), Patterns::builtin());
        let now = Timestamp::UNIX_EPOCH;
        ReplyInterpreter { host: &host, provider: None, patterns: &patterns, now }.error(error)
    }

    fn said(text: &str) -> Cause {
        Cause::Reply(Reply::parse(text).unwrap())
    }

    #[test]
    fn a_421_at_a_recipient_is_a_refusal_of_us_unless_it_is_trouble() {
        let cases = [
            (said("421 4.3.2 shutting down"), Closure::Trouble),
            (said("421 4.3.2 System shutting down, try again later"), Closure::Trouble),
            (said("421 4.3.0 Temporary system problem"), Closure::Trouble),
            (said("421 4.7.1 Greylisting in action, try again later"), Closure::Trouble),
            (said("421 4.7.0 Too many errors"), Closure::Refusal),
            (said("421 4.7.0 Try again later, closing connection"), Closure::Refusal),
            (said("421 4.7.1 Client host blocked using zen.spamhaus.org"), Closure::Refusal),
            (said("421 Go away"), Closure::Refusal),
            (Cause::Dropped, Closure::Unsaid),
            (Cause::Timeout, Closure::Unsaid),
            (Cause::Malformed(Malformed::Unasked), Closure::Unsaid),
        ];
        for (cause, expected) in cases {
            let error = SessionError { stage: Stage::RcptTo, cause };
            let name = format!("{:?}", told(&error).text);
            assert_eq!(closure(&error, &told(&error)), expected, "{name} {error:?}");
        }
    }

    #[test]
    fn what_a_failure_shows() {
        use Stage::{Connect, Helo, RcptTo, StartTls};
        let cases = [
            (Connect, Cause::Unreachable(DialError::TimedOut), Stance::Unclear),
            (Connect, Cause::Timeout, Stance::NoAnswer),
            (Connect, Cause::Dropped, Stance::NoAnswer),
            (Helo, Cause::Malformed(Malformed::Unasked), Stance::NoAnswer),
            (StartTls, Cause::Tls, Stance::NoAnswer),
            (RcptTo, Cause::Dropped, Stance::NoAnswer),
            (Connect, said("421 4.3.2 Service not available"), Stance::NoAnswer),
            (Connect, said("554 5.7.1 blocked using zen.spamhaus.org"), Stance::Refused),
            (Connect, said("554 No SMTP service here"), Stance::Deferred),
            (Helo, said("421 4.7.0 Too many connections from your address"), Stance::Refused),
        ];
        for (stage, cause, expected) in cases {
            let error = SessionError { stage, cause };
            let name = format!("{error:?} {:?}", told(&error).text);
            assert_eq!(stance_of_failure(&error, &told(&error)), expected, "{name}");
        }
    }
}
