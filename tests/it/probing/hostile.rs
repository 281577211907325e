//! Whatever a server sends, it sees no more recipients than the limiter promised; and where what it sends can
//! be seen by counting, no verdict is another mailbox's.
//!
//! `HOSTILE_CONVERSATIONS` is how many conversations are held, `HOSTILE_SEED` repeats a run.

use std::env;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use mailvet::evidence::{CatchAll, MailboxStatus};
use mailvet::report::Report;
use mailvet::smtp::limiter::{Allowance, Limits};
use mailvet::store::Store;
use mailvet::verdict::Verdict;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::wire::{Talk, clock, validate, validator};
use crate::support::hostile::{Disorder, HostileServer, Plan, plans};

/// Enough to find what is wrong often; `tests/run --long` holds more.
const CONVERSATIONS: usize = 300;
/// How many servers are asked side by side.
const SERVERS: Range<usize> = 1..25;

/// Who asks which servers, about whom, within which limits.
#[derive(Clone, Debug)]
struct Case {
    plans: Vec<Plan>,
    /// For each process, whether each address that it asks about is known to the servers. They share a store.
    processes: Vec<Vec<bool>>,
    connections: u32,
    recipients_per_day: u32,
    recipients: u32,
    refusals: u32,
}

fn cases() -> impl Strategy<Value = Case> {
    let processes = prop::collection::vec(prop::collection::vec(any::<bool>(), 1..40), 1..4);
    let plans = prop::collection::vec(plans(Disorder::Any, 2_000), SERVERS);
    let day = prop_oneof![1..40_u32, Just(500)];
    (plans, processes, 1..4_u32, day, 1..11_u32, 1..10_u32).prop_map(
        |(plans, processes, connections, recipients_per_day, recipients, refusals)| Case {
            plans,
            processes,
            connections,
            recipients_per_day,
            recipients,
            refusals,
        },
    )
}

/// A verdict on a mailbox is what the server knows of this very mailbox.
fn check_verdict(plan: &Plan, address: &str, report: &Report) {
    let is_known = plan.knows(address);
    let mailbox = report.mailbox.as_ref().map(|facts| facts.evidence.status);
    let name = format!("{address}, known {is_known}: {mailbox:?}");
    match mailbox {
        Some(MailboxStatus::NotFound) => assert!(!is_known, "{name}"),
        Some(MailboxStatus::Accepted { catch_all: CatchAll::Yes }) => {
            assert!(plan.catch_all, "{name}");
        }
        Some(MailboxStatus::Accepted { catch_all: CatchAll::No }) => {
            assert!(is_known && !plan.catch_all, "{name}");
        }
        Some(MailboxStatus::Accepted { catch_all: CatchAll::Unknown }) => {
            assert!(is_known, "{name}");
        }
        Some(_) | None => {}
    }
    match report.judgement.verdict {
        Verdict::Deliverable => assert!(is_known, "{name}"),
        Verdict::Undeliverable => assert!(!is_known, "{name}"),
        Verdict::Plausible | Verdict::Risky | Verdict::Unknown => {}
    }
}

/// Holds the conversations of one case; tells how many there were.
async fn hold(case: &Case) -> usize {
    let limits = Limits {
        connections: case.connections,
        gap: Duration::ZERO,
        allowance: Allowance { recipients: case.recipients, refusals: case.refusals },
        recipients_per_day: case.recipients_per_day,
        harvest_percent: 100,
        ..Limits::default()
    };
    let servers: Vec<HostileServer> = case.plans.iter().cloned().map(HostileServer::new).collect();
    let zone: String = (0..servers.len())
        .map(|n| format!("d{n}.io MX 10 mx.d{n}.io\nmx.d{n}.io A 8.8.{n}.8\n"))
        .collect();
    let talking = servers.clone();
    let talk: Talk = Arc::new(move |ip, stream| {
        let IpAddr::V4(ip) = ip else { panic!("{ip}") };
        talking[usize::from(ip.octets()[2])].clone().talk(stream).boxed()
    });
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let processes = (0_usize..).zip(&case.processes).map(async |(process, addresses)| {
        let store = Store::open(folder.path(), 16, clock.clone()).unwrap();
        let (validator, _) =
            validator(&zone, talk.clone(), limits, Some(store.clone()), clock.clone());
        let addresses: Vec<String> = (0..servers.len())
            .flat_map(|server| (0..).zip(addresses).map(move |(n, known)| (server, n, known)))
            .map(|(server, n, is_known)| {
                let local = if *is_known { "known" } else { "no" };
                format!("{local}.{process}.{n}@d{server}.io")
            })
            .collect();
        let reports = join_all(addresses.iter().map(|address| validate(&validator, address)));
        let of_server = addresses.iter().zip(reports.await);
        // In the order of the servers, each as often as there are addresses.
        for (nth, (address, report)) in of_server.enumerate() {
            let plan = servers[nth / case.processes[process].len()].plan();
            if plan.is_countable() {
                check_verdict(plan, address, &report);
            }
        }
        validator.shut_down().await;
        store.flush().await;
    });
    join_all(processes).await;
    let mut conversations = 0;
    for (at, server) in servers.iter().enumerate() {
        for (number, connection) in server.seen().iter().enumerate() {
            let sent = connection.recipients.len();
            let name = format!("server {at}, connection {number}");
            assert!(sent <= case.recipients as usize, "{name}: {sent} recipients");
            conversations += 1;
        }
        let sent = server.recipients().len();
        let most = case.recipients_per_day as usize;
        assert!(sent <= most, "server {at}: {sent} recipients in a day");
    }
    conversations
}

#[test]
fn a_server_sees_no_more_recipients_than_the_limiter_promised() {
    let wanted = env::var("HOSTILE_CONVERSATIONS").map_or(CONVERSATIONS, |n| n.parse().unwrap());
    let seed =
        env::var("HOSTILE_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    let mut octets = [0; 32];
    octets[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &octets);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut held = 0;
    let mut number = 0;
    while held < wanted {
        let case = cases().new_tree(&mut runner).unwrap().current();
        number += 1;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let holding = std::panic::AssertUnwindSafe(|| runtime.block_on(hold(&case)));
        match std::panic::catch_unwind(holding) {
            Ok(conversations) => held += conversations,
            Err(panic) => {
                eprintln!("HOSTILE_SEED={seed}, case {number}: {case:#?}");
                std::panic::resume_unwind(panic);
            }
        }
        assert!(number < 100 * wanted, "{held} conversations in {number} cases");
    }
}
