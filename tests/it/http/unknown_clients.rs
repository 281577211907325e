//! Unknown clients, direct or through a proxy, may cause a limited number of look-ups.

use crate::support::dns::DnsServer;
use crate::support::http::ask;
use crate::support::program::asking;
use crate::support::service::Service;

/// A service for all, with domains enough.
fn open(trusted_proxies: &str) -> (DnsServer, Service) {
    let zone: String = (0..20).map(|n| format!("good{n}.test MX 10 mx.test\n")).collect();
    let dns = DnsServer::start(&(zone + "mx.test A 192.0.2.1"));
    let mut program = asking(&dns);
    program
        .env("MAILVET_DNS__MAX_LOOKUPS_PER_STRANGER", "2")
        .env("MAILVET_HTTP__TRUSTED_PROXIES", trusted_proxies);
    let service = Service::start_with(program, &["--open"]);
    (dns, service)
}

/// How many of four new domains are looked up for the client that these headers name.
fn looked_up(service: &Service, headers: &str, first: usize) -> usize {
    looked_up_by("HTTP/1.1", service, headers, first)
}

fn looked_up_by(version: &str, service: &Service, headers: &str, first: usize) -> usize {
    let asked = (first..first + 4).filter(|n| {
        let body = format!("{{\"email\": \"joe@good{n}.test\", \"timeout_ms\": 10000}}");
        let request = format!(
            "POST /v1/validate {version}\r\nHost: mailvet.example\r\nContent-Type: application/json\r\n\
             {headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let report = ask(service.address(), request).json();
        let is_refused = report["reasons"][0] == "dns_failure";
        assert!(is_refused || report["verdict"] == "plausible", "{report}");
        !is_refused
    });
    asked.count()
}

#[test]
fn a_trusted_proxy_tells_for_whom_it_asks() {
    let (_dns, service) = open("127.0.0.1");
    // The headers, how many are looked up.
    let cases = [
        ("X-Forwarded-For: 203.0.113.1\r\n", 2),
        ("X-Forwarded-For: 203.0.113.9, 203.0.113.2\r\n", 2),
        ("X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-For: 203.0.113.1\r\n", 0),
        // Not known is not the same as from here.
        ("X-Forwarded-For: somebody\r\n", 2),
        // The proxy itself, say to see whether we are there.
        ("", 4),
    ];
    for ((headers, expected), first) in cases.into_iter().zip((0..).step_by(4)) {
        assert_eq!(looked_up(&service, headers, first), expected, "{headers}");
    }
}

#[test]
fn a_proxy_that_is_not_trusted_is_one_client() {
    for headers in
        ["X-Forwarded-For: 203.0.113.1", "X-Real-IP: 203.0.113.1", "Forwarded: for=a", "Via: 1.1 a"]
    {
        let (_dns, service) = open("192.0.2.1");
        assert_eq!(looked_up(&service, "", 0), 4, "a program on this machine");
        assert_eq!(looked_up(&service, &format!("{headers}\r\n"), 4), 2, "{headers}");
        let another = headers.replace("203.0.113.1", "203.0.113.2");
        assert_eq!(looked_up(&service, &format!("{another}\r\n"), 8), 0, "{another}");
        let log = service.stop().log;
        assert_eq!(log.matches("trusted_proxies does not name").count(), 1, "{log}");
        assert!(!log.contains("203.0.113"), "{log}");
    }
}

#[test]
fn a_proxy_that_adds_no_header_is_known_by_its_old_version() {
    let (_dns, service) = open("192.0.2.1");
    assert_eq!(looked_up_by("HTTP/1.0", &service, "", 0), 2);
    assert_eq!(looked_up_by("HTTP/1.0", &service, "", 4), 0);
    let log = service.stop().log;
    assert_eq!(log.matches("trusted_proxies does not name").count(), 1, "{log}");
}
