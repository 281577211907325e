//! Who waits for whom: a line for each party, first come, first served.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::{Limits, Party, PartyState};

/// The most parties that are remembered while nobody waits for them.
const MOST_PAGES: usize = 100_000;

/// The parties that this process deals with.
pub(super) struct WaitQueue {
    pages: HashMap<Party, QueueEntry>,
    last_ticket: u64,
    most_pages: usize,
    /// With so many pages it is time to make room.
    room_wanted_at: usize,
}

/// What is known of one party.
#[derive(Default)]
struct QueueEntry {
    standing: PartyState,
    /// Connections of ours.
    connections: u32,
    line: VecDeque<Ticket>,
}

/// A place in the lines of two parties.
#[derive(Clone)]
pub(super) struct Ticket {
    number: u64,
    /// Called when its turn may have come.
    call: Arc<Notify>,
}

impl Ticket {
    /// Comes true when it is worth looking whether the turn has come.
    pub(super) async fn called(&self) {
        self.call.notified().await;
    }
}

impl Default for WaitQueue {
    fn default() -> Self {
        Self::of_at_most(MOST_PAGES)
    }
}

impl WaitQueue {
    fn of_at_most(most_pages: usize) -> Self {
        Self { pages: HashMap::new(), last_ticket: 0, most_pages, room_wanted_at: most_pages }
    }

    /// Goes to the end of both lines. Whoever is first in one line may have to wait for the other; as all
    /// stand in both lines in the same order, somebody can always go.
    pub(super) fn stand_in_line(
        &mut self,
        parties: &[Party; 2],
        limits: &Limits,
        now: Timestamp,
    ) -> Ticket {
        if self.pages.len() >= self.room_wanted_at {
            self.make_room(limits, now);
            // Those that are waited for stay, however many; they are not looked through each time.
            self.room_wanted_at = self.most_pages.max(2 * self.pages.len());
        }
        self.last_ticket += 1;
        let ticket = Ticket { number: self.last_ticket, call: Arc::new(Notify::new()) };
        for party in parties {
            self.pages.entry(party.clone()).or_default().line.push_back(ticket.clone());
        }
        ticket
    }

    /// Whether it is this ticket's turn with both parties.
    pub(super) fn is_first(&self, parties: &[Party; 2], ticket: &Ticket, limits: &Limits) -> bool {
        parties.iter().filter_map(|party| self.pages.get(party)).all(|page| {
            page.connections < limits.connections
                && page.line.front().is_some_and(|first| first.number == ticket.number)
        })
    }

    /// Leaves the lines, wherever in them, and calls who comes next.
    pub(super) fn leave_line(&mut self, parties: &[Party; 2], ticket: &Ticket) {
        for party in parties {
            if let Some(page) = self.pages.get_mut(party) {
                // Numbers only rise along a line.
                if let Ok(at) = page.line.binary_search_by_key(&ticket.number, |t| t.number) {
                    page.line.remove(at);
                }
                page.call_first();
            }
        }
    }

    /// Notes that a connection begins.
    pub(super) fn begin(&mut self, parties: &[Party; 2]) {
        for party in parties {
            self.pages.entry(party.clone()).or_default().connections += 1;
        }
    }

    /// Notes that a connection is over, and calls who comes next.
    pub(super) fn end(&mut self, parties: &[Party; 2]) {
        for party in parties {
            if let Some(page) = self.pages.get_mut(party) {
                page.connections = page.connections.saturating_sub(1);
                page.call_first();
            }
        }
    }

    /// Our connections with each.
    pub(super) fn connections(&self, parties: &[Party; 2]) -> [u32; 2] {
        parties.each_ref().map(|party| self.pages.get(party).map_or(0, |page| page.connections))
    }

    /// How we stand with each.
    pub(super) fn standings(&self, parties: &[Party; 2]) -> [PartyState; 2] {
        parties.each_ref().map(|party| {
            self.pages.get(party).map_or_else(PartyState::default, |page| page.standing)
        })
    }

    /// Notes how we stand with each.
    pub(super) fn note(&mut self, parties: &[Party; 2], standings: [PartyState; 2]) {
        for (party, standing) in parties.iter().zip(standings) {
            if let Some(page) = self.pages.get_mut(party) {
                page.standing = standing;
            }
        }
    }

    /// Forgets parties that nobody waits for: those that no longer matter, and if they are few, of the
    /// others the half that was asked about least.
    fn make_room(&mut self, limits: &Limits, now: Timestamp) {
        self.pages.retain(|_, page| page.is_in_use() || page.standing.matters_until(limits) > now);
        if self.pages.len() <= self.most_pages / 2 {
            return;
        }
        let mut counts: Vec<u32> =
            self.pages.values().filter_map(|page| page.could_go(now)).collect();
        if counts.is_empty() {
            return;
        }
        let middle = counts.len() / 2;
        let (_, median, _) = counts.select_nth_unstable(middle);
        let median = *median;
        self.pages.retain(|_, page| page.could_go(now).is_none_or(|count| count > median));
    }
}

impl QueueEntry {
    fn call_first(&self) {
        if let Some(first) = self.line.front() {
            first.call.notify_one();
        }
    }

    fn is_in_use(&self) -> bool {
        self.connections > 0 || !self.line.is_empty()
    }

    /// How many were asked about, where it does little harm to forget that.
    fn could_go(&self, now: Timestamp) -> Option<u32> {
        let is_paused = self.standing.closed.is_some_and(|closed| closed.until > now);
        (!self.is_in_use() && !is_paused).then_some(self.standing.recipients)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::limiter::{Pause, PauseState};

    fn party(name: &str) -> Party {
        Party::Organisation(name.into())
    }

    #[test]
    fn memory_is_bounded_and_what_matters_most_stays() {
        let limits = Limits::default();
        let now = Timestamp::UNIX_EPOCH;
        let mut queue = WaitQueue::of_at_most(100);
        let network = Party::Network("192.0.2.0/24".parse().unwrap());
        for number in 0..10_000_u32 {
            let parties = [party(&number.to_string()), network.clone()];
            let ticket = queue.stand_in_line(&parties, &limits, now);
            let closed = (number % 1_000 == 0)
                .then_some(PauseState { why: Pause::Refused, until: Timestamp::MAX });
            let of_party =
                PartyState { recipients: 1 + number % 7, closed, ..PartyState::default() };
            let of_network = PartyState { recipients: number, ..PartyState::default() };
            queue.note(&parties, [of_party, of_network]);
            queue.leave_line(&parties, &ticket);
        }
        assert!(queue.pages.len() <= 102, "{}", queue.pages.len());
        let kept = |name: &str| queue.pages.contains_key(&party(name));
        assert!(kept("0") && kept("1000") && kept("9000"), "those that are left alone");
        assert!(queue.pages.contains_key(&network), "the one that was asked about most");
    }
}
