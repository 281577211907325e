//! No question lasts longer than it may, and there are never too many.

use std::time::Duration;

use futures_util::future::join_all;
use mailvet::dns::{Dns, Servers};
use mailvet::route::{Failure, HostName, ServerId};
use tokio::time::Instant;

use super::asking::{host, line, mx, resolver};
use crate::support::dns::DnsServer;

#[tokio::test]
async fn the_deadline_holds_whatever_the_server_does() {
    let slow_chain: String = (0..8)
        .map(|n| {
            let next = n + 1;
            format!("a{n}.test CNAME a{next}.test\na{n}.test ONE-LINK\na{n}.test DELAY 60\n")
        })
        .collect();
    let cases = [
        ("silence", "* SILENCE"),
        ("an answer after its time", "* MX 10 mx.test\n* DELAY 2000"),
        ("nothing that can be believed", "* ONLY WRONG-ID"),
        ("nothing over TCP", "* TRUNCATED\n* TCP-SILENCE"),
        ("a long way of aliases", &slow_chain),
    ];
    for (case, zone) in cases {
        let server = DnsServer::start(zone);
        let dns = resolver([&server], Duration::from_millis(100), 2);
        let mut tries_left = 5;
        loop {
            let started = Instant::now();
            assert_eq!(mx(&dns, "a0.test").await, "timeout", "{case}");
            let took = started.elapsed();
            if took < Duration::from_millis(400) {
                break;
            }
            // A busy machine may be late once.
            tries_left -= 1;
            assert!(tries_left > 0, "{case}: {took:?}");
        }
    }
}

#[tokio::test]
async fn too_many_questions_wait_their_turn_which_takes_nothing_off_their_time() {
    const QUESTIONS: usize = 2_000;
    let cases =
        [("first opinions", Servers::InUse), ("second opinions", Servers::Except(ServerId(0)))];
    for (case, of) in cases {
        let zone = "* SILENCE\ngood.test MX 10 mx.test";
        let servers = [zone, zone].map(DnsServer::start);
        let dns = resolver(&servers, Duration::from_millis(300), 1);
        let names: Vec<HostName> = (0..QUESTIONS).map(|n| host(&format!("n{n}.test"))).collect();
        let good = host("good.test");
        // The last one waits for many times as long as a question may take.
        let asked = names.iter().chain([&good]).map(|name| dns.mx(name, of));
        let mut answers = join_all(asked).await;
        let last = answers.pop().unwrap();
        assert_eq!(line(&last.result), "300: 10 mx.test", "{case}");
        let unanswered =
            answers.iter().filter(|answered| answered.result == Err(Failure::Timeout)).count();
        assert_eq!(unanswered, QUESTIONS, "{case}");
    }
}
