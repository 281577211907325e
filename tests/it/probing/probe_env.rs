//! A mail server, a DNS that leads to it, and the program between them.

use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::dns::DnsServer;
use crate::support::program::probing;
use crate::support::run::run;
use crate::support::smtp::{SmtpServer, recipient};

/// Who knows joe, and tells.
pub(super) const KNOWS_JOE: &str = "RCPT joe@good.test 250 2.1.5 Ok";

/// Everything that a probe needs, on loopback.
pub(super) struct ProbeEnv {
    pub(super) dns: DnsServer,
    pub(super) mail: SmtpServer,
    state: TempDir,
}

impl ProbeEnv {
    /// With this mail server for good.test.
    pub(super) fn new(script: &str) -> Self {
        Self::with_zone(script, "good.test MX 10 mx.good.test\nmx.good.test A 127.0.0.1")
    }

    /// With this mail server at 127.0.0.1 and this zone.
    pub(super) fn with_zone(script: &str, zone: &str) -> Self {
        let (dns, mail) = (DnsServer::start(zone), SmtpServer::start(script));
        Self { dns, mail, state: tempfile::tempdir().unwrap() }
    }

    /// The program, which may ask the mail server and is in no hurry about it.
    pub(super) fn program(&self) -> Command {
        let mut program = probing(&self.dns, self.mail.address().port());
        program
            .env("MAILVET_PROBE__REPLY_TIMEOUT_MS", "500")
            .env("XDG_STATE_HOME", self.state.path());
        program
    }

    /// The reports on these addresses, asked for together.
    pub(super) fn check(&self, addresses: &[&str]) -> Vec<Value> {
        self.check_with(&[], addresses)
    }

    /// The same with something in the environment.
    pub(super) fn check_with(&self, variables: &[(&str, &str)], addresses: &[&str]) -> Vec<Value> {
        let mut program = self.program();
        program.envs(variables.iter().copied());
        let input = addresses.join("\n");
        let ran =
            run(program.args(["check", "--json", "--depth", "mailbox", "-"]), input.as_bytes());
        assert!(matches!(ran.status, 0 | 1), "{}", ran.stderr);
        let reports = ran.json();
        assert_eq!(reports.len(), addresses.len(), "{}", ran.stderr);
        reports
    }

    /// The number of connections to the mail server.
    pub(super) fn connections(&self) -> usize {
        self.mail.visits().len()
    }

    /// Whom the mail server was asked about; made-up ones show as such.
    pub(super) fn asked(&self) -> Vec<String> {
        self.mail.commands().iter().filter_map(|command| recipient(command)).collect()
    }
}

/// What the reasons of a report are.
pub(super) fn reasons(report: &Value) -> Vec<&str> {
    report["reasons"].as_array().unwrap().iter().map(|reason| reason.as_str().unwrap()).collect()
}
