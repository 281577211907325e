//! Features that failed with a server, so that the next connection does without them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::smtp::dial::Target;

/// The most faults that are remembered; the oldest are forgotten first.
const CAPACITY: usize = 4_096;
/// How long connections to a server are in clear text after encryption failed. An attacker who can break one
/// handshake must not get clear text for good.
const CLEAR_TEXT_FOR: Duration = Duration::from_secs(3600);

/// A feature that does not work with a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fault {
    /// Replies to a pipelined group could not be matched with its commands.
    Pipelining,
    /// A handshake broke the connection.
    Encryption,
}

/// Known faults by server. Clones share them.
#[derive(Clone, Default)]
pub(super) struct KnownFaults(Arc<Mutex<FaultTable>>);

#[derive(Default)]
struct FaultTable {
    /// The expiry of each fault, if it expires.
    faults: HashMap<(Target, Fault), Option<Instant>>,
    /// The keys of `faults`, the oldest first.
    order: VecDeque<(Target, Fault)>,
}

impl KnownFaults {
    pub(super) fn record(&self, target: Target, fault: Fault) {
        let until = match fault {
            Fault::Pipelining => None,
            Fault::Encryption => Some(Instant::now() + CLEAR_TEXT_FOR),
        };
        let mut noted = self.lock();
        if noted.faults.insert((target, fault), until).is_some() {
            return;
        }
        noted.order.push_back((target, fault));
        if noted.order.len() > CAPACITY
            && let Some(oldest) = noted.order.pop_front()
        {
            noted.faults.remove(&oldest);
        }
    }

    pub(super) fn has(&self, target: Target, fault: Fault) -> bool {
        match self.lock().faults.get(&(target, fault)) {
            None => false,
            Some(until) => until.is_none_or(|until| Instant::now() < until),
        }
    }

    fn lock(&self) -> MutexGuard<'_, FaultTable> {
        // Nothing that holds the lock can leave the two collections at odds.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reach::ReachPolicy;
    use crate::smtp::dial::DialGuard;

    fn target(number: u16) -> Target {
        let guard = DialGuard::new(ReachPolicy::default(), 25);
        let [high, low] = number.to_be_bytes();
        guard.admit([8, 8, high, low].into()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn faults_are_kept_apart_and_one_of_them_ends() {
        let faults = KnownFaults::default();
        faults.record(target(1), Fault::Encryption);
        faults.record(target(2), Fault::Pipelining);
        let all = || {
            [1, 2, 3].map(|number| {
                [Fault::Encryption, Fault::Pipelining]
                    .map(|fault| faults.has(target(number), fault))
            })
        };
        assert_eq!(all(), [[true, false], [false, true], [false, false]]);
        tokio::time::advance(CLEAR_TEXT_FOR).await;
        assert_eq!(all(), [[false, false], [false, true], [false, false]]);
        faults.record(target(1), Fault::Encryption);
        assert_eq!(all(), [[true, false], [false, true], [false, false]]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_is_forgotten_first() {
        let faults = KnownFaults::default();
        let capacity = u16::try_from(CAPACITY).unwrap();
        for number in 0..=capacity {
            faults.record(target(number), Fault::Pipelining);
            faults.record(target(number), Fault::Pipelining);
        }
        assert!(!faults.has(target(0), Fault::Pipelining));
        assert!(faults.has(target(1), Fault::Pipelining));
        assert!(faults.has(target(capacity), Fault::Pipelining));
        let noted = faults.lock();
        assert_eq!((noted.faults.len(), noted.order.len()), (CAPACITY, CAPACITY));
    }
}
