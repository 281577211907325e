//! Clocks for tests.

use jiff::Timestamp;
use tokio::time::Instant;

use super::Clock;

/// A clock that stands still.
#[derive(Clone, Copy, Debug)]
pub struct StoppedClock(pub Timestamp);

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// A clock that starts at a given time and runs as tokio's does: tests move both at once.
#[derive(Clone, Copy, Debug)]
pub struct MovableClock {
    start: Timestamp,
    began: Instant,
}

impl MovableClock {
    pub fn starting_at(start: Timestamp) -> Self {
        Self { start, began: Instant::now() }
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        self.start.saturating_add(self.began.elapsed()).unwrap_or(Timestamp::MAX)
    }
}
