//! Ten thousand domains whose mail goes to one machine are one destination.

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::future::join_all;
use mailvet::smtp::limiter::Limits;
use mailvet::verdict::Verdict;

use super::wire::{clock, scripted, validate, validator};
use crate::support::smtp::MailServer;

const DOMAINS: usize = 10_000;

#[tokio::test(start_paused = true)]
async fn one_machine_is_one_destination_however_many_domains_it_serves() {
    let mut zone = String::new();
    for n in 0..DOMAINS {
        let _ = writeln!(zone, "d{n}.io MX 10 mx.d{n}.io\nmx.d{n}.io A 8.8.8.8");
    }
    let limits = Limits { recipients_per_day: u32::MAX, ..Limits::default() };
    let server = MailServer::new("RCPT #1 250 Ok");
    let (validator, dialled) = validator(&zone, scripted(&server), limits, None, clock());
    let addresses: Vec<String> = (0..DOMAINS).map(|n| format!("joe@d{n}.io")).collect();
    let verdicts = join_all(
        addresses.iter().map(async |address| validate(&validator, address).await.judgement.verdict),
    );
    let verdicts = verdicts.await;
    assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Deliverable), "{:?}", verdicts[0]);
    let dialled = dialled.lock().unwrap();
    assert_eq!(dialled.at.len(), DOMAINS);
    assert_eq!(dialled.most_open, limits.connections as usize);
    let gaps = dialled.at.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(gaps.min() >= Some(limits.gap));
}

#[tokio::test(start_paused = true)]
async fn one_server_gets_as_many_connections_as_are_allowed() {
    let zone = "d.io MX 10 mx.d.io\nmx.d.io A 8.8.8.8";
    for connections in [1, 2, 5] {
        let limits =
            Limits { connections, gap: Duration::ZERO, harvest_percent: 100, ..Limits::default() };
        let server = MailServer::new("RCPT * AFTER 500 550 5.1.1 User unknown");
        let (validator, dialled) = validator(zone, scripted(&server), limits, None, clock());
        let addresses: Vec<String> = (0..100).map(|n| format!("joe{n}@d.io")).collect();
        join_all(addresses.iter().map(|address| validate(&validator, address))).await;
        let dialled = dialled.lock().unwrap();
        assert_eq!(dialled.most_open, connections as usize, "{connections} allowed");
        // Not for each recipient one: what waits is shared out.
        assert!(dialled.at.len() <= 100 / 8 + 2, "{connections}: {} dialled", dialled.at.len());
        let asked = server.commands().iter().filter(|c| c.starts_with("RCPT")).count();
        assert!((100..=101).contains(&asked), "{connections}: {asked} asked");
    }
}

#[tokio::test(start_paused = true)]
async fn all_servers_of_a_provider_are_one_destination() {
    // The same provider by the catalog, under two names and in two networks; then of no known provider.
    for (others, most_open) in [("mx.ezweb.ne.jp", 1), ("mx.somebody.io", 2)] {
        let zone = format!(
            "a.io MX 10 mx.au.com\nmx.au.com A 8.8.8.8\nb.io MX 10 {others}\n{others} A 9.9.9.9"
        );
        let server = MailServer::new("RCPT #1 AFTER 500 250 Ok");
        let (validator, dialled) =
            validator(&zone, scripted(&server), Limits::default(), None, clock());
        let addresses = ["joe@a.io", "joe@b.io"];
        join_all(addresses.iter().map(|address| validate(&validator, address))).await;
        let dialled = dialled.lock().unwrap();
        assert_eq!((dialled.at.len(), dialled.most_open), (2, most_open), "{others}");
    }
}
