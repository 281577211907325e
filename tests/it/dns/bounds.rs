//! What is asked stays within bounds, and what was not asked is not denied.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;

use serde_json::json;

use super::service::{line, report};
use crate::support::bounded::with_open_files;
use crate::support::dns::DnsServer;
use crate::support::http::{Connection, post};
use crate::support::poll::until;
use crate::support::program::{asking, asking_patiently};
use crate::support::service::Service;

#[test]
fn names_made_up_below_one_zone() {
    const MOST: usize = 5;
    let dns = DnsServer::start("* MX 10 mx.test\nmx.test A 192.0.2.1");
    let mut program = asking(&dns);
    program.env("MAILVET_DNS__MAX_NAMES_PER_ZONE", MOST.to_string());
    let service = Service::start(program);
    for n in 0..2 * MOST {
        let before = dns.all_packets();
        let report = report(&service, &format!("joe@n{n}.big.test"));
        let expected =
            if n < MOST { "plausible domain_accepts_mail" } else { "unknown dns_failure" };
        assert_eq!(line(&report), expected, "{n}: {report}");
        assert_eq!(dns.all_packets() > before, n < MOST, "{n}");
    }
    for email in ["joe@big.test", "joe@n0.big.test", "joe@n0.other.test"] {
        let report = report(&service, email);
        assert_eq!(line(&report), "plausible domain_accepts_mail", "{email}: {report}");
    }
}

#[test]
fn too_few_sockets_are_no_answer() {
    const CLIENTS: usize = 20;
    const DOMAINS: usize = 600;
    let dns = DnsServer::start("* MX 10 mx.test\n* HELD\nmx.test A 192.0.2.1");
    let service = Service::start(with_open_files(&asking_patiently(&dns), 128));
    let address = service.address();
    let lines = Mutex::new(BTreeMap::<String, usize>::new());
    // Every caller asks for more than there are sockets, and does not wait for the answer.
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let lines = &lines;
            let mut connection = Connection::open(address);
            scope.spawn(move || {
                for n in (client..DOMAINS).step_by(CLIENTS) {
                    let body = json!({"email": format!("joe@d{n}.test"), "timeout_ms": 50});
                    connection.send(post(body.to_string()));
                    let response = connection.response();
                    assert_eq!(response.status, 200, "{}", response.text());
                    *lines.lock().unwrap().entry(line(&response.json())).or_default() += 1;
                }
            });
        }
    });
    let lines = lines.into_inner().unwrap();
    assert!(lines.keys().all(|line| line.starts_with("unknown ")), "{lines:?}");
    assert!(lines.contains_key("unknown dns_failure"), "there were sockets enough: {lines:?}");
    dns.release();
    let mut connection = Connection::open(address);
    for n in 0..DOMAINS {
        until("an answer", || {
            let body = json!({"email": format!("joe@d{n}.test"), "timeout_ms": 30_000});
            connection.send(post(body.to_string()));
            let report = connection.response().json();
            let line = line(&report);
            assert!(line.starts_with("unknown ") || line.starts_with("plausible "), "{report}");
            line.starts_with("plausible ").then_some(())
        });
    }
}
