//! `mailvet check -`: addresses on standard input, one a line.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::dns::DnsServer;
use crate::support::poll::{PATIENCE, until};
use crate::support::program::{asking_patiently, offline};
use crate::support::run::run;

#[test]
fn a_line_is_an_address() {
    let cases: [(&str, &[u8], &[&str]); 12] = [
        ("nothing", b"", &[]),
        ("one line", b"a@b.io\n", &["a@b.io"]),
        ("no line end", b"a@b.io", &["a@b.io"]),
        ("CRLF", b"a@b.io\r\nc@d.io\r\n", &["a@b.io", "c@d.io"]),
        ("CRLF cut", b"a@b.io\r\nc@d.io\r", &["a@b.io", "c@d.io"]),
        ("empty lines", b"\na@b.io\n\n\r\n \t\nc@d.io\n", &["a@b.io", "c@d.io"]),
        ("comments", b"# people\na@b.io\n#\n#\r\nc@d.io\n", &["a@b.io", "c@d.io"]),
        ("no comments", b"#a@b.io\n ## \n", &["#a@b.io", " ## "]),
        ("blanks", b" a@b.io\t\n", &[" a@b.io\t"]),
        ("not UTF-8", b"j\xf6rg@b.io\n\xff\na@b.io\n", &["j\u{fffd}rg@b.io", "\u{fffd}", "a@b.io"]),
        ("NUL", b"a\0@b.io\n", &["a\0@b.io"]),
        ("carriage returns inside", b"a\r@b.io\r\r\n", &["a\r@b.io\r"]),
    ];
    for (name, input, expected) in cases {
        let ran = run(offline().args(["check", "--json", "-"]), input);
        assert_eq!(emails(&ran.json()), expected, "{name}");
        assert_eq!(ran.stderr, "", "{name}");
        let refused = ran.json().iter().any(|report| report["verdict"] == "undeliverable");
        assert_eq!(ran.status, i32::from(refused), "{name}");
    }
}

#[test]
fn the_other_arguments_keep_their_place() {
    let ran = run(offline().args(["check", "--json", "a@b.io", "-", "e@f.io", "-"]), b"c@d.io\n");
    assert_eq!(emails(&ran.json()), ["a@b.io", "c@d.io", "e@f.io"]);
    assert_eq!(ran.status, 0);
}

#[test]
fn a_line_may_be_of_any_length() {
    const LONG: usize = 1_000_000;
    let kept = 64 * 1024;
    for length in [kept - 2, kept - 1, kept, kept + 1, LONG] {
        for end in ["\n", "\r\n", ""] {
            let line = "x".repeat(length);
            let input = format!("a@b.io\n{line}{end}");
            let input = if end.is_empty() { input } else { input + "c@d.io" };
            let ran = run(offline().args(["check", "--json", "-"]), input.as_bytes());
            let name = format!("{length} bytes, {end:?}");
            let reports = ran.json();
            assert_eq!(reports.len(), if end.is_empty() { 2 } else { 3 }, "{name}");
            assert_eq!(reports[0]["email"], "a@b.io", "{name}");
            assert_eq!(reports[1]["syntax_error"]["code"], "syntax_too_long", "{name}");
            let email = reports[1]["email"].as_str().unwrap();
            assert!(line.starts_with(email.trim_end_matches('\r')), "{name}");
            assert!(end.is_empty() || reports[2]["email"] == "c@d.io", "{name}");
            assert_eq!(ran.status, 1, "{name}");
        }
    }
    let ran = run(offline().args(["check", "-"]), "ü".repeat(LONG).as_bytes());
    assert!(ran.stdout.len() < 2_000, "people get {} bytes", ran.stdout.len());
    assert!(ran.stdout.starts_with("✗ undeliverable  üü"), "{}", ran.stdout);
}

#[test]
fn many_lines_come_out_in_order() {
    let expected: Vec<String> = (0..5_000)
        .map(|n| if n % 7 == 0 { format!("no address {n}") } else { format!("joe{n}@b.io") })
        .collect();
    let ran = run(offline().args(["check", "--json", "-"]), expected.join("\n").as_bytes());
    assert_eq!(emails(&ran.json()), expected);
    assert_eq!(ran.status, 1);
}

