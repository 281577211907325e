//! Lines in front of those who are asked: so many have a place at the same time, the others wait for one.

use std::collections::{HashMap, VecDeque};

use crate::smtp::limiter::Party;

/// Those who have a place, and those who wait for one, by whom they are for.
pub(super) struct PartyQueues<T> {
    places: usize,
    open: HashMap<Party, PartyQueue<T>>,
    waiting: usize,
}

struct PartyQueue<T> {
    taken: usize,
    waiting: VecDeque<T>,
}

/// Whether somebody has a place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed<T> {
    /// At once.
    Now(T),
    /// Later: [`PartyQueues::decision`] tells when.
    InTurn,
}

impl<T> PartyQueues<T> {
    /// With so many places in front of each.
    pub(super) fn new(places: usize) -> Self {
        Self { places, open: HashMap::new(), waiting: 0 }
    }

    /// Takes a place, or stands at the end of the line.
    pub(super) fn push_or_start(&mut self, party: &Party, guest: T) -> Pushed<T> {
        let new = || PartyQueue { taken: 0, waiting: VecDeque::new() };
        let line = self.open.entry(party.clone()).or_insert_with(new);
        if line.taken < self.places {
            line.taken += 1;
            return Pushed::Now(guest);
        }
        line.waiting.push_back(guest);
        self.waiting += 1;
        Pushed::InTurn
    }

    /// Gives a place free; tells who has it now.
    pub(super) fn decision(&mut self, party: &Party) -> Option<T> {
        let line = self.open.get_mut(party)?;
        if let Some(first) = line.waiting.pop_front() {
            self.waiting -= 1;
            return Some(first);
        }
        line.taken -= 1;
        if line.taken == 0 {
            self.open.remove(party);
        }
        None
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_moves_in_order_and_holds_up_no_other() {
        let [slow, quick] = ["slow", "quick"].map(|name| Party::Organisation(name.into()));
        let mut lines = PartyQueues::new(2);
        let now = Pushed::Now;
        assert_eq!(lines.push_or_start(&slow, "a"), now("a"));
        assert_eq!(lines.push_or_start(&slow, "b"), now("b"));
        assert_eq!(lines.push_or_start(&slow, "c"), Pushed::InTurn);
        assert_eq!(lines.push_or_start(&slow, "d"), Pushed::InTurn);
        assert_eq!(lines.push_or_start(&quick, "e"), now("e"), "another line");
        assert_eq!(lines.waiting(), 2);
        assert_eq!(lines.decision(&slow), Some("c"));
        assert_eq!(lines.decision(&slow), Some("d"));
        assert_eq!(lines.waiting(), 0);
        assert_eq!(lines.push_or_start(&slow, "f"), Pushed::InTurn, "c and d have the places");
        assert_eq!(lines.decision(&slow), Some("f"));
        for _ in 0..2 {
            assert_eq!(lines.decision(&slow), None);
        }
        assert_eq!(lines.decision(&quick), None);
        assert!(lines.open.is_empty(), "what nobody stands in is forgotten");
    }
}
