//! Many addresses in one request: in order as a whole, or a line each as they come.

use serde_json::{Value, json};

use super::problem::assert_problem;
use crate::support::dns::DnsServer;
use crate::support::http::{Connection, Response, ask, get, post, post_batch};
use crate::support::poll::until;
use crate::support::program::{asking, asking_patiently, offline};
use crate::support::service::Service;

const AS_LINES: &str = "Accept: application/x-ndjson\r\n";

fn emails(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("joe{n}@gmail.com")).collect()
}

fn send(service: &Service, body: &Value, headers: &str) -> Response {
    ask(service.address(), post_batch(body.to_string(), headers))
}

/// What is the same however an address was asked about.
fn evidence(mut report: Value) -> Value {
    let fields = report.as_object_mut().unwrap();
    for field in ["index", "checked_at", "valid_until", "cached", "elapsed_ms"] {
        fields.remove(field);
    }
    report
}

#[test]
fn each_address_gets_the_report_that_it_gets_alone() {
    let dns = DnsServer::start(
        "good.test MX 10 mx.test\nmx.test A 192.0.2.1\nabsent.test NXDOMAIN\nbroken.test SERVFAIL",
    );
    let service = Service::start(asking(&dns));
    let emails = [
        "joe@good.test",
        "sue@absent.test",
        "nonsense",
        "joe@good.test",
        "",
        "ann@broken.test",
        "joe@gmal.test",
        "Joe <joe@good.test>",
        "\u{1b}[31m@\u{202e}",
    ];
    for options in [
        json!({}),
        json!({"depth": "syntax"}),
        json!({"strict": true, "locale": "fr"}),
        json!({"depth": "mailbox", "timeout_ms": 5000}),
    ] {
        let with = |key: &str, value: Value| {
            let mut body = options.clone();
            body[key] = value;
            body
        };
        let alone: Vec<Value> = emails
            .iter()
            .map(|email| ask(service.address(), post(with("email", json!(email)).to_string())))
            .map(|response| evidence(response.json()))
            .collect();
        let whole = send(&service, &with("emails", json!(emails)), "");
        assert_eq!(whole.status, 200, "{options}: {}", whole.text());
        assert_eq!(whole.header("content-type"), Some("application/json"));
        assert_eq!(whole.header("cache-control"), Some("no-store"));
        let answer = whole.json();
        let results = answer["results"].as_array().unwrap().iter().cloned();
        assert_eq!(results.map(evidence).collect::<Vec<_>>(), alone, "{options}");
        let keys: Vec<_> = answer.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["results", "summary"]);

        let lines = send(&service, &with("emails", json!(emails)), AS_LINES);
        assert_eq!(lines.status, 200, "{options}: {}", lines.text());
        assert_eq!(lines.header("content-type"), Some("application/x-ndjson"));
        assert_eq!(lines.header("cache-control"), Some("no-store"));
        assert!(lines.text().ends_with('\n'));
        let mut lines = lines.lines();
        assert_eq!(lines.pop(), Some(json!({"summary": answer["summary"]})), "{options}");
        lines.sort_by_key(|line| line["index"].as_u64());
        let indices: Vec<_> = lines.iter().map(|line| line["index"].as_u64().unwrap()).collect();
        assert_eq!(indices, (0..emails.len() as u64).collect::<Vec<_>>(), "{options}");
        assert_eq!(lines.into_iter().map(evidence).collect::<Vec<_>>(), alone, "{options}");
    }
}

#[test]
fn every_verdict_is_counted() {
    let service = Service::start(offline());
    let emails = json!(["joe@gmail.com", "nonsense", "", "joe@gmal.com", "x@y.io"]);
    let answer = send(&service, &json!({"emails": emails}), "").json();
    let summary =
        json!({"deliverable": 0, "plausible": 0, "risky": 1, "undeliverable": 2, "unknown": 2});
    assert_eq!(answer["summary"], summary);
}

