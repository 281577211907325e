//! Runs that are stopped in good order, and others that come across them.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use rustix::process::Signal;

use super::clean_env::{A_RUN, CleanEnv, CleanRun};
use super::lists::{MadeUp, mx_questions};
use crate::support::dns::DnsServer;
use crate::support::poll::until_within;
use crate::support::program::offline;
use crate::support::run::run;

tests![
    a_signal_ends_the_run_and_resume_goes_on,
    restart_forgets_what_was_found_out,
    resume_where_nothing_is_left_to_go_on_with,
    only_files_can_be_gone_on_with,
    a_second_run_at_the_same_time_is_refused_and_harms_nothing,
    a_second_run_with_a_list_from_a_pipe_is_refused_too,
    a_list_from_a_pipe_is_stopped_with_a_word_on_what_would_have_gone_on,
    a_run_from_pipe_to_pipe_is_stopped_though_nobody_reads,
    who_has_read_enough_closes_the_pipe_and_that_is_success,
];

/// A DNS that keeps one answer back, a folder, and a run that waits for that answer.
fn held(list: &MadeUp) -> (DnsServer, CleanEnv, CleanRun) {
    let dns = DnsServer::start(&list.zone);
    let env = CleanEnv::with(&list.text);
    let run = CleanRun::start_held(&env, &dns);
    (dns, env, run)
}

fn expected(list: &MadeUp) -> String {
    let dns = DnsServer::start(&list.zone);
    dns.release();
    CleanEnv::undisturbed(&list.text, &dns)
}

fn a_signal_ends_the_run_and_resume_goes_on() {
    let list = MadeUp::of(250, 60);
    let expected = expected(&list);
    for (name, signal) in [("SIGINT", Signal::INT), ("SIGTERM", Signal::TERM)] {
        let (dns, env, run) = held(&list);
        run.signal(signal);
        let partial = "what is written so far is in out.csv.mailvet-partial";
        let words = ["stopped", partial, "the same command with --resume goes on"];
        run.end().assert(name, 3, &words);
        env.assert_resumable(name);
        assert!(env.path("out.csv.mailvet-partial").exists(), "{name}");

        let words = ["was stopped before its end", "--resume", "--restart"];
        CleanRun::start(&mut env.clean(&dns)).end().assert(name, 2, &words);
        env.assert_resumable(name);

        dns.release();
        let ended = CleanRun::start(&mut env.resume(&dns)).end();
        ended.assert(name, 0, &[]);
        env.assert_done(name);
        assert!(env.output() == expected, "{name}: the outputs differ");
        let asked = mx_questions(&dns);
        for domain in &list.domains {
            let times = if domain == "last.test" { 2 } else { 1 };
            assert_eq!(asked.get(domain), Some(&times), "{name}: {domain}");
        }
    }
}

fn restart_forgets_what_was_found_out() {
    let list = MadeUp::of(250, 40);
    let (dns, env, run) = held(&list);
    run.signal(Signal::INT);
    run.end().assert("stopped", 3, &[]);
    dns.release();
    let mut again = env.clean(&dns);
    CleanRun::start(again.arg("--restart")).end().assert("again", 0, &[]);
    env.assert_done("again");
    assert!(env.output() == expected(&list), "the outputs differ");
    let asked = mx_questions(&dns);
    for domain in &list.domains {
        assert_eq!(asked.get(domain), Some(&2), "{domain}");
    }
    // Where there is nothing to forget it is a run like any other.
    let mut once_more = env.clean(&dns);
    CleanRun::start(once_more.arg("--restart")).end().assert("once more", 0, &[]);
    env.assert_done("once more");
}

fn resume_where_nothing_is_left_to_go_on_with() {
    let list = MadeUp::of(250, 40);
    let dns = DnsServer::start(&list.zone);
    dns.release();
    let env = CleanEnv::with(&list.text);
    for name in ["the first time", "when all is done"] {
        let ended = CleanRun::start(&mut env.resume(&dns)).end();
        ended.assert(name, 0, &["there is nothing to go on with"]);
        env.assert_done(name);
        assert!(env.output() == expected(&list), "{name}: the outputs differ");
    }
}

