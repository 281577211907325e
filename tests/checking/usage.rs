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
