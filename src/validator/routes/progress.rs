//! How far the look-up of a route has come, and waiting for its end.

use std::sync::Arc;
use std::time::Duration;

use metrics::gauge;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::cache::LearnedRoute;
use crate::validator::single_flight::Flight;

/// How far a look-up has come.
#[derive(Clone, Debug)]
pub(in crate::validator) enum LookupProgress {
    Asking {
        /// Since when the DNS has left a question unanswered; none where no question is open.
        unanswered_since: Option<Instant>,
    },
    /// The answer, unless another server contradicts it.
    Provisional(Arc<LearnedRoute>),
    /// The answer.
    Done(Arc<LearnedRoute>),
}

impl LookupProgress {
    pub(in crate::validator) const START: Self = Self::Asking { unanswered_since: None };
}

/// How a wait for a look-up ended.
pub(in crate::validator) enum WaitOutcome {
    Done(Arc<LearnedRoute>),
    /// The time was over; this is the answer unless another server contradicts it.
    Provisional(Arc<LearnedRoute>),
    TimedOut {
        /// How long the DNS had left a question unanswered by then.
        unanswered_for: Duration,
    },
    /// The look-up broke off, by a bug or because the process ends.
    BrokenOff,
}

/// Waits for the end of a look-up, at most this long.
pub(in crate::validator) async fn wait(
    flight: Flight<LookupProgress>,
    longest: Duration,
) -> WaitOutcome {
    let mut progress = flight.progress;
    let is_done = |progress: &LookupProgress| matches!(progress, LookupProgress::Done(_));
    let done = async { progress.wait_for(is_done).await.map(|done| done.clone()) };
    let last = timeout(longest, done).await;
    let last = last.unwrap_or_else(|_| Ok(progress.borrow().clone()));
    match last {
        Ok(LookupProgress::Done(learned)) => WaitOutcome::Done(learned),
        Ok(LookupProgress::Provisional(learned)) => WaitOutcome::Provisional(learned),
        Ok(LookupProgress::Asking { unanswered_since }) => WaitOutcome::TimedOut {
            unanswered_for: unanswered_since.map_or(Duration::ZERO, |since| since.elapsed()),
        },
        Err(_) => WaitOutcome::BrokenOff,
    }
}

/// Notes that the DNS is asked a question. Wakes no waiting caller.
pub(super) fn note_question(progress: &watch::Sender<LookupProgress>) {
    note(progress, Some(Instant::now()));
}

/// Notes that no question is open.
pub(super) fn note_answer(progress: &watch::Sender<LookupProgress>) {
    note(progress, None);
}

fn note(progress: &watch::Sender<LookupProgress>, since: Option<Instant>) {
    progress.send_if_modified(|progress| {
        if let LookupProgress::Asking { unanswered_since } = progress {
            *unanswered_since = since;
        }
        false
    });
}

/// Counts a look-up as under way for the metrics, as long as it is kept.
pub(in crate::validator) struct CountedLookup(());

impl CountedLookup {
    pub(in crate::validator) fn begin() -> Self {
        gauge!("mailvet_dns_flights").increment(1);
        Self(())
    }
}

impl Drop for CountedLookup {
    fn drop(&mut self) {
        gauge!("mailvet_dns_flights").decrement(1);
    }
}
