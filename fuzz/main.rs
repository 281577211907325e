//! The fuzzer's one binary: `FUZZ_CHECK` names the check that it runs.
//!
//! ```text
//! FUZZ_CHECK=roster cargo fuzz run checks -s none fuzz/corpus/roster fuzz/seeds/roster
//! ```
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

mod checks;

static CHECK: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let wanted = std::env::var("FUZZ_CHECK").unwrap_or_default();
    let check = checks::CHECKS.into_iter().find(|(name, _)| *name == wanted);
    let names = || checks::CHECKS.map(|(name, _)| name).join(", ");
    check.unwrap_or_else(|| panic!("FUZZ_CHECK has to be one of {}", names())).1
});

fuzz_target!(|bytes: &[u8]| CHECK(bytes));
