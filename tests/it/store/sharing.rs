//! Several processes keep to the limits together.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mailvet::clock::MovableClock;
use mailvet::smtp::limiter::{
    AcquireResult, Destination, LimitStore, Limits, NeverList, Outcomes, ProbeLimiter,
    ServerFeedback,
};
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep};

use super::child::{child, store};
use super::house::{HOUR, House, host, noon};

const SECOND: Duration = Duration::from_secs(1);
const WELCOME: Outcomes =
    Outcomes { asked: 1, answered: 1, feedback: ServerFeedback::Answered, ..Outcomes::NOTHING };

fn here() -> Destination {
    Destination::new(host("mx.example.org"), None, [192, 0, 2, 1].into())
}

/// The etiquette of one process.
fn process(house: &House, limits: Limits, clock: &Arc<MovableClock>) -> ProbeLimiter {
    let store = house.open_with(clock.clone());
    let ledger: Arc<dyn LimitStore> = Arc::new(store);
    ProbeLimiter::new(limits, NeverList::default(), clock.clone(), Some(ledger))
}

async fn ask(limiter: &ProbeLimiter, wanted: u32, patience: Duration) -> AcquireResult {
    let wanted = NonZeroU32::new(wanted).unwrap();
    limiter.acquire(&here(), wanted, Instant::now() + patience).await
}

/// A permission in words; times as seconds from noon.
fn told(permission: &AcquireResult) -> String {
    let seconds = |time: &jiff::Timestamp| time.duration_since(noon()).as_secs();
    match permission {
        AcquireResult::Go(grant) => format!("go {}", grant.allowance().recipients),
        AcquireResult::Wait(until) => format!("wait {}", seconds(until)),
        AcquireResult::Paused(why, until) => format!("{} {}", why.code(), seconds(until)),
        AcquireResult::Never => "never".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn connections_counts_and_pauses_are_shared() {
    let house = House::new();
    let clock = Arc::new(MovableClock::starting_at(noon()));
    let limits = Limits { recipients_per_day: 15, ..Limits::default() };
    let [one, other] = [(); 2].map(|()| process(&house, limits, &clock));
    let AcquireResult::Go(grant) = ask(&one, 10, HOUR).await else { panic!("leave") };
    assert_eq!(told(&ask(&other, 10, Duration::ZERO).await), "wait 1", "one at a time");
    grant.settle(Outcomes { asked: 8, answered: 8, ..WELCOME });
    assert_eq!(told(&ask(&other, 10, Duration::ZERO).await), "wait 1", "the gap");
    let AcquireResult::Go(grant) = ask(&other, 10, HOUR).await else { panic!("leave") };
    assert_eq!(grant.allowance().recipients, 7, "the rest of the day");
    grant.settle(Outcomes { asked: 1, feedback: ServerFeedback::Refused, ..Outcomes::NOTHING });
    sleep(2 * SECOND).await;
    let said = told(&ask(&one, 1, Duration::ZERO).await);
    assert_eq!(said, "refused 7201");
    // A third one, later the same day.
    drop((one, other));
    let later = process(&house, limits, &clock);
    assert_eq!(told(&ask(&later, 1, Duration::ZERO).await), "refused 7201");
    advance(2 * HOUR + SECOND).await;
    assert_eq!(told(&ask(&later, 10, HOUR).await), "go 6");
}

#[tokio::test(start_paused = true)]
async fn a_connection_of_a_process_that_died_ends_by_itself() {
    let house = House::new();
    let clock = Arc::new(MovableClock::starting_at(noon()));
    let dead = process(&house, Limits::default(), &clock);
    let AcquireResult::Go(grant) = ask(&dead, 1, HOUR).await else { panic!("leave") };
    // Whoever is killed settles nothing.
    std::mem::forget(grant);
    let other = process(&house, Limits::default(), &clock);
    let began = Instant::now();
    assert_eq!(told(&ask(&other, 1, HOUR).await), "go 1");
    let waited = began.elapsed();
    assert!((120 * SECOND..125 * SECOND).contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn who_is_no_longer_waited_for_holds_nothing() {
    let house = House::new();
    let clock = Arc::new(MovableClock::starting_at(noon()));
    let limiter = process(&house, Limits::default(), &clock);
    for number in 0..20 {
        let asking = limiter.clone();
        let task = tokio::spawn(async move { drop(ask(&asking, 1, HOUR).await) });
        for _ in 0..number {
            tokio::task::yield_now().await;
        }
        task.abort();
        let _ = task.await;
    }
    let began = Instant::now();
    let other = process(&house, Limits::default(), &clock);
    assert!(matches!(ask(&other, 1, HOUR).await, AcquireResult::Go(_)));
    assert!(began.elapsed() < 60 * SECOND, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn two_processes_never_meet_at_a_server() {
    let house = House::new();
    let clock = Arc::new(MovableClock::starting_at(noon()));
    let limits = Limits { gap: Duration::from_millis(700), ..Limits::default() };
    let processes = [(); 2].map(|()| process(&house, limits, &clock));
    let last = Arc::new(Mutex::new(None::<Instant>));
    let mut guests = JoinSet::new();
    for number in 0..30_u64 {
        let (limiter, last) = (processes[number as usize % 2].clone(), last.clone());
        guests.spawn(async move {
            sleep(Duration::from_millis(number * 130 % 1_000)).await;
            let AcquireResult::Go(grant) = ask(&limiter, 1, HOUR).await else { panic!("leave") };
            let now = Instant::now();
            // Nobody is there, and the gap is over.
            let before = last.lock().unwrap().replace(now + HOUR);
            assert!(before.is_none_or(|before| before + limits.gap <= now), "guest {number}");
            sleep(Duration::from_millis(number * 70 % 900)).await;
            *last.lock().unwrap() = Some(Instant::now());
            grant.settle(WELCOME);
        });
    }
    guests.join_all().await;
}

#[test]
#[ignore = "run as a process of its own"]
fn asks_until_the_day_is_full() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        // Noon in all of them, so that no day ends meanwhile.
        let clock = MovableClock::starting_at(noon());
        let store = store(clock);
        let limits = Limits { recipients_per_day: 100, gap: Duration::ZERO, ..Limits::default() };
        let ledger: Arc<dyn LimitStore> = Arc::new(store.clone());
        let never = NeverList::default();
        let limiter = ProbeLimiter::new(limits, never, Arc::new(clock), Some(ledger));
        let mut asked = 0;
        while let AcquireResult::Go(grant) = ask(&limiter, 3, 60 * SECOND).await {
            asked += grant.allowance().recipients;
            let asked = grant.allowance().recipients;
            grant.settle(Outcomes { asked, answered: asked, ..WELCOME });
        }
        store.flush().await;
        println!("asked {asked}");
    });
}

#[test]
fn real_processes_share_the_day() {
    let house = House::new();
    let asking: Vec<_> = (0..3)
        .map(|_| {
            child("store::sharing::asks_until_the_day_is_full", &house.state()).spawn().unwrap()
        })
        .collect();
    let mut asked = 0;
    for process in asking {
        let output = process.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said} {errors}");
        let (_, count) = said.split_once("asked ").expect("a count");
        asked += count.lines().next().unwrap().parse::<u32>().unwrap();
    }
    assert_eq!(asked, 100);
}
