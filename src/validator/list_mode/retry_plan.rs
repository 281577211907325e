//! When a mailbox that was deferred is asked about again in the work on a list.

use std::time::Duration;

use jiff::Timestamp;

use crate::evidence::MailboxStatus;
use crate::store::NotedMailbox;

/// The times of the plan, counted from the first deferral: nearly all servers that defer unknown clients accept
/// one that comes back within the hour.
const RETRY_AFTER: [Duration; 3] =
    [Duration::from_secs(5 * 60), Duration::from_secs(15 * 60), Duration::from_secs(60 * 60)];

/// Whether servers that defer unknown clients are asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryPlan {
    Never,
    /// Three times within an hour or so.
    ForGreylisting,
}

impl RetryPlan {
    /// When to ask about a mailbox again, if that is still worth it: at the next time of the plan, and not before
    /// the server's own time, or before what is known of the mailbox ends.
    pub(super) fn next_time(self, noted: &NotedMailbox) -> Option<Timestamp> {
        let NotedMailbox { evidence, tried_at, first_deferred } = noted;
        match self {
            Self::Never => return None,
            Self::ForGreylisting if !may_be_accepted_later(evidence.status) => return None,
            Self::ForGreylisting => {}
        }
        let first = (*first_deferred)?;
        let mut plan = RETRY_AFTER.iter().filter_map(|wait| first.checked_add(*wait).ok());
        let next = plan.find(|time| time > tried_at)?;
        let bounds = [evidence.retry_at, evidence.valid_until()];
        Some(bounds.into_iter().flatten().fold(next, Timestamp::max))
    }
}

/// Whether a mailbox that was deferred may still be accepted: nothing was said since of it, nor of us.
fn may_be_accepted_later(mailbox: MailboxStatus) -> bool {
    match mailbox {
        MailboxStatus::Greylisted
        | MailboxStatus::RateLimited
        | MailboxStatus::Deferred
        | MailboxStatus::Timeout
        | MailboxStatus::Unreachable
        | MailboxStatus::ProtocolError
        | MailboxStatus::TlsFailed => true,
        MailboxStatus::Accepted { .. }
        | MailboxStatus::NotFound
        | MailboxStatus::Disabled
        | MailboxStatus::Full
        | MailboxStatus::Smtputf8Unsupported
        | MailboxStatus::Refused
        | MailboxStatus::Paused
        | MailboxStatus::NotProbed(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Evidence;

    #[test]
    fn a_deferred_mailbox_is_asked_about_three_times_more() {
        let at = |minutes: i64| Timestamp::from_second(minutes * 60).unwrap();
        let noted = |mailbox, asked: i64, retry: Option<i64>| NotedMailbox {
            evidence: Evidence {
                retry_at: retry.map(at),
                ..Evidence::without_reply(mailbox, at(asked))
            },
            tried_at: at(asked),
            first_deferred: Some(at(0)),
        };
        const DEFERRED: MailboxStatus = MailboxStatus::Greylisted;
        // What was noted: when it was asked about, when the server would be asked again; the next time.
        let cases = [
            ("the first time", noted(DEFERRED, 0, Some(5)), Some(5)),
            ("the server wants more patience", noted(DEFERRED, 0, Some(10)), Some(10)),
            ("it does not say", noted(DEFERRED, 0, None), Some(15)),
            ("after five minutes", noted(DEFERRED, 5, Some(10)), Some(15)),
            ("after fifteen", noted(DEFERRED, 15, Some(20)), Some(60)),
            ("after an hour", noted(DEFERRED, 60, Some(65)), None),
            ("two come back to it", noted(DEFERRED, 6, Some(11)), Some(15)),
            ("let in", noted(MailboxStatus::NotFound, 5, None), None),
            ("gone when it is come back to", noted(MailboxStatus::Timeout, 5, Some(20)), Some(20)),
            (
                "nobody could be asked",
                NotedMailbox { tried_at: at(5), ..noted(DEFERRED, 0, Some(5)) },
                Some(15),
            ),
            ("refused when it is come back to", noted(MailboxStatus::Refused, 5, None), None),
        ];
        for (name, noted, expected) in cases {
            assert_eq!(RetryPlan::ForGreylisting.next_time(&noted), expected.map(at), "{name}");
        }
    }
}
