//! What this process has learned of domains, and until when: facts, never verdicts.
//!
//! [`RouteCache`] keeps routes, [`Tally`] counts what somebody did lately. Both are bounded.

mod routes;
mod tally;

pub use routes::{Freshness, LearnedRoute, RouteCache};
pub use tally::Tally;
