//! The program under test as a command that can ask this machine alone.

#![allow(dead_code, reason = "every test target uses a part of it")]

use std::process::Command;

use crate::support::dns::DnsServer;

/// The program without a network.
pub(crate) fn offline() -> Command {
    let mut command = program();
    command.arg("--offline");
    command
}

/// The program with this DNS server, in a lab: names below `test` are mail domains, and 192.0.2.0/24
/// holds mail servers. It knows nothing of the internet, so no canaries are asked.
pub(crate) fn asking(dns: &DnsServer) -> Command {
    let mut command = program();
    command
        .args(["--dns", &dns.address().to_string()])
        .env("MAILVET_DNS__CANARIES", "[]")
        .env("MAILVET_CATALOG__ALLOW_RESERVED", "test")
        .env("MAILVET_NETWORK__ALLOW", "192.0.2.0/24");
    command
}

/// The same, for a DNS that keeps its answers back: one try, and time enough for a busy machine.
pub(crate) fn asking_patiently(dns: &DnsServer) -> Command {
    let mut command = asking(dns);
    command.env("MAILVET_DNS__TIMEOUT_MS", "20000").env("MAILVET_DNS__TRIES", "1");
    command
}

/// The same, allowed to ask mail servers on this machine at this port, with no pause between connections.
pub(crate) fn probing(dns: &DnsServer, port: u16) -> Command {
    let mut command = asking(dns);
    command
        .env("MAILVET_NETWORK__ALLOW", "127.0.0.0/8")
        .env("MAILVET_PROBE__ENABLED", "true")
        .env("MAILVET_PROBE__HELO", "probe.lab.test")
        .env("MAILVET_PROBE__MAIL_FROM", "probe@lab.test")
        .env("MAILVET_PROBE__PORT", port.to_string())
        .env("MAILVET_PROBE__GAP_MS", "0");
    command
}

/// The program, with nothing in its environment that would change what it does.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailvet"));
    let is_setting = |name: &str| {
        name.starts_with("MAILVET_") || name.starts_with("CLICOLOR") || name == "NO_COLOR"
    };
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_setting) {
            command.env_remove(name);
        }
    }
    // Whatever the machine or its user has configured.
    command.env("MAILVET_CONFIG", "");
    command
}
