//! README.md and docs/: every command in them is run, every table in them is compared with the program.
//!
//! `SNAPSHOTS=overwrite cargo test --locked --test docs` writes what the commands print now into the pages.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support {
    pub(crate) mod dns;
    pub(crate) mod poll;
    pub(crate) mod service;
    pub(crate) mod smtp;
}

mod manual {
    mod commands;
    mod links;
    mod page;
    mod picture;
    mod session;
    mod tables;
}
