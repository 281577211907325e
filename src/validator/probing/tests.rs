//! The whole way from an address to a server that breaks the rules, and back.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::address::Domain;
use crate::catalog::{Catalog, ListKind, Lists, SourceText};
use crate::clock::MovableClock;
use crate::dns::zone::Zone;
use crate::evidence::CatchAll;
use crate::reach::ReachPolicy;
use crate::smtp::dial::{Connection, DialError, SMTP_PORT, Target};
use crate::smtp::limiter::{Limits, NeverList};
use crate::smtp::{Identity, Timeouts};
use crate::typo::Confidence;
use crate::validator::{
    ActiveLists, LookupLimits, Request, RouteSettings, Routes, Validator, ValidatorParts,
};
use crate::verdict::{Depth, Policy};

#[path = "../../../tests/support/hostile.rs"]
mod hostile;

use hostile::{Conduct, Disorder, Fault, HostileServer, Plan, plans};

/// Leads to a hostile server.
struct Wire(HostileServer);

impl Dialer for Wire {
    fn dial(&self, _: Target) -> BoxFuture<'_, Result<Connection, DialError>> {
        let (ours, theirs) = tokio::io::duplex(4096);
        tokio::spawn(self.0.clone().talk(theirs));
        async { Ok(Box::new(ours) as Connection) }.boxed()
    }
}

const ZONE: &str = "good.de MX 10 mx.good.de\nmx.good.de A 8.8.8.8";

/// Asks this server about mailboxes at good.de, in memory.
fn probing(server: &HostileServer, limits: Limits) -> Probing {
    let clock = Arc::new(MovableClock::starting_at(Timestamp::UNIX_EPOCH));
    let identity = Identity {
        helo: "probe.lab.test".parse().unwrap(),
        sender: "probe@lab.test".parse().unwrap(),
    };
    let timeouts = Timeouts {
        connect: Duration::from_secs(5),
        banner: Duration::from_secs(10),
        reply: Duration::from_secs(10),
        whole: Duration::from_secs(120),
    };
    Probing::new(ProbingParts {
        dns: Arc::new(Zone::parse(ZONE)),
        client: SmtpClient::new(identity, timeouts).unwrap(),
        dialer: Arc::new(Wire(server.clone())),
        guard: DialGuard::new(ReachPolicy::default(), SMTP_PORT),
        limiter: ProbeLimiter::new(limits, NeverList::default(), clock.clone(), None),
        rules: rules(),
        cache: MailboxCache::new(1 << 20),
        store: None,
        clock,
    })
}

fn validator(server: &HostileServer, limits: Limits) -> Validator {
    let probing = probing(server, limits);
    let clock = probing.shared.clock.clone();
    let settings = RouteSettings {
        reach: ReachPolicy::default(),
        private_zones: Vec::<Domain>::new(),
        limits: LookupLimits { lookups: 100, names_per_zone: 100, lookups_per_client: 100 },
        lookup_timeout: Duration::from_secs(10),
        dns_timeout: Duration::from_secs(1),
        cache_bytes: 1 << 20,
    };
    Validator::new(ValidatorParts {
        lists: ActiveLists::new(empty_catalog()),
        suggest_at: Confidence::from_percent(50),
        policy: Policy::default(),
        routes: Some(Routes::new(Arc::new(Zone::parse(ZONE)), clock.clone(), settings)),
        probing: Some(probing),
        clock,
    })
}

/// A catalog without lists: reading ours takes longer than a conversation.
fn empty_catalog() -> Catalog {
    let mut lists = Lists::builtin();
    ListKind::ALL.into_iter().for_each(|kind| lists.clear(kind));
    Catalog::from_lists(&lists).unwrap()
}

/// The one rule that matters here, for the same reason.
fn rules() -> ReplyRules {
    let text = "[[rule]]\nid = \"unknown\"\nmeans = \"no_such_mailbox\"\ncode = [\"550\"]\n\
                words = [\"user unknown\"]\nexamples = [\"550 5.1.1 User unknown\"]\n";
    ReplyRules::from_sources(&[SourceText { name: "test".into(), text: text.into() }]).unwrap()
}

