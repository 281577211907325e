//! A run that ends in the middle of asking, and the one that goes on.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::mail_list_env::{MailListEnv, objects, verdicts};
use crate::support::poll::until;
use crate::support::run::run;
use crate::support::smtp::recipient;

const ZONE: &str = "one.test MX 10 mx.one.test
    mx.one.test A 127.0.1.1
    later.test MX 10 mx.later.test
    mx.later.test A 127.0.2.1
    no.test MX 10 mx.no.test
    mx.no.test A 127.0.3.1";
const ARGUMENTS: [&str; 3] = ["list.txt", "-o", "out.jsonl"];
const RESUMED: [&str; 4] = ["list.txt", "-o", "out.jsonl", "--resume"];
/// Every mailbox of the list at the first server.
const MAILBOXES: usize = 80;

/// A server that takes its time, one that has none for us, and one that refuses us.
fn env() -> MailListEnv {
    let mut script = String::new();
    for number in (0..MAILBOXES).step_by(2) {
        writeln!(script, "RCPT p{number}@one.test AFTER 40 250 2.1.5 Ok").unwrap();
    }
    script += "RCPT * AFTER 40 550 5.1.1 User unknown";
    let refuses = "BANNER 554 5.7.1 Service unavailable; client blocked using bl.example";
    let env =
        MailListEnv::new(&[&script, "RCPT * 451 4.3.0 Temporary lookup failure", refuses], ZONE);
    let mut list = "joe@later.test\njoe@no.test\n".to_owned();
    (0..MAILBOXES).for_each(|number| writeln!(list, "p{number}@one.test").unwrap());
    env.write("list.txt", &list);
    env
}

fn start(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// How often each was asked about; made-up ones do not count.
fn counts(asked: &[String]) -> HashMap<&str, usize> {
    let mut counts = HashMap::new();
    for address in asked.iter().filter(|address| !address.starts_with("made-up@")) {
        *counts.entry(address.as_str()).or_default() += 1;
    }
    counts
}

fn expected() -> Vec<String> {
    let first = ["unknown probe_deferred", "unknown probe_refused"].map(str::to_owned);
    let others = (0..MAILBOXES).map(|number| match number % 2 {
        0 => "deliverable mailbox_accepted".to_owned(),
        _ => "undeliverable mailbox_not_found".to_owned(),
    });
    first.into_iter().chain(others).collect()
}

/// Rows without the times at which servers were asked.
fn without_times(output: &str) -> Vec<Value> {
    let mut rows = objects(output);
    for row in &mut rows {
        row["mailvet_retry_at"].take();
        row["mailvet_report"]["mailbox"]["retry_at"].take();
    }
    rows
}

#[test]
fn after_a_kill_only_what_nobody_has_answered_is_asked_again() {
    let env = env();
    let mut child = start(&mut env.clean(&ARGUMENTS, "state"));
    // What those of the first connections were answered is noted long since.
    until("a server that has no time", || env.mail(2).visits().first()?.over.then_some(()));
    until("some connections", || (env.mail(1).visits().len() >= 5).then_some(()));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!env.path("out.jsonl").exists());
    assert!(env.path("out.jsonl.mailvet-journal").exists());
    let before = env.mail(1).visits();
    assert!(env.asked(1).len() < MAILBOXES, "it was killed in time");

    // Without --resume nothing is forgotten by mistake.
    let refused = run(&mut env.clean(&ARGUMENTS, "state"), b"");
    assert_eq!(refused.status, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("--resume"), "{}", refused.stderr);
    assert_eq!(env.mail(1).visits().len(), before.len());

    // As if of what is kept beside the journal nothing held any more.
    let resumed = run(&mut env.clean(&RESUMED, "later"), b"");
    assert_eq!(resumed.status, 0, "{}", resumed.stderr);
    assert_eq!(verdicts(&objects(&env.read("out.jsonl"))), expected());
    let asked = env.asked(1);
    let counts = counts(&asked);
    for visit in &before[..3] {
        for address in visit.commands.iter().filter_map(|said| recipient(said)) {
            let count = counts.get(address.as_str());
            assert!(count.is_none_or(|count| *count == 1), "{address} was settled");
        }
    }
    assert_eq!(env.mail(2).visits().len(), 2, "who had no time is asked again");
    assert_eq!(env.mail(3).visits().len(), 2, "and who refused us");
    assert!(!env.path("out.jsonl.mailvet-journal").exists());

    // What a run writes that is not stopped.
    let whole = run(&mut env.clean(&["list.txt", "-o", "whole.jsonl"], "another"), b"");
    assert_eq!(whole.status, 0, "{}", whole.stderr);
    assert_eq!(without_times(&env.read("whole.jsonl")), without_times(&env.read("out.jsonl")));
}

#[test]
fn an_interrupted_run_quits_its_conversations() {
    for signal in [Signal::INT, Signal::TERM] {
        let env = env();
        let child = start(&mut env.clean(&ARGUMENTS, "state"));
        until("some connections", || (env.mail(1).visits().len() >= 3).then_some(()));
        kill_process(Pid::from_child(&child), signal).unwrap();
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(3), "{signal:?}: {said}");
        assert!(said.contains("--resume"), "{signal:?}: {said}");
        let visits = env.mail(1).visits();
        assert!(env.asked(1).len() < MAILBOXES, "{signal:?}: it was stopped in time");
        for visit in &visits {
            let last = visit.commands.last().map(String::as_str);
            assert_eq!(last, Some("QUIT"), "{signal:?}: {:?}", visit.commands);
        }
        let resumed = run(&mut env.clean(&RESUMED, "state"), b"");
        assert_eq!(resumed.status, 0, "{signal:?}: {}", resumed.stderr);
        // No server is paused because time ran out.
        assert_eq!(verdicts(&objects(&env.read("out.jsonl")))[2..], expected()[2..]);
        // What was asked while leave was taken is kept beside the journal.
        for (address, count) in counts(&env.asked(1)) {
            assert_eq!(count, 1, "{signal:?}: {address}");
        }
    }
}
