//! `mailvet check --depth mailbox` and `mailvet clean`, as processes.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

use crate::LAB_TOML;
use crate::mail::MailServers;

/// Who asks mail servers, as they see it.
#[derive(Clone, Copy)]
pub(crate) struct Asker {
    pub(crate) source: &'static str,
    pub(crate) helo: &'static str,
    pub(crate) mail_from: &'static str,
    /// Further settings of `[probe]`.
    pub(crate) settings: &'static str,
}

/// A mailbox with which nothing is wrong.
pub(crate) const FIT: Asker = Asker {
    source: "127.0.0.1",
    helo: "probe.test",
    mail_from: "postmaster@probe.test",
    settings: "",
};

impl Asker {
    /// The reports on some addresses. What was found out is kept in this folder.
    pub(crate) fn check(&self, at: &MailServers, state: &Path, addresses: &[String]) -> Vec<Value> {
        let mut command = self.program(at, state);
        command.args(["check", "-", "--json", "--depth", "mailbox"]);
        let input = addresses.join("\n");
        let output = at.run(|| {
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().expect("mailvet starts");
            let mut stdin = child.stdin.take().expect("standard input");
            thread::scope(|scope| {
                // It may end before it has read everything.
                scope.spawn(move || stdin.write_all(input.as_bytes()).ok());
                child.wait_with_output().expect("mailvet ends")
            })
        });
        let lines = String::from_utf8_lossy(&output.stdout);
        let reports: Result<Vec<Value>, _> = lines.lines().map(serde_json::from_str).collect();
        match reports {
            Ok(reports) if reports.len() == addresses.len() => reports,
            _ => panic!(
                "{} reports were wanted; standard output:\n{lines}\nstandard error:\n{}",
                addresses.len(),
                String::from_utf8_lossy(&output.stderr)
            ),
        }
    }

    /// The rows of a list, an address a line, in JSON. The list is in this folder too.
    pub(crate) fn clean(&self, at: &MailServers, state: &Path, list: &str) -> Vec<Value> {
        let (input, output) = (state.join("list.txt"), state.join("out.jsonl"));
        std::fs::write(&input, list).expect("the list");
        let mut command = self.program(at, state);
        command.args(["clean", "--depth", "mailbox"]).arg(input).arg("-o").arg(&output);
        let ran = at.run(|| command.output().expect("mailvet runs"));
        let errors = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(0), "{errors}");
        let rows = std::fs::read_to_string(output).expect("the output");
        rows.lines().map(|row| serde_json::from_str(row).expect("JSON")).collect()
    }

    fn program(&self, at: &MailServers, state: &Path) -> Command {
        let file = state.join("mailvet.toml");
        std::fs::write(&file, self.toml(state)).expect("the configuration");
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailvet"));
        command.env_clear().env("MAILVET_CONFIG", "").env("MAILVET_DNS__CANARIES", "[]");
        command.args(["--dns", &at.dns().to_string()]).arg("--config").arg(file);
        command
    }

    fn toml(&self, state: &Path) -> String {
        let Self { source, helo, mail_from, settings } = self;
        let state = state.display();
        format!(
            "{LAB_TOML}[probe]\nenabled = true\nsource = [\"{source}\"]\nhelo = \"{helo}\"\n\
             mail_from = \"{mail_from}\"\n{settings}\n[state]\ndir = \"{state}\"\n"
        )
    }
}
