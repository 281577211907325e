//! The forms of what is written: text for people, JSON lines for programs, nothing that fools either.

use std::fs::File;
use std::process::Stdio;

use serde_json::json;

use crate::support::dns::DnsServer;
use crate::support::program::{asking, offline};
use crate::support::run::run;

const ZONE: &str = "
    gmal.com          MX 10 mx.test
    gmail.com         MX 5 gmail-smtp-in.l.google.com
    gmail.com         MX 10 alt1.gmail-smtp-in.l.google.com
    gmail-smtp-in.l.google.com  A 192.0.2.5
    mx.test           A 192.0.2.1
    implicit.test     A 192.0.2.2
    absent.test       NXDOMAIN
    broken.test       SERVFAIL
";

#[test]
fn text_for_people() {
    let dns = DnsServer::start(ZONE);
    let addresses = ["joe@gmal.com", "someone@gmail.com", "nonsense", "a@implicit.test"];
    let ran = run(asking(&dns).arg("check").args(addresses), b"");
    let expected = "\
! risky  joe@gmal.com
  gmal.com looks like a typo for gmail.com.
  Did you mean joe@gmail.com?
  mail server: mx.test
  domain_typo; a form should ask the user to confirm

✓ plausible  someone@gmail.com
  gmail.com accepts mail; whether this mailbox exists was not checked.
  mail servers: gmail-smtp-in.l.google.com and 1 more
  domain_accepts_mail; a form should let it in

✗ undeliverable  nonsense
  The @ is missing.
    nonsense
            ^
  syntax_no_at; a form should reject it

✓ plausible  a@implicit.test
  implicit.test accepts mail; whether this mailbox exists was not checked.
  no MX record: mail goes to the domain's own address
  domain_accepts_mail; a form should let it in
";
    assert_eq!(ran.stdout, expected);
    assert_eq!((ran.status, ran.stderr.as_str()), (1, ""));
}

#[test]
fn json_for_programs() {
    let dns = DnsServer::start(ZONE);
    let addresses = ["joe@gmal.com", "someone@gmail.com", "nonsense", "\"j d\"@gmail.com"];
    let ran = run(asking(&dns).args(["check", "--json"]).args(addresses), b"");
    let seen: Vec<_> = ran
        .json()
        .iter()
        .map(|report| json!([report["email"], report["verdict"], report["dns"]["status"]]))
        .collect();
    let expected = [
        json!(["joe@gmal.com", "risky", "mx"]),
        json!(["someone@gmail.com", "plausible", "mx"]),
        json!(["nonsense", "undeliverable", "skipped"]),
        json!(["\"j d\"@gmail.com", "risky", "mx"]),
    ];
    assert_eq!(seen, expected);
    let first = ran.stdout.lines().next().unwrap();
    let starts = r#"{"email":"joe@gmal.com","verdict":"risky","advice":"confirm","reasons":["domain_typo"],"#;
    assert!(first.starts_with(starts), "{first}");
    let keys = [
        "email",
        "verdict",
        "advice",
        "reasons",
        "message",
        "suggestion",
        "checks",
        "depth",
        "address",
        "flags",
        "provider",
        "dns",
        "mailbox",
        "syntax_error",
        "checked_at",
        "valid_until",
        "cached",
        "elapsed_ms",
    ];
    let mut rest = first;
    for key in keys {
        let (_, after) = rest.split_once(&format!("\"{key}\":")).expect(key);
        rest = after;
    }
    assert_eq!(ran.json()[0].as_object().unwrap().len(), keys.len(), "{first}");
    assert_eq!((ran.status, ran.stderr.as_str()), (1, ""));
}

