//! Connections: kept alive, filled with several requests, slow, given up.

use std::net::TcpStream;
use std::time::Duration;

use crate::support::dns::DnsServer;
use crate::support::http::{Connection, ask, post};
use crate::support::poll::until;
use crate::support::program::{asking_patiently, offline};
use crate::support::service::Service;

#[test]
fn it_says_that_it_is_alive() {
    let service = Service::start(offline());
    // A monitor may use any name for the service.
    for host in ["localhost", "mailvet.internal:8080"] {
        let mut connection = Connection::open(service.address());
        connection.send(format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        let response = connection.response();
        assert_eq!((response.status, response.text()), (200, "ok\n"), "{host}");
        connection.send(format!("HEAD /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        let response = connection.head();
        assert_eq!(
            (response.status, response.header("content-length")),
            (200, Some("3")),
            "{host}"
        );
        // Nothing but the head came: the next answer is read from its start.
        connection.send(format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(connection.response().text(), "ok\n", "{host}");
    }
}

#[test]
fn one_connection_carries_many_requests() {
    let service = Service::start(offline());
    let mut connection = Connection::open(service.address());
    let cases = [
        (r#"{"email": "a@b.io"}"#, 200),
        (r#"{"email": "nonsense"}"#, 200),
        ("{", 400),
        (r#"{"emial": ""}"#, 422),
        (r#"{"email": "c@d.io"}"#, 200),
    ];
    for (body, status) in cases {
        connection.send(post(body));
        let response = connection.response();
        assert_eq!(response.status, status, "{body}");
        assert_ne!(response.header("connection"), Some("close"), "{body}");
    }
}

#[test]
fn requests_sent_at_once_are_answered_in_order() {
    let service = Service::start(offline());
    let emails: Vec<String> = (0..20).map(|n| format!("joe{n}@gmail.com")).collect();
    let requests: Vec<Vec<u8>> =
        emails.iter().map(|email| post(format!("{{\"email\": \"{email}\"}}"))).collect();
    let mut connection = Connection::open(service.address());
    connection.send(requests.concat());
    for email in emails {
        assert_eq!(connection.response().json()["email"], email);
    }
}

#[test]
fn slow_clients_hold_nobody_up() {
    let service = Service::start(offline());
    let request = post(r#"{"email": "slow@b.io"}"#);
    let cuts = [1, 20, request.len() / 2, request.len() - 1];
    // More of them than there are threads.
    let mut slow: Vec<(Connection, &[u8])> = Vec::new();
    for at in cuts.iter().cycle().take(40) {
        let (now, later) = request.split_at(*at);
        let mut connection = Connection::open(service.address());
        connection.send(now);
        slow.push((connection, later));
    }
    let quick = ask(service.address(), post(r#"{"email": "quick@b.io"}"#));
    assert_eq!(quick.json()["email"], "quick@b.io");
    for (connection, later) in &mut slow {
        // Byte by byte, as a bad line would have it.
        for byte in *later {
            connection.send([*byte]);
        }
        assert_eq!(connection.response().json()["email"], "slow@b.io");
    }
}

#[test]
fn who_never_ends_the_head_of_a_request_is_cut_off() {
    let service = Service::start(offline());
    let mut silent = Connection::open(service.address());
    let mut half = Connection::open(service.address());
    half.send("POST /v1/validate HTTP/1.1\r\nHost: loc");
    // Both reads wait for the service to hang up, and fail if it does not in time.
    assert!(half.is_closed() && silent.is_closed());
    assert_eq!(ask(service.address(), post(r#"{"email": "nonsense"}"#)).status, 200);
}

#[test]
fn a_crowd_is_let_in_after_a_moment_of_standstill() {
    const CROWD: usize = 400;
    // Less than it takes until a system tries again to connect.
    const AT_ONCE: Duration = Duration::from_millis(900);
    let service = Service::start(offline());
    service.signal("STOP");
    let crowd: Vec<_> = (0..CROWD)
        .map(|_| TcpStream::connect_timeout(&service.address(), AT_ONCE))
        .take_while(Result::is_ok)
        .collect();
    service.signal("CONT");
    assert_eq!(crowd.len(), CROWD, "connections before one had to wait");
    let last = ask(service.address(), post(r#"{"email": "last@b.io"}"#));
    assert_eq!(last.json()["email"], "last@b.io");
}

#[test]
fn a_question_outlives_the_client_that_asked_it() {
    let dns = DnsServer::start("slow.test HELD\nslow.test MX 10 mx.test\nmx.test A 192.0.2.1");
    let service = Service::start(asking_patiently(&dns));
    let mut impatient = Connection::open(service.address());
    impatient.send(post(r#"{"email": "joe@slow.test", "timeout_ms": 30000}"#));
    dns.wait_for("slow.test");
    drop(impatient);
    // Time to notice: a whole exchange with another client.
    ask(service.address(), "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    dns.release();
    until("the answer is remembered", || {
        let response = ask(service.address(), post(r#"{"email": "joe@slow.test"}"#));
        let report = response.json();
        assert_eq!(report["verdict"], "plausible", "{report}");
        (report["cached"] == true).then_some(())
    });
    assert_eq!(dns.mx_questions("slow.test"), 1);
}

#[test]
fn who_closes_the_sending_side_goes_away() {
    let dns = DnsServer::start("slow.test HELD");
    let service = Service::start(asking_patiently(&dns));
    let mut leaving = Connection::open(service.address());
    leaving.send(post(r#"{"email": "joe@slow.test", "timeout_ms": 30000}"#));
    dns.wait_for("slow.test");
    leaving.half_close();
    assert!(leaving.is_closed(), "without an answer");
    let log = service.stop().log;
    assert!(log.contains("\"outcome\":\"cut_short\""), "{log}");
}