fn only_files_can_be_gone_on_with() {
    let dns = DnsServer::start("* REFUSED");
    let env = CleanEnv::with("email\njoe@a.test\n");
    let cases: [(&str, &[&str]); 4] = [
        ("standard input", &["-o", "out.csv"]),
        ("standard input by its name", &["-", "-o", "out.csv"]),
        ("standard output", &["list.csv"]),
        ("standard output by its name", &["list.csv", "-o", "-"]),
    ];
    for (name, arguments) in cases {
        let mut command = env.bare(&dns);
        let ran = run(command.args(arguments).arg("--resume"), b"email\njoe@a.test\n");
        assert_eq!(ran.status, 2, "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains("name INPUT and -o OUTPUT"), "{name}: {}", ran.stderr);
        assert_eq!((ran.stdout.as_str(), env.files().len()), ("", 1), "{name}");
    }
    assert_eq!(dns.all_packets(), 0);
}

fn a_second_run_at_the_same_time_is_refused_and_harms_nothing() {
    let list = MadeUp::of(250, 40);
    let (dns, env, first) = held(&list);
    let at_work = "another run is at work on this output";
    let cases: [(&str, &[&str]); 3] = [
        ("as the first", &[]),
        ("with --resume", &["--resume"]),
        ("with --restart", &["--restart"]),
    ];
    for (name, arguments) in cases {
        let mut second = env.clean(&dns);
        CleanRun::start(second.args(arguments)).end().assert(name, 2, &[at_work]);
    }
    dns.release();
    first.end().assert("the first", 0, &[]);
    env.assert_done("the first");
    assert!(env.output() == expected(&list), "the outputs differ");
    assert!(list.domains.iter().all(|domain| mx_questions(&dns).get(domain) == Some(&1)));
}

fn a_second_run_with_a_list_from_a_pipe_is_refused_too() {
    let list = MadeUp::of(250, 40);
    let dns = DnsServer::start(&list.zone);
    let env = CleanEnv::with(&list.text);
    let piped = |env: &CleanEnv| {
        let mut command = env.bare(&dns);
        let list = std::fs::File::open(env.path("list.csv")).unwrap();
        command.args(["-o", "out.csv"]).stdin(list).stdout(Stdio::null());
        CleanRun::start_with(&mut command)
    };
    let first = piped(&env);
    until_within(A_RUN, "an answer is kept back", || (dns.kept_back() > 0).then_some(()));
    piped(&env).end().assert("the second", 2, &["another run is at work"]);
    dns.release();
    first.end().assert("the first", 0, &[]);
    env.assert_done("the first");
    assert!(env.output() == expected(&list), "the outputs differ");
}

fn a_list_from_a_pipe_is_stopped_with_a_word_on_what_would_have_gone_on() {
    let list = MadeUp::of(250, 40);
    let dns = DnsServer::start(&list.zone);
    let env = CleanEnv::with(&list.text);
    let mut command = env.bare(&dns);
    command.args(["-o", "out.csv"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut run = CleanRun::start_with(&mut command);
    // The writer of the list has not finished, and never will.
    let mut stdin = run.child().stdin.take().unwrap();
    let writer = std::thread::spawn(move || while stdin.write_all(list.text.as_bytes()).is_ok() {});
    until_within(A_RUN, "an answer is kept back", || (dns.kept_back() > 0).then_some(()));
    run.signal(Signal::INT);
    let words = ["stopped", "only with a list in a file and -o OUTPUT can --resume go on"];
    run.end().assert("stopped", 3, &words);
    assert_eq!(env.files(), ["list.csv", "out.csv.mailvet-partial"]);
    writer.join().unwrap();
}

fn a_run_from_pipe_to_pipe_is_stopped_though_nobody_reads() {
    let env = CleanEnv::with("");
    let mut command = offline();
    command.arg("clean").current_dir(env.path(""));
    let mut run = CleanRun::start_with(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
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

fn who_has_read_enough_closes_the_pipe_and_that_is_success() {
    let list: String = (0..20_000).map(|row| format!("person{row}@example.org\n")).collect();
    let env = CleanEnv::with(&list);
    for (name, input) in [("a file", Some("list.csv")), ("standard input", None)] {
        let mut command = offline();
        command.arg("clean").args(input).current_dir(env.path(""));
        let stdin = match input {
            Some(_) => Stdio::null(),
            None => std::fs::File::open(env.path("list.csv")).unwrap().into(),
        };
        let mut run = CleanRun::start_with(command.stdin(stdin).stdout(Stdio::piped()));
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
