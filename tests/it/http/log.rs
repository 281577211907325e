//! The log: a line for each request, whatever became of it. A slow reader of the log delays no request.

use std::io::pipe;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::support::dns::DnsServer;
use crate::support::http::{Connection, ask, get, post, post_batch};
use crate::support::program::{asking_patiently, offline};
use crate::support::service::Service;

const HELD: &str = "slow.test HELD\nslow.test MX 10 mx.test\nmx.test A 192.0.2.1";
const AS_LINES: &str = "Accept: application/x-ndjson\r\n";

/// The lines of requests, in order.
fn requests(log: &str) -> Vec<Value> {
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["message"] == "request").collect()
}

/// Route, status and outcome of such a line.
fn outcome_of(line: &Value) -> (&str, Option<u64>, &str) {
    let text = |name: &str| line[name].as_str().unwrap();
    assert!(line["duration_ms"].is_f64() && text("request_id").len() > 17, "{line}");
    (text("route"), line["status"].as_u64(), text("outcome"))
}

#[test]
fn who_is_answered() {
    let service = Service::start(offline());
    let address = service.address();
    let batch = r#"{"emails": ["nonsense"]}"#;
    let response = ask(address, post(r#"{"email": "nonsense"}"#));
    ask(address, post("{"));
    ask(address, post_batch(batch, ""));
    ask(address, post_batch(batch, AS_LINES));
    get(address, "/joe@gmail.com");
    let mut connection = Connection::open(address);
    connection.send("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    connection.head();
    let lines = requests(&service.stop().log);
    let outcomes: Vec<_> = lines.iter().map(outcome_of).collect();
    assert_eq!(
        outcomes,
        [
            ("/v1/validate", Some(200), "answered"),
            ("/v1/validate", Some(400), "answered"),
            ("/v1/validate/batch", Some(200), "answered"),
            ("/v1/validate/batch", Some(200), "answered"),
            ("-", Some(404), "answered"),
            ("/healthz", Some(200), "answered"),
        ]
    );
    assert_eq!(lines[0]["request_id"].as_str(), response.header("x-request-id"));
}

#[test]
fn who_goes_away_before_the_answer() {
    let dns = DnsServer::start("a.test HELD\nb.test HELD\nc.test HELD\nd.test HELD");
    let service = Service::start(asking_patiently(&dns));
    let batch = |emails: &[&str], headers| {
        post_batch(json!({"emails": emails, "timeout_ms": 30_000}).to_string(), headers)
    };
    for (request, domain) in [
        (post(r#"{"email": "joe@a.test", "timeout_ms": 30000}"#), "a.test"),
        (batch(&["joe@b.test"], ""), "b.test"),
        (batch(&["joe@c.test"], AS_LINES), "c.test"),
    ] {
        let mut gone = Connection::open(service.address());
        gone.send(request);
        dns.wait_for(domain);
    }
    // Half an answer had come.
    let mut gone = Connection::open(service.address());
    gone.send(batch(&["nonsense", "joe@d.test"], AS_LINES));
    assert_eq!(gone.head().status, 200);
    gone.chunk();
    drop(gone);
    let log = service.stop().log;
    let lines = requests(&log);
    let mut outcomes: Vec<_> = lines.iter().map(outcome_of).collect();
    outcomes.sort_unstable();
    assert_eq!(
        outcomes,
        [
            ("/v1/validate", None, "cut_short"),
            ("/v1/validate/batch", None, "cut_short"),
            ("/v1/validate/batch", Some(200), "cut_short"),
            ("/v1/validate/batch", Some(200), "cut_short"),
        ],
        "{log}"
    );
}

#[test]
fn lines_are_counted_to_their_end() {
    let dns = DnsServer::start(HELD);
    let service = Service::start(asking_patiently(&dns));
    let body = json!({"emails": ["joe@slow.test"], "timeout_ms": 30_000}).to_string();
    let mut batch = Connection::open(service.address());
    batch.send(post_batch(&body, AS_LINES));
    assert_eq!(batch.head().status, 200);
    dns.wait_for("slow.test");
    get(service.address(), "/healthz");
    dns.release();
    while !batch.chunk().is_empty() {}
    let lines = requests(&service.stop().log);
    let outcomes: Vec<_> = lines.iter().map(outcome_of).collect();
    let batch = ("/v1/validate/batch", Some(200), "answered");
    assert_eq!(outcomes, [("/healthz", Some(200), "answered"), batch]);
}

#[test]
fn a_log_that_nobody_reads_holds_nobody_up() {
    let (unread, log) = pipe().unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let service = Service::start_logging_to(log, &socket, &offline());
    let mut connection = Connection::open(service.address());
    // Far more lines than a pipe holds.
    for _ in 0..3_000 {
        connection.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(connection.response().status, 200);
    }
    assert_eq!(service.stop().status.code(), Some(0));
    drop(unread);
}
