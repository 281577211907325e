//! How the service starts, refuses to start, and stops.

use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::support::dns::DnsServer;
use crate::support::http::{Connection, ask, get, post};
use crate::support::poll::until;
use crate::support::program::{asking, asking_patiently, offline};
use crate::support::service::Service;

const HELD: &str = "slow.test HELD\nslow.test MX 10 mx.test\nmx.test A 192.0.2.1";
const SLOW: &str = r#"{"email": "joe@slow.test", "timeout_ms": 30000}"#;

/// Waits until the service says that it is about to stop.
fn until_draining(service: &Service) {
    until("the service is not ready", || {
        let response = get(service.address(), "/readyz");
        (response.status == 503).then_some(())
    });
}

#[test]
fn a_signal_lets_requests_under_way_finish() {
    for signal in ["TERM", "INT"] {
        let dns = DnsServer::start(HELD);
        let service = Service::start(asking_patiently(&dns));
        let address = service.address();
        // Clients that keep their connections do not hold the service up.
        let mut unused = Connection::open(address);
        let mut used = Connection::open(address);
        used.send(post(r#"{"email": "nonsense"}"#));
        assert_eq!(used.response().status, 200, "{signal}");
        let mut busy = Connection::open(address);
        busy.send(post(SLOW));
        dns.wait_for("slow.test");
        service.signal(signal);
        until_draining(&service);
        // A new client is answered that the service stops, and that the process is alive.
        let mut late = Connection::open(address);
        late.send(post(r#"{"email": "nonsense"}"#));
        let response = late.response();
        assert_eq!(response.status, 503, "{signal}");
        assert_eq!(response.json()["type"], "urn:mailvet:problem:draining", "{signal}");
        assert_eq!(response.header("retry-after"), Some("1"), "{signal}");
        assert!(late.is_closed(), "{signal}");
        assert_eq!(get(address, "/healthz").status, 200, "{signal}");
        dns.release();
        let response = busy.response();
        assert_eq!(response.status, 200, "{signal}: {}", response.text());
        assert_eq!(response.json()["verdict"], "plausible", "{signal}");
        assert!(busy.is_closed() && used.is_closed() && unused.is_closed(), "{signal}");
        let ended = service.ended();
        assert_eq!(ended.status.code(), Some(0), "{signal}: {}", ended.log);
        assert_eq!(ended.output, "", "{signal}");
        let refused = TcpStream::connect_timeout(&address, Duration::from_secs(1));
        assert!(refused.is_err(), "{signal}");
    }
}

#[test]
fn requests_under_way_have_a_bound() {
    let dns = DnsServer::start(HELD);
    let mut program = asking_patiently(&dns);
    program.env("MAILVET_HTTP__LIMITS__DRAIN_TIMEOUT_MS", "100");
    let service = Service::start(program);
    let mut busy = Connection::open(service.address());
    busy.send(post(SLOW));
    dns.wait_for("slow.test");
    let ended = service.stop();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
    assert!(ended.log.contains("still under way"), "{}", ended.log);
    assert!(busy.is_closed());
}

#[test]
fn a_second_signal_is_not_patient() {
    for (first, second) in [("TERM", "TERM"), ("INT", "INT"), ("TERM", "INT")] {
        let dns = DnsServer::start(HELD);
        let mut program = asking_patiently(&dns);
        program.env("MAILVET_HTTP__LIMITS__DRAIN_TIMEOUT_MS", "3600000");
        let service = Service::start(program);
        let mut busy = Connection::open(service.address());
        busy.send(post(SLOW));
        dns.wait_for("slow.test");
        service.signal(first);
        until_draining(&service);
        service.signal(second);
        let ended = service.ended();
        assert_eq!(ended.status.code(), Some(0), "{first} {second}: {}", ended.log);
        assert!(busy.is_closed(), "{first} {second}");
    }
}

#[test]
fn readiness_and_metrics_can_have_a_socket_of_their_own() {
    let dns = DnsServer::start(HELD);
    let mut program = asking_patiently(&dns);
    program.env("MAILVET_HTTP__ADMIN_LISTEN", "127.0.0.1:0");
    let service = Service::start(program);
    let (main, admin) = (service.address(), service.admin_address());
    for (address, route, status) in [
        (main, "/healthz", 200),
        (main, "/readyz", 404),
        (main, "/metrics", 404),
        (admin, "/healthz", 200),
        (admin, "/readyz", 200),
        (admin, "/metrics", 200),
    ] {
        assert_eq!(get(address, route).status, status, "{address} {route}");
    }
    // A web page that has its own name point here learns nothing of what was counted.
    for (route, status) in [("/metrics", 403), ("/readyz", 200), ("/healthz", 200)] {
        let request = format!("GET {route} HTTP/1.1\r\nHost: attacker.example\r\n\r\n");
        assert_eq!(ask(admin, request).status, status, "{route}");
    }
    assert_eq!(ask(main, post(r#"{"email": "nonsense"}"#)).status, 200);
    assert_eq!(ask(admin, post(r#"{"email": "nonsense"}"#)).status, 404);
    let mut busy = Connection::open(main);
    busy.send(post(SLOW));
    dns.wait_for("slow.test");
    service.signal("TERM");
    until("it is not ready", || (get(admin, "/readyz").status == 503).then_some(()));
    assert_eq!(get(admin, "/healthz").status, 200);
    dns.release();
    assert_eq!(busy.response().status, 200);
    assert_eq!(service.ended().status.code(), Some(0));
}

#[test]
fn what_cannot_be_listened_on() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    // The arguments, the exit status, what the one line on standard error says.
    let cases = [
        (vec!["--listen", &taken], 4, vec!["cannot listen on", &taken, "in use"]),
        (vec!["--listen", "nonsense"], 2, vec!["--listen", "nonsense", "127.0.0.1:8080"]),
        (vec!["--listen", "127.0.0.1"], 2, vec!["--listen", "127.0.0.1", "port"]),
        (vec!["--listen", "127.0.0.1:99999"], 2, vec!["--listen", "99999"]),
        (vec!["--listen", "0.0.0.0:0"], 2, vec!["0.0.0.0", "--open"]),
        (vec!["--listen", "[::]:0"], 2, vec!["[::]", "--open"]),
        (vec!["--listen", "192.0.2.1:0"], 2, vec!["192.0.2.1", "--open"]),
    ];
    for (arguments, status, words) in cases {
        let output = offline().arg("serve").args(&arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
        assert!(
            said.starts_with("mailvet: ") && said.lines().count() == 1,
            "{arguments:?}: {said}"
        );
        for word in words {
            assert!(said.contains(word), "{arguments:?} {word}: {said}");
        }
        assert_eq!(output.stdout, b"", "{arguments:?}");
    }
    // The same for the socket of who watches over the service.
    let cases = [
        (taken.as_str(), 4, vec!["cannot listen on", &taken, "[http] admin_listen"]),
        ("0.0.0.0:0", 2, vec!["admin_listen", "0.0.0.0", "--open"]),
        ("192.0.2.1:0", 2, vec!["admin_listen", "192.0.2.1", "--open"]),
        ("127.0.0.1:8080", 2, vec!["admin_listen", "127.0.0.1:8080", "another port"]),
    ];
    for (admin_listen, status, words) in cases {
        let mut program = offline();
        let output = program.env("MAILVET_HTTP__ADMIN_LISTEN", admin_listen).arg("serve");
        let output = output.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{admin_listen}: {said}");
        assert_eq!(said.lines().count(), 1, "{admin_listen}: {said}");
        for word in words {
            assert!(said.contains(word), "{admin_listen} {word}: {said}");
        }
    }
}

#[test]
fn there_are_no_core_dumps() {
    let service = Service::start(offline());
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", service.process())).unwrap();
    let cores = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(cores.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{cores}");
}

#[test]
fn the_port_of_the_flag_lies_over_that_of_the_environment_over_that_of_the_file() {
    let taken = || TcpListener::bind("127.0.0.1:0").unwrap();
    let (of_file, of_environment) = (taken(), taken());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mailvet.toml");
    let address = of_file.local_addr().unwrap();
    std::fs::write(&path, format!("[http]\nlisten = \"{address}\"")).unwrap();
    let with_file = || {
        let mut program = offline();
        program.arg("--config").arg(&path);
        program
    };
    let with_both = || {
        let mut program = with_file();
        let address = of_environment.local_addr().unwrap().to_string();
        program.env("MAILVET_HTTP__LISTEN", address);
        program
    };
    for (name, mut program, tried) in
        [("file", with_file(), &of_file), ("environment", with_both(), &of_environment)]
    {
        let output = program.arg("serve").output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{name}: {said}");
        assert!(said.contains(&tried.local_addr().unwrap().to_string()), "{name}: {said}");
    }
    let service = Service::start(with_both());
    assert_eq!(ask(service.address(), post(r#"{"email": "a@b.io"}"#)).status, 200);
}

#[test]
fn what_the_whole_service_is_told() {
    let mut strict = offline();
    strict.arg("--strict");
    let strict = Service::start(strict);
    for body in [r#"{"email": " a@b.io"}"#, r#"{"email": " a@b.io", "strict": false}"#] {
        let report = ask(strict.address(), post(body)).json();
        assert_eq!(report["syntax_error"]["code"], "syntax_not_clean", "{body}");
    }
    let mut advised = offline();
    advised.env("MAILVET_POLICY__ADVICE__NOT_CHECKED", "reject");
    let advised = Service::start(advised);
    let report = ask(advised.address(), post(r#"{"email": "a@b.io"}"#)).json();
    assert_eq!(report["advice"], "reject", "{report}");
}

#[test]
fn a_request_has_the_time_that_is_configured() {
    let dns = DnsServer::start("mute.test SILENCE");
    let mut program = asking(&dns);
    program.env("MAILVET_BUDGET__TIMEOUT_MS", "100");
    let service = Service::start(program);
    let report = ask(service.address(), post(r#"{"email": "joe@mute.test"}"#)).json();
    assert_eq!(report["reasons"][0], "time_budget_spent", "{report}");
    assert!(report["elapsed_ms"].as_f64().is_some_and(|elapsed| elapsed < 1_000.0), "{report}");
}
