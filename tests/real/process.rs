//! Other programs: started, watched, ended.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::support::poll::poll;

/// A program that may stand where only root's PATH leads.
pub(crate) fn system_command(name: &str) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(name);
    command.env("PATH", format!("{path}:/usr/sbin:/sbin"));
    command
}

/// A program that runs as long as this is kept.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program whose standard error goes to a file.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Self {
        let stderr = File::create(log).expect("the log can be written");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr).spawn();
        let child = child.unwrap_or_else(|error| {
            panic!("cannot start {command:?}: {error}; is everything there that tests/install-real installs?")
        });
        Self { child, log: log.to_owned() }
    }

    /// What it has written to standard error.
    pub(crate) fn log(&self) -> String {
        fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be asked how it is")
    }

    /// Asks it to end (SIGTERM), and tells how it did; none where it does not in that time.
    pub(crate) fn terminate(&mut self, within: Duration) -> Option<ExitStatus> {
        self.signal("TERM");
        poll(within, || self.ended())
    }

    /// Sends it a signal, named without SIG.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent =
            Command::new("sh").args(["-c", "kill -s \"$1\" \"$2\"", "sh", name, &id]).status();
        assert!(sent.is_ok_and(|status| status.success()), "SIG{name} could not be sent");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Neither fails but for a child that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
