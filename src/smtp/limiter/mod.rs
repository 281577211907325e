//! The rate limiter of the probe: what limits connections to a mail server.
//!
//! Every probe connection needs a [`Permit`]: leave to open one connection now and to ask about so many
//! recipients on it. [`ProbeLimiter::acquire`] waits for it; [`Permit::finish`] reports what came of the
//! connection. A permit that is dropped before [`Permit::start`] gives back what it reserved; dropped later,
//! everything that it allowed counts as asked.
//!
//! The [`Limits`] apply twice, to each [`Party`]: the organisation that runs the mail server and the network
//! it is in (/24, /48). So neither many servers of one company nor many domains on one machine add up to more.
//! The defaults, all in `[probe]` of the configuration:
//!
//! | limit | default | beyond it |
//! |---|---|---|
//! | connections at a time | 1 | wait |
//! | gap between connections | 1 s | wait |
//! | recipients a connection | 10 | another connection |
//! | refusals a connection | 9 | another connection |
//! | recipients a day (UTC) | 500 | paused until midnight |
//! | refusal of us (breaker) | | paused for 2 h, doubled up to 24 h |
//! | 3 connections in a row without a usable answer | | paused for 5 min, doubled up to 24 h |
//! | over 30 % of at least 20 recipients do not exist | | paused for 24 h: it looks like harvesting |
//! | never list | empty | never asked |
//!
//! ```text
//! acquire ─▶ WaitQueue: a queue a party, first come, first served
//!              │ first in both
//!              ▼
//!            AcquireRequest ─▶ LimitStore (shared by processes), or this process alone
//!                                │ PartyState::decision for both parties
//!                                ▼
//!            AcquireReply: LimitDecision::Go ─▶ Permit ─▶ ReleaseRecord ─▶ LimitStore
//! ```
//!
//! Decisions are pure functions of a [`PartyState`] and a time.

mod acquire;
mod destination;
mod limit_store;
mod limits;
mod never;
mod party_state;
mod wait_queue;

pub use acquire::{AcquireResult, Permit, ProbeLimiter};
pub use destination::{Destination, Party};
pub use limit_store::{AcquireReply, AcquireRequest, LimitStore, ReleaseRecord};
pub use limits::{Allowance, Limits};
pub use never::{NeverEntry, NeverError, NeverList};
pub use party_state::{
    Day, LimitDecision, OpenConnections, Outcomes, PartyState, PauseReason, PauseState,
    Reservation, ServerFeedback, Streak,
};

#[cfg(test)]
mod tests;
