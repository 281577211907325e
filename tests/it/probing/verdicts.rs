//! What a server says, and what becomes of it.

use serde_json::json;

use super::probe_env::{KNOWS_JOE, ProbeEnv, reasons};
use crate::support::run::run;
use crate::support::smtp::SmtpServer;

#[test]
fn replies() {
    // The server, the verdict and reason for joe@good.test, the status and detail of the mailbox.
    let cases = [
        (KNOWS_JOE, "deliverable", "mailbox_accepted", "accepted", "recipient_accepted"),
        ("RCPT * 250 2.1.5 Ok", "risky", "catch_all", "accepted", "recipient_accepted"),
        (
            "RCPT * 252 2.0.0 cannot verify",
            "plausible",
            "domain_accepts_mail",
            "accepted",
            "recipient_not_verified",
        ),
        ("", "undeliverable", "mailbox_not_found", "not_found", "no_such_mailbox"),
        (
            "RCPT * 550 5.2.1 mailbox disabled",
            "undeliverable",
            "mailbox_disabled",
            "disabled",
            "mailbox_disabled",
        ),
        ("RCPT * 552 5.2.2 Mailbox full", "risky", "mailbox_full", "full", "mailbox_full"),
        (
            "RCPT * 450 4.2.0 Greylisted, come back later",
            "unknown",
            "greylisted",
            "greylisted",
            "greylisted",
        ),
        (
            "RCPT * 554 5.7.1 Service unavailable; client blocked using zen.spamhaus.org",
            "unknown",
            "probe_refused",
            "refused",
            "blocklisted",
        ),
        (
            "RCPT * 554 5.7.1 <joe@good.test>: Relay access denied",
            "unknown",
            "probe_refused",
            "refused",
            "relay_denied",
        ),
        (
            "MAIL 550 5.1.8 Sender address rejected: Domain not found",
            "unknown",
            "probe_refused",
            "refused",
            "sender_refused",
        ),
        (
            "BANNER 554 5.7.1 No reverse DNS for your address",
            "unknown",
            "probe_refused",
            "refused",
            "no_reverse_dns",
        ),
        ("RCPT * 451 4.3.0 Temporary lookup failure", "unknown", "probe_deferred", "deferred", ""),
        (
            "BANNER 421 4.7.0 Too many connections from your address",
            "unknown",
            "probe_rate_limited",
            "rate_limited",
            "too_many_connections",
        ),
        ("BANNER STALL", "unknown", "probe_timeout", "timeout", "timeout"),
        ("RCPT * STALL", "unknown", "probe_timeout", "timeout", "timeout"),
        ("BANNER DROP", "unknown", "probe_unreachable", "unreachable", "dropped"),
        ("RCPT * DROP", "unknown", "probe_protocol_error", "protocol_error", "dropped"),
        ("BANNER GARBAGE", "unknown", "probe_protocol_error", "protocol_error", "malformed"),
        ("RCPT * GARBAGE", "unknown", "probe_protocol_error", "protocol_error", "malformed"),
        (
            "OFFERS STARTTLS\nTLS DROP\nMAIL 530 5.7.0 Must issue a STARTTLS command first",
            "unknown",
            "probe_tls_failed",
            "tls_failed",
            "tls",
        ),
    ];
    for (script, verdict, reason, status, detail) in cases {
        let env = ProbeEnv::new(script);
        let report = &env.check(&["joe@good.test"])[0];
        assert_eq!(report["verdict"], verdict, "{script}: {report}");
        assert_eq!(reasons(report), [reason], "{script}");
        let mailbox = &report["mailbox"];
        assert_eq!(mailbox["status"], status, "{script}: {mailbox}");
        assert!(detail.is_empty() || mailbox["detail"] == detail, "{script}: {mailbox}");
        assert_eq!(mailbox["host"], "mx.good.test", "{script}");
        assert_eq!(
            report["depth"],
            if verdict == "unknown" { "domain" } else { "mailbox" },
            "{script}"
        );
        let is_temporary = matches!(status, "greylisted" | "deferred" | "rate_limited");
        assert!(!is_temporary || mailbox["retry_at"].is_string(), "{script}: {mailbox}");
    }
}

#[test]
fn no_server_listens() {
    let env = ProbeEnv::new(KNOWS_JOE);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let port = closed.port().to_string();
    let report = &env.check_with(&[("MAILVET_PROBE__PORT", &port)], &["joe@good.test"])[0];
    assert_eq!(reasons(report), ["probe_unreachable"], "{report}");
}

