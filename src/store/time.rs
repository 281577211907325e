//! Times as the store has them: seconds since 1970.

use std::time::Duration;

use jiff::Timestamp;

/// The time that a row has.
pub(super) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

/// The second that begins after a time, for what must not end too early.
pub(super) fn whole_second_after(time: Timestamp) -> i64 {
    time.as_second().saturating_add(1)
}

/// A while later.
pub(super) fn after(time: Timestamp, wait: Duration) -> Timestamp {
    time.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
