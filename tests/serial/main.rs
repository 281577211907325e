//! What needs the whole machine, counts what the process holds, or needs processes of its own that are tests too:
//! one test at a time.
//!
//! This is a program of its own, not one of the built-in harness: it is started again for those processes
//! ([`store::CHILD`]). A test that is left out of its module's `tests![…]` is dead code, which the lints refuse.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(
    clippy::print_stdout,
    reason = "figures, and what a process tells the one that started it"
)]

#[path = "../support"]
mod support {
    pub(crate) mod bounded;
    pub(crate) mod dns;
    pub(crate) mod http;
    pub(crate) mod poll;
    pub(crate) mod program;
    pub(crate) mod run;
    pub(crate) mod service;
    pub(crate) mod store;
}

/// The tests of a module, by the names of their functions.
macro_rules! tests {
    ($($test:ident),* $(,)?) => {
        pub(crate) fn tests() -> Vec<libtest_mimic::Trial> {
            vec![$(crate::trial(module_path!(), stringify!($test), $test)),*]
        }
    };
}

mod clean;
mod files;
mod load;
mod store;

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, first, role, folder] = &arguments[..]
        && first == store::CHILD
    {
        store::play(role, Path::new(folder));
        return ExitCode::SUCCESS;
    }
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    let tests = [clean::tests(), files::tests(), load::tests(), store::tests()];
    libtest_mimic::run(&arguments, tests.into_iter().flatten().collect()).exit_code()
}

fn trial(module: &str, name: &str, test: fn()) -> Trial {
    let module = module.strip_prefix("serial::").unwrap_or(module);
    Trial::test(format!("{module}::{name}"), move || {
        test();
        Ok(())
    })
}