/// A port of loopback that never answers, as where a firewall drops what is sent to port 25: its queue of
/// connections is full.
struct Silent {
    _listener: std::net::TcpListener,
    _waiting: Vec<std::net::TcpStream>,
    port: u16,
}

impl Silent {
    fn new() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        // A queue of the least length.
        rustix::net::listen(&listener, 0).unwrap();
        let address = listener.local_addr().unwrap();
        let patience = std::time::Duration::from_millis(300);
        let connect = |_| std::net::TcpStream::connect_timeout(&address, patience).ok();
        let waiting = (0..64).map_while(connect).collect();
        Self { _listener: listener, _waiting: waiting, port: address.port() }
    }
}

#[test]
fn a_port_that_never_answers_may_be_blocked() {
    let env = ProbeEnv::new(KNOWS_JOE);
    let silent = Silent::new();
    let run_with = |arguments: &[&str]| {
        let mut program = env.program();
        program
            .env("MAILVET_PROBE__PORT", silent.port.to_string())
            .env("MAILVET_PROBE__CONNECT_TIMEOUT_MS", "500")
            .args(arguments);
        run(&mut program, b"joe@good.test\n")
    };
    let ran = run_with(&["check", "--depth", "mailbox", "joe@good.test"]);
    assert!(ran.stdout.contains("probe_unreachable"), "{}", ran.stdout);
    assert!(ran.stdout.contains("block outgoing connections to port 25"), "{}", ran.stdout);
    let ran = run_with(&["clean", "--depth", "mailbox"]);
    assert!(ran.stderr.contains("No mail server answered. Many networks"), "{}", ran.stderr);
    // Who says no has answered.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut program = env.program();
    program.env("MAILVET_PROBE__PORT", closed.port().to_string());
    let ran = run(program.args(["check", "--depth", "mailbox", "sue@good.test"]), b"");
    assert!(!ran.stdout.contains("port 25"), "{}", ran.stdout);
}

#[test]
fn the_next_server_is_asked_where_one_is_not_there() {
    let zone = "good.test MX 10 down.good.test\ngood.test MX 20 mx.good.test\n\
                down.good.test A 127.0.0.99\nmx.good.test A 127.0.0.1";
    let env = ProbeEnv::with_zone(KNOWS_JOE, zone);
    let report = &env.check(&["joe@good.test"])[0];
    assert_eq!(report["verdict"], "deliverable", "{report}");
    assert_eq!(report["mailbox"]["host"], "mx.good.test", "{report}");
}

#[test]
fn a_domain_without_mx_is_asked_itself() {
    let env = ProbeEnv::with_zone(KNOWS_JOE, "good.test A 127.0.0.1");
    let report = &env.check(&["joe@good.test"])[0];
    assert_eq!(report["verdict"], "deliverable", "{report}");
    assert_eq!(report["mailbox"]["host"], "good.test", "{report}");
}

#[test]
fn who_is_not_asked_at_all() {
    let zone = "good.test MX 10 mx.good.test\nmx.good.test A 127.0.0.1\n\
                secretive.test MX 10 mta5.am0.yahoodns.net\nmta5.am0.yahoodns.net A 127.0.0.1\n\
                absent.test NXDOMAIN\nbroken.test SERVFAIL";
    // The address, the setting, the reasons.
    let cases = [
        ("joe@secretive.test", None, vec!["domain_accepts_mail", "provider_not_probed"]),
        (
            "joe@good.test",
            Some(("MAILVET_PROBE__NEVER", "good.test")),
            vec!["domain_accepts_mail", "probe_off"],
        ),
        (
            "joe@good.test",
            Some(("MAILVET_PROBE__NEVER", "mx.good.test")),
            vec!["domain_accepts_mail", "probe_off"],
        ),
        (
            "joe@good.test",
            Some(("MAILVET_PROBE__NEVER", "127.0.0.0/8")),
            vec!["domain_accepts_mail", "probe_off"],
        ),
        (
            "joe@good.test",
            Some(("MAILVET_PROBE__ENABLED", "false")),
            vec!["domain_accepts_mail", "probe_off"],
        ),
        ("joe@absent.test", None, vec!["domain_not_found"]),
        ("joe@broken.test", None, vec!["dns_failure"]),
        ("joe@[127.0.0.1]", None, vec!["address_literal"]),
    ];
    for (address, setting, expected) in cases {
        let env = ProbeEnv::with_zone(KNOWS_JOE, zone);
        let report = &env.check_with(setting.as_slice(), &[address])[0];
        assert_eq!(reasons(report), expected, "{address} {setting:?}: {report}");
        assert_eq!(report["mailbox"]["status"], "not_probed", "{address} {setting:?}");
        assert_eq!(report["checks"]["mailbox"], "skipped", "{address} {setting:?}");
        assert_eq!(env.connections(), 0, "{address} {setting:?}");
    }
}

