//! The limits hold in any order of calls, seen from the other side.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use proptest::prelude::*;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::{DAY, HOUR, SECOND, ask, clock, destination, result_text};
use crate::clock::{Clock, MovableClock};
use crate::smtp::limiter::*;

/// A ledger that two processes share.
#[derive(Default)]
struct TestStore {
    lines: Mutex<HashMap<Party, Line>>,
}

/// How they stand with one party, and how many connections each has.
#[derive(Clone, Default)]
struct Line {
    state: PartyState,
    connections: HashMap<u32, u32>,
}

/// The ledger as one process has it.
struct OfProcess {
    number: u32,
    shelf: Arc<TestStore>,
    clock: Arc<MovableClock>,
}

impl OfProcess {
    fn with<R>(
        &self,
        parties: &[Party; 2],
        own_connections: [u32; 2],
        change: impl FnOnce([PartyState; 2], [OpenConnections; 2]) -> ([PartyState; 2], u32, R),
    ) -> R {
        let mut shelf = self.shelf.lines.lock().unwrap();
        let lines = parties.each_ref().map(|party| shelf.get(party).cloned().unwrap_or_default());
        let open = [0, 1].map(|at: usize| {
            let others = lines[at].connections.iter().filter(|(number, _)| **number != self.number);
            let others: u32 = others.map(|(_, connections)| connections).sum();
            OpenConnections { connections: own_connections[at] + others, until: None }
        });
        let (states, more, result) = change(lines.each_ref().map(|line| line.state), open);
        for (at, party) in parties.iter().enumerate() {
            let tickets = shelf.entry(party.clone()).or_default();
            tickets.state = states[at];
            tickets.connections.insert(self.number, own_connections[at] + more);
        }
        result
    }
}

impl LimitStore for OfProcess {
    fn acquire(&self, request: AcquireRequest) -> BoxFuture<'_, Option<AcquireReply>> {
        Box::pin(async move {
            // The store takes its time.
            sleep(Duration::from_millis(3)).await;
            let now = self.clock.now();
            Some(self.with(&request.parties, request.own_connections, |states, open| {
                let reply = request.decide(states, open, now);
                (reply.states, u32::from(matches!(reply.decision, LimitDecision::Go(_))), reply)
            }))
        })
    }

    fn release(&self, release: ReleaseRecord) {
        let now = self.clock.now();
        self.with(&release.parties, release.own_connections, |states, _| {
            (release.apply_to(states, now), 0, ())
        });
    }
}

/// What a postmaster sees.
#[derive(Default)]
struct Postmaster {
    parties: HashMap<Party, Seen>,
}

#[derive(Default)]
struct Seen {
    connections: u32,
    last: Option<Instant>,
    recipients: HashMap<i64, u32>,
}

/// A caller.
#[derive(Clone, Copy, Debug)]
struct PendingProbe {
    process: usize,
    organisation: u8,
    network: u8,
    wanted: u32,
    arrives_ms: u64,
    patience_ms: u64,
    stays_ms: u64,
    end: End,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Settles(ServerFeedback),
    /// After its use, without its outcome.
    Drops,
    /// Before its use.
    NotUsed,
    /// The task is ended from outside, wherever it is.
    Aborted(u64),
}

fn guest() -> impl Strategy<Value = PendingProbe> {
    let end = prop_oneof![
        5 => Just(End::Settles(ServerFeedback::Answered)),
        1 => Just(End::Settles(ServerFeedback::Unknown)),
        1 => Just(End::Settles(ServerFeedback::Refused)),
        1 => Just(End::Settles(ServerFeedback::Deferred)),
        1 => Just(End::Settles(ServerFeedback::NoAnswer)),
        1 => Just(End::Drops),
        1 => Just(End::NotUsed),
        2 => (0..20_000_u64).prop_map(End::Aborted),
    ];
    (0..2_usize, 0..4_u8, 0..3_u8, 1..15_u32, 0..20_000_u64, 0..60_000_u64, 0..3_000_u64, end)
        .prop_map(
            |(process, organisation, network, wanted, arrives_ms, patience_ms, stays_ms, end)| {
                PendingProbe {
                    process,
                    organisation,
                    network,
                    wanted,
                    arrives_ms,
                    patience_ms,
                    stays_ms,
                    end,
                }
            },
        )
}

/// Runs the guests against some limits and looks at it from the other side.
async fn party_of(guests: Vec<PendingProbe>, limits: Limits, with_ledger: bool) {
    let clock = clock();
    let shelf = Arc::new(TestStore::default());
    let processes = [0, 1].map(|number| {
        let store = OfProcess { number, shelf: shelf.clone(), clock: clock.clone() };
        let store = with_ledger.then(|| Arc::new(store) as Arc<dyn LimitStore>);
        ProbeLimiter::new(limits, NeverList::default(), clock.clone(), store)
    });
    let postmaster = Arc::new(Mutex::new(Postmaster::default()));
    let mut tasks = JoinSet::new();
    for guest in guests {
        // Without a ledger one process knows nothing of another.
        let limiter = processes[if with_ledger { guest.process } else { 0 }].clone();
        let visit = visit(guest, limiter, postmaster.clone(), clock.clone());
        let task = tasks.spawn(visit);
        if let End::Aborted(after_ms) = guest.end {
            tokio::spawn(async move {
                sleep(Duration::from_millis(after_ms)).await;
                task.abort();
            });
        }
    }
    while let Some(ended) = tasks.join_next().await {
        assert!(ended.is_ok() || ended.is_err_and(|error| error.is_cancelled()), "a guest failed");
    }
    // What the ledger was asked for those who are gone has come and was given back.
    sleep(SECOND).await;
    for (party, seen) in &postmaster.lock().unwrap().parties {
        let counted = match with_ledger {
            true => shelf.lines.lock().unwrap().get(party).map(|line| line.state),
            false => Some(state(&processes[0], party)),
        };
        let counted = counted.map_or(0, |state| state.recipients);
        let sent: u32 = seen.recipients.values().sum();
        assert_eq!(counted, sent, "counted, and seen by the other side: {party:?}");
    }
    // No caller is left waiting: everything is free again.
    sleep(DAY + HOUR + limits.breaker_longest).await;
    for process in processes {
        let free = ask(&process, &destination("mx.o0.example", "192.0.2.1"), 1, HOUR).await;
        assert_eq!(result_text(&free), "go 1");
        if let AcquireResult::Go(permit) = free {
            permit.finish(Outcomes::NOTHING);
        }
    }
}

