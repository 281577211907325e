//! Times in the store: seconds since 1970.

use std::time::Duration;

use jiff::Timestamp;

pub(super) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

/// Rounded up, so that nothing expires early.
pub(super) fn second_from(time: Timestamp) -> i64 {
    time.as_second().saturating_add(i64::from(time.subsec_nanosecond() > 0))
}

/// Rounded up, so that nothing expires early.
pub(super) fn millisecond_from(time: Timestamp) -> i64 {
    let rest = time.subsec_nanosecond() % 1_000_000;
    time.as_millisecond().saturating_add(i64::from(rest > 0))
}

pub(super) fn after(time: Timestamp, wait: Duration) -> Timestamp {
    time.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
