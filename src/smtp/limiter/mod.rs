//! How not to be a nuisance to the mail servers that are asked.
//!
//! Whoever wants to ask takes leave first. [`ProbeLimiter`] keeps the [`Limits`] twice, for the organisation
//! that runs a mail server and for the network it is in, so that neither many servers of one company nor
//! many domains on one machine add up to more. The decisions are plain functions of a [`PartyState`] and a
//! time; [`ProbeLimiter`] adds the waiting in line. What has to outlive the process, or to be shared with
//! another one, goes through a [`LimitStore`].

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
    Busy, Day, LimitDecision, Outcomes, PartyState, Pause, PauseState, Promise, ServerFeedback,
    Streak,
};

#[cfg(test)]
mod tests;
