//! Whatever JSON is sent, the answer is one of the contract.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::problem::assert_problem;
use crate::support::http::{Connection, post, post_batch};
use crate::support::program::offline;
use crate::support::service::Service;

/// Any JSON, not too large.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z@.]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(".*", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// An object that is nearly right: our fields, with values that may be.
fn nearly_right() -> impl Strategy<Value = Value> {
    let text = || prop_oneof!["[a-z.+]{1,8}@[a-z.]{1,12}", any::<String>()].prop_map(Value::from);
    let texts = prop::collection::vec(prop_oneof![9 => text(), 1 => any_json()], 0..5);
    let field = prop_oneof![
        4 => text().prop_map(|value| ("email", value)),
        4 => texts.prop_map(|value| ("emails", Value::from(value))),
        2 => prop::sample::select(vec!["syntax", "domain", "mailbox", "sintax"])
            .prop_map(|value| ("depth", value.into())),
        2 => (0_u64..40_000).prop_map(|value| ("timeout_ms", value.into())),
        2 => any::<bool>().prop_map(|value| ("strict", value.into())),
        2 => "[a-zA-Z-]{0,8}".prop_map(|value| ("locale", value.into())),
        1 => any_json().prop_map(|value| ("depth", value)),
        1 => any_json().prop_map(|value| ("email", value)),
        1 => Just(("email", Value::Null)),
        1 => Just(("emails", Value::Null)),
        1 => ("[a-z_]{1,10}", any_json()).prop_map(|(_, value)| ("emial", value)),
    ];
    prop::collection::vec(field, 0..5).prop_map(|fields| {
        Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    })
}

/// Every key of a report, in the order of the contract.
const KEYS: [&str; 18] = [
    "email",
    "verdict",
    "advice",
    "reasons",
    "message",
    "suggestion",
    "checks",
    "depth",
    "address",
    "flags",
    "provider",
    "dns",
    "mailbox",
    "syntax_error",
    "checked_at",
    "valid_until",
    "cached",
    "elapsed_ms",
];

fn assert_report(report: &Value, email: &Value) {
    let keys: Vec<_> = report.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys.len(), KEYS.len(), "{report}");
    assert!(KEYS.iter().all(|key| keys.contains(key)), "{report}");
    assert_eq!(&report["email"], email, "{report}");
}

#[test]
fn any_json_gets_an_answer_of_the_contract() {
    let service = Service::start(offline());
    let mut connection = Connection::open(service.address());
    let bodies = prop_oneof![any_json(), nearly_right()];
    let mut runner = TestRunner::new(Config { cases: 400, ..Config::default() });
    let connection = std::cell::RefCell::new(&mut connection);
    let outcome = runner.run(&bodies, |body| {
        let text = body.to_string();
        let mut connection = connection.borrow_mut();
        for (request, is_batch) in [(post(&text), false), (post_batch(&text, ""), true)] {
            connection.send(request);
            let response = connection.response();
            match response.status {
                200 if is_batch => {
                    let answer = response.json();
                    let results = answer["results"].as_array().unwrap();
                    let emails = body["emails"].as_array().unwrap();
                    assert_eq!(results.len(), emails.len());
                    for (report, email) in results.iter().zip(emails) {
                        assert_report(report, email);
                    }
                }
                200 => assert_report(&response.json(), &body["email"]),
                400 => drop(assert_problem(&text, &response, 400, "bad_json")),
                422 => drop(assert_problem(&text, &response, 422, "invalid_field")),
                other => panic!("{other}: {text}"),
            }
            if response.status == 200 {
                let needed = if is_batch { "emails" } else { "email" };
                let known = [needed, "depth", "timeout_ms", "strict", "locale"];
                let fields = body.as_object().unwrap();
                assert!(fields.contains_key(needed), "{text}");
                assert!(fields.keys().all(|field| known.contains(&field.as_str())), "{text}");
            }
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    // What is right is not refused.
    connection.borrow_mut().send(post(json!({"email": "joe@gmail.com"}).to_string()));
    assert_eq!(connection.borrow_mut().response().status, 200);
}
