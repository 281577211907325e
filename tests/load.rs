//! Many requests at once, of which many are given up, and a DNS that comes and goes: nothing is asked twice,
//! nothing is left behind, nothing is made up.
//!
//! Takes half a minute. With more requests, as `tests/run --all` has it:
//!
//! ```text
//! LOAD_REQUESTS=100000 FLOOD_LOOKUPS=1200000 cargo test --test load
//! ```

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support {
    pub(crate) mod dns;
    pub(crate) mod http;
    pub(crate) mod poll;
    pub(crate) mod program;
    pub(crate) mod service;
}

mod loadcases {
    mod flood;
    mod given_up;
    mod outage;
    mod random;
}

/// One case at a time: they count what the whole process holds.
static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn alone() -> std::sync::MutexGuard<'static, ()> {
    // A case that failed left nothing behind that matters.
    ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
