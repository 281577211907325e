//! The forms of what is written: text for people, JSON lines for programs, nothing that fools either.

use crate::support::program::offline;
use crate::support::run::run;

#[test]
fn text_for_people() {
    let cases = [
        (
            "550 5.1.1 <joe@example.com>: Recipient address rejected: User unknown",
            "\
✗ not_found  550 5.1.1  speaks of the mailbox
  The server says that there is no such mailbox.
  What to do: Look for a typo in the address; if there is none, stop sending to it.
  no_such_mailbox; rule no-such-mailbox
",
        ),
        (
            "554 5.7.1 Client host [192.0.2.1] blocked using zen.example; see https://list.example/q?ip=192.0.2.1",
            "\
? refused  554 5.7.1  speaks of the client that asks, not the mailbox
  The server refuses the client for every recipient: its IP address or domain is on a block list.
  What to do: Find out why your IP address or domain is listed, mend that, then ask the list to remove it. Keep the address.
  The server names a page: https://list.example/q?ip=192.0.2.1
  blocklisted; rule blocklist
",
        ),
        (
            "451 Something is odd",
            "\
? deferred  451  speaks of the moment, not the mailbox
  The server says \"later\" without saying why.
  What to do: Try again later; mail servers do so by themselves for days.
  try_later; rule general-transient
",
        ),
    ];
    for (text, expected) in cases {
        let ran = run(offline().args(["reply", text]), b"");
        assert_eq!(ran.stdout, expected);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{text}");
    }
}

#[test]
fn json_for_programs() {
    let ran = run(offline().args(["reply", "--json", "550 5.2.1 Mailbox disabled"]), b"");
    let expected = concat!(
        r#"{"about":"mailbox","status":"disabled","detail":"mailbox_disabled","rule":"disabled","#,
        r#""explanation":"The server says that the mailbox is switched off."}"#,
        "\n"
    );
    assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (0, expected, ""));
}

#[test]
fn the_stage_is_the_flags_then_the_texts_then_rcpt() {
    let quoted = "550 Mailbox disabled (in reply to MAIL FROM command)";
    let cases: [(&[&str], &str); 5] = [
        (&["550 Mailbox disabled"], "disabled"),
        (&[quoted], "refused"),
        (&["--stage", "RCPT", quoted], "disabled"),
        (&["--stage", "mail from", "550 Mailbox disabled"], "refused"),
        (&["--stage", "banner", "550 5.1.1 User unknown"], "refused"),
    ];
    for (arguments, status) in cases {
        let ran = run(offline().args(["reply", "--json"]).args(arguments), b"");
        assert_eq!(ran.json()[0]["status"], status, "{arguments:?}");
    }
}

#[test]
fn a_provider_can_be_named() {
    let text = "550 Requested action not taken: mailbox unavailable";
    for (provider, status) in [("gmx", "not_found"), ("gmail", "refused")] {
        let arguments = ["reply", "--json", "--provider", provider, text];
        let ran = run(offline().args(arguments), b"");
        assert_eq!(ran.json()[0]["status"], status, "{provider}");
    }
}

#[test]
fn words_without_quotes_are_one_reply() {
    let ran = run(offline().args(["reply", "--json", "550", "5.1.1", "User", "unknown"]), b"");
    assert_eq!(ran.json().len(), 1);
    assert_eq!(ran.json()[0]["status"], "not_found");
}

#[test]
fn nothing_in_a_reply_reaches_the_terminal_raw() {
    let text = "550 5.7.1 blocked, see https://a.example/\u{1b}[2J\u{202e}x and \u{7}https://b.example/\u{9b}31m";
    for form in [&["reply"][..], &["reply", "--json"]] {
        let ran = run(offline().args(form).arg(text), b"");
        let raw = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!ran.stdout.contains(raw), "{form:?}: {:?}", ran.stdout);
        assert_eq!(ran.status, 0, "{form:?}");
    }
}
