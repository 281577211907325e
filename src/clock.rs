//! The time of day, which comes in from outside so that tests can set it.

#[cfg(any(test, feature = "testing"))]
mod testing;

use jiff::Timestamp;

#[cfg(any(test, feature = "testing"))]
pub use testing::{MovableClock, StoppedClock};

/// Gives the time of day, for what is shown and kept. How long things last is measured by tokio's clock.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
