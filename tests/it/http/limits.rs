//! The bounds of the service: beyond them it says so at once.

use std::time::Duration;

use serde_json::json;

use super::problem::assert_problem;
use crate::support::bounded::with_open_files;
use crate::support::dns::DnsServer;
use crate::support::http::{Connection, ask, get, post, post_batch};
use crate::support::poll::until;
use crate::support::program::{asking_patiently, offline};
use crate::support::service::Service;

const HELD: &str = "slow.test HELD\nslow.test MX 10 mx.test\nmx.test A 192.0.2.1";
const SLOW: &str = r#"{"email": "joe@slow.test", "timeout_ms": 30000}"#;
const QUICK: &str = r#"{"email": "joe@gmail.com", "depth": "syntax"}"#;

/// A service with one of its bounds, and a DNS that keeps its answer back.
fn bounded(bound: &str, value: &str) -> (DnsServer, Service) {
    let dns = DnsServer::start(HELD);
    let mut program = asking_patiently(&dns);
    program.env(format!("MAILVET_HTTP__LIMITS__{bound}"), value);
    let service = Service::start(program);
    (dns, service)
}

#[test]
fn connections() {
    let (dns, service) = bounded("MAX_CONNECTIONS", "3");
    let address = service.address();
    let mut busy: Vec<Connection> = (0..3)
        .map(|_| {
            let mut connection = Connection::open(address);
            connection.send(post(SLOW));
            connection
        })
        .collect();
    dns.wait_for("slow.test");
    until("there is no room", || (get(address, "/readyz").status == 503).then_some(()));
    for _ in 0..5 {
        let mut one_too_many = Connection::open(address);
        one_too_many.send(post(QUICK));
        let response = one_too_many.response();
        assert_problem("one too many", &response, 503, "overloaded");
        assert_eq!(response.header("retry-after"), Some("1"));
        assert!(one_too_many.is_closed());
        // A service that is overloaded is alive.
        assert_eq!(get(address, "/healthz").status, 200);
    }
    // Who waits for our word is not asked for more.
    let mut waiting = Connection::open(address);
    waiting.send(
        "POST /v1/validate HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\
         Content-Type: application/json\r\nContent-Length: 50\r\n\r\n",
    );
    assert_problem("who waits", &waiting.response(), 503, "overloaded");
    dns.release();
    for connection in &mut busy {
        assert_eq!(connection.response().status, 200);
    }
    drop(busy);
    until("there is room again", || (ask(address, post(QUICK)).status == 200).then_some(()));
}

#[test]
fn a_crowd_that_says_nothing_holds_nobody_up() {
    let (dns, service) = bounded("MAX_CONNECTIONS", "1");
    let mut busy = Connection::open(service.address());
    busy.send(post(SLOW));
    dns.wait_for("slow.test");
    // More connections than may be open; the last ones are refused before they send a request.
    let refused = until("the last one is refused at once", || {
        let mut crowd: Vec<_> = (0..80).map(|_| Connection::open(service.address())).collect();
        let last = crowd.last_mut().unwrap();
        (!last.is_closed()).then(|| last.response())
    });
    assert_problem("the last one", &refused, 503, "overloaded");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.header("connection"), Some("close"));
    dns.release();
    assert_eq!(busy.response().status, 200);
}

#[test]
fn open_files() {
    let service = Service::start(with_open_files(&offline(), 128));
    let address = service.address();
    let mut crowd: Vec<Connection> = (0..64).map(|_| Connection::open(address)).collect();
    until("there is no room", || (get(address, "/readyz").status == 503).then_some(()));
    // Every accepted connection is answered.
    for connection in &mut crowd {
        connection.send(post(QUICK));
        assert_eq!(connection.response().status, 200);
    }
    let log = service.stop().log;
    assert!(log.contains("\"connections\":64}") && log.contains("ulimit"), "{log}");
    assert!(!log.contains("cannot accept"), "{log}");
}

