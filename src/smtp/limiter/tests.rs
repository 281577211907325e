//! What is allowed and what is not, as those see it who ask.

mod any_order;

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep};

use super::*;
use crate::address::Domain;
use crate::clock::MovableClock;
use crate::route::HostName;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

const WELCOME: Outcomes =
    Outcomes { asked: 1, answered: 1, feedback: ServerFeedback::Answered, ..Outcomes::NOTHING };
const REFUSED: Outcomes =
    Outcomes { asked: 1, feedback: ServerFeedback::Refused, ..Outcomes::NOTHING };

/// Noon of some day.
fn noon() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn clock() -> Arc<MovableClock> {
    Arc::new(MovableClock::starting_at(noon()))
}

fn limiter(limits: Limits) -> ProbeLimiter {
    ProbeLimiter::new(limits, NeverList::default(), clock(), None)
}

fn destination(host: &str, ip: &str) -> Destination {
    Destination::new(HostName::new(host).unwrap(), None, ip.parse().unwrap())
}

fn some(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

/// What is allowed within this time.
async fn ask(
    limiter: &ProbeLimiter,
    to: &Destination,
    wanted: u32,
    timeouts: Duration,
) -> AcquireResult {
    limiter.acquire(to, some(wanted), Instant::now() + timeouts).await
}

/// A permit that has to come within an hour.
async fn granted(limiter: &ProbeLimiter, to: &Destination, wanted: u32) -> Permit {
    match ask(limiter, to, wanted, HOUR).await {
        AcquireResult::Go(permit) => permit,
        other => panic!("{}", result_text(&other)),
    }
}

/// A permission in words; times as seconds from noon.
fn result_text(permission: &AcquireResult) -> String {
    let seconds = |time: &Timestamp| time.duration_since(noon()).as_secs();
    match permission {
        AcquireResult::Go(permit) => format!("go {}", permit.allowance().recipients),
        AcquireResult::Wait(until) => format!("wait {}", seconds(until)),
        AcquireResult::Paused(reason, until) => format!("{} {}", reason.code(), seconds(until)),
        AcquireResult::Never => "never".to_owned(),
    }
}

/// The answer to a caller without any time.
async fn at_once(limiter: &ProbeLimiter, to: &Destination) -> String {
    result_text(&ask(limiter, to, 1, Duration::ZERO).await)
}

#[tokio::test(start_paused = true)]
async fn one_connection_at_a_time_with_a_gap_between() {
    let limiter = limiter(Limits::default());
    let here = destination("mx1.example.org", "192.0.2.1");
    let first = granted(&limiter, &here, 25).await;
    assert_eq!(first.allowance(), Allowance { recipients: 10, refusals: 9 });
    // The same organisation elsewhere, the same network with another organisation, neither.
    let cases = [
        ("mx2.example.org", "198.51.100.1", "wait 1"),
        ("mx.example.net", "192.0.2.200", "wait 1"),
        ("mx.example.com", "203.0.113.1", "go 1"),
    ];
    for (host, ip, expected) in cases {
        assert_eq!(at_once(&limiter, &destination(host, ip)).await, expected, "{host} {ip}");
    }
    advance(10 * SECOND).await;
    first.finish(WELCOME);
    assert_eq!(at_once(&limiter, &here).await, "wait 11");
    advance(SECOND - Duration::from_millis(1)).await;
    assert_eq!(at_once(&limiter, &here).await, "wait 11");
    advance(Duration::from_millis(1)).await;
    assert_eq!(at_once(&limiter, &here).await, "go 1");
}

#[tokio::test(start_paused = true)]
async fn each_party_waits_for_its_turn_and_for_no_other() {
    let limiter = limiter(Limits::default());
    let here = destination("mx.example.org", "192.0.2.1");
    let permit = granted(&limiter, &here, 1).await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waiters = JoinSet::new();
    for number in 0..20 {
        let (limiter, here, order) = (limiter.clone(), here.clone(), order.clone());
        waiters.spawn(async move {
            let permit = granted(&limiter, &here, 1).await;
            order.lock().unwrap().push(number);
            sleep(SECOND).await;
            permit.finish(WELCOME);
        });
        // In line before the next one.
        tokio::task::yield_now().await;
    }
    let elsewhere = destination("mx.example.com", "203.0.113.1");
    assert_eq!(at_once(&limiter, &elsewhere).await, "go 1");
    permit.finish(WELCOME);
    let began = Instant::now();
    waiters.join_all().await;
    assert_eq!(*order.lock().unwrap(), (0..20).collect::<Vec<_>>());
    assert_eq!(began.elapsed(), 40 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_is_in_nobodys_way() {
    let limiter = limiter(Limits::default());
    let here = destination("mx.example.org", "192.0.2.1");
    let permit = granted(&limiter, &here, 1).await;
    let wait = |timeouts| {
        let (limiter, here) = (limiter.clone(), here.clone());
        tokio::spawn(async move { result_text(&ask(&limiter, &here, 1, timeouts).await) })
    };
    let (gone, impatient, patient) = (wait(HOUR), wait(2 * SECOND), wait(HOUR));
    sleep(SECOND).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    assert_eq!(impatient.await.unwrap(), "wait 3");
    sleep(SECOND).await;
    // First in line, in the gap.
    let first = wait(HOUR);
    drop(permit);
    assert_eq!(patient.await.unwrap(), "go 1");
    assert_eq!(first.await.unwrap(), "go 1");
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_domains_on_one_machine_are_one_destination() {
    let limits = Limits { gap: Duration::ZERO, ..Limits::default() };
    let limiter = limiter(limits);
    let mut asked = 0;
    for number in 0..10_000 {
        let one = destination(&format!("mx.customer{number}.example"), "192.0.2.1");
        if let AcquireResult::Go(permit) = ask(&limiter, &one, 1, HOUR).await {
            asked += 1;
            permit.finish(WELCOME);
        }
    }
    assert_eq!(asked, 500);
    let other = destination("mx.new.example", "192.0.2.1");
    assert_eq!(at_once(&limiter, &other).await, "day_full 43200");
    advance(DAY / 2).await;
    assert_eq!(at_once(&limiter, &other).await, "go 1", "the next day");
}

#[tokio::test(start_paused = true)]
async fn what_was_not_asked_does_not_count_and_what_nobody_tells_of_does() {
    let limits = Limits { recipients_per_day: 12, gap: Duration::ZERO, ..Limits::default() };
    let limiter = limiter(limits);
    let here = destination("mx.example.org", "192.0.2.1");
    let of_two = Outcomes { asked: 2, answered: 2, ..WELCOME };
    granted(&limiter, &here, 10).await.finish(of_two);
    let mut promised = granted(&limiter, &here, 10).await;
    assert_eq!(promised.start().recipients, 10);
    drop(promised);
    assert_eq!(at_once(&limiter, &here).await, "day_full 43200");
    // A promise of yesterday is not taken from today's count.
    advance(DAY / 2 - SECOND).await;
    let next_day = destination("mx.example.com", "203.0.113.1");
    let late = granted(&limiter, &next_day, 10).await;
    advance(SECOND).await;
    late.finish(Outcomes::NOTHING);
    let mut all = granted(&limiter, &next_day, 10).await;
    assert_eq!(all.start().recipients, 10);
    drop(all);
    assert_eq!(granted(&limiter, &next_day, 10).await.allowance().recipients, 2);
}

#[tokio::test(start_paused = true)]
async fn who_refuses_us_is_left_alone_ever_longer() {
    let limiter = limiter(Limits::default());
    let here = destination("mx.example.org", "192.0.2.1");
    let mut until = 0;
    for hours in [2, 4, 8, 16, 24, 24] {
        granted(&limiter, &here, 1).await.finish(REFUSED);
        until += hours * 3600;
        assert_eq!(at_once(&limiter, &here).await, format!("refused {until}"));
        let neighbour = destination("mx.example.net", "192.0.2.9");
        assert_eq!(at_once(&limiter, &neighbour).await, format!("refused {until}"));
        advance(Duration::from_secs(hours * 3600)).await;
    }
    // Not a refusal, and not a welcome.
    granted(&limiter, &here, 1).await.finish(Outcomes::NOTHING);
    granted(&limiter, &here, 1).await.finish(REFUSED);
    advance(24 * HOUR).await;
    granted(&limiter, &here, 1).await.finish(WELCOME);
    let now = noon() + Duration::from_secs(until) + 24 * HOUR;
    granted(&limiter, &here, 1).await.finish(REFUSED);
    let expected = now.duration_since(noon()).as_secs() + 2 * 3600 + 2;
    assert_eq!(at_once(&limiter, &here).await, format!("refused {expected}"), "from the start");
    // Long ago counts no more.
    advance(2 * HOUR).await;
    granted(&limiter, &here, 1).await.finish(REFUSED);
    advance(4 * HOUR + 25 * HOUR).await;
    granted(&limiter, &here, 1).await.finish(REFUSED);
    let expected = expected + (4 + 25 + 2) * 3600;
    assert_eq!(at_once(&limiter, &here).await, format!("refused {expected}"), "forgotten");
}

#[tokio::test(start_paused = true)]
async fn those_in_line_hear_of_a_refusal_at_once() {
    let limiter = limiter(Limits::default());
    let here = destination("mx.example.org", "192.0.2.1");
    let permit = granted(&limiter, &here, 1).await;
    let mut waiters = JoinSet::new();
    for _ in 0..100 {
        let (limiter, here) = (limiter.clone(), here.clone());
        waiters.spawn(async move { result_text(&ask(&limiter, &here, 1, HOUR).await) });
    }
    sleep(SECOND).await;
    permit.finish(REFUSED);
    let before = Instant::now();
    for said in waiters.join_all().await {
        assert_eq!(said, "refused 7201");
    }
    assert_eq!(Instant::now(), before);
}

#[tokio::test(start_paused = true)]
async fn asking_that_looks_like_harvesting_is_paused() {
    // Of each connection how many were answered and how many of them did not exist; whether it goes on.
    let cases: [(&[(u32, u32)], bool); 6] = [
        (&[(10, 3), (10, 3)], true),
        (&[(10, 3), (10, 4)], false),
        (&[(10, 10), (9, 9)], true),
        (&[(10, 10), (10, 0), (10, 0)], false),
        (&[(10, 0), (10, 0), (10, 9), (1, 1)], false),
        (&[(10, 0), (10, 0), (10, 9)], true),
    ];
    for (connections, goes_on) in cases {
        let limiter = limiter(Limits::default());
        let here = destination("mx.example.org", "192.0.2.1");
        let began = Instant::now();
        let mut last = String::new();
        for (answered, absent) in connections {
            match ask(&limiter, &here, 10, HOUR).await {
                AcquireResult::Go(permit) => permit.finish(Outcomes {
                    asked: 10,
                    answered: *answered,
                    absent: *absent,
                    ..WELCOME
                }),
                other => last = result_text(&other),
            }
        }
        let now = result_text(&ask(&limiter, &here, 1, 2 * SECOND).await);
        assert_eq!(now == "go 1", goes_on, "{connections:?}: {last} {now}");
        if !goes_on {
            assert!(now.starts_with("harvest 8640"), "{connections:?}: {now}");
            advance(began + DAY + 10 * SECOND - Instant::now()).await;
            assert_eq!(at_once(&limiter, &here).await, "go 1", "{connections:?} a day later");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_never_of_the_operator_is_never() {
    let entries = ["example.org", "198.51.100.0/24"].map(|entry| entry.parse().unwrap());
    let never = NeverList::new(&entries);
    let limiter = ProbeLimiter::new(Limits::default(), never, clock(), None);
    for (host, ip, expected) in [
        ("mx.example.org", "192.0.2.1", "never"),
        ("mx.example.net", "198.51.100.77", "never"),
        ("mx.example.net", "192.0.2.1", "go 1"),
    ] {
        assert_eq!(at_once(&limiter, &destination(host, ip)).await, expected, "{host} {ip}");
    }
    let asks_about = |name| !limiter.never_asks_about(&Domain::parse(name).unwrap());
    assert!(asks_about("example.net") && !asks_about("a.example.org"));
}

#[test]
fn a_clock_that_is_set_back_stops_nobody_for_long() {
    let limits = Limits::default();
    let mut state = PartyState::default();
    let reservation = state.begin(10, &limits, noon());
    state.end(reservation, &REFUSED, &limits, noon());
    let year = 365 * DAY;
    let earlier = noon() - year;
    match state.decision(1, OpenConnections::default(), &limits, earlier) {
        LimitDecision::Paused(pause) => assert!(pause.until <= earlier + DAY),
        other => panic!("{other:?}"),
    }
    let mut state = PartyState::default();
    state.begin(500, &limits, noon());
    let decision = state.decision(1, OpenConnections::default(), &limits, earlier);
    assert_eq!(decision, LimitDecision::Later(earlier + limits.gap));
}

/// A policy refusal of one recipient, a conversation each.
const POLICY: Outcomes =
    Outcomes { asked: 1, refused_us: 1, feedback: ServerFeedback::Deferred, ..Outcomes::NOTHING };
const GREYLISTED: Outcomes =
    Outcomes { asked: 1, feedback: ServerFeedback::Deferred, ..Outcomes::NOTHING };
const NO_ANSWER: Outcomes =
    Outcomes { asked: 1, feedback: ServerFeedback::NoAnswer, ..Outcomes::NOTHING };

#[tokio::test(start_paused = true)]
async fn streaks_are_counted_over_conversations() {
    // What came of each conversation, an hour apart; what is said then.
    let cases: [(&str, &[Outcomes], &str); 11] = [
        ("two policy refusals", &[POLICY, POLICY], "go 1"),
        ("three", &[POLICY, POLICY, POLICY], "refused"),
        ("three at once", &[Outcomes { refused_us: 3, ..POLICY }], "refused"),
        ("an answer in between", &[POLICY, POLICY, WELCOME, POLICY, POLICY], "go 1"),
        ("nothing in between", &[POLICY, POLICY, Outcomes::NOTHING, POLICY], "refused"),
        ("greylisted in between", &[POLICY, POLICY, GREYLISTED, POLICY], "refused"),
        ("no answer twice", &[NO_ANSWER, NO_ANSWER], "go 1"),
        ("no answer three times", &[NO_ANSWER, NO_ANSWER, NO_ANSWER], "no_answer"),
        ("some answer in between", &[NO_ANSWER, NO_ANSWER, GREYLISTED, NO_ANSWER], "go 1"),
        ("unused in between", &[NO_ANSWER, NO_ANSWER, Outcomes::NOTHING, NO_ANSWER], "no_answer"),
        ("refused in between", &[NO_ANSWER, NO_ANSWER, POLICY, NO_ANSWER], "go 1"),
    ];
    for (name, conversations, expected) in cases {
        let limiter = limiter(Limits::default());
        let here = destination("mx.example.org", "192.0.2.1");
        for outcomes in conversations {
            advance(HOUR).await;
            granted(&limiter, &here, 1).await.finish(*outcomes);
        }
        advance(2 * SECOND).await;
        let said = at_once(&limiter, &here).await;
        assert!(said.starts_with(expected), "{name}: {said}");
    }
}

#[tokio::test(start_paused = true)]
async fn streaks_are_forgotten_after_two_days() {
    for outcomes in [POLICY, NO_ANSWER] {
        let limiter = limiter(Limits::default());
        let here = destination("mx.example.org", "192.0.2.1");
        for _ in 0..10 {
            advance(2 * DAY + SECOND).await;
            granted(&limiter, &here, 1).await.finish(outcomes);
        }
        advance(2 * SECOND).await;
        assert_eq!(at_once(&limiter, &here).await, "go 1", "{outcomes:?}: far apart");
    }
}

#[tokio::test(start_paused = true)]
async fn who_gives_no_answer_is_left_alone_ever_longer() {
    let limiter = limiter(Limits::default());
    let here = destination("mx.example.org", "192.0.2.1");
    for _ in 0..2 {
        granted(&limiter, &here, 1).await.finish(NO_ANSWER);
    }
    for minutes in [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440] {
        granted(&limiter, &here, 1).await.finish(NO_ANSWER);
        advance(Duration::from_secs(minutes * 60) - SECOND).await;
        assert!(at_once(&limiter, &here).await.starts_with("no_answer"), "{minutes} minutes");
        advance(SECOND).await;
    }
    granted(&limiter, &here, 1).await.finish(WELCOME);
    granted(&limiter, &here, 1).await.finish(NO_ANSWER);
    advance(SECOND).await;
    assert_eq!(at_once(&limiter, &here).await, "go 1", "an answer ends the streak");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_used_is_given_back() {
    let limits = Limits { recipients_per_day: 10, gap: Duration::ZERO, ..Limits::default() };
    let limiter = limiter(limits);
    let here = destination("mx.example.org", "192.0.2.1");
    for _ in 0..20 {
        assert_eq!(granted(&limiter, &here, 10).await.allowance().recipients, 10);
    }
    let mut started = granted(&limiter, &here, 10).await;
    started.start();
    drop(started);
    assert_eq!(at_once(&limiter, &here).await, "day_full 43200");
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_after_midnight_counts_for_that_day_too() {
    let limits = Limits { recipients_per_day: 12, gap: Duration::ZERO, ..Limits::default() };
    let limiter = limiter(limits);
    let here = destination("mx.example.org", "192.0.2.1");
    advance(DAY / 2 - SECOND).await;
    let mut late = granted(&limiter, &here, 10).await;
    late.start();
    advance(2 * SECOND).await;
    late.finish(Outcomes { asked: 10, answered: 10, ..WELCOME });
    assert_eq!(granted(&limiter, &here, 10).await.allowance().recipients, 2);
}
