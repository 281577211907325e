//! The program against real servers on loopback: a recursive DNS server, `unbound`, with zones of our own
//! and with a network between them that fails on demand; and mail servers, Postfix in many manners, Exim,
//! Postgrey, as strict as they can be; and nginx in front of the service.
//!
//! `tests/install-real` installs what is needed; then `cargo test --test real`.

#[path = "../support"]
mod support {
    pub(crate) mod poll;
}

mod clean;
mod client;
mod faults;
mod limits;
mod mail;
mod manners;
mod namespace;
mod nginx;
mod personas;
mod probe;
mod process;
mod serve;
mod service;
mod shapes;
mod unbound;
mod units;

/// What a laboratory needs: its domains end in `.test`, its mail servers are on this machine, and what
/// is not answered is soon given up: one question after 3 × 300 ms and 500 ms.
const LAB_TOML: &str = r#"
[catalog]
allow_reserved = ["test"]
[network]
allow = ["127.0.0.0/8"]
[dns]
timeout_ms = 500
tries = 4
"#;
