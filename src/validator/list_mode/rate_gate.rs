//! The rate of the look-ups for a list, and their rounds: the resolver is tested before the first look-up of each.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::halt::Halt;

/// How many domains are looked up between two tests of the resolver, at least.
const DOMAINS_PER_TEST: u64 = 1_000;

/// Gives out turns in order.
pub(super) struct RateGate {
    /// Turns in a second, at most.
    rate: Option<NonZeroU32>,
    /// Turns in a round: at least as many as there can be look-ups at the same time, so that one look-up of a
    /// round, and with it the round's test, is over before the next round begins.
    per_round: u64,
    /// Never held across an await.
    state: Mutex<GateState>,
}

struct GateState {
    drawn: u64,
    /// When the next turn may be.
    opens: Instant,
    round: Round,
}

pub(super) struct Turn {
    pub(super) at: Instant,
    pub(super) round: Round,
}

/// The turns that one test of the resolver covers.
#[derive(Clone)]
pub(super) struct Round {
    /// Counted from 0.
    pub(super) number: u64,
    /// The outcome of the test. The first turn runs it, the others wait for it.
    pub(super) tested: Arc<OnceCell<Result<(), Halt>>>,
}

impl Round {
    fn new(number: u64) -> Self {
        Self { number, tested: Arc::default() }
    }
}

impl RateGate {
    /// A gate for so many look-ups at the same time, with at most this many turns in a second.
    pub(super) fn new(rate: Option<NonZeroU32>, concurrency: usize) -> Self {
        let concurrency = u64::try_from(concurrency).unwrap_or(u64::MAX);
        let state = GateState { drawn: 0, opens: Instant::now(), round: Round::new(0) };
        Self { rate, per_round: DOMAINS_PER_TEST.max(concurrency), state: Mutex::new(state) }
    }

    pub(super) fn draw(&self) -> Turn {
        // Nothing that holds the lock can leave the state half changed.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let number = state.drawn / self.per_round;
        if number != state.round.number {
            state.round = Round::new(number);
        }
        state.drawn += 1;
        let at = state.opens.max(Instant::now());
        if let Some(rate) = self.rate {
            state.opens = at + Duration::from_secs(1) / rate.get();
        }
        Turn { at, round: state.round.clone() }
    }

    /// The number of the round after the last turn; 0 where there was none.
    pub(super) fn next_round(&self) -> u64 {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.drawn == 0 { 0 } else { state.round.number + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_round_is_as_long_as_there_are_look_ups_at_the_same_time() {
        for (concurrency, per_round) in [(1, 1_000), (64, 1_000), (1_000, 1_000), (4_096, 4_096)] {
            let gate = RateGate::new(None, concurrency);
            let rounds: Vec<u64> = (0..2 * per_round).map(|_| gate.draw().round.number).collect();
            let second = rounds.iter().position(|round| *round == 1);
            assert_eq!(second, Some(per_round), "{concurrency}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn turns_that_nobody_took_are_not_made_up_for() {
        let gate = RateGate::new(NonZeroU32::new(2), 64);
        let began = Instant::now();
        let half = Duration::from_millis(500);
        assert_eq!([gate.draw().at, gate.draw().at], [began, began + half]);
        tokio::time::advance(Duration::from_secs(10)).await;
        let late = Instant::now();
        assert_eq!([gate.draw().at, gate.draw().at], [late, late + half]);
    }
}
