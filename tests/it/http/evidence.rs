//! What the DNS says, and what is made of it: verdicts, memory, one question for many who ask.

use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::dns::DnsServer;
use crate::support::http::{Connection, ask, post};
use crate::support::program::{asking, asking_patiently};
use crate::support::service::Service;

const ZONE: &str = "
    mx.test                   A 192.0.2.1
    good.test                 MX 10 mx.test
    six.test                  MX 10 mx6.test
    mx6.test                  AAAA 2a00:1450:4001::1b
    implicit.test             A 192.0.2.2
    xn--bcher-kva.test        MX 10 mx.test
    absent.test               NXDOMAIN
    bare.test                 NODATA
    null.test                 MX 0 .
    contradicted.test         MX 0 .
    contradicted.test         MX 10 mx.test
    inside.test               MX 10 mx-inside.test
    mx-inside.test            A 10.0.0.1
    literal.test              MX 10 192.0.2.7
    lost-mx.test              MX 10 absent.test
    broken.test               SERVFAIL
    closed.test               REFUSED
    broken-mx.test            MX 10 broken.test
    mute.test                 SILENCE
    gmal.com                  MX 10 mx.test
    outlok.com                NXDOMAIN
    yahooo.com                MX 0 .
    gmall.com                 SERVFAIL
    mailinator.com            NXDOMAIN
    privaterelay.appleid.com  MX 10 mx.test
";

fn report(service: &Service, body: &Value) -> Value {
    let response = ask(service.address(), post(body.to_string()));
    assert_eq!(response.status, 200, "{body}: {}", response.text());
    response.json()
}

#[test]
fn verdicts() {
    // Email, verdict, reasons, advice, dns.status, checks.domain, depth.
    let cases = [
        (
            "joe@good.test",
            "plausible",
            &["domain_accepts_mail"][..],
            "accept",
            "mx",
            "pass",
            "domain",
        ),
        ("joe@GOOD.test", "plausible", &["domain_accepts_mail"], "accept", "mx", "pass", "domain"),
        ("joe@six.test", "plausible", &["domain_accepts_mail"], "accept", "mx", "pass", "domain"),
        (
            "joe@bücher.test",
            "plausible",
            &["domain_accepts_mail"],
            "accept",
            "mx",
            "pass",
            "domain",
        ),
        (
            "joe@implicit.test",
            "plausible",
            &["domain_accepts_mail"],
            "accept",
            "implicit_mx",
            "pass",
            "domain",
        ),
        (
            "info@good.test",
            "plausible",
            &["domain_accepts_mail", "role_account"],
            "accept",
            "mx",
            "pass",
            "domain",
        ),
        (
            "x@privaterelay.appleid.com",
            "plausible",
            &["domain_accepts_mail", "relay"],
            "accept",
            "mx",
            "pass",
            "domain",
        ),
        ("\"j d\"@good.test", "risky", &["quoted_local_part"], "accept", "mx", "pass", "domain"),
        ("joe@gmal.com", "risky", &["domain_typo"], "confirm", "mx", "pass", "domain"),
        (
            "joe@gmall.com",
            "risky",
            &["domain_typo", "dns_failure"],
            "confirm",
            "failure",
            "unknown",
            "syntax",
        ),
        (
            "joe@contradicted.test",
            "risky",
            &["null_mx_contradicted"],
            "accept",
            "mx",
            "pass",
            "domain",
        ),
        ("joe@literal.test", "risky", &["mx_is_literal"], "accept", "mx", "pass", "domain"),
        (
            "joe@[192.0.2.1]",
            "risky",
            &["address_literal"],
            "accept",
            "skipped",
            "skipped",
            "syntax",
        ),
        (
            "joe@[10.1.2.3]",
            "undeliverable",
            &["mail_server_unusable", "address_literal"],
            "reject",
            "skipped",
            "fail",
            "syntax",
        ),
        (
            "joe@absent.test",
            "undeliverable",
            &["domain_not_found"],
            "reject",
            "not_found",
            "fail",
            "domain",
        ),
        (
            "joe@outlok.com",
            "undeliverable",
            &["domain_not_found", "domain_typo"],
            "confirm",
            "not_found",
            "fail",
            "domain",
        ),
        (
            "joe@yahooo.com",
            "undeliverable",
            &["domain_takes_no_mail", "domain_typo"],
            "confirm",
            "null_mx",
            "fail",
            "domain",
        ),
        (
            "joe@mailinator.com",
            "undeliverable",
            &["domain_not_found", "disposable"],
            "reject",
            "not_found",
            "fail",
            "domain",
        ),
        (
            "joe@null.test",
            "undeliverable",
            &["domain_takes_no_mail"],
            "reject",
            "null_mx",
            "fail",
            "domain",
        ),
        (
            "joe@bare.test",
            "undeliverable",
            &["domain_has_no_mail_server"],
            "reject",
            "no_mail_server",
            "fail",
            "domain",
        ),
        (
            "joe@inside.test",
            "undeliverable",
            &["mail_server_unusable"],
            "reject",
            "unusable",
            "fail",
            "domain",
        ),
        (
            "joe@lost-mx.test",
            "undeliverable",
            &["mail_server_unusable"],
            "reject",
            "unusable",
            "fail",
            "domain",
        ),
        (
            "joe@example.com",
            "undeliverable",
            &["domain_reserved"],
            "reject",
            "skipped",
            "skipped",
            "syntax",
        ),
        ("joe@broken.test", "unknown", &["dns_failure"], "accept", "failure", "unknown", "syntax"),
        ("joe@closed.test", "unknown", &["dns_failure"], "accept", "failure", "unknown", "syntax"),
        (
            "joe@broken-mx.test",
            "unknown",
            &["dns_failure"],
            "accept",
            "failure",
            "unknown",
            "syntax",
        ),
    ];
    let dns = DnsServer::start(ZONE);
    let service = Service::start(asking(&dns));
    for (email, verdict, reasons, advice, status, check, depth) in cases {
        let report = report(&service, &json!({"email": email, "timeout_ms": 30_000}));
        assert_eq!(report["verdict"], verdict, "{email}: {report}");
        assert_eq!(report["reasons"], json!(reasons), "{email}");
        assert_eq!(report["advice"], advice, "{email}");
        assert_eq!(report["dns"]["status"], status, "{email}");
        assert_eq!(
            report["checks"],
            json!({"syntax": "pass", "domain": check, "mailbox": "skipped"}),
            "{email}"
        );
        assert_eq!(report["depth"], depth, "{email}");
        assert_eq!(report["valid_until"].is_null(), status == "skipped", "{email}: {report}");
        let has_exchangers = report["dns"]["mx"].as_array().is_some_and(|mx| !mx.is_empty());
        assert_eq!(has_exchangers, status == "mx", "{email}: {report}");
    }
    let asked = dns.questions();
    assert!(asked.iter().all(|question| !question.contains("example.com")), "{asked:?}");
}

