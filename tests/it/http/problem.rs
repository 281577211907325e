//! What is answered to requests that cannot be answered with a report.

use serde_json::{Value, json};

use crate::support::http::{Connection, Response, ask, post, post_batch};
use crate::support::program::offline;
use crate::support::service::Service;

/// A body, and the problem it is.
struct Case {
    name: &'static str,
    body: Vec<u8>,
    status: u16,
    code: &'static str,
    field: Option<&'static str>,
    nearest: Option<&'static str>,
}

fn bad_json(name: &'static str, body: impl AsRef<[u8]>) -> Case {
    let body = body.as_ref().to_vec();
    Case { name, body, status: 400, code: "bad_json", field: None, nearest: None }
}

fn invalid(name: &'static str, body: &Value, field: &'static str) -> Case {
    let body = body.to_string().into_bytes();
    Case { name, body, status: 422, code: "invalid_field", field: Some(field), nearest: None }
}

fn misspelt(name: &'static str, body: &Value, field: &'static str, nearest: &'static str) -> Case {
    Case { nearest: Some(nearest), ..invalid(name, body, field) }
}

fn with(option: &str, value: impl Into<Value>) -> Value {
    json!({"email": "joe@gmail.com", option: value.into()})
}

#[test]
fn bodies_that_are_not_right() {
    let cases = [
        bad_json("empty", ""),
        bad_json("blanks", " \r\n"),
        bad_json("no JSON", "email=joe@gmail.com"),
        bad_json("cut off", r#"{"email": "joe@gmail.com""#),
        bad_json("something after it", r#"{"email": "joe@gmail.com"} {}"#),
        bad_json("single quotes", "{'email': 'joe@gmail.com'}"),
        bad_json("not UTF-8", b"{\"email\": \"j\xf6rg@gmail.com\"}"),
        bad_json("UTF-16", b"\xff\xfe{\0}\0"),
        bad_json("two byte order marks", "\u{feff}\u{feff}{\"email\": \"joe@gmail.com\"}"),
        bad_json("a surrogate in UTF-8", b"{\"email\": \"joe\xed\xa0\xbd\"}"),
        bad_json("half an escape", r#"{"email": "joe\ud83"}"#),
        bad_json("raw NUL", b"{\"email\": \"\0\"}"),
        bad_json("deep", "[".repeat(10_000)),
        bad_json("deep in a field", format!("{{\"email\": {}", "[".repeat(10_000))),
        bad_json("null", "null"),
        bad_json("string", "\"joe@gmail.com\""),
        bad_json("number", "7"),
        bad_json("array", "[]"),
        bad_json("array of the fields' values", "[\"joe@gmail.com\"]"),
        bad_json("email twice", r#"{"email": "joe@gmail.com", "email": "sue@gmail.com"}"#),
        bad_json("depth twice", r#"{"email": "a@b.io", "depth": "syntax", "depth": "syntax"}"#),
        invalid("nothing in it", &json!({}), "email"),
        invalid("options only", &json!({"depth": "syntax"}), "email"),
        invalid("email null", &json!({"email": null}), "email"),
        invalid("email a number", &json!({"email": 7}), "email"),
        invalid("email a list", &json!({"email": ["joe@gmail.com"]}), "email"),
        invalid("email an object", &json!({"email": {}}), "email"),
        misspelt("e-mail", &json!({"e-mail": "joe@gmail.com"}), "e-mail", "email"),
        misspelt("Email", &json!({"Email": "joe@gmail.com"}), "Email", "email"),
        misspelt("emails", &json!({"emails": []}), "emails", "email"),
        misspelt("emails null", &with("emails", Value::Null), "emails", "email"),
        misspelt("timeout", &with("timeout", 100), "timeout", "timeout_ms"),
        misspelt("dept", &with("dept", "syntax"), "dept", "depth"),
        invalid("zebra", &with("zebra", 1), "zebra"),
        misspelt("depth domian", &with("depth", "domian"), "depth", "domain"),
        misspelt("depth Mailbox", &with("depth", "Mailbox"), "depth", "mailbox"),
        misspelt("depth sintax", &with("depth", "sintax"), "depth", "syntax"),
        invalid("depth bottom", &with("depth", "at the bottom"), "depth"),
        invalid("depth empty", &with("depth", ""), "depth"),
        invalid("depth 1", &with("depth", 1), "depth"),
        invalid("timeout 0", &with("timeout_ms", 0), "timeout_ms"),
        invalid("timeout 49", &with("timeout_ms", 49), "timeout_ms"),
        invalid("timeout 30001", &with("timeout_ms", 30_001), "timeout_ms"),
        invalid("timeout below zero", &with("timeout_ms", -100), "timeout_ms"),
        invalid("timeout a fraction", &with("timeout_ms", 100.5), "timeout_ms"),
        invalid("timeout huge", &with("timeout_ms", 1e30), "timeout_ms"),
        invalid("timeout a string", &with("timeout_ms", "100"), "timeout_ms"),
        invalid("strict a string", &with("strict", "true"), "strict"),
        invalid("strict a number", &with("strict", 1), "strict"),
        invalid("locale empty", &with("locale", ""), "locale"),
        invalid("locale a number", &with("locale", 5), "locale"),
        invalid("locale with a blank", &with("locale", "de AT"), "locale"),
        invalid("locale with a hole", &with("locale", "de--AT"), "locale"),
        invalid("locale of a C library", &with("locale", "de_AT.UTF-8"), "locale"),
        invalid("locale too long", &with("locale", "de-".repeat(20) + "de"), "locale"),
    ];
    let service = Service::start(offline());
    for case in cases {
        let name = case.name;
        let response = ask(service.address(), post(&case.body));
        let problem = assert_problem(name, &response, case.status, case.code);
        let (field, nearest) = (problem["field"].as_str(), problem["nearest"].as_str());
        assert_eq!(field, case.field, "{name}");
        assert_eq!(nearest, case.nearest, "{name}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(!detail.contains("gmail"), "{name}: {detail}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    // A body, what the sentence says.
    let cases: [(&[u8], &str); 9] = [
        (b"", "The body is empty; it has to be a JSON object such as {\"email\""),
        (b" \r\n", "The body is empty;"),
        (b"{\"email\": \"j\xf6rg@gmail.com\"}", "The body is not UTF-8 from byte 12 on."),
        (b"\xff\xfe{\0}\0", "The body is not UTF-8 from byte 0 on."),
        (b"[]", "The body has to be a JSON object such as {\"email\""),
        (b"{\"email\": ", "The body is not JSON from line 1, column 10 on."),
        (b"{\"email\": \"\", \"email\": \"\"}", "Each field of the body may be there once only."),
        (b"{\"email\": \"\", \"depth\": 1}", "`depth` is one of syntax, domain, mailbox."),
        (b"{\"email\": \"\", \"timeout_ms\": 1}", "`timeout_ms` is a whole number from 50 to"),
    ];
    let service = Service::start(offline());
    for (body, said) in cases {
        let problem = ask(service.address(), post(body)).json();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with(said), "{}: {detail}", String::from_utf8_lossy(body));
    }
}

#[test]
fn a_body_may_have_16_kib() {
    let service = Service::start(offline());
    let body = |length: usize| {
        let body = r#"{"email": "a@b.io"}"#;
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    let response = ask(service.address(), post(body(16 * 1024)));
    assert_eq!(response.status, 200, "{}", response.text());
    for length in [16 * 1024 + 1, 100 * 1024, 4 << 20] {
        let response = ask(service.address(), post(body(length)));
        assert_problem(&format!("{length} bytes"), &response, 413, "too_large");
    }
    let mut connection = Connection::open(service.address());
    connection.send(
        "POST /v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n",
    );
    for _ in 0..20 {
        connection.send(format!("400\r\n{}\r\n", " ".repeat(0x400)));
    }
    assert_problem("in chunks", &connection.response(), 413, "too_large");
}

#[test]
fn a_body_must_be_said_to_be_json() {
    let service = Service::start(offline());
    for header in [
        "",
        "Content-Type:\r\n",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: text/json\r\n",
        "Content-Type: application/jsonp\r\n",
        "Content-Type: application/\u{fc}+json\r\n",
    ] {
        let body = r#"{"email": "a@b.io"}"#;
        let request = format!(
            "POST /v1/validate HTTP/1.1\r\nHost: localhost\r\n{header}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let response = ask(service.address(), request);
        assert_problem(&format!("{header:?}"), &response, 415, "content_type");
    }
}

#[test]
fn what_forms_send_is_answered_with_what_to_send() {
    let service = Service::start(offline());
    let (one, many) = (r#"{"email": "joe@example.org"}"#, r#"{"emails": ["joe@example.org", "#);
    let form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 21\r\n";
    let parts = "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 21\r\n";
    let utf_16 = "Content-Type: application/json; charset=utf-16\r\nContent-Length: 21\r\n";
    let twice = "Content-Type: application/json\r\nContent-Type: application/json\r\n";
    // The line, the headers, the status, the problem, what it says.
    let cases: [(&str, &str, u16, &str, &[&str]); 12] = [
        ("POST /v1/validate", form, 415, "content_type", &["form", one, "application/json"]),
        ("POST /v1/validate", parts, 415, "content_type", &["form", one, "application/json"]),
        ("POST /v1/validate/batch", form, 415, "content_type", &["form", many]),
        ("POST /v1/validate", "Content-Length: 21\r\n", 415, "content_type", &[one]),
        ("POST /v1/validate", utf_16, 415, "content_type", &["UTF-8"]),
        ("POST /v1/validate", twice, 400, "bad_request", &["`Content-Type`", "once"]),
        (
            "GET /v1/validate?email=joe%40gmail.com",
            "",
            405,
            "method_not_allowed",
            &["URL", "POST /v1/validate. ", one],
        ),
        (
            "GET /v1/validate/batch",
            "",
            405,
            "method_not_allowed",
            &["POST /v1/validate/batch.", many],
        ),
        ("PUT /v1/validate", "", 405, "method_not_allowed", &["POST /v1/validate. ", one]),
        ("POST /v1/validate/", "", 404, "not_found", &["slash", "POST /v1/validate. ", one]),
        ("POST /v1/validate/batch/", "", 404, "not_found", &["slash", "validate/batch.", many]),
        ("GET /?email=joe%40gmail.com", "", 404, "not_found", &["POST /v1/validate. ", one]),
    ];
    for (line, headers, status, code, words) in cases {
        let request = format!("{line} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        let mut connection = Connection::open(service.address());
        connection.send(request);
        connection.send("email=joe%40gmail.com");
        let problem = assert_problem(line, &connection.response(), status, code);
        let detail = problem["detail"].as_str().unwrap();
        for word in words {
            assert!(detail.contains(word), "{line} {headers:?} {word}: {detail}");
        }
        assert!(!problem.to_string().contains("gmail"), "{line}: {problem}");
    }
}

#[test]
fn a_body_must_not_be_packed() {
    let service = Service::start(offline());
    let cases = [
        ("Content-Encoding: gzip\r\n", 415),
        ("Content-Encoding: identity, gzip\r\n", 415),
        ("Content-Encoding: identity\r\nContent-Encoding: br\r\n", 415),
        ("Content-Encoding: Identity\r\n", 200),
        ("Content-Encoding:\r\n", 200),
    ];
    for (header, status) in cases {
        let request = post_batch("{\"emails\": []}", header);
        let response = ask(service.address(), request);
        assert_eq!(response.status, status, "{header:?}: {}", response.text());
        if status == 415 {
            let problem = assert_problem(header, &response, 415, "content_type");
            assert!(
                problem["detail"].as_str().unwrap().contains("`Content-Encoding`"),
                "{problem}"
            );
        }
    }
}

#[test]
fn two_hosts_are_no_host() {
    let body = r#"{"email": "a@b.io"}"#;
    let request = format!(
        "POST /v1/validate HTTP/1.1\r\nHost: localhost\r\nHost: attacker.example\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    for arguments in [&[][..], &["--open"]] {
        let service = Service::start_with(offline(), arguments);
        let response = ask(service.address(), &request);
        assert_problem(&format!("{arguments:?}"), &response, 400, "bad_request");
    }
}

#[test]
fn what_is_no_http_of_ours() {
    let service = Service::start(offline());
    let long = |fields: usize, bytes: usize| {
        let fields: String =
            (0..fields).map(|n| format!("X-{n}: {}\r\n", "x".repeat(bytes))).collect();
        format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")
    };
    // A request, the status of the bare answer.
    let cases = [("nonsense\r\n\r\n".to_owned(), 400), (long(1, 70_000), 431), (long(100, 1), 431)];
    for (request, status) in cases {
        let response = ask(service.address(), request);
        assert_eq!((response.status, response.body.as_slice()), (status, &[][..]));
        assert_eq!(response.header("x-request-id"), None, "{status}");
    }
    assert_eq!(ask(service.address(), long(99, 100)).status, 200);
    assert_eq!(ask(service.address(), long(1, 30_000)).status, 200);
    let mut http2 = Connection::open(service.address());
    http2.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert!(http2.is_closed());
}

#[test]
fn routes_and_methods() {
    let service = Service::start(offline());
    let cases = [
        ("GET / HTTP/1.1", 404, "not_found", None),
        ("GET /v1 HTTP/1.1", 404, "not_found", None),
        ("POST /v1/validate/ HTTP/1.1", 404, "not_found", None),
        ("POST /v2/validate HTTP/1.1", 404, "not_found", None),
        ("GET /joe@gmail.com HTTP/1.1", 404, "not_found", None),
        ("GET /%ff%00 HTTP/1.1", 404, "not_found", None),
        ("GET /v1/validate HTTP/1.1", 405, "method_not_allowed", Some("POST")),
        ("GET /v1/validate?email=joe@gmail.com HTTP/1.1", 405, "method_not_allowed", Some("POST")),
        ("PUT /v1/validate HTTP/1.1", 405, "method_not_allowed", Some("POST")),
        ("DELETE /v1/validate HTTP/1.1", 405, "method_not_allowed", Some("POST")),
        ("OPTIONS /v1/validate HTTP/1.1", 405, "method_not_allowed", Some("POST")),
        ("BREW /v1/validate HTTP/1.1", 405, "method_not_allowed", Some("POST")),
        ("POST /healthz HTTP/1.1", 405, "method_not_allowed", Some("GET,HEAD")),
    ];
    for (line, status, code, allow) in cases {
        let response = ask(service.address(), format!("{line}\r\nHost: localhost\r\n\r\n"));
        let problem = assert_problem(line, &response, status, code);
        assert_eq!(response.header("allow"), allow, "{line}");
        assert!(!problem.to_string().contains("gmail"), "{line}: {problem}");
    }
    let mut connection = Connection::open(service.address());
    connection.send("HEAD /v1/validate HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let response = connection.head();
    assert_eq!((response.status, response.header("allow")), (405, Some("POST")));
}

#[test]
fn only_this_machine_is_answered_unless_all_may_ask() {
    let body = r#"{"email": "a@b.io"}"#;
    let request = |line: &str, host: &str| {
        format!(
            "{line}\r\n{host}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let post = "POST /v1/validate HTTP/1.1";
    let cases = [
        (post, "Host: localhost\r\n", true),
        (post, "Host: LocalHost:8080\r\n", true),
        (post, "Host: 127.0.0.1\r\n", true),
        (post, "Host: 127.0.0.1:8080\r\n", true),
        (post, "Host: [::1]\r\n", true),
        (post, "Host: [::1]:8080\r\n", true),
        ("POST http://localhost:8080/v1/validate HTTP/1.1", "Host: localhost:8080\r\n", true),
        (post, "Host: attacker.example\r\n", false),
        (post, "Host: attacker.example:8080\r\n", false),
        (post, "Host: localhost.attacker.example\r\n", false),
        (post, "Host: 127.0.0.1.attacker.example\r\n", false),
        (post, "Host: 127.0.0.2\r\n", false),
        (post, "Host:\r\n", false),
        (post, "", false),
        ("POST http://attacker.example/v1/validate HTTP/1.1", "Host: localhost\r\n", false),
    ];
    let guarded = Service::start(offline());
    let open = Service::start_with(offline(), &["--open"]);
    for (line, host, is_answered) in cases {
        let name = format!("{line} {host:?}");
        let response = ask(guarded.address(), request(line, host));
        if is_answered {
            assert_eq!(response.status, 200, "{name}: {}", response.text());
        } else {
            let problem = assert_problem(&name, &response, 403, "origin_not_allowed");
            assert!(problem["detail"].as_str().unwrap().contains("`Host`"), "{problem}");
        }
        assert_eq!(ask(open.address(), request(line, host)).status, 200, "open: {name}");
    }
}

#[test]
fn a_body_that_never_ends_is_given_up() {
    let service = Service::start(offline());
    let mut connection = Connection::open(service.address());
    connection.send(
        "POST /v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: 20\r\n\r\n{",
    );
    assert_problem("half a body", &connection.response(), 408, "request_timeout");
}

/// Every problem looks alike (RFC 9457).
pub(super) fn assert_problem(name: &str, response: &Response, status: u16, code: &str) -> Value {
    assert_eq!(response.status, status, "{name}: {}", response.text());
    assert_eq!(response.header("content-type"), Some("application/problem+json"), "{name}");
    let problem = response.json();
    assert_eq!(problem["type"], format!("urn:mailvet:problem:{code}"), "{name}");
    assert_eq!(problem["status"], status, "{name}");
    assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{name}: {problem}");
    let detail = problem["detail"].as_str().unwrap_or_else(|| panic!("{name}: {problem}"));
    let starts_well = detail.starts_with(|c: char| c.is_ascii_uppercase() || c == '`');
    assert!(starts_well && detail.ends_with(['.', '?']), "{name}: no sentence: {detail}");
    let known = ["type", "title", "status", "detail", "field", "index", "nearest"];
    let keys = problem.as_object().unwrap().keys();
    assert!(keys.clone().all(|key| known.contains(&key.as_str())), "{name}: {problem}");
    problem
}
