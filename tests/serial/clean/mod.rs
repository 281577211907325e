//! `mailvet clean` that is stopped, killed, cut off or lied to, and goes on; at its pace, and with long lists.
//!
//! Takes half a minute. With a list of five million rows, as `tests/run --long` has it:
//!
//! ```text
//! CLEAN_ROWS=5000000 cargo test --profile load --test serial clean
//! ```

use libtest_mimic::Trial;

mod canaries;
mod clean_env;
mod full;
mod killed;
mod lists;
mod pace;
mod scale;
mod stops;

/// How many rows the longest list has.
fn most_rows() -> usize {
    std::env::var("CLEAN_ROWS").map_or(10_000, |rows| rows.parse().expect("a number of rows"))
}

pub(crate) fn tests() -> Vec<Trial> {
    [
        canaries::tests(),
        full::tests(),
        killed::tests(),
        pace::tests(),
        scale::tests(),
        stops::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