#[test]
fn a_long_answer_comes_whole() {
    let hosts: Vec<String> = (0..90).map(|n| format!("exchanger-number-{n:02}.test")).collect();
    let lines: Vec<String> =
        hosts.iter().map(|host| format!("many.test MX 10 {host}\n{host} A 192.0.2.1\n")).collect();
    let dns = DnsServer::start(&lines.concat());
    let service = Service::start(asking(&dns));
    let report = report(&service, &json!({"email": "joe@many.test", "timeout_ms": 30_000}));
    let expected: Vec<Value> =
        hosts.iter().map(|host| json!({"host": host, "preference": 10})).collect();
    assert_eq!(report["dns"]["mx"], json!(expected));
}

#[test]
fn silence_costs_no_more_than_the_time_that_was_given() {
    let dns = DnsServer::start(ZONE);
    let service = Service::start(asking(&dns));
    // A busy machine may be late once.
    let in_time = (0..5).any(|_| {
        let started = Instant::now();
        let report = report(&service, &json!({"email": "joe@mute.test", "timeout_ms": 200}));
        let took = started.elapsed().as_millis();
        assert_eq!(report["verdict"], "unknown", "{report}");
        assert_eq!(report["reasons"], json!(["time_budget_spent"]));
        assert_eq!(report["advice"], "accept");
        assert_eq!(report["dns"], json!({"status": "timeout", "mx": []}));
        assert_eq!((&report["depth"], &report["valid_until"]), (&json!("syntax"), &json!(null)));
        // A moment of it is for the answer itself.
        assert!(took >= 180, "answered long before its time: {took} ms");
        took <= 700
    });
    assert!(in_time);
}

