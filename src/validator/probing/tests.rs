//! The whole way from an address to a server that breaks the rules, and back.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::address::Domain;
use crate::catalog::{Catalog, ListKind, Lists, Source};
use crate::clock::MovableClock;
use crate::dns::zone::Zone;
use crate::reach::ReachPolicy;
use crate::smtp::dial::{Connection, DialError, SMTP_PORT, Target};
use crate::smtp::limiter::{Limits, NeverList};
use crate::smtp::{Identity, Timeouts};
use crate::typo::Confidence;
use crate::validator::{
    ActiveLists, LookupLimits, Request, RouteSettings, Routes, Validator, ValidatorParts,
};
use crate::verdict::{CatchAll, Depth, Policy};

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

/// Asks this server about mailboxes at good.de, in memory.
fn validator(server: &HostileServer, limits: Limits) -> Validator {
    let zone = Arc::new(Zone::parse("good.de MX 10 mx.good.de\nmx.good.de A 8.8.8.8"));
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
    let probing = Probing::new(ProbingParts {
        dns: zone.clone(),
        client: SmtpClient::new(identity, timeouts).unwrap(),
        dialer: Arc::new(Wire(server.clone())),
        guard: Guard::new(ReachPolicy::default(), SMTP_PORT),
        limiter: ProbeLimiter::new(limits, NeverList::default(), clock.clone(), None),
        patterns: patterns(),
        cache: MailboxCache::new(1 << 20),
        store: None,
        clock: clock.clone(),
    });
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
        routes: Some(Routes::new(zone, clock.clone(), settings)),
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
fn patterns() -> Patterns {
    let text = "[[rule]]\nid = \"unknown\"\nmeans = \"no_such_mailbox\"\ncode = [\"550\"]\n\
                words = [\"user unknown\"]\nexamples = [\"550 5.1.1 User unknown\"]\n";
    Patterns::from_sources(&[Source { name: "test".into(), text: text.into() }]).unwrap()
}

/// What is found out about each of these, asked for together.
async fn ask(validator: &Validator, addresses: &[String]) -> Vec<MailboxEvidence> {
    let asked = addresses.iter().map(async |address| {
        let request = Request {
            depth: Depth::Mailbox,
            budget: Duration::from_secs(3600),
            ..Request::new(address)
        };
        validator.validate(&request).await.mailbox.unwrap().evidence.mailbox
    });
    join_all(asked).await
}

fn limits() -> Limits {
    Limits { harvest_percent: 100, ..Limits::default() }
}

fn orderly() -> Conduct {
    Conduct {
        pipelining: true,
        starttls: None,
        faults: Vec::new(),
        delays: vec![0],
        pieces: vec![(4096, 0)],
    }
}

fn addresses(texts: &str) -> Vec<String> {
    texts.split_whitespace().map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn a_conversation_out_of_step_tells_nothing() {
    let all = addresses("known.0@good.de known.a@good.de b@good.de c@good.de known.d@good.de");
    let told = async |conduct: Conduct| {
        let server = HostileServer::new(Plan { catch_all: false, connections: vec![conduct] });
        ask(&validator(&server, limits()), &all).await
    };
    let accepted = MailboxEvidence::Accepted { catch_all: CatchAll::No };
    let absent = MailboxEvidence::NotFound;
    let truth = [accepted, accepted, absent, absent, accepted];
    for pipelining in [true, false] {
        let orderly = Conduct { pipelining, delays: vec![50], ..orderly() };
        assert_eq!(told(orderly.clone()).await, truth, "{pipelining}");
        for fault in
            [Fault::Twice(0), Fault::Twice(1), Fault::Twice(75), Fault::ExtraBefore("250 Ok")]
        {
            // The replies to MAIL and to the first recipient.
            for at in 2..=3 {
                let faulty = Conduct { faults: vec![(at, fault)], ..orderly.clone() };
                let expected = [MailboxEvidence::ProtocolError; 5];
                assert_eq!(told(faulty).await, expected, "{pipelining} {fault:?} {at}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Replies too many or too few, cut and late as may be, as long as they can be told by counting.
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
        let told = runtime.block_on(async { ask(&validator(&server, limits()), &all).await });
        for (address, told) in all.iter().zip(told) {
            let is_known = server.plan().knows(address);
            match told {
                MailboxEvidence::NotFound => prop_assert!(!is_known, "{}", address),
                MailboxEvidence::Accepted { catch_all: CatchAll::Yes } => prop_assert!(catch_all, "{}", address),
                MailboxEvidence::Accepted { catch_all: CatchAll::No } => prop_assert!(is_known && !catch_all, "{}", address),
                MailboxEvidence::Accepted { catch_all: CatchAll::Unknown } => prop_assert!(is_known, "{}", address),
                _ => {}
            }
        }
    }
}
