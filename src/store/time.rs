//! Times as the store has them: seconds since 1970.

use std::time::Duration;

use jiff::Timestamp;

/// The time that a row has.
pub(super) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

/// The first whole second that is not before a time: what is cut off would be a moment too early.
pub(super) fn second_from(time: Timestamp) -> i64 {
    time.as_second().saturating_add(i64::from(time.subsec_nanosecond() > 0))
}

/// The first whole millisecond that is not before a time.
pub(super) fn millisecond_from(time: Timestamp) -> i64 {
    let rest = time.subsec_nanosecond() % 1_000_000;
    time.as_millisecond().saturating_add(i64::from(rest > 0))
}

/// A while later.
pub(super) fn after(time: Timestamp, wait: Duration) -> Timestamp {
    time.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