#[test]
fn silence_ends_where_the_resolver_gives_up() {
    let dns = DnsServer::start(ZONE);
    let mut program = asking(&dns);
    program.env("MAILVET_DNS__TIMEOUT_MS", "100").env("MAILVET_DNS__TRIES", "2");
    let service = Service::start(program);
    let report = report(&service, &json!({"email": "joe@mute.test", "timeout_ms": 30_000}));
    assert_eq!(report["verdict"], "unknown", "{report}");
    assert_eq!(report["reasons"], json!(["dns_timeout"]));
    assert_eq!(report["dns"], json!({"status": "timeout", "mx": []}));
}

#[test]
fn a_lost_packet_is_soon_sent_again_whatever_was_answered_before() {
    const ABSENT: usize = 40;
    let absent: String = (0..ABSENT).map(|n| format!("absent{n}.test NXDOMAIN\n")).collect();
    let lost = "lost.test DROPS 1\nlost.test MX 10 mx.test\nmx.test A 192.0.2.1";
    let dns = DnsServer::start(&(absent + lost));
    let mut program = asking_patiently(&dns);
    // A try is one packet.
    program.env("MAILVET_DNS__TRIES", "3");
    let service = Service::start(program);
    for n in 0..ABSENT {
        let email = format!("joe@absent{n}.test");
        let report = report(&service, &json!({"email": email, "timeout_ms": 30_000}));
        assert_eq!(report["reasons"], json!(["domain_not_found"]), "{report}");
    }
    let report = report(&service, &json!({"email": "joe@lost.test", "timeout_ms": 4_000}));
    assert_eq!(report["verdict"], "plausible", "{report}");
}

#[test]
fn a_domain_is_asked_for_once() {
    let dns = DnsServer::start(ZONE);
    let service = Service::start(asking(&dns));
    let cases = [
        ("mx", "joe@good.test", "sue@Good.TEST"),
        ("no such domain", "joe@absent.test", "sue@absent.test"),
        ("null MX", "joe@null.test", "sue@null.test"),
        ("a failure, for a moment", "joe@broken.test", "sue@broken.test"),
    ];
    for (name, one, another) in cases {
        let first = report(&service, &json!({ "email": one }));
        let asked = dns.questions();
        assert_eq!(first["cached"], false, "{name}: {first}");
        for email in [one, another] {
            let again = report(&service, &json!({ "email": email }));
            assert_eq!(again["cached"], true, "{name}: {again}");
            for field in ["verdict", "reasons", "dns", "checked_at", "valid_until"] {
                assert_eq!(again[field], first[field], "{name}: {field}");
            }
        }
        assert_eq!(dns.questions(), asked, "{name}");
    }
}

#[test]
fn many_who_ask_at_once_are_one_question() {
    const CALLERS: usize = 50;
    let dns = DnsServer::start("busy.test HELD\nbusy.test MX 10 mx.test\nmx.test A 192.0.2.1");
    let service = Service::start(asking_patiently(&dns));
    let address = service.address();
    let all_sent = Barrier::new(CALLERS + 1);
    thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|n| {
                let all_sent = &all_sent;
                scope.spawn(move || {
                    let mut connection = Connection::open(address);
                    let body = json!({"email": format!("joe{n}@busy.test"), "timeout_ms": 30_000});
                    connection.send(post(body.to_string()));
                    all_sent.wait();
                    connection.response().json()
                })
            })
            .collect();
        all_sent.wait();
        dns.wait_for("busy.test");
        dns.release();
        for caller in callers {
            let report = caller.join().unwrap();
            assert_eq!(report["verdict"], "plausible", "{report}");
        }
    });
    assert_eq!(dns.questions(), ["busy.test MX", "mx.test A"]);
}

#[test]
fn offline_nobody_is_asked() {
    let dns = DnsServer::start(ZONE);
    let mut program = asking(&dns);
    program.arg("--offline");
    let service = Service::start(program);
    for depth in ["syntax", "domain", "mailbox"] {
        let report = report(&service, &json!({"email": "joe@good.test", "depth": depth}));
        assert_eq!(report["verdict"], "unknown", "{depth}: {report}");
        assert_eq!(report["reasons"], json!(["not_checked"]), "{depth}");
        assert_eq!(report["depth"], "syntax", "{depth}");
        assert_eq!(report["dns"], json!({"status": "skipped", "mx": []}), "{depth}");
    }
    assert_eq!(dns.questions(), [""; 0]);
}
