//! What this process has learned of domains, and until when: facts, never verdicts.
//!
//! [`RouteCache`] keeps routes, [`MailboxCache`] what mail servers said; [`Tally`] counts what somebody did
//! lately. All are bounded.

mod mailboxes;
mod routes;
mod tally;

pub use mailboxes::MailboxCache;
pub use routes::{LONGEST_RUN, LearnedRoute, RouteCache, Timing};
pub use tally::Tally;
