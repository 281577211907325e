//! What this process has learned, and until when: facts, never verdicts.
//!
//! [`RouteCache`] keeps routes by domain, [`MailboxCache`] what mail servers said, [`WindowCounts`] counts recent events by
//! key. All are bounded.

mod mailboxes;
mod routes;
mod window_counts;

pub use mailboxes::MailboxCache;
pub use routes::{LONGEST_RUN, LearnedRoute, RouteCache, Timing};
pub use window_counts::WindowCounts;
