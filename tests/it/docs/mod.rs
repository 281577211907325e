//! README.md and docs/: every command in them is run, every table in them is compared with the program.
//!
//! `SNAPSHOTS=overwrite cargo test --locked --test it docs` writes what the commands print now into the pages.

mod commands;
mod links;
mod page;
mod picture;
mod session;
mod tables;
