//! The tests that need nothing but a Rust toolchain: a folder, or a file, for each module that they test.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../support"]
mod support {
    pub(crate) mod bounded;
    pub(crate) mod dns;
    pub(crate) mod hostile;
    pub(crate) mod http;
    pub(crate) mod poll;
    pub(crate) mod program;
    pub(crate) mod proxy;
    pub(crate) mod run;
    pub(crate) mod service;
    pub(crate) mod smtp;
    pub(crate) mod socks;
    pub(crate) mod store;
}

mod address;
mod catalog;
mod check;
mod clean;
mod cli;
mod data;
mod dns;
mod docs;
mod files;
mod fuzz;
mod http;
mod layers;
mod probing;
mod reply;
mod report;
mod roster;
mod smtp;
mod store;
mod typo;
mod verdict;
