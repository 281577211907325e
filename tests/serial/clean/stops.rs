//! Runs that are stopped in good order, and others that come across them.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use rustix::process::Signal;

use super::lists::{MadeUp, mx_questions};
use super::workshop::{A_RUN, Working, Workshop};
use crate::support::dns::DnsServer;
use crate::support::poll::until_within;
use crate::support::program::offline;
use crate::support::run::run;

/// A DNS that keeps one answer back, a folder, and a run that waits for that answer.
fn held(list: &MadeUp) -> (DnsServer, Workshop, Working) {
    let dns = DnsServer::start(&list.zone);
    let workshop = Workshop::with(&list.text);
    let run = Working::start_held(&workshop, &dns);
    (dns, workshop, run)
}

fn expected(list: &MadeUp) -> String {
    let dns = DnsServer::start(&list.zone);
    dns.release();
    Workshop::undisturbed(&list.text, &dns)
}

#[test]
fn a_signal_ends_the_run_and_resume_goes_on() {
    let list = MadeUp::of(250, 60);
    let expected = expected(&list);
    for (name, signal) in [("SIGINT", Signal::INT), ("SIGTERM", Signal::TERM)] {
        let (dns, workshop, run) = held(&list);
        run.signal(signal);
        let partial = "what is written so far is in out.csv.mailvet-partial";
        let words = ["stopped", partial, "the same command with --resume goes on"];
        run.end().assert(name, 3, &words);
        workshop.assert_resumable(name);
        assert!(workshop.path("out.csv.mailvet-partial").exists(), "{name}");

        let words = ["was stopped before its end", "--resume", "--restart"];
        Working::start(&mut workshop.clean(&dns)).end().assert(name, 2, &words);
        workshop.assert_resumable(name);

        dns.release();
        let ended = Working::start(&mut workshop.resume(&dns)).end();
        ended.assert(name, 0, &[]);
        workshop.assert_done(name);
        assert!(workshop.output() == expected, "{name}: the outputs differ");
        let asked = mx_questions(&dns);
        for domain in &list.domains {
            let times = if domain == "last.test" { 2 } else { 1 };
            assert_eq!(asked.get(domain), Some(&times), "{name}: {domain}");
        }
    }
}

#[test]
fn restart_forgets_what_was_found_out() {
    let list = MadeUp::of(250, 40);
    let (dns, workshop, run) = held(&list);
    run.signal(Signal::INT);
    run.end().assert("stopped", 3, &[]);
    dns.release();
    let mut again = workshop.clean(&dns);
    Working::start(again.arg("--restart")).end().assert("again", 0, &[]);
    workshop.assert_done("again");
    assert!(workshop.output() == expected(&list), "the outputs differ");
    let asked = mx_questions(&dns);
    for domain in &list.domains {
        assert_eq!(asked.get(domain), Some(&2), "{domain}");
    }
    // Where there is nothing to forget it is a run like any other.
    let mut once_more = workshop.clean(&dns);
    Working::start(once_more.arg("--restart")).end().assert("once more", 0, &[]);
    workshop.assert_done("once more");
}

#[test]
fn resume_where_nothing_is_left_to_go_on_with() {
    let list = MadeUp::of(250, 40);
    let dns = DnsServer::start(&list.zone);
    dns.release();
    let workshop = Workshop::with(&list.text);
    for name in ["the first time", "when all is done"] {
        let ended = Working::start(&mut workshop.resume(&dns)).end();
        ended.assert(name, 0, &["there is nothing to go on with"]);
        workshop.assert_done(name);
        assert!(workshop.output() == expected(&list), "{name}: the outputs differ");
    }
}

