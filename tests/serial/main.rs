//! What needs the whole machine, or counts what the process holds: one case at a time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../support"]
mod support {
    pub(crate) mod bounded;
    pub(crate) mod dns;
    pub(crate) mod http;
    pub(crate) mod poll;
    pub(crate) mod program;
    pub(crate) mod run;
    pub(crate) mod service;
}

mod clean;
mod files;
mod load;

static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn alone() -> std::sync::MutexGuard<'static, ()> {
    // A case that failed left nothing behind that matters.
    ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
