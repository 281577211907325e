//! Mail servers, a DNS that leads to them, and the program that cleans a list in between.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::dns::DnsServer;
use crate::support::program::probing;
use crate::support::run::{Ran, run};
use crate::support::smtp::{SmtpServer, recipient};

/// Mail servers in networks of their own on loopback, and a folder for lists.
pub(super) struct MailListEnv {
    dns: DnsServer,
    mail: Vec<SmtpServer>,
    folder: TempDir,
}

impl MailListEnv {
    /// With a mail server for each script, the first one at 127.0.1.1, the second one at 127.0.2.1; the zone
    /// says whose they are.
    pub(super) fn new(scripts: &[&str], zone: &str) -> Self {
        let mail = (0..100).find_map(|_| servers(scripts)).expect("a port that all have free");
        Self { dns: DnsServer::start(zone), mail, folder: tempfile::tempdir().unwrap() }
    }

    /// One of the mail servers, counted from 1.
    pub(super) fn mail(&self, number: usize) -> &SmtpServer {
        &self.mail[number - 1]
    }

    pub(super) fn dns(&self) -> &DnsServer {
        &self.dns
    }

    /// A file in the folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// `mailvet clean --depth mailbox`, which may ask these mail servers and is in no hurry about it. What is
    /// kept beside the journal is in the folder `state`.
    pub(super) fn clean(&self, arguments: &[&str], state: &str) -> Command {
        let mut program = probing(&self.dns, self.mail(1).address().port());
        program
            .current_dir(self.folder.path())
            .args(["clean", "--depth", "mailbox"])
            .args(arguments)
            .env("MAILVET_PROBE__REPLY_TIMEOUT_MS", "1500")
            .env("MAILVET_PROBE__HARVEST_PERCENT", "100")
            .env("XDG_STATE_HOME", self.path(state));
        program
    }

    /// Runs it to its end, which is a good one.
    pub(super) fn cleaned(&self, arguments: &[&str]) -> Ran {
        let ran = run(&mut self.clean(arguments, "state"), b"");
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran
    }

    /// The recipients that a mail server was asked about; made-up ones show as such.
    pub(super) fn asked(&self, number: usize) -> Vec<String> {
        let commands = self.mail(number).commands();
        commands.iter().filter_map(|command| recipient(command)).collect()
    }
}

fn servers(scripts: &[&str]) -> Option<Vec<SmtpServer>> {
    let mut port = 0;
    let mut servers = Vec::new();
    for (number, script) in (1..).zip(scripts) {
        let server = SmtpServer::try_start_at(([127, 0, number, 1], port).into(), script).ok()?;
        port = server.address().port();
        servers.push(server);
    }
    Some(servers)
}

/// The objects of an output in JSON lines.
pub(super) fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The verdict and the reasons of each row.
pub(super) fn verdicts(rows: &[Value]) -> Vec<String> {
    rows.iter().map(said).collect()
}

fn said(row: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let reasons = row["mailvet_reasons"].as_array().map(Vec::as_slice).unwrap_or_default();
    let reasons: Vec<String> = reasons.iter().map(text).collect();
    format!("{} {}", text(&row["mailvet_verdict"]), reasons.join(","))
}