#[test]
fn no_open_files_left() {
    // So few that those who are turned away need more.
    let service = Service::start(with_open_files(&offline(), 48));
    let address = service.address();
    let mut crowd: Vec<Connection> = (0..100).map(|_| Connection::open(address)).collect();
    service.wait_for_log("cannot accept connections");
    crowd[0].send(post(QUICK));
    assert_eq!(crowd[0].response().status, 200);
    drop(crowd);
    until("the crowd has gone", || (get(address, "/readyz").status == 200).then_some(()));
    let log = service.stop().log;
    assert_eq!(log.matches("cannot accept connections").count(), 1, "{log}");
    assert!(log.contains("no more open files"), "{log}");
}

#[test]
fn requests() {
    let dns = DnsServer::start(&format!("{HELD}\nother.test HELD\nother.test MX 10 mx.test"));
    let mut program = asking_patiently(&dns);
    program.env("MAILVET_HTTP__LIMITS__MAX_REQUESTS", "2");
    let service = Service::start(program);
    let address = service.address();
    let mut busy = ["slow.test", "other.test"].map(|domain| {
        let mut connection = Connection::open(address);
        connection.send(post(SLOW.replace("slow.test", domain)));
        dns.wait_for(domain);
        connection
    });
    // The connection is kept: its next request may find room.
    let mut patient = Connection::open(address);
    patient.send(post(QUICK));
    let response = patient.response();
    assert_problem("a request", &response, 503, "overloaded");
    assert_eq!(response.header("retry-after"), Some("1"));
    let batch = ask(address, post_batch(r#"{"emails": []}"#, ""));
    assert_problem("a batch", &batch, 503, "overloaded");
    for route in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(get(address, route).status, 200, "{route}");
    }
    dns.release();
    for connection in &mut busy {
        assert_eq!(connection.response().status, 200);
    }
    patient.send(post(QUICK));
    assert_eq!(patient.response().status, 200);
}

#[test]
fn batches() {
    for headers in ["", "Accept: application/x-ndjson\r\n"] {
        let (dns, service) = bounded("MAX_BATCHES", "1");
        let address = service.address();
        let body = json!({"emails": ["joe@slow.test"], "timeout_ms": 30_000}).to_string();
        let mut busy = Connection::open(address);
        busy.send(post_batch(&body, headers));
        dns.wait_for("slow.test");
        let response = ask(address, post_batch(r#"{"emails": []}"#, ""));
        assert_problem("a second batch", &response, 503, "overloaded");
        assert_eq!(ask(address, post(QUICK)).status, 200, "single ones have places of their own");
        dns.release();
        assert_eq!(busy.response().status, 200);
        until("there is room again", || {
            (ask(address, post_batch(r#"{"emails": []}"#, "")).status == 200).then_some(())
        });
    }
}

#[test]
fn bodies_of_batches_that_come_slowly() {
    let mut program = offline();
    program
        .env("MAILVET_HTTP__LIMITS__MAX_BATCHES", "1")
        .env("MAILVET_HTTP__LIMITS__BODY_TIMEOUT_MS", "3600000");
    let service = Service::start(program);
    let address = service.address();
    let request = post_batch(r#"{"emails": []}"#, "");
    let (most, rest) = request.split_at(request.len() - 1);
    let is_served = || ask(address, &request).status == 200;
    let mut slow = Connection::open(address);
    slow.send(most);
    assert!(is_served(), "one that is not there yet holds up no other");
    let mut slower = Connection::open(address);
    slower.send(most);
    until("there is no room for a third one", || (!is_served()).then_some(()));
    for connection in [&mut slow, &mut slower] {
        connection.send(rest);
        assert_eq!(connection.response().status, 200);
    }
    assert!(is_served());
}

#[test]
fn bodies_that_come_slowly() {
    let mut program = offline();
    program
        .env("MAILVET_HTTP__LIMITS__MAX_REQUESTS", "2")
        .env("MAILVET_HTTP__LIMITS__BODY_TIMEOUT_MS", "3600000");
    let service = Service::start(program);
    let address = service.address();
    let request = post(QUICK);
    let (most, rest) = request.split_at(request.len() - 1);
    let mut slow: Vec<Connection> = (0..20)
        .map(|_| {
            let mut connection = Connection::open(address);
            connection.send(most);
            connection
        })
        .collect();
    for _ in 0..20 {
        assert_eq!(ask(address, &request).status, 200, "they delay no other client");
        let batch = ask(address, post_batch(r#"{"emails": []}"#, ""));
        assert_eq!(batch.status, 200, "nor a batch");
    }
    for connection in &mut slow {
        connection.send(rest);
        assert_eq!(connection.response().status, 200);
    }
}

#[test]
fn what_is_held_of_slow_bodies_is_bounded() {
    let mut program = offline();
    program
        .env("MAILVET_HTTP__LIMITS__MAX_BODY_KIB", "65536")
        .env("MAILVET_HTTP__LIMITS__BODY_TIMEOUT_MS", "3600000");
    let service = Service::start(program);
    let address = service.address();
    // All but the last byte of what may be held.
    let mut slow = Connection::open(address);
    let most = post(" ".repeat(64 << 20));
    slow.send(&most[..most.len() - 1]);
    let response = until("there is no memory left", || {
        let response = ask(address, post(QUICK));
        (response.status == 503).then_some(response)
    });
    assert_problem("one more", &response, 503, "overloaded");
    drop(slow);
    until("there is memory again", || (ask(address, post(QUICK)).status == 200).then_some(()));
}

#[test]
fn bodies() {
    let mut program = offline();
    program
        .env("MAILVET_HTTP__LIMITS__MAX_BODY_KIB", "1")
        .env("MAILVET_HTTP__LIMITS__MAX_BATCH_BODY_KIB", "2");
    let service = Service::start(program);
    let body = |field: &str, length: usize| {
        let body = format!("{{\"{field}\"}}").replace("email\"", "email\": \"\"");
        let body = body.replace("emails\"", "emails\": []");
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    for (length, status) in [(1024, 200), (1025, 413)] {
        let response = ask(service.address(), post(body("email", length)));
        assert_eq!(response.status, status, "one, {length}");
    }
    for (length, status) in [(2048, 200), (2049, 413)] {
        let response = ask(service.address(), post_batch(body("emails", length), ""));
        assert_eq!(response.status, status, "many, {length}");
    }
}

#[test]
fn who_waits_for_our_word_is_told_before_sending() {
    let service = Service::start(offline());
    let head = |length: usize| {
        format!(
            "POST /v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    let mut too_long = Connection::open(service.address());
    too_long.send(head(1 << 30));
    assert_problem("too long", &too_long.response(), 413, "too_large");
    let mut welcome = Connection::open(service.address());
    welcome.send(head(QUICK.len()));
    assert_eq!(welcome.head().status, 100);
    welcome.send(QUICK);
    assert_eq!(welcome.response().status, 200);
}

/// A service for so many connections that is in a hurry in one respect, and has an hour's patience in all
/// others.
fn hurried(respect: &str, connections: usize) -> Service {
    let mut program = offline();
    for time in ["HEAD", "BODY", "WRITE"] {
        let patience = if time == respect { "200" } else { "3600000" };
        program.env(format!("MAILVET_HTTP__LIMITS__{time}_TIMEOUT_MS"), patience);
    }
    program.env("MAILVET_HTTP__LIMITS__MAX_CONNECTIONS", connections.to_string());
    Service::start(program)
}

#[test]
fn slow_senders_are_given_up() {
    let service = hurried("HEAD", 100);
    let mut silent = Connection::open(service.address());
    let mut half_a_head = Connection::open(service.address());
    half_a_head.send("POST /v1/validate HTTP/1.1\r\nHo");
    let mut unused = Connection::open(service.address());
    unused.send(post(QUICK));
    assert_eq!(unused.response().status, 200);
    assert!(silent.is_closed() && half_a_head.is_closed() && unused.is_closed());
    let service = hurried("BODY", 100);
    let mut half_a_body = Connection::open(service.address());
    half_a_body.send(&post(QUICK)[..post(QUICK).len() - 1]);
    assert_problem("half a body", &half_a_body.response(), 408, "request_timeout");
}

#[test]
fn who_takes_nothing_of_an_answer_is_given_up() {
    let service = hurried("WRITE", 1);
    // Answers far beyond what the system keeps for a client that does not read.
    let long = format!("{{\"email\": \"{}\"}}", "\\u0001".repeat(2_500));
    let request = post(&long);
    let mut deaf = Connection::open(service.address());
    deaf.send_within(&request.repeat(2_000), Duration::from_millis(500));
    until("its place is free again", || {
        (ask(service.address(), post(QUICK)).status == 200).then_some(())
    });
}
