//! The DNS goes away and comes back while people ask.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::random::Random;
use crate::support::dns::DnsServer;
use crate::support::http::{Connection, post};
use crate::support::poll::until;
use crate::support::program::asking;
use crate::support::service::Service;

tests![an_outage_takes_nothing_away_and_makes_nothing_up,];

const DOMAINS: usize = 50;
/// These are known before the first outage; of the others an equal share is first asked for in each outage.
const KNOWN: usize = 30;
const OUTAGES: usize = 2;
const CLIENTS: usize = 4;

/// The kinds of domain: line of the zone, verdict, reason.
const KINDS: [(&str, &str, &str); 4] = [
    ("MX 10 mx.test", "plausible", "domain_accepts_mail"),
    ("A 192.0.2.2", "plausible", "domain_accepts_mail"),
    ("NXDOMAIN", "undeliverable", "domain_not_found"),
    ("MX 0 .", "undeliverable", "domain_takes_no_mail"),
];

/// What the clients share.
struct Crowd {
    /// Domains up to here are asked for.
    domains: AtomicUsize,
    /// The answers so far, and how many of them were unknown.
    answers: AtomicUsize,
    unknown: AtomicUsize,
    is_over: AtomicBool,
    wrong: Mutex<Vec<String>>,
}

fn an_outage_takes_nothing_away_and_makes_nothing_up() {
    let zone: String =
        (0..DOMAINS).map(|n| format!("d{n}.test {}\n", KINDS[n % KINDS.len()].0)).collect();
    let mut dns = DnsServer::start(&format!("{zone}mx.test A 192.0.2.1"));
    let mut program = asking(&dns);
    program.env("MAILVET_DNS__TIMEOUT_MS", "200").env("MAILVET_DNS__TRIES", "2");
    let service = Service::start(program);
    let mut connection = Connection::open(service.address());
    for n in 0..KNOWN {
        until("every domain is known", || is_right(n, &report(&mut connection, n)).then_some(()));
    }
    let crowd = Crowd {
        domains: AtomicUsize::new(KNOWN),
        answers: AtomicUsize::new(0),
        unknown: AtomicUsize::new(0),
        is_over: AtomicBool::new(false),
        wrong: Mutex::default(),
    };
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (crowd, address) = (&crowd, service.address());
            scope.spawn(move || {
                let mut random = Random::new(1 + client as u64);
                let mut connection = Connection::open(address);
                while !crowd.is_over.load(Ordering::SeqCst) {
                    let n = random.below(crowd.domains.load(Ordering::SeqCst));
                    crowd.check_report(n, &report(&mut connection, n));
                    // Leaves something of the machine to others.
                    thread::park_timeout(Duration::from_millis(2));
                }
            });
        }
        let _over = Over(&crowd);
        for outage in 1..=OUTAGES {
            dns.stop();
            let domains = KNOWN + outage * (DOMAINS - KNOWN) / OUTAGES;
            crowd.domains.store(domains, Ordering::SeqCst);
            let (answers, unknown) = crowd.so_far();
            until("many were answered, and some not", || {
                let (more, more_unknown) = crowd.so_far();
                (more > answers + 500 && more_unknown > unknown + 20).then_some(())
            });
            dns.start_again();
            for n in 0..domains {
                until("it recovers", || is_right(n, &report(&mut connection, n)).then_some(()));
            }
        }
    });
    let wrong = crowd.wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{wrong:?}");
}

impl Crowd {
    /// A known domain stays known, and a report about another one is right or unknown.
    fn check_report(&self, n: usize, report: &Value) {
        let is_unknown = report["verdict"] == "unknown";
        if !is_right(n, report) && (n < KNOWN || !is_unknown) {
            self.wrong.lock().unwrap().push(format!("d{n}.test: {report}"));
        }
        self.unknown.fetch_add(usize::from(is_unknown), Ordering::SeqCst);
        self.answers.fetch_add(1, Ordering::SeqCst);
    }

    fn so_far(&self) -> (usize, usize) {
        (self.answers.load(Ordering::SeqCst), self.unknown.load(Ordering::SeqCst))
    }
}

/// Sends the crowd home, also when the test fails.
struct Over<'a>(&'a Crowd);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::SeqCst);
    }
}

fn report(connection: &mut Connection, n: usize) -> Value {
    let body = json!({"email": format!("joe@d{n}.test"), "timeout_ms": 5_000});
    connection.send(post(body.to_string()));
    let response = connection.response();
    assert_eq!(response.status, 200, "{}", response.text());
    response.json()
}

fn is_right(n: usize, report: &Value) -> bool {
    let (_, verdict, reason) = KINDS[n % KINDS.len()];
    report["verdict"] == verdict && report["reasons"] == json!([reason])
}
