//! The command line itself: help, and what is said to who gets it wrong.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

use crate::support::program::offline;
use crate::support::run::run;

#[test]
fn mistakes() {
    // The arguments, what standard error says.
    let cases: [(&[&str], &[&str]); 12] = [
        (&[], &["Usage:", "check", "serve"]),
        (&["chek", "joe@gmail.com"], &["'chek'", "'check'"]),
        (&["joe@gmail.com"], &["'joe@gmail.com'", "Usage:"]),
        (&["check"], &["<ADDRESS>"]),
        (&["check", "--json"], &["<ADDRESS>"]),
        (&["check", "--jsn", "joe@gmail.com"], &["'--jsn'", "'--json'"]),
        (&["check", "-joe@gmail.com"], &["'-j'", "--"]),
        (&["check", "--depth", "domian", "a@b.io"], &["'domian'", "syntax, domain, mailbox"]),
        (&["check", "--dns", "nowhere", "a@b.io"], &["--dns", "nowhere", "192.0.2.1:53"]),
        (&["check", "--dns", "127.0.0.1:99999", "a@b.io"], &["--dns", "99999"]),
        (&["check", "--log-format", "xml", "a@b.io"], &["'xml'", "text, json"]),
        (&["serve", "--port", "80"], &["'--port'"]),
    ];
    for (arguments, words) in cases {
        let ran = run(offline().args(arguments), b"");
        let name = format!("{arguments:?}: {}", ran.stderr);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{name}");
        for word in words {
            assert!(ran.stderr.contains(word), "{word} in {name}");
        }
    }
    let ran = run(offline().arg("check").arg(OsStr::from_bytes(b"j\xf6rg@gmail.com")), b"");
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "not Unicode: {}", ran.stderr);
    assert!(ran.stderr.contains("UTF-8"), "{}", ran.stderr);
}

#[test]
fn addresses_that_look_like_flags() {
    let ran = run(offline().args(["check", "--json", "--", "-joe@gmail.com"]), b"");
    assert_eq!(ran.json()[0]["email"], "-joe@gmail.com");
}

#[test]
fn help() {
    let cases: [(&[&str], &[&str]); 7] = [
        (&["--help"], &["check", "serve", "--config", "Exit status"]),
        (&["-h"], &["check", "serve"]),
        (&["help", "check"], &["Examples:"]),
        (&["check", "--help"], &["Examples:", "mailvet check", "--json", "--depth", "--dns"]),
        (&["serve", "--help"], &["Example:", "mailvet serve", "--listen", "127.0.0.1:8080"]),
        (&["--version"], &["mailvet ", env!("CARGO_PKG_VERSION")]),
        (&["check", "--version"], &["mailvet", env!("CARGO_PKG_VERSION")]),
    ];
    for (arguments, words) in cases {
        let ran = run(offline().args(arguments), b"");
        let name = format!("{arguments:?}: {}", ran.stdout);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{name}");
        for word in words {
            assert!(ran.stdout.contains(word), "{word} in {name}");
        }
    }
    let mut child =
        offline().arg("--help").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0), "a closed pipe");
}

#[test]
fn short_help_is_short_and_long_help_has_examples() {
    for command in
        ["check", "clean", "serve", "reply", "config", "forget", "completions", "man"].map(Some)
    {
        let help = |flag: &str| {
            let ran = run(offline().args(command).arg(flag).env("COLUMNS", "80"), b"");
            assert_eq!(ran.status, 0, "{command:?} {flag}");
            ran.stdout
        };
        let (short, long) = (help("-h"), help("--help"));
        assert!(long.contains("Example"), "{command:?}: {long}");
        assert!(!short.contains("Examples:"), "{command:?}: {short}");
        assert!(short.lines().count() < long.lines().count(), "{command:?}: {short}");
        assert!(short.lines().count() <= 90, "{command:?}: {} lines", short.lines().count());
        // The manual page is made of the same definitions.
        assert!(!long.contains("\\u{"), "{command:?}: {long}");
    }
}

#[test]
fn help_is_wrapped_to_the_terminal() {
    // Examples are lines to be copied, and stay whole; so do words that no line has room for.
    for (columns, narrowest) in [("80", 80), ("40", 54)] {
        for command in ["check", "clean", "serve", "reply", "config", "forget"] {
            let ran = run(offline().args([command, "-h"]).env("COLUMNS", columns), b"");
            for line in ran.stdout.lines().filter(|line| !line.starts_with("Usage:")) {
                let width = line.chars().count();
                assert!(width <= narrowest, "{command} at {columns}: {width} in {line}");
            }
        }
    }
}

#[test]
fn wrong_arguments_are_told_in_our_own_words() {
    let cases: [(&[&str], &str); 21] = [
        (&["clean", "--rate", "0"], "from 1 to 1000000"),
        (&["clean", "--rate", "x"], "from 1 to 1000000"),
        (&["clean", "--rate", "99999999999999999999"], "from 1 to 1000000"),
        (&["clean", "--sample", "0"], "a whole number from 1"),
        (&["clean", "--sample", "1.5"], "a whole number from 1"),
        (&["clean", "--sample=-1"], "a whole number from 1"),
        (&["clean", "--concurrency", "0"], "from 1 to 4096"),
        (&["clean", "--concurrency", "4097"], "from 1 to 4096"),
        (&["clean", "--delimiter", "ab"], "tab"),
        (&["clean", "--recheck-after", "soon"], "90d"),
        (&["clean", "--fields", "x"], "no such column"),
        (&["clean", "--from", "x"], "csv, tsv, jsonl, json, lines, mailman"),
        (&["clean", "--to", "x"], "csv, tsv, jsonl, lines"),
        (&["clean", "--encoding", "x"], "windows-1252"),
        (&["clean", "--only", "risky,x"], "duplicates"),
        (&["clean", "--dedupe", "x"], "canonical"),
        (&["clean", "--header", "x"], "yes, no"),
        (&["reply", "--stage", "x", "550"], "rcpt_to"),
        (&["check", "--locale", "_", "a@b.io"], "pt-BR"),
        (&["check", "--dns", "[::1", "a@b.io"], "192.0.2.1:53"),
        (&["serve", "--listen", "here"], "127.0.0.1:8080"),
    ];
    for (arguments, message) in cases {
        let ran = run(offline().args(arguments), b"");
        let name = format!("{arguments:?}: {}", ran.stderr);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{name}");
        assert!(ran.stderr.contains(message), "{name}");
        for word in ["non-zero", "invalid digit", "too large", "invalid type", "in string"] {
            assert!(!ran.stderr.contains(word), "{word} in {name}");
        }
    }
    // Names that are understood although no list has them.
    for arguments in [
        &["clean", "--encoding", "latin1", "--only", "duplicate"][..],
        &["reply", "--stage", "RCPT TO", "550 5.1.1 no"],
    ] {
        let ran = run(offline().args(arguments), b"a@b.io\n");
        assert_eq!(ran.status, 0, "{arguments:?}: {}", ran.stderr);
    }
}
