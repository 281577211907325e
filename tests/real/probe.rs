//! `mailvet check --depth mailbox`, as a process.

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

/// Somebody with whom nothing is wrong.
pub(crate) const FIT: Asker = Asker {
    source: "127.0.0.1",
    helo: "probe.test",
    mail_from: "postmaster@probe.test",
    settings: "",
};

impl Asker {
    /// The reports on some addresses. What was found out is kept in this folder.
    pub(crate) fn check(&self, at: &MailServers, state: &Path, addresses: &[String]) -> Vec<Value> {
        let file = state.join("mailvet.toml");
        std::fs::write(&file, self.toml(state)).expect("the configuration");
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailvet"));
        command.env_clear().args(["check", "-", "--json", "--depth", "mailbox"]);
        command.args(["--dns", &at.dns().to_string()]).arg("--config").arg(file);
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

    fn toml(&self, state: &Path) -> String {
        let Self { source, helo, mail_from, settings } = self;
        let state = state.display();
        format!(
            "{LAB_TOML}[probe]\nenabled = true\nsource = [\"{source}\"]\nhelo = \"{helo}\"\n\
             mail_from = \"{mail_from}\"\n{settings}\n[state]\ndir = \"{state}\"\n"
        )
    }
}
