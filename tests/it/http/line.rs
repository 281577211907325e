//! Clients on a bad line: whatever comes of their requests, the others are served.

use crate::support::http::{ask, post, post_batch};
use crate::support::program::offline;
use crate::support::proxy::{Fault, send_over};
use crate::support::service::Service;

fn offline_and_hasty() -> Service {
    let mut program = offline();
    // What is cut short is waited for; that need not take long here.
    program
        .env("MAILVET_HTTP__LIMITS__HEAD_TIMEOUT_MS", "300")
        .env("MAILVET_HTTP__LIMITS__BODY_TIMEOUT_MS", "300");
    Service::start(program)
}

fn assert_well(service: &Service, name: &str) {
    let response = ask(service.address(), post(r#"{"email": "joe@gmail.com"}"#));
    assert_eq!(response.status, 200, "after {name}");
}

/// The status of an answer, if there is one.
fn status(answer: &[u8]) -> Option<u16> {
    let text = String::from_utf8_lossy(answer);
    text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok())
}

#[test]
fn slow_ones_get_their_answer() {
    let service = Service::start(offline());
    for request in
        [post(r#"{"email": "joe@gmail.com"}"#), post_batch(r#"{"emails": ["joe@gmail.com"]}"#, "")]
    {
        let answer = send_over(Fault::ByteByByte, service.address(), &request);
        assert_eq!(status(&answer), Some(200), "{}", String::from_utf8_lossy(&answer));
    }
}

#[test]
fn cut_ones_disturb_no_others() {
    let service = offline_and_hasty();
    let request = post_batch(r#"{"emails": ["joe@gmail.com", "sue@gmail.com"]}"#, "");
    for count in (0..request.len()).step_by(7) {
        let name = format!("cut after {count}");
        assert_eq!(send_over(Fault::CutAfter(count), service.address(), &request), b"", "{name}");
        let answer = send_over(Fault::HalfClosedAfter(count), service.address(), &request);
        // Half of a request is answered with an error, or not at all.
        let code = status(&answer);
        assert!(matches!(code, None | Some(400 | 408)), "half-closed after {count}: {code:?}");
    }
    assert_well(&service, "all of them");
}

#[test]
fn garbled_ones_get_an_answer_or_none() {
    let service = offline_and_hasty();
    let request = post(r#"{"email": "joe@gmail.com", "depth": "syntax"}"#);
    for place in 0..request.len() {
        let answer = send_over(Fault::Garbled(place), service.address(), &request);
        let code = status(&answer);
        let is_sound = code.is_none_or(|status| status == 200 || (400..500).contains(&status));
        assert!(is_sound, "garbled at {place}: {code:?}");
    }
    assert_well(&service, "all of them");
}
