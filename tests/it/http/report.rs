//! The JSON of a report, to the letter.

use serde_json::{Value, json};

use crate::support::dns::DnsServer;
use crate::support::http::{ask, post};
use crate::support::program::{asking, offline};
use crate::support::service::Service;

const ZONE: &str = "
    yahooo.com       MX 20 mx2.example.net
    yahooo.com       MX 10 mx1.example.net
    yahoo.com        MX 1 mx1.example.net
    mx1.example.net  A 192.0.2.1
    bücher.test      NXDOMAIN
";

#[test]
fn the_contracts_example_to_the_letter() {
    let dns = DnsServer::start(ZONE);
    let service = Service::start(asking(&dns));
    let response = ask(service.address(), post(r#"{"email": "sue@yahooo.com"}"#));
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let report = response.json();
    let (checked_at, valid_until) = (time(&report["checked_at"]), time(&report["valid_until"]));
    assert_eq!((valid_until - checked_at).total(jiff::Unit::Second).unwrap(), 300.0, "the TTL");
    let expected = [
        r#"{"email":"sue@yahooo.com","verdict":"risky","advice":"confirm","reasons":["domain_typo"],"#,
        r#""message":"yahooo.com looks like a typo for yahoo.com.","#,
        r#""suggestion":{"email":"sue@yahoo.com","domain":"yahoo.com","confidence":0.98},"#,
        r#""checks":{"syntax":"pass","domain":"pass","mailbox":"skipped"},"depth":"domain","#,
        r#""address":{"normalized":"sue@yahooo.com","ascii":"sue@yahooo.com","local":"sue","#,
        r#""domain":"yahooo.com","domain_ascii":"yahooo.com","canonical":"sue@yahooo.com","tag":null,"#,
        r#""smtputf8":false,"cleaned":false},"#,
        r#""flags":{"disposable":false,"relay":false,"role":false,"free":false},"provider":null,"#,
        r#""dns":{"status":"mx","mx":[{"host":"mx1.example.net","preference":10},"#,
        r#"{"host":"mx2.example.net","preference":20}]},"#,
        r#""mailbox":null,"syntax_error":null,"#,
        &format!(
            r#""checked_at":{},"valid_until":{},"#,
            report["checked_at"], report["valid_until"]
        ),
        &format!(r#""cached":false,"elapsed_ms":{}}}"#, report["elapsed_ms"]),
    ];
    assert_eq!(response.text(), expected.concat());
    assert!(report["elapsed_ms"].is_f64(), "{report}");
}

#[test]
fn parts_of_reports() {
    let dns = DnsServer::start(ZONE);
    let service = Service::start(asking(&dns));
    // What is sent, a JSON pointer into the report, what stands there.
    let cases = [
        ("yahoo", json!({"email": "sue@yahoo.com"}), "/provider", json!("yahoo")),
        ("yahoo", json!({"email": "sue@yahoo.com"}), "/suggestion", json!(null)),
        ("yahoo", json!({"email": "sue@yahoo.com"}), "/verdict", json!("plausible")),
        ("verbatim", json!({"email": " Sue@YAHOO.com\t"}), "/email", json!(" Sue@YAHOO.com\t")),
        (
            "cleaned",
            json!({"email": " Sue@YAHOO.com\t"}),
            "/address",
            json!({"normalized": "Sue@yahoo.com", "ascii": "Sue@yahoo.com", "local": "Sue",
                "domain": "yahoo.com", "domain_ascii": "yahoo.com", "canonical": "sue@yahoo.com",
                "tag": null, "smtputf8": false, "cleaned": true}),
        ),
        (
            "strict",
            json!({"email": "sue@yahoo.com ", "strict": true}),
            "/syntax_error",
            json!({"code": "syntax_not_clean",
                "message": "There is something around the address that is not part of it.", "at": 13}),
        ),
        (
            "canonical",
            json!({"email": "Sue.W+news@googlemail.com", "depth": "syntax"}),
            "/address",
            json!({"normalized": "Sue.W+news@googlemail.com", "ascii": "Sue.W+news@googlemail.com",
                "local": "Sue.W+news", "domain": "googlemail.com", "domain_ascii": "googlemail.com",
                "canonical": "suew@gmail.com", "tag": "news", "smtputf8": false, "cleaned": false}),
        ),
        (
            "international",
            json!({"email": "jürgen@bücher.test", "depth": "syntax"}),
            "/address",
            json!({"normalized": "jürgen@bücher.test", "ascii": null, "local": "jürgen",
                "domain": "bücher.test", "domain_ascii": "xn--bcher-kva.test",
                "canonical": "jürgen@xn--bcher-kva.test", "tag": null, "smtputf8": true, "cleaned": false}),
        ),
        (
            "flags",
            json!({"email": "info@mailinator.com", "depth": "syntax"}),
            "/flags",
            json!({"disposable": true, "relay": false, "role": true, "free": false}),
        ),
        (
            "not asked",
            json!({"email": "sue@yahoo.com", "depth": "syntax"}),
            "/dns",
            json!({"status": "skipped", "mx": []}),
        ),
        (
            "not asked",
            json!({"email": "sue@yahoo.com", "depth": "syntax"}),
            "/valid_until",
            json!(null),
        ),
        (
            "mailbox wanted",
            json!({"email": "sue@yahoo.com", "depth": "mailbox"}),
            "/mailbox",
            json!({"status": "not_probed", "code": null, "enhanced": null, "host": null,
                "catch_all": "unknown", "detail": null, "retry_at": null}),
        ),
        (
            "mailbox wanted",
            json!({"email": "sue@yahoo.com", "depth": "mailbox"}),
            "/reasons",
            json!(["domain_accepts_mail", "probe_off"]),
        ),
        (
            "mailbox wanted",
            json!({"email": "sue@yahoo.com", "depth": "mailbox"}),
            "/depth",
            json!("domain"),
        ),
        (
            "NUL",
            json!({"email": "sue\0@yahoo.com"}),
            "/syntax_error",
            json!({"code": "syntax_control_character",
                "message": "There is an invisible control character in the address.", "at": 3}),
        ),
        (
            "offset in bytes",
            json!({"email": " jürgen@@yahoo.com"}),
            "/syntax_error/at",
            json!(" jürgen@".len()),
        ),
        (
            "null options",
            json!({"email": "x", "depth": null, "timeout_ms": null, "strict": null,
            "locale": null}),
            "/depth",
            json!("syntax"),
        ),
        ("least time", json!({"email": "x", "timeout_ms": 50}), "/verdict", json!("undeliverable")),
        (
            "most time",
            json!({"email": "x", "timeout_ms": 30_000}),
            "/verdict",
            json!("undeliverable"),
        ),
        (
            "locale",
            json!({"email": "x", "locale": "zh-Hant-TW"}),
            "/verdict",
            json!("undeliverable"),
        ),
        ("empty", json!({"email": ""}), "/reasons", json!(["syntax_empty"])),
    ];
    for (name, body, pointer, expected) in cases {
        let response = ask(service.address(), post(body.to_string()));
        assert_eq!(response.status, 200, "{name}: {}", response.text());
        assert_eq!(response.json().pointer(pointer), Some(&expected), "{name} {pointer}");
    }
}

#[test]
fn a_malformed_address_is_a_report() {
    let service = Service::start(offline());
    let cases = [
        ("nonsense", "syntax_no_at", "The @ is missing.", 8, "reject", json!(null)),
        (
            "joe.gmail.com",
            "syntax_no_at",
            "The @ is missing.",
            13,
            "confirm",
            json!({"email": "joe@gmail.com", "domain": "gmail.com", "confidence": 0.95}),
        ),
        (
            "joe@gmailcom",
            "syntax_domain_single_label",
            "The domain after the @ has no dot, such as the one in .com.",
            4,
            "confirm",
            json!({"email": "joe@gmail.com", "domain": "gmail.com", "confidence": 0.98}),
        ),
    ];
    for (email, code, message, at, advice, suggestion) in cases {
        let response = ask(service.address(), post(json!({ "email": email }).to_string()));
        assert_eq!(response.status, 200, "{email}");
        let mut report = response.json();
        let fields = report.as_object_mut().unwrap();
        time(&fields.remove("checked_at").unwrap());
        assert!(fields.remove("elapsed_ms").is_some_and(|elapsed| elapsed.is_f64()), "{email}");
        let expected = json!({
            "email": email, "verdict": "undeliverable", "advice": advice, "reasons": [code],
            "message": message, "suggestion": suggestion,
            "checks": {"syntax": "fail", "domain": "skipped", "mailbox": "skipped"},
            "depth": "syntax", "address": null, "flags": null, "provider": null,
            "dns": {"status": "skipped", "mx": []}, "mailbox": null,
            "syntax_error": {"code": code, "message": message, "at": at},
            "valid_until": null, "cached": false,
        });
        assert_eq!(report, expected, "{email}");
    }
}

#[test]
fn a_body_is_read_as_json_says() {
    let service = Service::start(offline());
    let cases = [
        ("blanks around", " \r\n\t{ \"email\" : \"a@b.io\" } \n", "a@b.io"),
        ("escapes", r#"{"em\u0061il": "a\u0040b.io", "depth": "synt\u0061x"}"#, "a@b.io"),
        ("surrogates in pairs", r#"{"email": "\ud83d\ude00@b.io"}"#, "😀@b.io"),
        ("raw text", r#"{"email": "jörg@b.io"}"#, "jörg@b.io"),
    ];
    for (name, body, email) in cases {
        let response = ask(service.address(), post(body));
        assert_eq!(response.status, 200, "{name}: {}", response.text());
        assert_eq!(response.json()["email"], email, "{name}");
    }
}

#[test]
fn types_of_content_that_are_json() {
    let service = Service::start(offline());
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=UTF-8",
        "application/vnd.x+json",
    ] {
        let body = r#"{"email": "a@b.io"}"#;
        let request = format!(
            "POST /v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        assert_eq!(ask(service.address(), request).status, 200, "{content_type}");
    }
}

/// A time as the contract has it: RFC 3339, UTC, whole seconds.
fn time(value: &Value) -> jiff::Timestamp {
    let text = value.as_str().unwrap_or_else(|| panic!("no time: {value}"));
    assert!(text.len() == "2026-11-20T12:00:00Z".len() && text.ends_with('Z'), "{text}");
    text.parse().unwrap()
}