#[test]
fn the_exit_status_tells_of_undeliverable_addresses_only() {
    let dns = DnsServer::start(ZONE);
    let cases: [(&[&str], i32); 7] = [
        (&["someone@gmail.com"], 0),
        (&["joe@gmal.com"], 0),
        (&["joe@broken.test"], 0),
        (&["joe@mailinator.com", "--depth", "syntax"], 0),
        (&["joe@absent.test"], 1),
        (&["nonsense", "someone@gmail.com"], 1),
        (&["someone@gmail.com", "joe@example.com"], 1),
    ];
    for (arguments, status) in cases {
        for form in [&["check"][..], &["check", "--json"]] {
            let ran = run(asking(&dns).args(form).args(arguments), b"");
            assert_eq!(ran.status, status, "{form:?} {arguments:?}: {}", ran.stdout);
            assert_eq!(ran.stderr, "", "{form:?} {arguments:?}");
        }
    }
}

#[test]
fn nothing_in_an_address_reaches_the_terminal_raw() {
    let addresses = [
        "\u{1b}[2J\u{1b}]0;title\u{7}joe@gmail.com",
        "joe\u{9b}31m@gmail.com",
        "joe\u{7f}\u{8}\u{8}@gmail.com",
        "moc.liamg@eoj\u{202e}",
        "joe\u{2066}@gmail.com\u{2069}",
        "joe\u{200b}\u{feff}\u{e0041}@gmail.com",
        "joe@gmail.com\r\n✓ plausible",
        "joe@\u{1b}[31m.com",
        "\"\u{1b}[31m\"@gmail.com",
        "joe@gmail.com\u{2028}x",
    ];
    for address in addresses {
        for form in [&["check"][..], &["check", "--json"]] {
            for colour in [None, Some(("CLICOLOR_FORCE", "1"))] {
                let ran = run(offline().envs(colour).args(form).arg(address), b"");
                let name = format!("{address:?} {form:?} {colour:?} {:?}", ran.stdout);
                assert_eq!(ran.stderr, "", "{name}");
                let own_colours = colour.is_some() && form.len() == 1;
                let shown =
                    if own_colours { without_styles(&ran.stdout) } else { ran.stdout.clone() };
                assert_eq!(own_colours, shown != ran.stdout, "{name}");
                assert!(!shown.contains(|c: char| c != '\n' && is_dangerous(c)), "{name}");
                if form.len() == 2 {
                    assert_eq!(ran.json()[0]["email"], address, "{name}");
                    assert_eq!(ran.stdout.lines().count(), 1, "{name}");
                }
            }
        }
    }
}

/// What can move a cursor, colour a line, or turn and hide text.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// The text without the sequences that set colours.
fn without_styles(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| {
        let (codes, rest) = part.split_once('m').expect("a style ends");
        assert!(codes.bytes().all(|b| b.is_ascii_digit() || b == b';'), "no style: {codes:?}");
        shown + rest
    })
}

#[test]
fn colours_are_for_terminals() {
    let plain = run(offline().args(["check", "joe@gmal.com"]), b"");
    assert!(!plain.stdout.contains('\u{1b}'), "{:?}", plain.stdout);
    let forced = run(offline().env("CLICOLOR_FORCE", "1").args(["check", "joe@gmal.com"]), b"");
    assert_eq!(without_styles(&forced.stdout), plain.stdout);
    let json = run(offline().env("CLICOLOR_FORCE", "1").args(["check", "--json", "x"]), b"");
    assert!(!json.stdout.contains('\u{1b}'), "{:?}", json.stdout);
}

#[test]
fn what_cannot_be_written_is_an_error() {
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    for form in [&["check"][..], &["check", "--json"]] {
        let output = offline()
            .args(form)
            .arg("a@b.io")
            .stdout(full())
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{form:?}: {said}");
        assert!(said.starts_with("mailvet: cannot write"), "{form:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{form:?}: {said}");
    }
}

#[test]
fn nothing_is_logged_of_an_address() {
    let dns = DnsServer::start(ZONE);
    let addresses =
        ["zqx7@gmail.com", "zqx7@absent.test", "zqx7@broken.test", "zqx7", "zqx7@zqx7.test"];
    let ran = run(
        asking(&dns).env("MAILVET_LOG__LEVEL", "debug").args(["-v", "check"]).args(addresses),
        b"",
    );
    for secret in ["zqx7", "gmail", ".test"] {
        assert!(!ran.stderr.contains(secret), "{secret}: {}", ran.stderr);
    }
}
