//! The limits hold, whoever asks in whatever order.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use proptest::prelude::*;
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep};

use super::*;
use crate::address::Domain;
use crate::clock::{Clock, MovableClock};
use crate::route::HostName;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

const WELCOME: Outcomes = Outcomes { asked: 1, answered: 1, absent: 0, stance: Stance::Welcome };
const REFUSED: Outcomes = Outcomes { asked: 1, answered: 0, absent: 0, stance: Stance::Refused };

/// Noon of some day.
fn noon() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn clock() -> Arc<MovableClock> {
    Arc::new(MovableClock::starting_at(noon()))
}

fn etiquette(limits: Limits) -> Etiquette {
    Etiquette::new(limits, NeverList::default(), clock(), None)
}

fn destination(host: &str, ip: &str) -> Destination {
    Destination::new(HostName::new(host).unwrap(), None, ip.parse().unwrap())
}

fn some(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

/// What is allowed within this time.
async fn ask(
    etiquette: &Etiquette,
    to: &Destination,
    wanted: u32,
    patience: Duration,
) -> Permission {
    etiquette.ask_leave(to, some(wanted), Instant::now() + patience).await
}

/// Leave that has to come within an hour.
async fn granted(etiquette: &Etiquette, to: &Destination, wanted: u32) -> Grant {
    match ask(etiquette, to, wanted, HOUR).await {
        Permission::Go(grant) => grant,
        other => panic!("{}", told(&other)),
    }
}

/// A permission in words; times as seconds from noon.
fn told(permission: &Permission) -> String {
    let seconds = |time: &Timestamp| time.duration_since(noon()).as_secs();
    match permission {
        Permission::Go(grant) => format!("go {}", grant.allowance().recipients),
        Permission::Wait(until) => format!("wait {}", seconds(until)),
        Permission::Paused(why, until) => format!("{} {}", why.code(), seconds(until)),
        Permission::Never => "never".to_owned(),
    }
}

/// What is said to somebody who has no time at all.
async fn at_once(etiquette: &Etiquette, to: &Destination) -> String {
    told(&ask(etiquette, to, 1, Duration::ZERO).await)
}

#[test]
fn what_may_be_sent_in_one_go() {
    let allowance = Allowance { recipients: 10, refusals: 9 };
    // Asked, refused, may be sent.
    for (asked, refused, sent) in
        [(0, 0, 9), (9, 0, 1), (9, 8, 1), (9, 9, 0), (5, 5, 4), (5, 0, 5), (10, 0, 0), (12, 12, 0)]
    {
        assert_eq!(allowance.at_once(asked, refused), sent, "{asked} asked, {refused} refused");
    }
}

#[tokio::test(start_paused = true)]
async fn one_connection_at_a_time_with_a_gap_between() {
    let etiquette = etiquette(Limits::default());
    let here = destination("mx1.example.org", "192.0.2.1");
    let first = granted(&etiquette, &here, 25).await;
    assert_eq!(first.allowance(), Allowance { recipients: 10, refusals: 9 });
    // The same organisation elsewhere, the same network with another organisation, somebody else.
    let cases = [
        ("mx2.example.org", "198.51.100.1", "wait 1"),
        ("mx.example.net", "192.0.2.200", "wait 1"),
        ("mx.example.com", "203.0.113.1", "go 1"),
    ];
    for (host, ip, expected) in cases {
        assert_eq!(at_once(&etiquette, &destination(host, ip)).await, expected, "{host} {ip}");
    }
    advance(10 * SECOND).await;
    first.settle(WELCOME);
    assert_eq!(at_once(&etiquette, &here).await, "wait 11");
    advance(SECOND - Duration::from_millis(1)).await;
    assert_eq!(at_once(&etiquette, &here).await, "wait 11");
    advance(Duration::from_millis(1)).await;
    assert_eq!(at_once(&etiquette, &here).await, "go 1");
}

#[tokio::test(start_paused = true)]
async fn everybody_waits_for_their_turn_and_nobody_for_others() {
    let etiquette = etiquette(Limits::default());
    let here = destination("mx.example.org", "192.0.2.1");
    let grant = granted(&etiquette, &here, 1).await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waiters = JoinSet::new();
    for number in 0..20 {
        let (etiquette, here, order) = (etiquette.clone(), here.clone(), order.clone());
        waiters.spawn(async move {
            let grant = granted(&etiquette, &here, 1).await;
            order.lock().unwrap().push(number);
            sleep(SECOND).await;
            grant.settle(WELCOME);
        });
        // In line before the next one.
        tokio::task::yield_now().await;
    }
    let elsewhere = destination("mx.example.com", "203.0.113.1");
    assert_eq!(at_once(&etiquette, &elsewhere).await, "go 1");
    grant.settle(WELCOME);
    let began = Instant::now();
    waiters.join_all().await;
    assert_eq!(*order.lock().unwrap(), (0..20).collect::<Vec<_>>());
    assert_eq!(began.elapsed(), 40 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_is_in_nobodys_way() {
    let etiquette = etiquette(Limits::default());
    let here = destination("mx.example.org", "192.0.2.1");
    let grant = granted(&etiquette, &here, 1).await;
    let wait = |patience| {
        let (etiquette, here) = (etiquette.clone(), here.clone());
        tokio::spawn(async move { told(&ask(&etiquette, &here, 1, patience).await) })
    };
    let (gone, impatient, patient) = (wait(HOUR), wait(2 * SECOND), wait(HOUR));
    sleep(SECOND).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    assert_eq!(impatient.await.unwrap(), "wait 3");
    sleep(SECOND).await;
    // First in line, in the gap.
    let first = wait(HOUR);
    drop(grant);
    assert_eq!(patient.await.unwrap(), "go 1");
    assert_eq!(first.await.unwrap(), "go 1");
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_domains_on_one_machine_are_one_destination() {
    let limits = Limits { gap: Duration::ZERO, ..Limits::default() };
    let etiquette = etiquette(limits);
    let mut asked = 0;
    for number in 0..10_000 {
        let one = destination(&format!("mx.customer{number}.example"), "192.0.2.1");
        if let Permission::Go(grant) = ask(&etiquette, &one, 1, HOUR).await {
            asked += 1;
            grant.settle(WELCOME);
        }
    }
    assert_eq!(asked, 500);
    let other = destination("mx.new.example", "192.0.2.1");
    assert_eq!(at_once(&etiquette, &other).await, "day_full 43200");
    advance(DAY / 2).await;
    assert_eq!(at_once(&etiquette, &other).await, "go 1", "the next day");
}

#[tokio::test(start_paused = true)]
async fn what_was_not_asked_does_not_count_and_what_nobody_tells_of_does() {
    let limits = Limits { recipients_per_day: 12, gap: Duration::ZERO, ..Limits::default() };
    let etiquette = etiquette(limits);
    let here = destination("mx.example.org", "192.0.2.1");
    let of_two = Outcomes { asked: 2, answered: 2, absent: 0, stance: Stance::Welcome };
    granted(&etiquette, &here, 10).await.settle(of_two);
    let promised = granted(&etiquette, &here, 10).await;
    assert_eq!(promised.allowance().recipients, 10);
    drop(promised);
    assert_eq!(at_once(&etiquette, &here).await, "day_full 43200");
    // A promise of yesterday is not taken from today's count.
    advance(DAY / 2 - SECOND).await;
    let next_day = destination("mx.example.com", "203.0.113.1");
    let late = granted(&etiquette, &next_day, 10).await;
    advance(SECOND).await;
    late.settle(Outcomes::NOTHING);
    let all = granted(&etiquette, &next_day, 10).await;
    assert_eq!(all.allowance().recipients, 10);
    drop(all);
    assert_eq!(granted(&etiquette, &next_day, 10).await.allowance().recipients, 2);
}

#[tokio::test(start_paused = true)]
async fn who_refuses_us_is_left_alone_ever_longer() {
    let etiquette = etiquette(Limits::default());
    let here = destination("mx.example.org", "192.0.2.1");
    let mut until = 0;
    for hours in [2, 4, 8, 16, 24, 24] {
        granted(&etiquette, &here, 1).await.settle(REFUSED);
        until += hours * 3600;
        assert_eq!(at_once(&etiquette, &here).await, format!("refused {until}"));
        let neighbour = destination("mx.example.net", "192.0.2.9");
        assert_eq!(at_once(&etiquette, &neighbour).await, format!("refused {until}"));
        advance(Duration::from_secs(hours * 3600)).await;
    }
    // Not a refusal, and not a welcome.
    granted(&etiquette, &here, 1).await.settle(Outcomes::NOTHING);
    granted(&etiquette, &here, 1).await.settle(REFUSED);
    advance(24 * HOUR).await;
    granted(&etiquette, &here, 1).await.settle(WELCOME);
    let now = noon() + Duration::from_secs(until) + 24 * HOUR;
    granted(&etiquette, &here, 1).await.settle(REFUSED);
    let expected = now.duration_since(noon()).as_secs() + 2 * 3600 + 2;
    assert_eq!(at_once(&etiquette, &here).await, format!("refused {expected}"), "from the start");
    // Long ago counts no more.
    advance(2 * HOUR).await;
    granted(&etiquette, &here, 1).await.settle(REFUSED);
    advance(4 * HOUR + 25 * HOUR).await;
    granted(&etiquette, &here, 1).await.settle(REFUSED);
    let expected = expected + (4 + 25 + 2) * 3600;
    assert_eq!(at_once(&etiquette, &here).await, format!("refused {expected}"), "forgotten");
}

#[tokio::test(start_paused = true)]
async fn those_in_line_hear_of_a_refusal_at_once() {
    let etiquette = etiquette(Limits::default());
    let here = destination("mx.example.org", "192.0.2.1");
    let grant = granted(&etiquette, &here, 1).await;
    let mut waiters = JoinSet::new();
    for _ in 0..100 {
        let (etiquette, here) = (etiquette.clone(), here.clone());
        waiters.spawn(async move { told(&ask(&etiquette, &here, 1, HOUR).await) });
    }
    sleep(SECOND).await;
    grant.settle(REFUSED);
    let before = Instant::now();
    for said in waiters.join_all().await {
        assert_eq!(said, "refused 7201");
    }
    assert_eq!(Instant::now(), before);
}

#[tokio::test(start_paused = true)]
async fn asking_that_looks_like_harvesting_is_paused() {
    // Of each connection how many were told of and how many of them did not exist; whether it goes on.
    let cases: [(&[(u32, u32)], bool); 6] = [
        (&[(10, 3), (10, 3)], true),
        (&[(10, 3), (10, 4)], false),
        (&[(10, 10), (9, 9)], true),
        (&[(10, 10), (10, 0), (10, 0)], false),
        (&[(10, 0), (10, 0), (10, 9), (1, 1)], false),
        (&[(10, 0), (10, 0), (10, 9)], true),
    ];
    for (connections, goes_on) in cases {
        let etiquette = etiquette(Limits::default());
        let here = destination("mx.example.org", "192.0.2.1");
        let began = Instant::now();
        let mut last = String::new();
        for (answered, absent) in connections {
            match ask(&etiquette, &here, 10, HOUR).await {
                Permission::Go(grant) => grant.settle(Outcomes {
                    asked: 10,
                    answered: *answered,
                    absent: *absent,
                    stance: Stance::Welcome,
                }),
                other => last = told(&other),
            }
        }
        let now = told(&ask(&etiquette, &here, 1, 2 * SECOND).await);
        assert_eq!(now == "go 1", goes_on, "{connections:?}: {last} {now}");
        if !goes_on {
            assert!(now.starts_with("harvest 8640"), "{connections:?}: {now}");
            advance(began + DAY + 10 * SECOND - Instant::now()).await;
            assert_eq!(at_once(&etiquette, &here).await, "go 1", "{connections:?} a day later");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_never_of_the_operator_is_never() {
    let entries = ["example.org", "198.51.100.0/24"].map(|entry| entry.parse().unwrap());
    let never = NeverList::new(&entries);
    let etiquette = Etiquette::new(Limits::default(), never, clock(), None);
    for (host, ip, expected) in [
        ("mx.example.org", "192.0.2.1", "never"),
        ("mx.example.net", "198.51.100.77", "never"),
        ("mx.example.net", "192.0.2.1", "go 1"),
    ] {
        assert_eq!(at_once(&etiquette, &destination(host, ip)).await, expected, "{host} {ip}");
    }
    let asks_about = |name| !etiquette.never_asks_about(&Domain::parse(name).unwrap());
    assert!(asks_about("example.net") && !asks_about("a.example.org"));
}

#[test]
fn a_clock_that_is_set_back_stops_nobody_for_long() {
    let limits = Limits::default();
    let mut standing = Standing::default();
    let promise = standing.begin(10, &limits, noon());
    standing.end(promise, &REFUSED, &limits, noon());
    let year = 365 * DAY;
    let earlier = noon() - year;
    match standing.leave(1, Busy::default(), &limits, earlier) {
        Leave::Paused(closed) => assert!(closed.until <= earlier + DAY),
        other => panic!("{other:?}"),
    }
    let mut standing = Standing::default();
    standing.begin(500, &limits, noon());
    let leave = standing.leave(1, Busy::default(), &limits, earlier);
    assert_eq!(leave, Leave::Later(earlier + limits.gap));
}

/// A ledger that two processes share.
#[derive(Default)]
struct Shelf {
    lines: Mutex<HashMap<Party, Line>>,
}

/// How they stand with one party, and how many connections each has.
#[derive(Clone, Default)]
struct Line {
    standing: Standing,
    connections: HashMap<u32, u32>,
}

/// The ledger as one process has it.
struct OfProcess {
    number: u32,
    shelf: Arc<Shelf>,
    clock: Arc<MovableClock>,
}

impl OfProcess {
    fn with<R>(
        &self,
        parties: &[Party; 2],
        ours: [u32; 2],
        change: impl FnOnce([Standing; 2], [Busy; 2]) -> ([Standing; 2], u32, R),
    ) -> R {
        let mut shelf = self.shelf.lines.lock().unwrap();
        let lines = parties.each_ref().map(|party| shelf.get(party).cloned().unwrap_or_default());
        let busy = [0, 1].map(|at: usize| {
            let others = lines[at].connections.iter().filter(|(number, _)| **number != self.number);
            let others: u32 = others.map(|(_, connections)| connections).sum();
            Busy { connections: ours[at] + others, until: None }
        });
        let (standings, more, result) = change(lines.each_ref().map(|line| line.standing), busy);
        for (at, party) in parties.iter().enumerate() {
            let line = shelf.entry(party.clone()).or_default();
            line.standing = standings[at];
            line.connections.insert(self.number, ours[at] + more);
        }
        result
    }
}

impl Ledger for OfProcess {
    fn open(&self, opening: Opening) -> BoxFuture<'_, Option<Opened>> {
        Box::pin(async move {
            // The ledger takes its time.
            sleep(Duration::from_millis(3)).await;
            let now = self.clock.now();
            Some(self.with(&opening.parties, opening.ours, |standings, busy| {
                let opened = opening.decide(standings, busy, now);
                (opened.standings, u32::from(matches!(opened.leave, Leave::Go(_))), opened)
            }))
        })
    }

    fn close(&self, closing: Closing) {
        let now = self.clock.now();
        self.with(&closing.parties, closing.ours, |standings, _| {
            (closing.settle(standings, now), 0, ())
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

/// Somebody who asks.
#[derive(Clone, Copy, Debug)]
struct Guest {
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
    Settles(Stance),
    Drops,
    /// The task is ended from outside, wherever it is.
    Aborted(u64),
}

fn guest() -> impl Strategy<Value = Guest> {
    let end = prop_oneof![
        5 => Just(End::Settles(Stance::Welcome)),
        1 => Just(End::Settles(Stance::Unclear)),
        1 => Just(End::Settles(Stance::Refused)),
        1 => Just(End::Drops),
        2 => (0..20_000_u64).prop_map(End::Aborted),
    ];
    (0..2_usize, 0..4_u8, 0..3_u8, 1..15_u32, 0..20_000_u64, 0..60_000_u64, 0..3_000_u64, end)
        .prop_map(
            |(process, organisation, network, wanted, arrives_ms, patience_ms, stays_ms, end)| {
                Guest {
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
async fn party_of(guests: Vec<Guest>, limits: Limits, with_ledger: bool) {
    let clock = clock();
    let shelf = Arc::new(Shelf::default());
    let processes = [0, 1].map(|number| {
        let ledger = OfProcess { number, shelf: shelf.clone(), clock: clock.clone() };
        let ledger = with_ledger.then(|| Arc::new(ledger) as Arc<dyn Ledger>);
        Etiquette::new(limits, NeverList::default(), clock.clone(), ledger)
    });
    let postmaster = Arc::new(Mutex::new(Postmaster::default()));
    let mut tasks = JoinSet::new();
    for guest in guests {
        // Without a ledger one process knows nothing of another.
        let etiquette = processes[if with_ledger { guest.process } else { 0 }].clone();
        let visit = visit(guest, etiquette, postmaster.clone(), clock.clone());
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
    // Nobody is left behind: everything is free again.
    sleep(DAY + HOUR + limits.breaker_longest).await;
    for process in processes {
        let far = ask(&process, &destination("mx.o0.example", "192.0.2.1"), 1, HOUR).await;
        assert_eq!(told(&far), "go 1");
        drop(far);
        sleep(limits.gap + SECOND).await;
    }
}

async fn visit(
    guest: Guest,
    etiquette: Etiquette,
    postmaster: Arc<Mutex<Postmaster>>,
    clock: Arc<MovableClock>,
) {
    sleep(Duration::from_millis(guest.arrives_ms)).await;
    let host = format!("mx.o{}.example", guest.organisation);
    let to = destination(&host, &format!("192.0.{}.1", guest.network));
    let patience = Duration::from_millis(guest.patience_ms);
    let began = Instant::now();
    let permission = ask(&etiquette, &to, guest.wanted, patience).await;
    assert!(began.elapsed() <= patience + SECOND, "in time");
    let Permission::Go(grant) = permission else { return };
    let limits = etiquette.limits();
    let recipients = grant.allowance().recipients;
    assert!((1..=guest.wanted.min(limits.allowance.recipients)).contains(&recipients));
    let visit = Visit::begin(&postmaster, &to, recipients, limits, &*clock);
    sleep(Duration::from_millis(guest.stays_ms)).await;
    drop(visit);
    match guest.end {
        End::Settles(stance) => {
            let asked = recipients;
            grant.settle(Outcomes { asked, answered: asked, absent: asked / 5, stance });
        }
        End::Drops | End::Aborted(_) => drop(grant),
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
