//! The queues in front of the parties: first come, first served.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::{Limits, Party, PartyState};

/// The most parties that are remembered while no request waits for them.
const MAX_ENTRIES: usize = 100_000;

/// The parties that this process deals with, each with its queue.
pub(super) struct WaitQueue {
    entries: HashMap<Party, QueueEntry>,
    last_ticket: u64,
    max_entries: usize,
    /// With so many entries it is time to evict.
    evict_at: usize,
}

/// What is known of one party.
#[derive(Default)]
struct QueueEntry {
    state: PartyState,
    /// Open connections of this process.
    connections: u32,
    tickets: VecDeque<Ticket>,
}

/// A place in the queues of two parties.
#[derive(Clone)]
pub(super) struct Ticket {
    number: u64,
    /// Notified when its turn may have come.
    call: Arc<Notify>,
}

impl Ticket {
    /// Waits until the turn may have come.
    pub(super) async fn notified(&self) {
        self.call.notified().await;
    }
}

impl Default for WaitQueue {
    fn default() -> Self {
        Self::with_capacity(MAX_ENTRIES)
    }
}

impl WaitQueue {
    fn with_capacity(max_entries: usize) -> Self {
        Self { entries: HashMap::new(), last_ticket: 0, max_entries, evict_at: max_entries }
    }

    /// Joins both queues at the end. The first in one queue may have to wait for the other; as all tickets
    /// are in the same order in both, there is no deadlock.
    pub(super) fn join(&mut self, parties: &[Party; 2], limits: &Limits, now: Timestamp) -> Ticket {
        if self.entries.len() >= self.evict_at {
            self.evict(limits, now);
            // Entries in use stay, however many; they are not searched each time.
            self.evict_at = self.max_entries.max(2 * self.entries.len());
        }
        self.last_ticket += 1;
        let ticket = Ticket { number: self.last_ticket, call: Arc::new(Notify::new()) };
        for party in parties {
            self.entries.entry(party.clone()).or_default().tickets.push_back(ticket.clone());
        }
        ticket
    }

    /// Whether it is this ticket's turn with both parties.
    pub(super) fn is_first(&self, parties: &[Party; 2], ticket: &Ticket, limits: &Limits) -> bool {
        parties.iter().filter_map(|party| self.entries.get(party)).all(|entry| {
            entry.connections < limits.connections
                && entry.tickets.front().is_some_and(|first| first.number == ticket.number)
        })
    }

    /// Leaves both queues and notifies the first in each.
    pub(super) fn leave(&mut self, parties: &[Party; 2], ticket: &Ticket) {
        for party in parties {
            if let Some(entry) = self.entries.get_mut(party) {
                // Numbers rise along a queue.
                if let Ok(at) = entry.tickets.binary_search_by_key(&ticket.number, |t| t.number) {
                    entry.tickets.remove(at);
                }
                entry.notify_first();
            }
        }
    }

    pub(super) fn begin(&mut self, parties: &[Party; 2]) {
        for party in parties {
            self.entries.entry(party.clone()).or_default().connections += 1;
        }
    }

    /// Counts the end of a connection and notifies the first in each queue.
    pub(super) fn end(&mut self, parties: &[Party; 2]) {
        for party in parties {
            if let Some(entry) = self.entries.get_mut(party) {
                entry.connections = entry.connections.saturating_sub(1);
                entry.notify_first();
            }
        }
    }

    /// The open connections of this process with each party.
    pub(super) fn connections(&self, parties: &[Party; 2]) -> [u32; 2] {
        parties.each_ref().map(|party| self.entries.get(party).map_or(0, |entry| entry.connections))
    }

    pub(super) fn states(&self, parties: &[Party; 2]) -> [PartyState; 2] {
        parties.each_ref().map(|party| {
            self.entries.get(party).map_or_else(PartyState::default, |entry| entry.state)
        })
    }

    pub(super) fn note(&mut self, parties: &[Party; 2], states: [PartyState; 2]) {
        for (party, state) in parties.iter().zip(states) {
            if let Some(entry) = self.entries.get_mut(party) {
                entry.state = state;
            }
        }
    }

    /// Evicts parties that are not in use: those whose state no longer matters, and if these are few, the
    /// half of the others that was asked least.
    fn evict(&mut self, limits: &Limits, now: Timestamp) {
        self.entries
            .retain(|_, entry| entry.is_in_use() || entry.state.matters_until(limits) > now);
        if self.entries.len() <= self.max_entries / 2 {
            return;
        }
        let mut counts: Vec<u32> =
            self.entries.values().filter_map(|entry| entry.evictable(now)).collect();
        if counts.is_empty() {
            return;
        }
        let middle = counts.len() / 2;
        let (_, median, _) = counts.select_nth_unstable(middle);
        let median = *median;
        self.entries.retain(|_, entry| entry.evictable(now).is_none_or(|count| count > median));
    }
}

impl QueueEntry {
    fn notify_first(&self) {
        if let Some(first) = self.tickets.front() {
            first.call.notify_one();
        }
    }

    fn is_in_use(&self) -> bool {
        self.connections > 0 || !self.tickets.is_empty()
    }

    /// Recipients asked about, where it does little harm to forget that.
    fn evictable(&self, now: Timestamp) -> Option<u32> {
        let is_paused = self.state.pause.is_some_and(|pause| pause.until > now);
        (!self.is_in_use() && !is_paused).then_some(self.state.recipients)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::limiter::{PauseReason, PauseState};

    fn party(name: &str) -> Party {
        Party::Organisation(name.into())
    }

    #[test]
    fn memory_is_bounded_and_what_matters_most_stays() {
        let limits = Limits::default();
        let now = Timestamp::UNIX_EPOCH;
        let mut queue = WaitQueue::with_capacity(100);
        let network = Party::Network("192.0.2.0/24".parse().unwrap());
        for number in 0..10_000_u32 {
            let parties = [party(&number.to_string()), network.clone()];
            let ticket = queue.join(&parties, &limits, now);
            let pause = (number % 1_000 == 0)
                .then_some(PauseState { reason: PauseReason::Refused, until: Timestamp::MAX });
            let of_party =
                PartyState { recipients: 1 + number % 7, pause, ..PartyState::default() };
            let of_network = PartyState { recipients: number, ..PartyState::default() };
            queue.note(&parties, [of_party, of_network]);
            queue.leave(&parties, &ticket);
        }
        assert!(queue.entries.len() <= 102, "{}", queue.entries.len());
        let kept = |name: &str| queue.entries.contains_key(&party(name));
        assert!(kept("0") && kept("1000") && kept("9000"), "those that are left alone");
        assert!(queue.entries.contains_key(&network), "the one that was asked about most");
    }
}