#[test]
fn only_a_server_that_offers_it_was_sent_of_other_letters() {
    for (script, expected) in [
        ("RCPT * 250 Ok", "smtputf8_unsupported"),
        ("OFFERS SMTPUTF8\nRCPT jörg@good.test 250 Ok", "mailbox_accepted"),
    ] {
        let env = ProbeEnv::new(script);
        let report = &env.check(&["jörg@good.test"])[0];
        assert_eq!(reasons(report), [expected], "{script}: {report}");
        let was_sent = env.mail.commands().iter().any(|command| command.contains("jörg"));
        assert_eq!(was_sent, expected == "mailbox_accepted", "{script}");
    }
}

#[test]
fn a_probe_without_a_name_of_ones_own_does_not_start() {
    for (variable, said) in
        [("MAILVET_PROBE__HELO", "helo"), ("MAILVET_PROBE__MAIL_FROM", "mail_from")]
    {
        let env = ProbeEnv::new(KNOWS_JOE);
        let mut program = env.program();
        let ran = run(program.env(variable, "").args(["check", "joe@good.test"]), b"");
        assert_eq!(ran.status, 2, "{variable}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{variable}: {}", ran.stderr);
    }
}

#[test]
fn the_servers_own_words_are_for_the_operator() {
    let script = "RCPT * 550 5.1.1 no \u{1b}[31mjoe zebra";
    let words = "no \\u{1b}[31mjoe zebra";
    for (verbosity, is_shown) in [("-v", true), ("--strict", false)] {
        let env = ProbeEnv::new(script);
        let ran = run(
            env.program().args(["check", "--depth", "mailbox", "joe@good.test", verbosity]),
            b"",
        );
        assert_eq!(ran.stdout.contains(words), is_shown, "{verbosity}: {}", ran.stdout);
        assert!(!ran.stdout.contains('\u{1b}'), "{verbosity}: {}", ran.stdout);
    }
    let env = ProbeEnv::new(script);
    assert!(!json!(env.check(&["joe@good.test"])).to_string().contains("zebra"));
    let env = ProbeEnv::new(script);
    let mut program = env.program();
    program.args(["check", "--json", "-v", "--depth", "mailbox", "joe@good.test"]);
    let ran = run(&mut program, b"");
    assert_eq!(ran.json()[0]["mailbox"]["text"], "no \u{1b}[31mjoe zebra", "{}", ran.stdout);
    assert!(!ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
}

#[test]
fn what_one_server_shows_says_nothing_of_another() {
    // The first one tells; the second, which is asked once the first is gone, takes anything.
    let zone = "good.test MX 10 one.good.test\ngood.test MX 20 two.good.test\n\
                one.good.test A 127.0.0.1\ntwo.good.test A 127.0.0.2";
    let mut env = ProbeEnv::with_zone(KNOWS_JOE, zone);
    let port = env.mail.address().port();
    assert_eq!(env.check(&["joe@good.test"])[0]["verdict"], "deliverable");
    env.mail.stop();
    let two = SmtpServer::start_at(([127, 0, 0, 2], port).into(), "RCPT * 250 Ok");
    let report = &env.check(&["nobody.here@good.test"])[0];
    assert_eq!(reasons(report), ["catch_all"], "{report}");
    assert_eq!(two.visits().len(), 1);
}

#[test]
fn a_server_that_is_not_set_up_for_the_domain_says_nothing_of_the_mailbox() {
    for reply in [
        "550 5.1.2 Recipient address rejected: Domain not found",
        "550 relay not permitted",
        "554 5.7.1 Relay access denied",
    ] {
        let env = ProbeEnv::new(&format!("RCPT * {reply}"));
        let report = &env.check(&["joe@good.test"])[0];
        assert_eq!(reasons(report), ["probe_refused"], "{reply}: {report}");
    }
}

#[test]
fn the_same_name_at_another_domain_of_the_provider_is_another_mailbox() {
    let zone = "me.com MX 10 mx.good.test\nicloud.com MX 10 mx.good.test\nmx.good.test A 127.0.0.1";
    let env = ProbeEnv::with_zone("RCPT joe@icloud.com 250 Ok", zone);
    assert_eq!(env.check(&["joe@me.com"])[0]["verdict"], "undeliverable");
    let report = &env.check(&["joe@icloud.com"])[0];
    assert_eq!(report["verdict"], "deliverable", "{report}");
}
