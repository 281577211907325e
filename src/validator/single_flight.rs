//! Single flight: however many callers want the same thing at the same time, one task finds it out.
//!
//! The first caller for a key becomes its leader: the work is started as a task of its own, so it goes on when
//! the caller stops waiting. Callers that come while it runs are followers. All watch the progress that the task
//! reports; its sender is dropped when the task ends, also by a panic or with the runtime, so no caller waits for
//! a task that is gone.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// The flights under way by key, of which there can be so many. Clones share them.
pub(super) struct SingleFlight<K, P> {
    by_key: FlightMap<K, P>,
    capacity: usize,
}

type FlightMap<K, P> = Arc<Mutex<HashMap<K, Flight<P>>>>;

impl<K, P> Clone for SingleFlight<K, P> {
    fn clone(&self) -> Self {
        Self { by_key: self.by_key.clone(), capacity: self.capacity }
    }
}

/// A flight as a caller sees it.
pub(super) struct Flight<P> {
    began: Instant,
    pub(super) progress: watch::Receiver<P>,
}

impl<P> Clone for Flight<P> {
    fn clone(&self) -> Self {
        Self { began: self.began, progress: self.progress.clone() }
    }
}

impl<P> Flight<P> {
    pub(super) fn age(&self) -> Duration {
        self.began.elapsed()
    }
}

/// What a caller is to a flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It started the flight.
    Leader,
    /// It joined a flight that was under way.
    Follower,
}

impl<K, P> SingleFlight<K, P>
where
    K: Clone + Eq + Hash + Send + 'static,
    P: Send + Sync + 'static,
{
    /// No flights yet.
    pub(super) fn new(capacity: usize) -> Self {
        Self { by_key: Arc::default(), capacity }
    }

    /// The flight for a key that is under way.
    pub(super) fn under_way(&self, key: &K) -> Option<Flight<P>> {
        self.lock().get(key).cloned()
    }

    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.count() >= self.capacity
    }

    /// Joins the flight for a key, or starts one: what `lead` returns runs as a task of its own. None where one
    /// more would be too many.
    pub(super) fn join<F>(
        &self,
        key: K,
        initial: P,
        lead: impl FnOnce(watch::Sender<P>) -> F,
    ) -> Option<(Flight<P>, Role)>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, progress) = watch::channel(initial);
        let flight = {
            let mut by_key = self.lock();
            let is_full = by_key.len() >= self.capacity;
            match by_key.entry(key.clone()) {
                Entry::Occupied(entry) => return Some((entry.get().clone(), Role::Follower)),
                Entry::Vacant(_) if is_full => return None,
                Entry::Vacant(entry) => {
                    entry.insert(Flight { began: Instant::now(), progress }).clone()
                }
            }
        };
        let guard = ResultGuard { by_key: self.by_key.clone(), key };
        let work = lead(sender);
        // Not under the lock: a runtime that is shutting down drops the task at once, and the guard locks.
        tokio::spawn(async move {
            // Dropped at the end, also when the task is cancelled or panics.
            let _guard = guard;
            work.await;
        });
        Some((flight, Role::Leader))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Flight<P>>> {
        lock(&self.by_key)
    }
}

fn lock<K, P>(by_key: &FlightMap<K, P>) -> MutexGuard<'_, HashMap<K, Flight<P>>> {
    // Nothing that holds the lock can leave the map half changed.
    by_key.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes a flight when its task ends.
struct ResultGuard<K: Eq + Hash, P> {
    by_key: FlightMap<K, P>,
    key: K,
}

impl<K: Eq + Hash, P> Drop for ResultGuard<K, P> {
    fn drop(&mut self) {
        lock(&self.by_key).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Runtime;

    use super::*;

    type Flights = SingleFlight<&'static str, u8>;

    /// Whether a flight ends without progress.
    async fn is_broken_off(mut flight: Flight<u8>) -> bool {
        flight.progress.wait_for(|progress| *progress > 0).await.is_err()
    }

    #[tokio::test]
    async fn a_flight_that_breaks_off_ends_for_all_and_is_removed() {
        let flights = Flights::new(10);
        let (flight, _) = flights
            .join("a", 0, |sender| async move {
                let _sender = sender;
                tokio::task::yield_now().await;
                panic!("a bug");
            })
            .unwrap();
        let (joined, role) = flights.join("a", 0, |_| async {}).unwrap();
        assert_eq!(role, Role::Follower);
        for flight in [flight, joined] {
            assert!(is_broken_off(flight).await);
        }
        while flights.count() > 0 {
            tokio::task::yield_now().await;
        }
        let (_, role) = flights.join("a", 0, |_| async {}).unwrap();
        assert_eq!(role, Role::Leader);
    }

    #[test]
    fn a_runtime_that_is_shut_down_starts_no_flight() {
        let flights = Flights::new(10);
        let (gone, here) = (Runtime::new().unwrap(), Runtime::new().unwrap());
        let handle = gone.handle().clone();
        gone.shutdown_background();
        let (flight, _) = {
            let _within = handle.enter();
            flights.join("a", 0, |sender| async move { sender.closed().await }).unwrap()
        };
        assert!(here.block_on(is_broken_off(flight)));
        assert_eq!(flights.count(), 0);
    }

    #[tokio::test]
    async fn there_are_no_more_flights_than_may_be_and_all_can_be_joined() {
        let flights = Flights::new(2);
        let join = |key| flights.join(key, 0, |sender| async move { sender.closed().await });
        let _kept = [join("a").unwrap(), join("b").unwrap()];
        assert!(join("c").is_none() && flights.is_full());
        assert_eq!(join("a").unwrap().1, Role::Follower);
    }
}
