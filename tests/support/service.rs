//! `mailvet serve` as a child process on a free port.

#![allow(dead_code, reason = "every test target uses a part of it")]

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;

use serde_json::Value;

use crate::support::bounded::carry_over;
use crate::support::poll::{PATIENCE, until};

/// A running service. It dies with this value.
pub(crate) struct Service {
    child: Child,
    address: SocketAddr,
    admin_address: Option<SocketAddr>,
    /// The lines of the log as they come.
    log_lines: mpsc::Receiver<String>,
    log: Option<JoinHandle<String>>,
}

/// What is left of a service.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// Standard output, which ought to be empty.
    pub(crate) output: String,
    /// Standard error, from start to end.
    pub(crate) log: String,
}

impl Service {
    /// Starts `serve` of this program.
    pub(crate) fn start(program: Command) -> Self {
        Self::start_with(program, &[])
    }

    /// Starts `serve` of this program with further arguments.
    pub(crate) fn start_with(mut program: Command, arguments: &[&str]) -> Self {
        program.args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]).args(arguments);
        let mut service = Self::launch(program.stdin(Stdio::null()).stdout(Stdio::piped()));
        service.read_addresses();
        service
    }

    /// Starts `serve` of this program on a socket of ours, with a log that goes elsewhere.
    pub(crate) fn start_logging_to(
        log: impl Into<Stdio>,
        socket: &TcpListener,
        program: &Command,
    ) -> Self {
        let mut shell = passing_in(socket, program);
        let child = shell.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let (_, log_lines) = mpsc::channel();
        let address = socket.local_addr().unwrap();
        Self { child, address, admin_address: None, log_lines, log: None }
    }

    /// Starts `serve` of this program on a socket of ours, passed in as systemd would. Connections wait
    /// in it until the service is there.
    pub(crate) fn start_on(socket: &TcpListener, program: &Command) -> Self {
        let mut service = Self::launch(passing_in(socket, program).stdout(Stdio::piped()));
        service.address = socket.local_addr().unwrap();
        service
    }

    /// The same with a second socket. They are called so (`LISTEN_FDNAMES`).
    pub(crate) fn start_on_both(
        sockets: [&TcpListener; 2],
        names: &str,
        program: &Command,
    ) -> Self {
        let mut shell = passing_in(sockets[0], program);
        shell.stdout(OwnedFd::from(sockets[1].try_clone().unwrap()));
        shell.env("FDS", "2").env("LISTEN_FDNAMES", names);
        let mut service = Self::launch(&mut shell);
        service.address = sockets[0].local_addr().unwrap();
        service.admin_address = Some(sockets[1].local_addr().unwrap());
        service
    }

    fn launch(program: &mut Command) -> Self {
        let mut child = program.stderr(Stdio::piped()).spawn().unwrap();
        let (sender, log_lines) = mpsc::channel();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            let mut start = 0;
            while stderr.read_line(&mut log).unwrap() > 0 {
                // The receiver is gone once the service is dropped.
                let _ = sender.send(log[start..].to_owned());
                start = log.len();
            }
            log
        });
        let address = ([0; 4], 0).into();
        Self { child, address, admin_address: None, log_lines, log: Some(log) }
    }

    /// Waits until the log names the addresses.
    fn read_addresses(&mut self) {
        loop {
            let line = self.log_lines.recv_timeout(PATIENCE).expect("the service logs its address");
            let event: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
            if let Some(address) = event["admin_address"].as_str() {
                self.admin_address = Some(address.parse().unwrap());
            }
            if let Some(address) = event["address"].as_str() {
                self.address = address.parse().unwrap();
                return;
            }
        }
    }

    /// Waits until the log has a line with these words, after the lines that were read before.
    pub(crate) fn wait_for_log(&self, words: &str) {
        while !self.log_lines.recv_timeout(PATIENCE).expect(words).contains(words) {}
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it tells whether it is ready, and what it counted.
    pub(crate) fn admin_address(&self) -> SocketAddr {
        self.admin_address.expect("a socket for that")
    }

    /// The identifier of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal: `TERM`, `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([format!("-{name}"), self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success(), "kill -{name}");
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> Ended {
        let status = until("the service ends", || self.child.try_wait().unwrap());
        let mut output = String::new();
        if let Some(mut stdout) = self.child.stdout.take() {
            stdout.read_to_string(&mut output).unwrap();
        }
        let log = self.log.take().map_or_else(String::new, |log| log.join().unwrap());
        Ended { status, output, log }
    }

    /// Stops it in good order.
    pub(crate) fn stop(self) -> Ended {
        self.signal("TERM");
        self.ended()
    }
}

/// `serve` of this program with this socket passed in, as systemd would. What is set as standard output
/// is a second one, which is passed in where `FDS` says 2.
pub(crate) fn passing_in(socket: &TcpListener, program: &Command) -> Command {
    const SCRIPT: &str = "exec 3<&0 0</dev/null; \
                          if [ \"$FDS\" = 2 ]; then exec 4<&1 1>/dev/null; fi; \
                          LISTEN_PID=$$ LISTEN_FDS=${FDS:-1} exec \"$@\"";
    let mut shell = Command::new("sh");
    shell.args(["-c", SCRIPT, "sh"]).env_remove("FDS").env_remove("LISTEN_FDNAMES");
    carry_over(program, &mut shell);
    shell.args(["serve", "--log-format", "json"]);
    shell.stdin(OwnedFd::from(socket.try_clone().unwrap()));
    shell
}

impl Drop for Service {
    fn drop(&mut self) {
        // Fails where it has ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
