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

use crate::support::store::{HOUR, TempStore, host, noon};

const SECOND: Duration = Duration::from_secs(1);
const WELCOME: Outcomes =
    Outcomes { asked: 1, answered: 1, feedback: ServerFeedback::Answered, ..Outcomes::NOTHING };

fn here() -> Destination {
    Destination::new(host("mx.example.org"), None, [192, 0, 2, 1].into())
}

/// The etiquette of one process.
fn process(temp: &TempStore, limits: Limits, clock: &Arc<MovableClock>) -> ProbeLimiter {
    let store = temp.open_with(clock.clone());
    let ledger: Arc<dyn LimitStore> = Arc::new(store);
    ProbeLimiter::new(limits, NeverList::default(), clock.clone(), Some(ledger))
}

async fn ask(limiter: &ProbeLimiter, wanted: u32, patience: Duration) -> AcquireResult {
    let wanted = NonZeroU32::new(wanted).unwrap();
    limiter.acquire(&here(), wanted, Instant::now() + patience).await
}

/// A permission in words; times as seconds from noon.
fn result_text(permission: &AcquireResult) -> String {
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
    let temp = TempStore::new();
    let clock = Arc::new(MovableClock::starting_at(noon()));
    let limits = Limits { recipients_per_day: 15, ..Limits::default() };
    let [one, other] = [(); 2].map(|()| process(&temp, limits, &clock));
    let AcquireResult::Go(grant) = ask(&one, 10, HOUR).await else { panic!("leave") };
    assert_eq!(result_text(&ask(&other, 10, Duration::ZERO).await), "wait 1", "one at a time");
    grant.finish(Outcomes { asked: 8, answered: 8, ..WELCOME });
    assert_eq!(result_text(&ask(&other, 10, Duration::ZERO).await), "wait 1", "the gap");
    let AcquireResult::Go(grant) = ask(&other, 10, HOUR).await else { panic!("leave") };
    assert_eq!(grant.allowance().recipients, 7, "the rest of the day");
    grant.finish(Outcomes { asked: 1, feedback: ServerFeedback::Refused, ..Outcomes::NOTHING });
    sleep(2 * SECOND).await;
    let said = result_text(&ask(&one, 1, Duration::ZERO).await);
    assert_eq!(said, "refused 7201");
    // A third one, later the same day.
    drop((one, other));
    let later = process(&temp, limits, &clock);
    assert_eq!(result_text(&ask(&later, 1, Duration::ZERO).await), "refused 7201");
    advance(2 * HOUR + SECOND).await;
    assert_eq!(result_text(&ask(&later, 10, HOUR).await), "go 6");
}

#[tokio::test(start_paused = true)]
async fn a_connection_of_a_process_that_died_ends_by_itself() {
    let temp = TempStore::new();
    let clock = Arc::new(MovableClock::starting_at(noon()));
    let dead = process(&temp, Limits::default(), &clock);
    let AcquireResult::Go(grant) = ask(&dead, 1, HOUR).await else { panic!("leave") };
    // A process that is killed settles nothing.
    std::mem::forget(grant);
    let other = process(&temp, Limits::default(), &clock);
    let began = Instant::now();
    assert_eq!(result_text(&ask(&other, 1, HOUR).await), "go 1");
    let waited = began.elapsed();
    assert!((120 * SECOND..125 * SECOND).contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn who_is_no_longer_waited_for_holds_nothing() {
    let temp = TempStore::new();
    let clock = Arc::new(MovableClock::starting_at(noon()));
    let limiter = process(&temp, Limits::default(), &clock);
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
    let other = process(&temp, Limits::default(), &clock);
    assert!(matches!(ask(&other, 1, HOUR).await, AcquireResult::Go(_)));
    assert!(began.elapsed() < 60 * SECOND, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn two_processes_never_meet_at_a_server() {
    let temp = TempStore::new();
    let clock = Arc::new(MovableClock::starting_at(noon()));
    let limits = Limits { gap: Duration::from_millis(700), ..Limits::default() };
    let processes = [(); 2].map(|()| process(&temp, limits, &clock));
    let last = Arc::new(Mutex::new(None::<Instant>));
    let mut guests = JoinSet::new();
    for number in 0..30_u64 {
        let (limiter, last) = (processes[number as usize % 2].clone(), last.clone());
        guests.spawn(async move {
            sleep(Duration::from_millis(number * 130 % 1_000)).await;
            let AcquireResult::Go(grant) = ask(&limiter, 1, HOUR).await else { panic!("leave") };
            let now = Instant::now();
            // No connection is open, and the gap is over.
            let before = last.lock().unwrap().replace(now + HOUR);
            assert!(before.is_none_or(|before| before + limits.gap <= now), "guest {number}");
            sleep(Duration::from_millis(number * 70 % 900)).await;
            *last.lock().unwrap() = Some(Instant::now());
            grant.finish(WELCOME);
        });
    }
    guests.join_all().await;
}
