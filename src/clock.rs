//! The time of day, which comes in from outside so that tests can set it.

use jiff::Timestamp;
use tokio::time::Instant;

/// Tells the time of day, for what is shown. How long things last is measured by tokio's clock.
pub trait Clock: Send + Sync + 'static {
    /// Now.
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

/// A clock that stands still.
#[derive(Clone, Copy, Debug)]
pub struct StoppedClock(pub Timestamp);

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// A clock that starts at a time of one's choice and goes as tokio's does: tests move both at once.
#[derive(Clone, Copy, Debug)]
pub struct MovableClock {
    start: Timestamp,
    began: Instant,
}

impl MovableClock {
    /// A clock that now shows this.
    pub fn starting_at(start: Timestamp) -> Self {
        Self { start, began: Instant::now() }
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        self.start.saturating_add(self.began.elapsed()).unwrap_or(Timestamp::MAX)
    }
}
