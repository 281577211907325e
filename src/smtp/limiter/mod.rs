//! The rate limiter of the probe: what limits connections to a mail server.
//!
//! Every probe connection needs a [`Permit`]: leave to open one connection now and to ask about so many
//! recipients on it. [`ProbeLimiter::acquire`] waits for it; [`Permit::finish`] reports what came of the
//! connection. A permit that is dropped before [`Permit::start`] gives back what it reserved; dropped later,
//! everything that it allowed counts as asked.
//!
//! The [`Limits`] apply twice, to each [`Party`]: the organisation that runs the mail server and the network
//! it is in (/24, /48). So neither many servers of one company nor many domains on one machine add up to more.
//! Limits without a key are fixed.
//!
//! | limit | key in `[probe]` | default | beyond it |
//! |---|---|---|---|
//! | connections at a time | `max_connections` | 1 | wait |
//! | gap between connections | `gap_ms` | 1 s | wait |
//! | recipients a connection | `max_recipients_per_connection` | 10 | another connection |
//! | refusals a connection | `max_refusals_per_connection` | 9 | another connection |
//! | recipients a day (UTC) | `max_recipients_per_day` | 500 | paused until midnight |
//! | refusals of us (breaker) | | 1 | paused for 2 h (`breaker_minutes`), doubled each time in a row up to 24 h (`breaker_max_minutes`) |
//! | recipients in a row refused for a reason about us | | 3 | counts as a refusal of us |
//! | connections in a row without a usable answer | | 3 | paused for 5 min, doubled each time up to 24 h (`breaker_max_minutes`) |
//! | recipients that do not exist, of at least 20 (`harvest_sample`) | `harvest_percent` | 30 % | paused for 24 h: it looks like harvesting |
//! | domains, mail servers, networks | `never` | none | never asked |
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
