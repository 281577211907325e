//! `check` that gets a signal to stop while a mail server is being asked.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use super::probe_env::{ProbeEnv, reasons};
use crate::support::poll::until;

#[test]
fn the_server_gets_quit_and_the_lease_is_free() {
    for signal in [Signal::TERM, Signal::INT] {
        let env = ProbeEnv::new("RCPT joe@good.test AFTER 1000 250 2.1.5 Ok");
        let mut program = env.program();
        program
            .args(["check", "--depth", "mailbox", "joe@good.test"])
            .env("MAILVET_PROBE__REPLY_TIMEOUT_MS", "30000")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = program.spawn().unwrap();
        until("a recipient", || (!env.asked().is_empty()).then_some(()));
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(3), "{signal:?}");
        let said = until("the end of the conversation", || {
            let visits = env.mail.visits();
            visits.first().filter(|visit| visit.over).map(|visit| visit.commands.clone())
        });
        assert_eq!(said.last().map(String::as_str), Some("QUIT"), "{signal:?}: {said:?}");
        // With the lease still held, this one would wait for two minutes and then be paused.
        let report = &env.check(&["sue@good.test"])[0];
        assert_eq!(reasons(report), ["mailbox_not_found"], "{signal:?}: {report}");
    }
}
