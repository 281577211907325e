//! No question lasts longer than it may, and there are never too many.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use mailvet::dns::{Dns, Servers};
use mailvet::route::{Failure, HostName, ServerId};
use tokio::time::Instant;

use super::asking::{host, mx, resolver};
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
async fn too_many_questions_wait_their_turn_and_in_vain_are_not_asked() {
    const QUESTIONS: usize = 2_000;
    let cases =
        [("first opinions", Servers::InUse), ("second opinions", Servers::Except(ServerId(0)))];
    for (case, of) in cases {
        let zone = "* SILENCE\ngood.test MX 10 mx.test";
        let servers = [zone, zone].map(DnsServer::start);
        let dns = resolver(&servers, Duration::from_millis(300), 1);
        let names: Vec<HostName> = (0..QUESTIONS).map(|n| host(&format!("n{n}.test"))).collect();
        let answers = join_all(names.iter().map(|name| dns.mx(name, of))).await;
        let ended =
            |failure| answers.iter().filter(|answered| answered.result == Err(failure)).count();
        let (unanswered, not_asked) = (ended(Failure::Timeout), ended(Failure::Overloaded));
        assert_eq!(unanswered + not_asked, QUESTIONS, "{case}");
        assert!(unanswered > 0 && not_asked > 0, "{case}: {unanswered}, {not_asked}");
        let asked: HashSet<String> = servers.iter().flat_map(DnsServer::questions).collect();
        assert!(asked.len() <= unanswered, "{case}: {} asked, {unanswered}", asked.len());
        assert_eq!(mx(&dns, "good.test").await, "300: 10 mx.test", "{case}");
    }
}
