//! `mailvet reply -`: replies on standard input.

use crate::support::program::offline;
use crate::support::run::run;

#[test]
fn lines_and_replies() {
    let cases: [(&str, &[u8], &[&str]); 12] = [
        ("nothing", b"", &[]),
        ("one", b"550 User unknown\n", &["not_found"]),
        ("no line end", b"550 User unknown", &["not_found"]),
        ("CRLF", b"550 User unknown\r\n552 Mailbox full\r\n", &["not_found", "full"]),
        ("empty lines", b"\n550 User unknown\n\n\n552 Mailbox full\n", &["not_found", "full"]),
        ("lines of one reply", b"550-No such\r\n550-user\r\n550 here\r\n", &["not_found"]),
        ("a reply after one", b"550-No such\n550 user\n552 Mailbox full\n", &["not_found", "full"]),
        ("a reply cut off", b"550-User unknown\n552 Mailbox full\n", &["not_found", "full"]),
        ("single lines", b"550 User unknown\n550 Mailbox disabled\n", &["not_found", "disabled"]),
        (
            "indented",
            b"Diagnostic-Code: smtp; 550-5.1.1 No such\n    550 5.1.1 user\n",
            &["not_found"],
        ),
        (
            "lines of a log",
            b"a said: 550 User unknown (in reply to RCPT TO command)\nb said: 552 Mailbox full\n",
            &["not_found", "full"],
        ),
        ("not UTF-8", b"550 Bo\xeete aux lettres pleine\n", &["full"]),
    ];
    for (name, input, expected) in cases {
        let ran = run(offline().args(["reply", "--json", "-"]), input);
        let json = ran.json();
        let seen: Vec<&str> = json.iter().map(|reply| reply["status"].as_str().unwrap()).collect();
        assert_eq!(seen, expected, "{name}");
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{name}");
    }
}

#[test]
fn what_is_no_reply_is_told_by_its_line() {
    let ran = run(
        offline().args(["reply", "--json", "-"]),
        b"550 User unknown\n\nnonsense\n552 Mailbox full\n",
    );
    assert_eq!((ran.status, ran.json().len()), (2, 2));
    assert!(ran.stderr.starts_with("mailvet: line 3: "), "{}", ran.stderr);
    assert!(!ran.stderr.contains("nonsense"), "{}", ran.stderr);
}

#[test]
fn replies_for_people_have_a_gap_between() {
    let ran = run(offline().args(["reply", "-"]), b"550 User unknown\n552 Mailbox full\n");
    assert_eq!(ran.stdout.matches("\n\n").count(), 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("\n\n! full"), "{}", ran.stdout);
}

#[test]
fn an_input_of_any_size() {
    let endless = "550-User unknown\n".repeat(100_000);
    let ran = run(offline().args(["reply", "--json", "-"]), endless.as_bytes());
    assert_eq!((ran.status, ran.json().len()), (0, 1));
    let long = format!("550 User unknown {}\n552 Mailbox full\n", "x".repeat(1_000_000));
    let ran = run(offline().args(["reply", "--json", "-"]), long.as_bytes());
    assert_eq!((ran.status, ran.json().len()), (0, 2));
}
