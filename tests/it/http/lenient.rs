//! What clients that mean well send, and other services refuse: half an emoji, a byte order mark, the
//! locale of a C library.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::problem::assert_problem;
use crate::support::http::{Connection, ask, post, post_batch};
use crate::support::program::offline;
use crate::support::service::Service;

#[test]
fn half_an_emoji_is_wrong_syntax() {
    let service = Service::start(offline());
    // The address in JSON, how it is shown, its syntax code.
    let cases = [
        (r"joe\ud83d", "joe\u{fffd}", Some("syntax_no_at")),
        (r"joe\ud83d@gmail.com", "joe\u{fffd}@gmail.com", Some("syntax_local_bad_character")),
        (r"joe\uDE00@gmail.com", "joe\u{fffd}@gmail.com", Some("syntax_local_bad_character")),
        (r"joe@gma\ud83dil.com", "joe@gma\u{fffd}il.com", Some("syntax_domain_bad_character")),
        (r"jo\u0065@gmail.com", "joe@gmail.com", None),
    ];
    for (escaped, shown, code) in cases {
        let report = ask(service.address(), post(format!(r#"{{"email": "{escaped}"}}"#))).json();
        assert_eq!(report["email"], shown, "{escaped}");
        assert_eq!(report["syntax_error"]["code"].as_str(), code, "{escaped}: {report}");
    }
    // One of them costs the others nothing.
    let emails = cases.map(|(escaped, ..)| format!("\"{escaped}\"")).join(", ");
    let body = format!(r#"{{"emails": [{emails}]}}"#);
    let results = &ask(service.address(), post_batch(body, "")).json()["results"];
    for (index, (escaped, shown, code)) in cases.into_iter().enumerate() {
        assert_eq!(results[index]["email"], shown, "{escaped}");
        assert_eq!(results[index]["syntax_error"]["code"].as_str(), code, "{escaped}");
    }
}

#[test]
fn half_an_emoji_hides_no_other_fault() {
    let service = Service::start(offline());
    // A body, the status, the field that is named.
    let cases = [
        (r#"{"emial": "joe\ud83d"}"#, 422, Some("emial")),
        (r#"{"email": "joe", "\ud83d": 1}"#, 422, Some("\u{fffd}")),
        (r#"{"email": "joe\ud83d", "depth": "\ud83d"}"#, 422, Some("depth")),
        (r#"{"email": "joe\ud83d", "email": "sue"}"#, 400, None),
        (r#"{"email": "joe\ud83d"#, 400, None),
    ];
    for (body, status, field) in cases {
        let code = if status == 422 { "invalid_field" } else { "bad_json" };
        let problem = assert_problem(body, &ask(service.address(), post(body)), status, code);
        assert_eq!(problem["field"].as_str(), field, "{body}");
    }
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let service = Service::start(offline());
    let one = ask(service.address(), post("\u{feff}{\"email\": \"joe@gmail.com\"}"));
    assert_eq!(one.json()["email"], "joe@gmail.com");
    let many = ask(service.address(), post_batch("\u{feff}{\"emails\": [\"joe@gmail.com\"]}", ""));
    assert_eq!(many.json()["results"][0]["email"], "joe@gmail.com");
}

#[test]
fn a_locale_may_have_underscores() {
    let service = Service::start(offline());
    for locale in ["de_DE", "zh_Hant_TW", "pt-BR"] {
        let body = format!(r#"{{"email": "joe@gmail.com", "locale": "{locale}"}}"#);
        let response = ask(service.address(), post(body));
        assert_eq!(response.status, 200, "{locale}: {}", response.text());
    }
}

#[test]
fn any_escapes_are_a_report() {
    let service = Service::start(offline());
    let mut connection = Connection::open(service.address());
    // Most are surrogates, of either half.
    let unit = prop_oneof![any::<u16>(), 0xD7F0_u16..0xE010, Just(u16::from(b'@'))];
    let units = prop::collection::vec(unit, 0..20);
    let mut runner = TestRunner::new(ProptestConfig { cases: 200, ..ProptestConfig::default() });
    let connection = std::cell::RefCell::new(&mut connection);
    let outcome = runner.run(&units, |units| {
        let escaped: String = units.iter().map(|unit| format!("\\u{unit:04X}")).collect();
        let text = String::from_utf16_lossy(&units);
        let mut connection = connection.borrow_mut();
        connection.send(post(format!(r#"{{"email": "{escaped}"}}"#)));
        let response = connection.response();
        prop_assert_eq!(response.status, 200);
        let report = response.json();
        prop_assert_eq!(report["email"].as_str(), Some(text.as_str()));
        connection.send(post_batch(format!(r#"{{"emails": ["{escaped}", "joe@gmail.com"]}}"#), ""));
        let response = connection.response();
        prop_assert_eq!(response.status, 200);
        let answer = response.json();
        let results = &answer["results"];
        prop_assert_eq!(results[0]["email"].as_str(), Some(text.as_str()));
        prop_assert_eq!(results[1]["email"].as_str(), Some("joe@gmail.com"));
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
