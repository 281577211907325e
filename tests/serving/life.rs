//! How the service starts, refuses to start, and stops.

use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::support::dns::DnsServer;
use crate::support::http::{Connection, ask, post};
use crate::support::poll::until;
use crate::support::program::{asking, asking_patiently, offline};
use crate::support::service::Service;

#[test]
fn a_signal_lets_requests_under_way_finish() {
    for signal in ["TERM", "INT"] {
        let dns = DnsServer::start("slow.test HELD\nslow.test MX 10 mx.test\nmx.test A 192.0.2.1");
        let service = Service::start(asking_patiently(&dns));
        let address = service.address();
        // Clients that keep their connections do not hold the service up.
        let mut unused = Connection::open(address);
        let mut used = Connection::open(address);
        used.send(post(r#"{"email": "nonsense"}"#));
        assert_eq!(used.response().status, 200, "{signal}");
        let mut busy = Connection::open(address);
        busy.send(post(r#"{"email": "joe@slow.test", "timeout_ms": 30000}"#));
        dns.wait_for("slow.test");
        service.signal(signal);
        until("new connections are refused", || {
            TcpStream::connect_timeout(&address, Duration::from_secs(1)).err()
        });
        dns.release();
        let response = busy.response();
        assert_eq!(response.status, 200, "{signal}: {}", response.text());
        assert_eq!(response.json()["verdict"], "plausible", "{signal}");
        assert!(busy.is_closed() && used.is_closed() && unused.is_closed(), "{signal}");
        let ended = service.ended();
        assert_eq!(ended.status.code(), Some(0), "{signal}: {}", ended.log);
        assert_eq!(ended.output, "", "{signal}");
    }
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
