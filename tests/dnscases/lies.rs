//! A resolver that lies is found out, and what it said is forgotten.

use std::thread;

use super::service::{line, readiness, report, report_within};
use crate::support::dns::DnsServer;
use crate::support::poll::until;
use crate::support::program::asking;
use crate::support::service::Service;

/// Of a name below `com` it knows nothing, so it fails for the one that is made up.
const SOUND: &str = "
    canary.test  MX 10 mx.test
    mx.test      A 192.0.2.1
    good.test    MX 10 mx.test
    other.test   MX 10 mx.test
    absent.test  NXDOMAIN
";

#[test]
fn lies_are_no_verdicts() {
    // The lie, how the service names it, a domain and what is wrongly said of it.
    let cases = [
        ("* MX 10 mx.test\nmx.test A 192.0.2.1", "invents_answers", "absent.test", "plausible"),
        ("* NXDOMAIN", "denies_what_exists", "other.test", "undeliverable"),
        ("* MX 0 .", "invents_answers", "other.test", "undeliverable"),
        (
            "canary.test NODATA\nother.test NODATA",
            "denies_what_exists",
            "other.test",
            "undeliverable",
        ),
    ];
    // Each takes some rounds of a second.
    thread::scope(|scope| {
        for (lies, name, domain, lie) in cases {
            scope.spawn(move || one_lie(lies, name, domain, lie));
        }
    });
}

fn one_lie(lies: &str, name: &str, domain: &str, lie: &str) {
    let dns = DnsServer::start(SOUND);
    let mut program = asking(&dns);
    program.env("MAILVET_DNS__CANARIES", "canary.test").env("MAILVET_DNS__CANARY_SECONDS", "1");
    let service = Service::start(program);
    until("it is ready", || (readiness(&service).status == 200).then_some(()));
    let good = report(&service, "joe@good.test");
    assert_eq!(line(&good), "plausible domain_accepts_mail", "{name}: {good}");

    dns.replace_zone(lies);
    // Before it is found out a lie may be told as an answer.
    let told = report(&service, &format!("joe@{domain}"));
    assert!(told["verdict"] == lie || told["verdict"] == "unknown", "{told}");
    let unready = until("it is found out", || {
        let readiness = readiness(&service);
        (readiness.status == 503).then_some(readiness)
    });
    assert_eq!(unready.text(), format!("the DNS resolver {name}\n"));
    until(&format!("{name}: {domain} is forgotten"), || {
        let report = report(&service, &format!("joe@{domain}"));
        (line(&report) == "unknown dns_failure").then_some(())
    });
    for email in ["joe@new.test", "joe@below.absent.test"] {
        let report = report(&service, email);
        assert_eq!(line(&report), "unknown dns_failure", "{name}: {email}: {report}");
    }
    let good = report(&service, "joe@good.test");
    assert_ne!(good["verdict"], "undeliverable", "{name}: {good}");

    dns.replace_zone(SOUND);
    until("it is ready again", || (readiness(&service).status == 200).then_some(()));
    for (email, expected) in [
        ("joe@good.test", "plausible domain_accepts_mail"),
        ("joe@other.test", "plausible domain_accepts_mail"),
        ("joe@absent.test", "undeliverable domain_not_found"),
    ] {
        until(&format!("{name}: {email}: {expected}"), || {
            (line(&report(&service, email)) == expected).then_some(())
        });
    }
}

#[test]
fn a_server_that_is_down_tells_no_lies() {
    for down in ["* SILENCE", "* SERVFAIL", "* REFUSED"] {
        let dns = DnsServer::start(down);
        let mut program = asking(&dns);
        program
            .env("MAILVET_DNS__CANARIES", "canary.test")
            .env("MAILVET_DNS__CANARY_SECONDS", "1")
            .env("MAILVET_DNS__TIMEOUT_MS", "200")
            .env("MAILVET_DNS__TRIES", "1");
        let service = Service::start(program);
        until("it is ready", || (readiness(&service).status == 200).then_some(()));
        assert_eq!(report(&service, "joe@good.test")["verdict"], "unknown", "{down}");
    }
}

#[test]
fn answers_wait_for_the_first_test() {
    let dns = DnsServer::start(&format!("{SOUND}\ncanary.test HELD"));
    let mut program = asking(&dns);
    program
        .env("MAILVET_DNS__CANARIES", "canary.test")
        .env("MAILVET_DNS__TIMEOUT_MS", "20000")
        .env("MAILVET_DNS__TRIES", "1");
    let service = Service::start(program);
    dns.wait_for("canary.test");
    let readiness = readiness(&service);
    assert_eq!((readiness.status, readiness.text()), (503, "the DNS resolver is being tested\n"));
    let early = report_within(&service, "joe@good.test", 100);
    assert_eq!(line(&early), "unknown time_budget_spent", "{early}");
    // It was asked for all the same, so that the wait costs no more than it must.
    dns.wait_for("good.test");
    dns.release();
    let good = report(&service, "joe@good.test");
    assert_eq!(line(&good), "plausible domain_accepts_mail", "{good}");
}
