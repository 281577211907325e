//! `mailvet clean` that is stopped, killed, cut off or lied to, and goes on; at its pace, and with long lists.
//!
//! Takes half a minute. With a list of five million rows, as `tests/run --long` has it:
//!
//! ```text
//! CLEAN_ROWS=5000000 cargo test --profile load --test clean_stops
//! ```

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support {
    pub(crate) mod dns;
    pub(crate) mod poll;
    pub(crate) mod program;
    pub(crate) mod run;
}

mod cleaning {
    mod canaries;
    mod full;
    mod killed;
    mod lists;
    mod pace;
    mod scale;
    mod stops;
    mod workshop;
}

/// How many rows the longest list has.
fn most_rows() -> usize {
    std::env::var("CLEAN_ROWS").map_or(10_000, |rows| rows.parse().expect("a number of rows"))
}

/// One case at a time of those that take all of the machine.
static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn alone() -> std::sync::MutexGuard<'static, ()> {
    // A case that failed left nothing behind that matters.
    ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
