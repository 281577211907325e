//! One flight a domain: however many want to know, one asks, and goes on asking when they hang up.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use metrics::gauge;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::cache::LearnedRoute;
use crate::route::HostName;

/// The flights under way. Clones share them.
#[derive(Clone, Default)]
pub(super) struct SingleFlight {
    by_domain: Arc<Mutex<HashMap<HostName, Flight>>>,
}

/// A seat on a flight.
#[derive(Clone)]
pub(super) struct Flight {
    began: Instant,
    progress: watch::Receiver<Progress>,
}

/// How far a flight has come.
#[derive(Clone, Debug)]
pub(super) enum Progress {
    /// Nothing is known yet.
    Asking {
        /// Since when the DNS has left a question unanswered; none where it has not.
        unanswered_since: Option<Instant>,
    },
    /// This will be the answer unless somebody contradicts.
    Provisional(Arc<LearnedRoute>),
    /// This is the answer.
    Done(Arc<LearnedRoute>),
}

/// How a wait for a flight ended.
pub(super) enum Waited {
    /// With the answer.
    Done(Arc<LearnedRoute>),
    /// Out of patience; this would have been the answer unless somebody contradicted.
    Provisional(Arc<LearnedRoute>),
    /// Out of patience.
    OutOfPatience {
        /// How long the DNS had left a question unanswered by then.
        unanswered_for: Duration,
    },
    /// The flight broke off, by a fault of ours or because the process is being taken down.
    Lost,
}

/// Whether a caller started a flight or found one under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It started one.
    Started,
    /// It joined one.
    Joined,
}

impl SingleFlight {
    /// The flight for a domain that is under way.
    pub(super) fn under_way(&self, domain: &HostName) -> Option<Flight> {
        self.lock().get(domain).cloned()
    }

    /// How many flights are under way.
    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    /// Joins the flight for a domain, or starts one: `ask` runs as a task of its own until it has told its
    /// answer.
    pub(super) fn join<F>(
        &self,
        domain: &HostName,
        ask: impl FnOnce(watch::Sender<Progress>) -> F,
    ) -> (Flight, Role)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (tell, progress) = watch::channel(Progress::Asking { unanswered_since: None });
        let flight = match self.lock().entry(domain.clone()) {
            Entry::Occupied(under_way) => return (under_way.get().clone(), Role::Joined),
            Entry::Vacant(place) => {
                place.insert(Flight { began: Instant::now(), progress }).clone()
            }
        };
        gauge!("mailvet_dns_flights").increment(1);
        let landing = ResultGuard { flights: self.clone(), domain: domain.clone() };
        let ask = ask(tell);
        // Not under the lock: a runtime that is being shut down drops the task at once, and so the landing.
        tokio::spawn(async move {
            // Dropped at the end, also when the task is cancelled or panics.
            let _landing = landing;
            ask.await;
        });
        (flight, Role::Started)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<HostName, Flight>> {
        // Nothing that holds the lock can leave the map half changed.
        self.by_domain.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes that the DNS is asked a question. Nobody is woken for that.
pub(super) fn note_question(tell: &watch::Sender<Progress>) {
    note(tell, Some(Instant::now()));
}

/// Notes that the DNS owes no answer.
pub(super) fn note_answer(tell: &watch::Sender<Progress>) {
    note(tell, None);
}

fn note(tell: &watch::Sender<Progress>, since: Option<Instant>) {
    tell.send_if_modified(|progress| {
        if let Progress::Asking { unanswered_since } = progress {
            *unanswered_since = since;
        }
        false
    });
}

/// Takes a flight off the board.
struct ResultGuard {
    flights: SingleFlight,
    domain: HostName,
}

impl Drop for ResultGuard {
    fn drop(&mut self) {
        self.flights.lock().remove(&self.domain);
        gauge!("mailvet_dns_flights").decrement(1);
    }
}

impl Flight {
    /// How long it has been under way.
    pub(super) fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// Waits for the answer, at most this long.
    pub(super) async fn wait(mut self, timeouts: Duration) -> Waited {
        let has_landed = |progress: &Progress| matches!(progress, Progress::Done(_));
        let done = async { self.progress.wait_for(has_landed).await.map(|told| told.clone()) };
        let told = tokio::time::timeout(timeouts, done).await;
        let told = told.unwrap_or_else(|_| Ok(self.progress.borrow().clone()));
        match told {
            Ok(Progress::Done(learned)) => Waited::Done(learned),
            Ok(Progress::Provisional(learned)) => Waited::Provisional(learned),
            Ok(Progress::Asking { unanswered_since }) => Waited::OutOfPatience {
                unanswered_for: unanswered_since.map_or(Duration::ZERO, |since| since.elapsed()),
            },
            Err(_) => Waited::Lost,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Runtime;

    use super::*;

    fn domain() -> HostName {
        HostName::new("a.de").unwrap()
    }

    #[tokio::test]
    async fn a_flight_that_breaks_off_is_told_and_leaves_the_board() {
        let flights = SingleFlight::default();
        let (flight, _) = flights.join(&domain(), |tell| async move {
            let _tell = tell;
            tokio::task::yield_now().await;
            panic!("a fault of ours");
        });
        let (joined, boarding) = flights.join(&domain(), |_| async {});
        assert_eq!(boarding, Role::Joined);
        for flight in [flight, joined] {
            assert!(matches!(flight.wait(Duration::from_secs(60)).await, Waited::Lost));
        }
        while flights.count() > 0 {
            tokio::task::yield_now().await;
        }
        let (_, boarding) = flights.join(&domain(), |_| async {});
        assert_eq!(boarding, Role::Started);
    }

    #[test]
    fn a_runtime_that_is_shut_down_starts_no_flight() {
        let flights = SingleFlight::default();
        let (gone, here) = (Runtime::new().unwrap(), Runtime::new().unwrap());
        let handle = gone.handle().clone();
        gone.shutdown_background();
        let (flight, _) = {
            let _within = handle.enter();
            flights.join(&domain(), |tell| async move { tell.closed().await })
        };
        assert!(matches!(here.block_on(flight.wait(Duration::from_secs(60))), Waited::Lost));
        assert_eq!(flights.count(), 0);
    }
}
