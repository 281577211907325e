//! Waiting for something to come true, under a deadline.

#![allow(dead_code, reason = "every test target uses a part of it")]

use std::time::Duration;

use tokio::time::Instant;

/// Far longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// What `look` finds, as soon as it finds something.
pub(crate) fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    until_within(PATIENCE, what, look)
}

/// The same for what takes longer.
pub(crate) fn until_within<T>(
    patience: Duration,
    what: &str,
    look: impl FnMut() -> Option<T>,
) -> T {
    poll(patience, look).unwrap_or_else(|| panic!("in vain: {what}"))
}

/// What `look` finds, as soon as it finds something; none where it found nothing in that time.
pub(crate) fn poll<T>(within: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::park_timeout(PAUSE);
    }
}
