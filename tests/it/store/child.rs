//! Processes of their own that use a store. They are tests of this program that only other tests run.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use mailvet::clock::Clock;
use mailvet::store::Store;

const FOLDER: &str = "MAILVET_TEST_FOLDER";

/// A process that runs one of the tests that are not run otherwise, with the store in this folder.
pub(super) fn child(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The store, in such a process.
pub(super) fn store(clock: impl Clock) -> Store {
    let folder = std::env::var_os(FOLDER).expect("only other tests run this one");
    Store::open(Path::new(&folder), 64, Arc::new(clock)).unwrap()
}