#[test]
fn only_files_can_be_gone_on_with() {
    let dns = DnsServer::start("* REFUSED");
    let workshop = Workshop::with("email\njoe@a.test\n");
    let cases: [(&str, &[&str]); 4] = [
        ("standard input", &["-o", "out.csv"]),
        ("standard input by its name", &["-", "-o", "out.csv"]),
        ("standard output", &["list.csv"]),
        ("standard output by its name", &["list.csv", "-o", "-"]),
    ];
    for (name, arguments) in cases {
        let mut command = workshop.bare(&dns);
        let ran = run(command.args(arguments).arg("--resume"), b"email\njoe@a.test\n");
        assert_eq!(ran.status, 2, "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains("name INPUT and -o OUTPUT"), "{name}: {}", ran.stderr);
        assert_eq!((ran.stdout.as_str(), workshop.files().len()), ("", 1), "{name}");
    }
    assert_eq!(dns.all_packets(), 0);
}

#[test]
fn a_second_run_at_the_same_time_is_refused_and_harms_nothing() {
    let list = MadeUp::of(250, 40);
    let (dns, workshop, first) = held(&list);
    let at_work = "another run is at work on this output";
    let cases: [(&str, &[&str]); 3] = [
        ("as the first", &[]),
        ("with --resume", &["--resume"]),
        ("with --restart", &["--restart"]),
    ];
    for (name, arguments) in cases {
        let mut second = workshop.clean(&dns);
        Working::start(second.args(arguments)).end().assert(name, 2, &[at_work]);
    }
    dns.release();
    first.end().assert("the first", 0, &[]);
    workshop.assert_done("the first");
    assert!(workshop.output() == expected(&list), "the outputs differ");
    assert!(list.domains.iter().all(|domain| mx_questions(&dns).get(domain) == Some(&1)));
}

#[test]
fn a_second_run_with_a_list_from_a_pipe_is_refused_too() {
    let list = MadeUp::of(250, 40);
    let dns = DnsServer::start(&list.zone);
    let workshop = Workshop::with(&list.text);
    let piped = |workshop: &Workshop| {
        let mut command = workshop.bare(&dns);
        let list = std::fs::File::open(workshop.path("list.csv")).unwrap();
        command.args(["-o", "out.csv"]).stdin(list).stdout(Stdio::null());
        Working::start_with(&mut command)
    };
    let first = piped(&workshop);
    until_within(A_RUN, "an answer is kept back", || (dns.kept_back() > 0).then_some(()));
    piped(&workshop).end().assert("the second", 2, &["another run is at work"]);
    dns.release();
    first.end().assert("the first", 0, &[]);
    workshop.assert_done("the first");
    assert!(workshop.output() == expected(&list), "the outputs differ");
}

#[test]
fn a_list_from_a_pipe_is_stopped_with_a_word_on_what_would_have_gone_on() {
    let list = MadeUp::of(250, 40);
    let dns = DnsServer::start(&list.zone);
    let workshop = Workshop::with(&list.text);
    let mut command = workshop.bare(&dns);
    command.args(["-o", "out.csv"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut run = Working::start_with(&mut command);
    // Whoever writes the list is not done, and never will be.
    let mut stdin = run.child().stdin.take().unwrap();
    let writer = std::thread::spawn(move || while stdin.write_all(list.text.as_bytes()).is_ok() {});
    until_within(A_RUN, "an answer is kept back", || (dns.kept_back() > 0).then_some(()));
    run.signal(Signal::INT);
    let words = ["stopped", "only with a list in a file and -o OUTPUT can --resume go on"];
    run.end().assert("stopped", 3, &words);
    assert_eq!(workshop.files(), ["list.csv", "out.csv.mailvet-partial"]);
    writer.join().unwrap();
}

#[test]
fn a_run_from_pipe_to_pipe_is_stopped_though_nobody_reads() {
    let workshop = Workshop::with("");
    let mut command = offline();
    command.arg("clean").current_dir(workshop.path(""));
    let mut run = Working::start_with(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
    let mut stdin = run.child().stdin.take().unwrap();
    let mut stdout = BufReader::new(run.child().stdout.take().unwrap());
    let writer = std::thread::spawn(move || {
        let mut row = 0;
        // Until the run is over.
        while writeln!(stdin, "person{row}@example.org").is_ok() {
            row += 1;
        }
    });
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    // Not read any further, so that the run cannot write any more.
    run.signal(Signal::INT);
    run.end().assert("stopped", 3, &["stopped"]);
    drop(stdout);
    writer.join().unwrap();
}

#[test]
fn who_has_read_enough_closes_the_pipe_and_that_is_success() {
    let list: String = (0..20_000).map(|row| format!("person{row}@example.org\n")).collect();
    let workshop = Workshop::with(&list);
    for (name, input) in [("a file", Some("list.csv")), ("standard input", None)] {
        let mut command = offline();
        command.arg("clean").args(input).current_dir(workshop.path(""));
        let stdin = match input {
            Some(_) => Stdio::null(),
            None => std::fs::File::open(workshop.path("list.csv")).unwrap().into(),
        };
        let mut run = Working::start_with(command.stdin(stdin).stdout(Stdio::piped()));
        let mut lines = BufReader::new(run.child().stdout.take().unwrap()).lines();
        let head: Vec<String> = lines.by_ref().take(10).map_while(Result::ok).collect();
        drop(lines);
        let ended = run.end();
        ended.assert(name, 0, &[]);
        assert_eq!(head.len(), 10, "{name}");
        assert!(head[1].contains("person0@example.org"), "{name}: {head:?}");
        for word in ["cannot", "stopped", "fault"] {
            assert!(!ended.said.contains(word), "{name}: {}", ended.said);
        }
    }
}
