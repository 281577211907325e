//! Queues by mail server party: a limited number of probes run at the same time for each, the others wait.

use std::collections::{HashMap, VecDeque};

use crate::smtp::limiter::Party;

/// The probes that run and those that wait, by party.
pub(super) struct PartyQueues<T> {
    /// How many may run at the same time for one party.
    limit: usize,
    queues: HashMap<Party, PartyQueue<T>>,
    queued: usize,
}

struct PartyQueue<T> {
    running: usize,
    waiting: VecDeque<T>,
}

/// Whether a probe may start.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed<T> {
    Start(T),
    /// [`PartyQueues::finish`] returns it later.
    Queued,
}

impl<T> PartyQueues<T> {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, queues: HashMap::new(), queued: 0 }
    }

    /// Returns the probe where it may start now, else queues it.
    pub(super) fn push(&mut self, party: &Party, probe: T) -> Pushed<T> {
        let new = || PartyQueue { running: 0, waiting: VecDeque::new() };
        let queue = self.queues.entry(party.clone()).or_insert_with(new);
        if queue.running < self.limit {
            queue.running += 1;
            return Pushed::Start(probe);
        }
        queue.waiting.push_back(probe);
        self.queued += 1;
        Pushed::Queued
    }

    /// Notes that a probe has ended. Returns the next one of that party, which may start now.
    pub(super) fn finish(&mut self, party: &Party) -> Option<T> {
        let queue = self.queues.get_mut(party)?;
        if let Some(next) = queue.waiting.pop_front() {
            self.queued -= 1;
            return Some(next);
        }
        queue.running -= 1;
        if queue.running == 0 {
            self.queues.remove(party);
        }
        None
    }

    /// How many wait, for all parties together.
    pub(super) fn queued(&self) -> usize {
        self.queued
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_moves_in_order_and_holds_up_no_other() {
        let [slow, quick] = ["slow", "quick"].map(|name| Party::Organisation(name.into()));
        let mut queues = PartyQueues::new(2);
        let start = Pushed::Start;
        assert_eq!(queues.push(&slow, "a"), start("a"));
        assert_eq!(queues.push(&slow, "b"), start("b"));
        assert_eq!(queues.push(&slow, "c"), Pushed::Queued);
        assert_eq!(queues.push(&slow, "d"), Pushed::Queued);
        assert_eq!(queues.push(&quick, "e"), start("e"), "another party");
        assert_eq!(queues.queued(), 2);
        assert_eq!(queues.finish(&slow), Some("c"));
        assert_eq!(queues.finish(&slow), Some("d"));
        assert_eq!(queues.queued(), 0);
        assert_eq!(queues.push(&slow, "f"), Pushed::Queued, "c and d run");
        assert_eq!(queues.finish(&slow), Some("f"));
        for _ in 0..2 {
            assert_eq!(queues.finish(&slow), None);
        }
        assert_eq!(queues.finish(&quick), None);
        assert!(queues.queues.is_empty(), "a queue without probes is removed");
    }
}
