//! Without keys only programs on this machine are answered, not what web pages and proxies send here.

use serde_json::Value;

use super::problem::assert_problem;
use crate::support::http::{Response, ask, get};
use crate::support::program::offline;
use crate::support::service::Service;

const POST: &str = "POST /v1/validate HTTP/1.1";

/// A request with this first line and these headers, a line each.
fn send(service: &Service, line: &str, headers: &[&str]) -> Response {
    let body = r#"{"email": "a@b.io"}"#;
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let request = format!(
        "{line}\r\n{headers}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    ask(service.address(), request)
}

fn started(variables: &[(&str, &str)]) -> Service {
    let mut program = offline();
    for (name, value) in variables {
        program.env(format!("MAILVET_HTTP__{name}"), value);
    }
    Service::start(program)
}

/// The sentence of a request that was refused. It says what to do.
fn refusal(name: &str, response: &Response) -> String {
    let problem: Value = assert_problem(name, response, 403, "origin_not_allowed");
    let detail = problem["detail"].as_str().unwrap().to_owned();
    for remedy in ["keys", "`[http] trusted_proxies`", "`--open`"] {
        assert!(detail.contains(remedy), "{name} {remedy}: {detail}");
    }
    detail
}

#[test]
fn what_proxies_and_web_pages_send_is_refused() {
    let local = "Host: localhost:8080";
    // The line, the headers, what the refusal names.
    let cases: [(&str, &[&str], &str); 22] = [
        ("POST /v1/validate HTTP/1.0", &[local, "Connection: close"], "HTTP/1.0"),
        ("POST /v1/validate HTTP/1.0", &[local, "Connection: keep-alive"], "HTTP/1.0"),
        ("POST /v1/validate HTTP/1.0", &[], "HTTP/1.0"),
        ("GET /metrics HTTP/1.0", &[local], "HTTP/1.0"),
        (POST, &["Host: mailvet.example"], "`Host`"),
        (POST, &["Host: 192.0.2.1:8080"], "`Host`"),
        (POST, &[local, "X-Forwarded-For: 203.0.113.7"], "`X-Forwarded-For`"),
        (POST, &[local, "x-forwarded-for: 127.0.0.1"], "`X-Forwarded-For`"),
        (POST, &[local, "X-Forwarded-For:"], "`X-Forwarded-For`"),
        (POST, &[local, "Forwarded: for=203.0.113.7"], "`Forwarded`"),
        (POST, &[local, "X-Real-IP: 203.0.113.7"], "`X-Real-IP`"),
        (POST, &[local, "Via: 1.1 proxy"], "`Via`"),
        ("GET /metrics HTTP/1.1", &[local, "Via: 1.1 proxy"], "`Via`"),
        (POST, &[local, "Origin: null"], "`Origin`"),
        (POST, &[local, "Origin:"], "`Origin`"),
        (POST, &[local, "Origin: https://shop.example"], "`Origin`"),
        (POST, &[local, "Origin: http://localhost:3000"], "`Origin`"),
        (POST, &[local, "Origin: http://localhost"], "`Origin`"),
        (POST, &[local, "Origin: http://127.0.0.1:8080"], "`Origin`"),
        (POST, &[local, "Origin: http://localhost:8080", "Origin: null"], "`Origin`"),
        (POST, &[local, "Origin: \u{fc}"], "`Origin`"),
        ("GET /metrics HTTP/1.1", &[local, "Origin: https://shop.example"], "`Origin`"),
    ];
    let guarded = started(&[]);
    let open = Service::start_with(offline(), &["--open"]);
    let open_in_file = started(&[("OPEN", "true")]);
    for (line, headers, named) in cases {
        let name = format!("{line} {headers:?}");
        let detail = refusal(&name, &send(&guarded, line, headers));
        assert!(detail.contains(named), "{name}: {detail}");
        for service in [&open, &open_in_file] {
            assert_eq!(send(service, line, headers).status, 200, "open: {name}");
        }
        for route in ["/healthz", "/readyz"] {
            let line = line.replace("/v1/validate", route).replace("/metrics", route);
            let line = line.replace("POST", "GET");
            assert_eq!(send(&guarded, &line, headers).status, 200, "{route}: {name}");
        }
    }
}

#[test]
fn what_programs_and_pages_of_this_machine_send_is_answered() {
    let service = started(&[("ALLOWED_HOSTS", "mailvet.example,[2001:db8::1]")]);
    let cases: [&[&str]; 10] = [
        &["Host: localhost:8080"],
        &["Host: localhost:8080", "Origin: http://localhost:8080"],
        &["Host: [::1]:8080", "Origin: http://[::1]:8080"],
        &["Host: 127.0.0.1", "Origin: http://127.0.0.1"],
        &["Host: mailvet.example"],
        &["Host: MAILVET.example:8443", "Origin: https://mailvet.example:8443"],
        &["Host: mailvet.example", "Origin: https://mailvet.example"],
        &["Host: [2001:db8::1]:8080"],
        &["Host: localhost", "Referer: https://shop.example/", "X-Forwarded-Proto: https"],
        &["Host: localhost", "Connection: close"],
    ];
    for headers in cases {
        let response = send(&service, POST, headers);
        assert_eq!(response.status, 200, "{headers:?}: {}", response.text());
    }
    let other = send(&service, POST, &["Host: other.example"]);
    assert!(refusal("other.example", &other).contains("`[http] allowed_hosts`"));
}

#[test]
fn a_trusted_proxy_counts_as_who_it_asks_for() {
    let local = "Host: localhost";
    let proxied = |client_header| {
        started(&[("TRUSTED_PROXIES", "127.0.0.1"), ("CLIENT_HEADER", client_header)])
    };
    // The header that names the client, the headers, the status.
    let cases: [(&str, &[&str], u16); 14] = [
        ("X-Forwarded-For", &[], 200),
        ("X-Forwarded-For", &["X-Forwarded-For: 127.0.0.1"], 200),
        ("X-Forwarded-For", &["X-Forwarded-For: 127.0.0.9"], 200),
        ("X-Forwarded-For", &["X-Forwarded-For: ::1"], 200),
        ("X-Forwarded-For", &["X-Forwarded-For: 203.0.113.7"], 401),
        // What the client itself has sent stands further left.
        ("X-Forwarded-For", &["X-Forwarded-For: 127.0.0.1, 203.0.113.7"], 401),
        ("X-Forwarded-For", &["X-Forwarded-For: 127.0.0.1", "X-Forwarded-For: 203.0.113.7"], 401),
        ("X-Forwarded-For", &["X-Forwarded-For: somebody"], 401),
        // Others are ignored, except that they show a client behind the proxy.
        ("X-Forwarded-For", &["X-Forwarded-For: 127.0.0.1", "X-Real-IP: 203.0.113.7"], 200),
        ("X-Forwarded-For", &["X-Real-IP: 127.0.0.1"], 401),
        ("X-Forwarded-For", &["Via: 1.1 proxy"], 401),
        ("X-Real-IP", &["X-Real-IP: 127.0.0.1", "X-Forwarded-For: 203.0.113.7"], 200),
        ("X-Real-IP", &["X-Real-IP: 203.0.113.7", "X-Forwarded-For: 127.0.0.1"], 401),
        ("CF-Connecting-IP", &["CF-Connecting-IP: 203.0.113.7"], 401),
    ];
    for (client_header, headers, status) in cases {
        let service = proxied(client_header);
        let name = format!("{client_header} {headers:?}");
        let response = send(&service, POST, &[&[local], headers].concat());
        if status == 401 {
            let problem = assert_problem(&name, &response, 401, "missing_key");
            assert!(problem["detail"].as_str().unwrap().contains("keys"), "{name}: {problem}");
            assert_eq!(response.header("www-authenticate"), Some("Bearer"), "{name}");
        } else {
            assert_eq!(response.status, status, "{name}: {}", response.text());
        }
    }
    // A proxy is no excuse for anything else.
    let service = proxied("X-Forwarded-For");
    let via = "X-Forwarded-For: 127.0.0.1";
    refusal("HTTP/1.0", &send(&service, "POST /v1/validate HTTP/1.0", &[local, via]));
    refusal("Host", &send(&service, POST, &["Host: mailvet.example", via]));
    refusal("Origin", &send(&service, POST, &[local, "Origin: null", via]));
    assert_eq!(get(service.address(), "/metrics").status, 200);
}

#[test]
fn settings_that_cannot_be_used() {
    // The variable, its value, what is said.
    let cases = [
        ("ALLOWED_HOSTS", "mailvet.example:8080", "without a port"),
        ("ALLOWED_HOSTS", "https://mailvet.example", "without a port"),
        ("CLIENT_HEADER", "X Forwarded For", "X-Forwarded-For"),
        ("CLIENT_HEADER", "Forwarded", "X-Forwarded-For"),
        ("OPEN", "yes", "http.open"),
    ];
    for (variable, value, said) in cases {
        let mut program = offline();
        let output = program.env(format!("MAILVET_HTTP__{variable}"), value).arg("serve").output();
        let output = output.unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{variable}={value}: {error}");
        assert!(error.contains(said) && error.lines().count() == 1, "{variable}={value}: {error}");
    }
}