#[test]
fn the_smallest_and_the_largest() {
    let service = Service::start(offline());
    let no_entries =
        json!({"deliverable": 0, "plausible": 0, "risky": 0, "undeliverable": 0, "unknown": 0});
    let empty = send(&service, &json!({"emails": []}), "");
    assert_eq!(empty.json(), json!({"results": [], "summary": no_entries}), "{}", empty.text());
    assert_eq!(
        send(&service, &json!({"emails": []}), AS_LINES).lines(),
        [json!({"summary": no_entries})]
    );
    let most = send(&service, &json!({"emails": emails(1_000)}), "");
    let answer = most.json();
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), 1_000);
    for (n, report) in results.iter().enumerate() {
        assert_eq!(report["email"], format!("joe{n}@gmail.com"));
    }
    assert_eq!(answer["summary"]["unknown"], 1_000);
    for headers in ["", AS_LINES] {
        let response = send(&service, &json!({"emails": emails(1_001)}), headers);
        assert_problem("one too many", &response, 413, "too_many_addresses");
    }
}

#[test]
fn bodies_that_are_not_right() {
    // Name, body, status, code, field, index, nearest.
    type Case = (&'static str, Value, u16, &'static str, Value, Value, Value);
    let none = Value::Null;
    let at = |name, element: Value, index: usize| -> Case {
        let mut list: Vec<Value> = emails(5).into_iter().map(Value::from).collect();
        list[index] = element;
        let body = json!({"emails": list});
        (name, body, 422, "invalid_field", json!("emails"), json!(index), none.clone())
    };
    let field = |name, body: Value, field: &str, nearest: Value| -> Case {
        (name, body, 422, "invalid_field", json!(field), none.clone(), nearest)
    };
    let cases: Vec<Case> = vec![
        at("a number", json!(7), 0),
        at("null", none.clone(), 3),
        at("an object", json!({"email": "joe@gmail.com"}), 4),
        at("a list", json!(["joe@gmail.com"]), 2),
        field("nothing", json!({}), "emails", none.clone()),
        field("no list", json!({"emails": "joe@gmail.com"}), "emails", none.clone()),
        field("an object", json!({"emails": {}}), "emails", none.clone()),
        field("null", json!({"emails": null}), "emails", none.clone()),
        field("the single one", json!({"email": "joe@gmail.com"}), "email", json!("emails")),
        field("both", json!({"emails": [], "email": "joe@gmail.com"}), "email", json!("emails")),
        field("null", json!({"emails": [], "email": null}), "email", json!("emails")),
        field("depth", json!({"emails": [], "depth": "sintax"}), "depth", json!("syntax")),
        field("timeout", json!({"emails": [], "timeout_ms": 49}), "timeout_ms", none.clone()),
        field("unknown", json!({"emails": [], "stric": true}), "stric", json!("strict")),
        (
            "no object",
            json!(["joe@gmail.com"]),
            400,
            "bad_json",
            none.clone(),
            none.clone(),
            none.clone(),
        ),
    ];
    let service = Service::start(offline());
    for headers in ["", AS_LINES] {
        for (name, body, status, code, field, index, nearest) in &cases {
            let problem = assert_problem(name, &send(&service, body, headers), *status, code);
            assert_eq!(&problem["field"], field, "{name}");
            assert_eq!(&problem["index"], index, "{name}");
            assert_eq!(&problem["nearest"], nearest, "{name}");
            assert!(!problem["detail"].as_str().unwrap().contains("gmail"), "{name}: {problem}");
        }
    }
}

#[test]
fn what_is_accepted() {
    let service = Service::start(offline());
    let cases = [
        ("", false),
        ("Accept: */*\r\n", false),
        ("Accept: application/json\r\n", false),
        ("Accept: application/x-ndjson\r\n", true),
        ("Accept: Application/X-NDJSON; charset=utf-8\r\n", true),
        ("Accept: application/json;q=0.5, application/x-ndjson\r\n", true),
        ("Accept: application/json\r\nAccept: application/x-ndjson\r\n", true),
        ("Accept: application/x-ndjson;q=0\r\n", false),
        ("Accept: application/x-ndjson; q=0.0, application/json\r\n", false),
        ("Accept: application/json, application/x-ndjson;q=0.1\r\n", false),
        ("Accept: application/x-ndjson;Q=0\r\n", false),
        ("Accept: application/x-ndjsonp\r\n", false),
    ];
    for (headers, is_lines) in cases {
        let response = send(&service, &json!({"emails": ["joe@gmail.com"]}), headers);
        let wanted = if is_lines { "application/x-ndjson" } else { "application/json" };
        assert_eq!(response.header("content-type"), Some(wanted), "{headers:?}");
    }
}

