//! A resolver that lies is found out, and what it said is forgotten.

use std::thread;

use super::service::{line, metrics, readiness, report, report_within};
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
    // Before it is found out a lie may be passed on as an answer.
    let answer = report(&service, &format!("joe@{domain}"));
    assert!(answer["verdict"] == lie || answer["verdict"] == "unknown", "{answer}");
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

/// The service with these servers, tested each second with these canaries.
fn tested<'s>(servers: impl IntoIterator<Item = &'s DnsServer>, canaries: &str) -> Service {
    let mut servers = servers.into_iter();
    let mut program = asking(servers.next().unwrap());
    for server in servers {
        program.args(["--dns", &server.address().to_string()]);
    }
    program.env("MAILVET_DNS__CANARIES", canaries).env("MAILVET_DNS__CANARY_SECONDS", "1");
    let service = Service::start(program);
    until("it is ready", || (readiness(&service).status == 200).then_some(()));
    service
}

#[test]
fn a_server_that_lies_is_left_out_while_another_passes() {
    for lies in ["* NXDOMAIN", "* MX 10 mx.test\nmx.test A 192.0.2.1"] {
        for liar in [0, 1] {
            let servers = [SOUND; 2].map(DnsServer::start);
            let service = tested(&servers, "canary.test");
            servers[liar].replace_zone(lies);
            let case = format!("{lies}: server {liar}");
            // Its questions are the tests' alone when it is left out: no other test asks it.
            until(&format!("{case} is left out"), || {
                let before = servers[liar].questions().len();
                let other = report(&service, "joe@absent.test");
                let next = report(&service, &format!("joe@n{before}.absent.test"));
                assert_ne!(other["verdict"], "deliverable", "{case}: {next}");
                let asked = servers[liar].questions().split_off(before);
                let metrics = metrics(&service);
                let left_out = metrics.lines().any(|line| line == "mailvet_dns_servers_left_out 1");
                (left_out && !asked.iter().any(|asked| asked.starts_with("n"))).then_some(())
            });
            assert_eq!(readiness(&service).status, 200, "{case}");
            for (email, expected) in [
                ("joe@good.test", "plausible domain_accepts_mail"),
                ("joe@absent.test", "undeliverable domain_not_found"),
            ] {
                until(&format!("{case}: {email}: {expected}"), || {
                    (line(&report(&service, email)) == expected).then_some(())
                });
            }
            // With none that passes nothing is believed.
            servers[1 - liar].replace_zone(lies);
            until(&format!("{case}: the other lies too"), || {
                (readiness(&service).status == 503).then_some(())
            });
        }
    }
}

#[test]
fn one_canary_that_changes_its_dns_stops_no_service() {
    let dns = DnsServer::start(&format!("{SOUND}\nold.test MX 10 mx.test\nnew.test MX 10 mx.test"));
    let service = tested([&dns], "canary.test,old.test,new.test");
    dns.replace_zone(&format!("{SOUND}\nold.test NXDOMAIN\nnew.test MX 10 mx.test"));
    let tests = dns.mx_questions("old.test");
    until("it is tested again", || (dns.mx_questions("old.test") > tests + 1).then_some(()));
    assert_eq!(readiness(&service).status, 200);
    assert_eq!(line(&report(&service, "joe@absent.test")), "undeliverable domain_not_found");
    dns.replace_zone(&format!("{SOUND}\nold.test NXDOMAIN\nnew.test NXDOMAIN"));
    until("two are found out", || (readiness(&service).status == 503).then_some(()));
}

#[test]
fn a_resolver_that_denies_big_providers_is_not_believed_in_that() {
    let dns = DnsServer::start("* NXDOMAIN");
    let service = Service::start(asking(&dns));
    for (email, expected) in [
        ("joe@gmail.com", "unknown dns_failure"),
        ("joe@web.de", "unknown dns_failure"),
        ("joe@gone.test", "undeliverable domain_not_found"),
    ] {
        assert_eq!(line(&report(&service, email)), expected, "{email}");
    }
}

#[test]
fn the_log_tells_what_to_do_about_a_resolver_that_lies() {
    let dns = DnsServer::start("* NXDOMAIN");
    let mut program = asking(&dns);
    program.env_remove("MAILVET_DNS__CANARIES");
    let service = Service::start(program);
    until("it is found out", || {
        (readiness(&service).text() == "the DNS resolver denies_what_exists\n").then_some(())
    });
    assert_eq!(line(&report(&service, "joe@gone.test")), "unknown dns_failure");
    let log = service.stop().log;
    assert!(log.contains("MAILVET_DNS__CANARIES=[]"), "{log}");
    assert!(!log.contains("gmail"), "{log}");
}
