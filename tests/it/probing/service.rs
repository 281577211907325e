//! The mailbox, wanted from the service.

use std::net::TcpStream;

use serde_json::{Value, json};

use super::probe_env::{KNOWS_JOE, ProbeEnv, reasons};
use crate::support::http::{ask, post, post_batch};
use crate::support::poll::until;
use crate::support::service::Service;

fn mailbox(service: &Service, email: &str, timeout_ms: u64) -> Value {
    let body = json!({"email": email, "depth": "mailbox", "timeout_ms": timeout_ms});
    ask(service.address(), post(body.to_string())).json()
}

#[test]
fn it_is_found_out_and_remembered() {
    let env = ProbeEnv::new(KNOWS_JOE);
    let service = Service::start(env.program());
    let first = mailbox(&service, "joe@good.test", 5_000);
    assert_eq!(
        (first["verdict"].as_str(), first["cached"].as_bool()),
        (Some("deliverable"), Some(false))
    );
    let second = mailbox(&service, "joe@good.test", 5_000);
    assert_eq!(
        (second["verdict"].as_str(), second["cached"].as_bool()),
        (Some("deliverable"), Some(true))
    );
    assert_eq!(second["mailbox"], first["mailbox"]);
    assert_eq!(env.asked(), ["joe@good.test", "made-up@good.test"]);
}

#[test]
fn the_answer_comes_in_time_and_the_question_goes_on() {
    let env = ProbeEnv::new("BANNER AFTER 1000 220 slow\nRCPT joe@good.test 250 Ok");
    let mut program = env.program();
    program.env("MAILVET_PROBE__REPLY_TIMEOUT_MS", "10000");
    let service = Service::start(program);
    let report = mailbox(&service, "joe@good.test", 300);
    assert_eq!(reasons(&report), ["probe_timeout"], "{report}");
    assert!(report["elapsed_ms"].as_f64().is_some_and(|elapsed| elapsed < 900.0), "{report}");
    until("the answer is remembered", || {
        let report = mailbox(&service, "joe@good.test", 100);
        (report["verdict"] == "deliverable").then_some(())
    });
    assert_eq!(env.connections(), 1);
}

#[test]
fn a_batch_shares_connections() {
    let env = ProbeEnv::new("OFFERS PIPELINING\nRCPT * 250 Ok");
    let service = Service::start(env.program());
    let emails: Vec<String> = (0..100).map(|n| format!("joe{n}@good.test")).collect();
    let body = json!({"emails": emails, "depth": "mailbox", "timeout_ms": 20_000});
    let answer = ask(service.address(), post_batch(body.to_string(), "")).json();
    assert_eq!(answer["summary"]["risky"], 100, "{}", answer["summary"]);
    assert!(env.connections() <= 10, "{} connections", env.connections());
}

#[test]
fn the_log_has_no_address() {
    for script in [KNOWS_JOE, "RCPT * 550 5.7.1 zqx7 go away", "RCPT * DROP", "BANNER GARBAGE"] {
        let zone = "zqx7.test MX 10 mx.zqx7.test\nmx.zqx7.test A 127.0.0.1";
        let env = ProbeEnv::with_zone(script, zone);
        let mut program = env.program();
        program.env("MAILVET_LOG__LEVEL", "debug");
        let service = Service::start(program);
        mailbox(&service, "joe.zqx7@zqx7.test", 3_000);
        let ended = service.stop();
        assert_eq!(ended.status.code(), Some(0));
        for secret in ["zqx7", "joe", "probe@lab"] {
            assert!(!ended.log.contains(secret), "{script} {secret}: {}", ended.log);
        }
    }
}

#[test]
fn a_second_signal_does_not_wait_for_mail_servers() {
    for (first, second) in [("TERM", "TERM"), ("INT", "TERM")] {
        let env = ProbeEnv::new("BANNER STALL");
        let mut program = env.program();
        program.env("MAILVET_PROBE__REPLY_TIMEOUT_MS", "60000");
        let service = Service::start(program);
        let report = mailbox(&service, "joe@good.test", 100);
        assert_eq!(reasons(&report), ["probe_timeout"], "{report}");
        until("the mail server is being asked", || (env.connections() > 0).then_some(()));
        service.signal(first);
        // All requests are answered, and what is left is the server that says nothing.
        until("no connection is accepted any more", || TcpStream::connect(service.address()).err());
        service.signal(second);
        let ended = service.ended();
        assert_eq!(ended.status.code(), Some(0), "{first} {second}: {}", ended.log);
        let is_cut_short = ended.log.contains("mail servers still being asked");
        assert!(is_cut_short, "{first} {second}: {}", ended.log);
    }
}