#[test]
fn a_slow_domain_changes_no_order() {
    let dns = DnsServer::start(
        "slow.test HELD\nslow.test MX 10 mx.test\nquick.test MX 10 mx.test\nmx.test A 192.0.2.1",
    );
    let mut talk = Talk::start(asking_patiently(&dns).args(["check", "--json", "-"]));
    for address in ["joe@slow.test", "joe@quick.test", "sue@slow.test"] {
        talk.say(address);
    }
    dns.wait_for("slow.test");
    dns.wait_for("quick.test");
    dns.release();
    for address in ["joe@slow.test", "joe@quick.test", "sue@slow.test"] {
        let report = talk.answer();
        assert_eq!((&report["email"], &report["verdict"]), (&address.into(), &"plausible".into()));
    }
    assert_eq!(dns.mx_questions("slow.test"), 1);
    assert_eq!(talk.end(), 0);
}

#[test]
fn a_line_is_answered_before_the_next_one_is_written() {
    let mut talk = Talk::start(offline().args(["check", "--json", "-"]));
    for address in ["a@b.io", "c@d.io", "e@f.io"] {
        talk.say(address);
        let report = talk.answer();
        assert_eq!(report["email"], address);
        assert!(report["elapsed_ms"].as_f64().is_some_and(|elapsed| elapsed < 5_000.0), "{report}");
    }
    assert_eq!(talk.end(), 0);
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    for form in [&["check", "-"][..], &["check", "--json", "-"]] {
        let mut child = offline()
            .args(form)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        // Undeliverable, which would be status 1; standard input stays open.
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(b"nonsense\n").unwrap();
        let status = until("the command ends", || child.try_wait().unwrap());
        assert_eq!(status.code(), Some(0), "{form:?}");
        let stderr = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
        assert_eq!(stderr, "", "{form:?}");
        drop(stdin);
    }
}

fn emails(reports: &[Value]) -> Vec<&str> {
    reports.iter().map(|report| report["email"].as_str().unwrap()).collect()
}

/// A program that writes a line and waits for the answer.
struct Talk {
    child: std::process::Child,
    stdin: Option<ChildStdin>,
    answers: mpsc::Receiver<String>,
}

impl Talk {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take();
        let stdout: BufReader<ChildStdout> = BufReader::new(child.stdout.take().unwrap());
        let (said, answers) = mpsc::channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|l| said.send(l)));
        Self { child, stdin, answers }
    }

    fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn answer(&self) -> Value {
        let line = self.answers.recv_timeout(PATIENCE).expect("an answer to the line");
        serde_json::from_str(&line).unwrap()
    }

    /// Says no more; the exit status.
    fn end(mut self) -> i32 {
        drop(self.stdin.take());
        until("the command ends", || self.child.try_wait().unwrap()).code().unwrap()
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        // Fails where it has ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_file_may_be_meant() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("people"), "a@b.io\n").unwrap();
    // The argument, how it is named in the commands that are proposed.
    let cases = [
        ("nofile.txt", Some("nofile.txt")),
        ("LIST.CSV", Some("LIST.CSV")),
        ("people", Some("people")),
        ("my list.csv", Some("'my list.csv'")),
        ("./a.jsonl", Some("./a.jsonl")),
        ("joe.gmail.com", None),
        ("nobody", None),
        ("joe@list.txt", None),
        (".", None),
    ];
    for (argument, named) in cases {
        let ran =
            run(offline().args(["check", "--json", argument]).current_dir(folder.path()), b"");
        assert_eq!(ran.json().len(), 1, "{argument}");
        let expected = named.map_or_else(String::new, |name| {
            format!(
                "mailvet: {name} looks like a file; did you mean `mailvet clean {name}` or \
                 `mailvet check - < {name}`?\n"
            )
        });
        assert_eq!(ran.stderr, expected, "{argument}");
    }
}

#[test]
fn an_interrupt_is_said_and_leaves_no_core() {
    let mut child = offline()
        .args(["check", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"a@b.io\n").unwrap();
    let mut answer = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut answer).unwrap();
    assert!(answer.contains("a@b.io"), "{answer}");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let core: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(core, ["0", "0"]);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let status = until("the command ends", || child.try_wait().unwrap());
    let said = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    assert_eq!(status.code(), Some(3), "{said}");
    assert!(said.starts_with("mailvet: interrupted"), "{said}");
    drop(stdin);
}