/// What is found out about each of these, asked for together.
async fn ask(validator: &Validator, addresses: &[String]) -> Vec<MailboxStatus> {
    let asked = addresses.iter().map(async |address| {
        let request = Request {
            depth: Depth::Mailbox,
            budget: Duration::from_secs(3600),
            ..Request::new(address)
        };
        validator.validate(&request).await.mailbox.unwrap().evidence.status
    });
    join_all(asked).await
}

fn limits() -> Limits {
    Limits { harvest_percent: 100, ..Limits::default() }
}

fn addresses(texts: &str) -> Vec<String> {
    texts.split_whitespace().map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn a_conversation_out_of_step_tells_nothing() {
    let all = addresses("known.0@good.de known.a@good.de b@good.de c@good.de known.d@good.de");
    let verdicts = async |conduct: Conduct| {
        let server = HostileServer::new(Plan { catch_all: false, connections: vec![conduct] });
        ask(&validator(&server, limits()), &all).await
    };
    let accepted = MailboxStatus::Accepted { catch_all: CatchAll::No };
    let absent = MailboxStatus::NotFound;
    let truth = [accepted, accepted, absent, absent, accepted];
    for pipelining in [true, false] {
        let orderly = Conduct { pipelining, delays: vec![50], ..Conduct::orderly() };
        assert_eq!(verdicts(orderly.clone()).await, truth, "{pipelining}");
        for fault in
            [Fault::Twice(0), Fault::Twice(1), Fault::Twice(75), Fault::ExtraBefore("250 Ok")]
        {
            // The replies to MAIL and to the first recipient.
            for at in 2..=3 {
                let faulty = Conduct { faults: vec![(at, fault)], ..orderly.clone() };
                let expected = [MailboxStatus::ProtocolError; 5];
                assert_eq!(verdicts(faulty).await, expected, "{pipelining} {fault:?} {at}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_for_running_tasks_and_not_for_ever() {
    // How long a task takes, and how long shutdown waits for it.
    for (task, expected) in [(0, 0), (3, 3), (60, 10)] {
        let server =
            HostileServer::new(Plan { catch_all: false, connections: vec![Conduct::orderly()] });
        let probing = probing(&server, limits());
        let running = probing.shared.tasks.token();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(task)).await;
            drop(running);
        });
        let began = Instant::now();
        let cancelled = async {
            probing.shared.shutdown.cancelled().await;
            began.elapsed()
        };
        let (waited, ()) = tokio::join!(cancelled, probing.shut_down());
        assert_eq!(waited, Duration::ZERO, "a task of {task} s");
        assert_eq!(began.elapsed().as_secs(), expected, "a task of {task} s");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Replies too many or too few, cut and late as may be, as long as they can be seen by counting.
    #[test]
    fn no_verdict_is_another_mailboxes(
        plan in plans(Disorder::Countable, 2_000),
        known in prop::collection::vec(any::<bool>(), 1..24),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let catch_all = plan.catch_all;
        let server = HostileServer::new(plan);
        let name = |known: &bool| if *known { "known." } else { "nobody." };
        let all: Vec<String> =
            known.iter().enumerate().map(|(n, known)| format!("{}{n}@good.de", name(known))).collect();
        let outcome = runtime.block_on(async { ask(&validator(&server, limits()), &all).await });
        for (address, outcome) in all.iter().zip(outcome) {
            let is_known = server.plan().knows(address);
            match outcome {
                MailboxStatus::NotFound => prop_assert!(!is_known, "{}", address),
                MailboxStatus::Accepted { catch_all: CatchAll::Yes } => prop_assert!(catch_all, "{}", address),
                MailboxStatus::Accepted { catch_all: CatchAll::No } => prop_assert!(is_known && !catch_all, "{}", address),
                MailboxStatus::Accepted { catch_all: CatchAll::Unknown } => prop_assert!(is_known, "{}", address),
                _ => {}
            }
        }
    }
}
