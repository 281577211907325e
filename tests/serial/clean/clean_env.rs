//! A folder with a list, and `mailvet clean` at work on it.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::support::dns::DnsServer;
use crate::support::poll::until_within;
use crate::support::program::asking_patiently;

/// Longer than any run here takes.
pub(super) const A_RUN: Duration = Duration::from_secs(600);

/// What a DNS has for the tests of its honesty, and mail servers for those who have any.
pub(super) const SOUND: &str = "
    canary.test  MX 10 mx.test
    mx.test      A 192.0.2.1
    *.com        NXDOMAIN
";

/// A folder that is gone with the test.
pub(super) struct CleanEnv {
    folder: TempDir,
}

impl CleanEnv {
    /// A folder with this list in it.
    pub(super) fn with(list: &str) -> Self {
        let env = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(env.path("list.csv"), list).unwrap();
        env
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Cleans the list into `out.csv`, with this DNS.
    pub(super) fn clean(&self, dns: &DnsServer) -> Command {
        let mut command = self.bare(dns);
        command.args(["list.csv", "-o", "out.csv"]);
        command
    }

    /// The same with two servers.
    pub(super) fn clean_with(&self, [first, second]: [&DnsServer; 2]) -> Command {
        let mut program = asking_patiently(first);
        program.args(["--dns", &second.address().to_string()]);
        let mut command = self.cleaning(program);
        command.args(["list.csv", "-o", "out.csv"]);
        command
    }

    /// The same without input and output.
    pub(super) fn bare(&self, dns: &DnsServer) -> Command {
        self.cleaning(asking_patiently(dns))
    }

    fn cleaning(&self, mut command: Command) -> Command {
        command
            .arg("clean")
            .current_dir(self.folder.path())
            .env("MAILVET_DNS__CANARIES", "canary.test")
            // A busy machine is no silent server.
            .env("MAILVET_DNS__LOOKUP_TIMEOUT_MS", "60000");
        command
    }

    pub(super) fn resume(&self, dns: &DnsServer) -> Command {
        let mut command = self.clean(dns);
        command.arg("--resume");
        command
    }

    pub(super) fn output(&self) -> String {
        fs::read_to_string(self.path("out.csv")).unwrap()
    }

    /// What the system knows of the output while it is not complete.
    pub(super) fn partial(&self) -> Option<fs::Metadata> {
        fs::metadata(self.path("out.csv.mailvet-partial")).ok()
    }

    /// The names of the files, in order.
    pub(super) fn files(&self) -> Vec<String> {
        let files = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Nothing is there but a list and what came of it.
    pub(super) fn assert_done(&self, name: &str) {
        assert_eq!(self.files(), ["list.csv", "out.csv"], "{name}");
    }

    /// The run was stopped and can go on: nothing has appeared that is not complete.
    pub(super) fn assert_resumable(&self, name: &str) {
        let files = self.files();
        let has = |file: &str| files.iter().any(|there| there == file);
        assert!(!has("out.csv"), "{name}: {files:?}");
        assert!(has("out.csv.mailvet-journal"), "{name}: {files:?}");
    }

    /// What comes of the list when nothing disturbs the run.
    pub(super) fn undisturbed(list: &str, dns: &DnsServer) -> String {
        let env = Self::with(list);
        let ended = CleanRun::start(&mut env.clean(dns)).end();
        assert_eq!(ended.status, Some(0), "{}", ended.said);
        env.assert_done("undisturbed");
        env.output()
    }
}

/// A run. It dies with this value.
pub(super) struct CleanRun {
    child: Child,
    said: Option<JoinHandle<String>>,
}

/// What is left of a run.
pub(super) struct Ended {
    /// None where a signal ended it.
    pub(super) status: Option<i32>,
    /// What it said aside.
    pub(super) said: String,
}

impl CleanRun {
    pub(super) fn start(command: &mut Command) -> Self {
        // Who has an input or output of their own has set it before.
        Self::start_with(command.stdin(Stdio::null()).stdout(Stdio::null()))
    }

    /// Starts one on a list whose last row's domain is not answered, and waits until it knows all others.
    pub(super) fn start_held(env: &CleanEnv, dns: &DnsServer) -> Self {
        // One by one: the last domain is asked about when the others are noted.
        let run = Self::start(env.clean(dns).args(["--concurrency", "1"]));
        until_within(A_RUN, "the last answer is kept back", || (dns.kept_back() > 0).then_some(()));
        run
    }

    /// The same with the input and output that the command has.
    pub(super) fn start_with(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let said = std::thread::spawn(move || std::io::read_to_string(stderr).unwrap());
        Self { child, said: Some(said) }
    }

    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Whether it goes on.
    pub(super) fn is_at_work(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// As `kill -9` does.
    pub(super) fn kill(mut self) -> Ended {
        self.child.kill().unwrap();
        self.end()
    }

    /// Waits for its end.
    pub(super) fn end(mut self) -> Ended {
        let status = until_within(A_RUN, "the run ends", || self.child.try_wait().unwrap()).code();
        let said = self.said.take().unwrap().join().unwrap();
        Ended { status, said }
    }
}

impl Drop for CleanRun {
    fn drop(&mut self) {
        // Fails where it has ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// It ended so, and said all of this.
    pub(super) fn assert(&self, name: &str, status: i32, words: &[&str]) {
        assert_eq!(self.status, Some(status), "{name}: {}", self.said);
        for word in words {
            assert!(self.said.contains(word), "{name}: {word:?} in {}", self.said);
        }
    }
}