#[test]
fn lines_come_as_soon_as_they_can() {
    let dns = DnsServer::start("slow.test HELD\nslow.test MX 10 mx.test\nmx.test A 192.0.2.1");
    let service = Service::start(asking_patiently(&dns));
    let body = json!({"emails": ["joe@slow.test", "nonsense"], "timeout_ms": 30_000});
    let mut connection = Connection::open(service.address());
    connection.send(post_batch(body.to_string(), AS_LINES));
    assert_eq!(connection.head().status, 200);
    let first: Value = serde_json::from_slice(&connection.chunk()).unwrap();
    assert_eq!((&first["index"], &first["email"]), (&json!(1), &json!("nonsense")));
    dns.release();
    let rest = [connection.chunk(), connection.chunk()].concat();
    let rest = String::from_utf8(rest).unwrap();
    let rest: Vec<Value> = rest.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rest[0]["index"], 0);
    assert_eq!(rest[0]["verdict"], "plausible");
    assert_eq!(rest[1]["summary"]["plausible"], 1);
}

#[test]
fn each_address_has_its_own_time() {
    let dns = DnsServer::start(
        "mute.test SILENCE\nother.test SILENCE\ngood.test MX 10 mx.test\nmx.test A 192.0.2.1",
    );
    let mut program = asking_patiently(&dns);
    // One after the other: each would find the time of a common budget spent.
    program.env("MAILVET_HTTP__LIMITS__BATCH_SIDE_BY_SIDE", "1");
    let service = Service::start(program);
    let emails = ["a@mute.test", "b@other.test", "c@good.test"];
    let answer = send(&service, &json!({"emails": emails, "timeout_ms": 400}), "").json();
    let reason = |index: usize| answer["results"][index]["reasons"][0].clone();
    assert_eq!(reason(0), "time_budget_spent", "{answer}");
    assert_eq!(reason(1), "time_budget_spent", "{answer}");
    assert_eq!(reason(2), "domain_accepts_mail", "{answer}");
}

