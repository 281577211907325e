//! `mailvet serve`, as a process.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::Process;
use crate::support::poll::poll;

/// How long it may take until the service listens, and until it has stopped.
const START: Duration = Duration::from_secs(10);
const STOP: Duration = Duration::from_secs(10);

/// A running service.
pub(crate) struct Serve {
    address: SocketAddr,
    process: Process,
    _dir: TempDir,
}

impl Serve {
    /// Starts a service that asks these servers.
    pub(crate) fn start(servers: &[SocketAddr], config: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let file = dir.path().join("lab.toml");
        std::fs::write(&file, config).expect("the configuration");
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailvet"));
        command.env_clear().env("MAILVET_CONFIG", "").env("MAILVET_DNS__CANARIES", "[]");
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        for server in servers {
            command.args(["--dns", &server.to_string()]);
        }
        command.arg("--config").arg(file);
        let mut process = Process::start(&mut command, &dir.path().join("log"));
        let address = poll(START, || match process.ended() {
            Some(_) => Some(None),
            None => address_in(&process.log()).map(Some),
        });
        match address.flatten() {
            Some(address) => Self { address, process, _dir: dir },
            None => panic!("the service does not start:\n{}", process.log()),
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        self.process.log()
    }

    /// Stops it. Tells what was wrong with its end, and whether its log names one of these domains.
    pub(crate) fn stop<'a>(mut self, domains: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let mut wrong = Vec::new();
        match self.process.terminate(STOP) {
            Some(status) if status.code() == Some(0) => {}
            ended => wrong.push(format!("SIGTERM: ended {ended:?}, expected status 0")),
        }
        let log = self.process.log();
        if let Some(domain) = domains.into_iter().find(|domain| log.contains(domain)) {
            wrong.push(format!("the log tells that {domain} was asked about"));
        }
        wrong
    }
}

/// The address in the first line of the log.
fn address_in(log: &str) -> Option<SocketAddr> {
    let (line, _) = log.split_once('\n')?;
    let line: Value = serde_json::from_str(line).ok()?;
    line["address"].as_str()?.parse().ok()
}
