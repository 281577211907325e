//! The service, and what is asked for a request.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::dns::DnsServer;
use crate::support::http::{Response, ask, post};
use crate::support::program::asking;
use crate::support::service::Service;

/// The program with two DNS servers.
pub(super) fn asking_both(first: &DnsServer, second: &DnsServer) -> Command {
    let mut program = asking(first);
    program.args(["--dns", &second.address().to_string()]);
    program
}

/// The same, and no canaries are asked.
fn untested(mut program: Command) -> Command {
    program.env("MAILVET_DNS__CANARIES", "[]");
    program
}

/// The report on an address, in time enough for a busy machine.
pub(super) fn report(service: &Service, email: &str) -> Value {
    report_within(service, email, 30_000)
}

pub(super) fn report_within(service: &Service, email: &str, timeout_ms: u32) -> Value {
    let body = json!({"email": email, "timeout_ms": timeout_ms});
    let response = ask(service.address(), post(body.to_string()));
    assert_eq!(response.status, 200, "{email}: {}", response.text());
    response.json()
}

/// Whether it is ready, and why not.
pub(super) fn readiness(service: &Service) -> Response {
    ask(service.address(), "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// What it counted.
pub(super) fn metrics(service: &Service) -> String {
    ask(service.address(), "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").text().to_owned()
}

/// Verdict and reasons in a line.
pub(super) fn line(report: &Value) -> String {
    let reasons: Vec<&str> = report["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| reason.as_str().unwrap())
        .collect();
    format!("{} {}", report["verdict"].as_str().unwrap(), reasons.join(" "))
}

#[test]
fn that_a_domain_does_not_exist_is_asked_of_two() {
    const GOOD: &str = "* MX 10 mx.test\nmx.test A 192.0.2.1";
    // The second server, the time, the line, how often the second server is asked at most.
    let cases = [
        ("agrees", "* NXDOMAIN", 30_000, "undeliverable domain_not_found", 1),
        ("fails", "* SERVFAIL", 30_000, "undeliverable domain_not_found", 2),
        ("silent", "* SILENCE", 400, "undeliverable domain_not_found", 3),
        ("silent, and waited for", "* SILENCE", 30_000, "undeliverable domain_not_found", 3),
        ("contradicts", GOOD, 30_000, "unknown dns_failure", 1),
        ("knows the name", "* NODATA", 30_000, "unknown dns_failure", 1),
    ];
    for (case, zone, timeout, expected, most) in cases {
        let (first, second) = (DnsServer::start("* NXDOMAIN"), DnsServer::start(zone));
        let service = Service::start(asking_both(&first, &second));
        let report = report_within(&service, "joe@gone.test", timeout);
        assert_eq!(line(&report), expected, "{case}: {report}");
        assert_eq!(first.questions(), ["gone.test MX"], "{case}");
        let questions = second.questions();
        assert!(questions.iter().all(|question| question == "gone.test MX"), "{case}");
        assert!((1..=most).contains(&questions.len()), "{case}: {questions:?}");
    }
}

#[test]
fn what_a_filter_hides_is_no_verdict() {
    const GOOD: &str = "a.test MX 10 mx.test\nb.test A 192.0.2.1\nmx.test A 192.0.2.1";
    const ZEROS: &str = "* A 0.0.0.0\n* AAAA ::";
    let filters = [
        ("no records", "* NODATA".to_owned()),
        ("no names", "* NXDOMAIN".to_owned()),
        ("zeros", ZEROS.to_owned()),
        ("zeros for mail servers", format!("a.test MX 10 mx.test\n{ZEROS}")),
        ("no addresses of mail servers", "a.test MX 10 mx.test\n* NODATA".to_owned()),
    ];
    for (case, zone) in filters {
        let (filter, good) = (DnsServer::start(&zone), DnsServer::start(GOOD));
        let service = Service::start(untested(asking_both(&filter, &good)));
        for email in ["joe@a.test", "joe@b.test"] {
            let report = report(&service, email);
            assert_eq!(line(&report), "unknown dns_failure", "{case}: {email}: {report}");
        }
    }
    // Two that agree are believed; zeros are not believed of one alone.
    let agree = [DnsServer::start(ZEROS), DnsServer::start(ZEROS)];
    let service = Service::start(untested(asking_both(&agree[0], &agree[1])));
    let report_json = report(&service, "joe@a.test");
    assert_eq!(line(&report_json), "undeliverable mail_server_unusable", "{report_json}");
    let service = Service::start(untested(asking(&agree[0])));
    let report_json = report(&service, "joe@a.test");
    assert_eq!(line(&report_json), "unknown dns_failure", "{report_json}");
}

#[test]
fn a_form_hears_that_the_dns_is_silent() {
    let dns = DnsServer::start("* SILENCE");
    let service = Service::start(untested(asking(&dns)));
    let report_json = report_within(&service, "joe@a.test", 1_500);
    assert_eq!(line(&report_json), "unknown dns_timeout", "{report_json}");
    let report_json = report_within(&service, "joe@b.test", 200);
    assert_eq!(line(&report_json), "unknown time_budget_spent", "{report_json}");
}

#[test]
fn below_a_name_that_is_not_nobody_is_asked() {
    let dns = DnsServer::start(
        "gone.test NXDOMAIN\nnogone.test NXDOMAIN\nbare.test NODATA\nx.bare.test NXDOMAIN\n\
         failed.test SERVFAIL\nx.failed.test MX 10 mx.test\nmx.test A 192.0.2.1",
    );
    let service = Service::start(asking(&dns));
    // In this order: the address, the line, whether a server is asked.
    let cases = [
        ("joe@gone.test", "undeliverable domain_not_found", true),
        ("joe@a.gone.test", "undeliverable domain_not_found", false),
        ("joe@c.b.gone.test", "undeliverable domain_not_found", false),
        ("joe@nogone.test", "undeliverable domain_not_found", true),
        ("joe@bare.test", "undeliverable domain_has_no_mail_server", true),
        ("joe@x.bare.test", "undeliverable domain_not_found", true),
        ("joe@failed.test", "unknown dns_failure", true),
        ("joe@x.failed.test", "plausible domain_accepts_mail", true),
    ];
    for (email, expected, asks) in cases {
        let before = dns.all_packets();
        let report = report(&service, email);
        assert_eq!(line(&report), expected, "{email}: {report}");
        assert_eq!(dns.all_packets() > before, asks, "{email}");
        assert_eq!(report["cached"], !asks, "{email}");
    }
}

#[test]
fn private_zones_are_asked_about_at_the_command_line_alone() {
    let dns = DnsServer::start(
        "secret.test MX 10 mx.test\nin.secret.test MX 10 mx.test\nmysecret.test MX 10 mx.test\n\
         mx.test A 192.0.2.1",
    );
    let program = || {
        let mut program = asking(&dns);
        program.env("MAILVET_DNS__PRIVATE_ZONES", "secret.test");
        program
    };
    let service = Service::start(program());
    for (email, expected) in [
        ("joe@secret.test", "unknown not_checked"),
        ("joe@in.secret.test", "unknown not_checked"),
        ("joe@SECRET.test", "unknown not_checked"),
    ] {
        assert_eq!(line(&report(&service, email)), expected, "{email}");
    }
    assert_eq!(dns.all_packets(), 0);
    let other = report(&service, "joe@mysecret.test");
    assert_eq!(line(&other), "plausible domain_accepts_mail", "{other}");
    for domain in ["secret.test", "in.secret.test"] {
        let checked =
            program().args(["check", "--json", &format!("joe@{domain}")]).output().unwrap();
        let report: Value = serde_json::from_slice(&checked.stdout).unwrap();
        assert_eq!(line(&report), "plausible domain_accepts_mail", "{domain}: {report}");
        assert_eq!(dns.mx_questions(domain), 1, "{domain}");
    }
}