#[test]
fn single_requests_do_not_wait_for_batches() {
    // More than one batch and all batches may look at, none of them answered.
    let zone: String = (0..400).map(|n| format!("slow{n}.test HELD\n")).collect();
    let dns = DnsServer::start(&(zone + "good.test MX 10 mx.test\nmx.test A 192.0.2.1"));
    let service = Service::start(asking_patiently(&dns));
    let mut busy: Vec<Connection> = (0..8)
        .map(|batch| {
            let emails: Vec<_> =
                (0..50).map(|n| format!("joe@slow{}.test", batch * 50 + n)).collect();
            let body = json!({"emails": emails, "timeout_ms": 30_000});
            let mut connection = Connection::open(service.address());
            connection.send(post_batch(body.to_string(), ""));
            connection
        })
        .collect();
    dns.wait_for("slow0.test");
    let quick = ask(service.address(), post(r#"{"email": "joe@good.test", "timeout_ms": 5000}"#));
    assert_eq!(quick.json()["verdict"], "plausible", "{}", quick.text());
    dns.release();
    for connection in &mut busy {
        assert_eq!(connection.response().status, 200);
    }
}

#[test]
fn what_batches_gave_up_waiting_for_leaves_room() {
    let zone: String = (0..100).map(|n| format!("slow{n}.test HELD\n")).collect();
    let dns = DnsServer::start(&(zone + "good.test MX 10 mx.test\nmx.test A 192.0.2.1"));
    let mut program = asking_patiently(&dns);
    program.env("MAILVET_DNS__MAX_LOOKUPS", "8");
    let service = Service::start(program);
    let emails: Vec<_> = (0..100).map(|n| format!("joe@slow{n}.test")).collect();
    let answer = send(&service, &json!({"emails": emails, "timeout_ms": 50}), "").json();
    // The queue had space: their time was over while others were served.
    for report in answer["results"].as_array().unwrap() {
        assert_eq!(report["reasons"][0], "time_budget_spent", "{report}");
    }
    let quick = ask(service.address(), post(r#"{"email": "joe@good.test", "timeout_ms": 5000}"#));
    assert_eq!(quick.json()["verdict"], "plausible", "{}", quick.text());
    until("half of all look-ups were used, and no more", || {
        let asked = (0..100).filter(|n| dns.mx_questions(&format!("slow{n}.test")) > 0);
        (asked.count() == 4).then_some(())
    });
}

#[test]
fn a_batch_has_an_end() {
    let zone: String = (0..20).map(|n| format!("mute{n}.test SILENCE\n")).collect();
    let dns = DnsServer::start(&(zone + "good.test MX 10 mx.test\nmx.test A 192.0.2.1"));
    let mut program = asking_patiently(&dns);
    program
        .env("MAILVET_HTTP__LIMITS__BATCH_TIMEOUT_MS", "300")
        .env("MAILVET_HTTP__LIMITS__BATCH_SIDE_BY_SIDE", "2");
    let service = Service::start(program);
    let known = ask(service.address(), post(r#"{"email": "joe@good.test", "timeout_ms": 5000}"#));
    assert_eq!(known.json()["verdict"], "plausible");
    let mut emails: Vec<_> = (0..20).map(|n| format!("joe@mute{n}.test")).collect();
    emails.extend(["joe@good.test".to_owned(), "nonsense".to_owned(), "joe@gmal.com".to_owned()]);
    // A single one of them would take longer than the test waits.
    for headers in ["", AS_LINES] {
        let body = json!({"emails": emails, "timeout_ms": 30_000});
        let response = send(&service, &body, headers);
        let mut results = match headers {
            "" => response.json()["results"].as_array().unwrap().clone(),
            _ => response.lines().into_iter().filter(|line| line["index"].is_u64()).collect(),
        };
        results.sort_by_key(|report| report["index"].as_u64());
        let reasons: Vec<_> = results.iter().map(|report| report["reasons"].clone()).collect();
        assert!(reasons[..20].iter().all(|of| of == &json!(["time_budget_spent"])), "{reasons:?}");
        assert_eq!(reasons[20], json!(["domain_accepts_mail"]), "what is known is in the answer");
        assert_eq!(reasons[21], json!(["syntax_no_at"]));
        assert_eq!(reasons[22][0], "domain_typo");
    }
}

#[test]
fn who_goes_away_stops_what_only_they_wanted() {
    let zone: String = (0..100).map(|n| format!("slow{n}.test HELD\n")).collect();
    // What stands behind the request hides the end of the connection from who reads it.
    let more = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (headers, behind) in [("", ""), (AS_LINES, ""), ("", more), (AS_LINES, more)] {
        let dns = DnsServer::start(&zone);
        let mut program = asking_patiently(&dns);
        program
            .env("MAILVET_HTTP__LIMITS__BATCH_SIDE_BY_SIDE", "4")
            .env("MAILVET_HTTP__LIMITS__MAX_BATCHES", "1");
        let service = Service::start(program);
        let emails: Vec<_> = (0..100).map(|n| format!("joe@slow{n}.test")).collect();
        let body = json!({"emails": emails, "timeout_ms": 30_000}).to_string();
        let mut connection = Connection::open(service.address());
        connection.send([post_batch(&body, headers).as_slice(), behind.as_bytes()].concat());
        dns.wait_for("slow0.test");
        drop(connection);
        // Its place is free again as soon as the service has noticed.
        until("there is room for another batch", || {
            (send(&service, &json!({"emails": []}), "").status == 200).then_some(())
        });
        dns.release();
        assert_eq!(get(service.address(), "/healthz").status, 200);
        assert_eq!(service.stop().status.code(), Some(0), "{headers:?}");
        let asked = (0..100).filter(|n| dns.mx_questions(&format!("slow{n}.test")) > 0).count();
        assert!(asked <= 8, "{headers:?}: {asked} domains were asked for");
    }
}