/// How a process stands with a party.
fn state(process: &ProbeLimiter, party: &Party) -> PartyState {
    let all = (0..4).flat_map(|organisation| (0..3).map(move |network| (organisation, network)));
    all.map(|(organisation, network)| to(organisation, network))
        .find_map(|to| {
            let at = to.parties().iter().position(|known| known == party)?;
            Some(process.states(&to)[at])
        })
        .unwrap()
}

fn to(organisation: u8, network: u8) -> Destination {
    destination(&format!("mx.o{organisation}.example"), &format!("192.0.{network}.1"))
}

async fn visit(
    guest: PendingProbe,
    limiter: ProbeLimiter,
    postmaster: Arc<Mutex<Postmaster>>,
    clock: Arc<MovableClock>,
) {
    sleep(Duration::from_millis(guest.arrives_ms)).await;
    let to = to(guest.organisation, guest.network);
    let timeouts = Duration::from_millis(guest.patience_ms);
    let began = Instant::now();
    let permission = ask(&limiter, &to, guest.wanted, timeouts).await;
    assert!(began.elapsed() <= timeouts + SECOND, "in time");
    let AcquireResult::Go(mut permit) = permission else { return };
    if let End::NotUsed = guest.end {
        return;
    }
    let limits = limiter.limits();
    let recipients = permit.start().recipients;
    assert!((1..=guest.wanted.min(limits.allowance.recipients)).contains(&recipients));
    let visit = Visit::begin(&postmaster, &to, recipients, limits, &*clock);
    sleep(Duration::from_millis(guest.stays_ms)).await;
    drop(visit);
    match guest.end {
        End::Settles(feedback) => {
            let asked = recipients;
            let outcomes = Outcomes { asked, feedback, ..Outcomes::NOTHING };
            permit.finish(match feedback {
                ServerFeedback::Answered => {
                    Outcomes { answered: asked, absent: asked / 5, ..outcomes }
                }
                ServerFeedback::Refused | ServerFeedback::Deferred => {
                    Outcomes { refused_us: 1, ..outcomes }
                }
                ServerFeedback::NoAnswer | ServerFeedback::Unknown => outcomes,
            });
        }
        End::Drops | End::NotUsed | End::Aborted(_) => drop(permit),
    }
}

/// A connection as the other side sees it.
struct Visit {
    postmaster: Arc<Mutex<Postmaster>>,
    parties: [Party; 2],
}

impl Visit {
    fn begin(
        postmaster: &Arc<Mutex<Postmaster>>,
        to: &Destination,
        recipients: u32,
        limits: &Limits,
        clock: &dyn Clock,
    ) -> Self {
        let now = Instant::now();
        let mut seen = postmaster.lock().unwrap();
        for party in to.parties() {
            let seen = seen.parties.entry(party.clone()).or_default();
            seen.connections += 1;
            assert!(seen.connections <= limits.connections, "connections at the same time");
            let since = seen.last.map_or(Duration::MAX, |last| now - last);
            assert!(since >= limits.gap, "the gap: {since:?}");
            seen.last = Some(now);
            let today = seen.recipients.entry(Day::of(clock.now()).0).or_default();
            *today += recipients;
            assert!(*today <= limits.recipients_per_day, "recipients in a day");
        }
        drop(seen);
        Self { postmaster: postmaster.clone(), parties: to.parties().clone() }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let Ok(mut seen) = self.postmaster.lock() else { return };
        for party in &self.parties {
            let seen = seen.parties.entry(party.clone()).or_default();
            seen.connections -= 1;
            seen.last = Some(Instant::now());
        }
    }
}

fn in_paused_time(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(test);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_limits_hold_in_any_order_of_calls(
        guests in prop::collection::vec(guest(), 1..60),
        connections in 1..3_u32,
        gap_ms in prop_oneof![Just(0), Just(500), 0..2_000_u64],
        recipients_per_day in prop_oneof![Just(500), 1..60_u32],
        breaker_ms in prop_oneof![Just(7_200_000), 0..5_000_u64],
        with_ledger in any::<bool>(),
    ) {
        let limits = Limits {
            connections,
            gap: Duration::from_millis(gap_ms),
            recipients_per_day,
            breaker: Duration::from_millis(breaker_ms),
            ..Limits::default()
        };
        in_paused_time(party_of(guests, limits, with_ledger));
    }
}
