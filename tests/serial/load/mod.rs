//! Many requests at once, of which many are given up, and a DNS that comes and goes: nothing is asked twice,
//! nothing is left behind, nothing is made up.
//!
//! Takes half a minute. With more requests, as `tests/run --all` has it:
//!
//! ```text
//! LOAD_REQUESTS=100000 FLOOD_LOOKUPS=1200000 cargo test --test serial load
//! ```

use libtest_mimic::Trial;

mod flood;
mod given_up;
mod outage;
mod random;

pub(crate) fn tests() -> Vec<Trial> {
    [flood::tests(), given_up::tests(), outage::tests()].into_iter().flatten().collect()
}
