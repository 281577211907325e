//! A store that cannot be used for a while: what came of it is kept, and it is tried again.

use std::fs;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use mailvet::clock::{MovableClock, StoppedClock};
use mailvet::smtp::limiter::{
    AcquireResult, Destination, LimitStore, Limits, NeverList, Outcomes, ProbeLimiter,
    ServerFeedback,
};
use mailvet::store::{Store, StoreError};
use rusqlite::Connection;
use tokio::time::{Instant, advance};

use crate::support::store::{ACCEPTED, TempStore, host, mailbox, noon, said};

const REFUSED: Outcomes =
    Outcomes { asked: 1, answered: 0, absent: 0, refused_us: 1, feedback: ServerFeedback::Refused };

fn process(store: Store, clock: &Arc<MovableClock>) -> ProbeLimiter {
    let ledger: Arc<dyn LimitStore> = Arc::new(store);
    ProbeLimiter::new(Limits::default(), NeverList::default(), clock.clone(), Some(ledger))
}

async fn ask(limiter: &ProbeLimiter) -> AcquireResult {
    let there = Destination::new(host("mx.example.org"), None, [192, 0, 2, 1].into());
    limiter.acquire(&there, NonZeroU32::MIN, Instant::now()).await
}

fn is_paused(permission: &AcquireResult) -> bool {
    matches!(permission, AcquireResult::Paused(..))
}

/// A process that was refused while another one had the store locked.
struct Refused {
    temp: TempStore,
    clock: Arc<MovableClock>,
    store: Store,
    one: ProbeLimiter,
    lock: Connection,
}

impl Refused {
    async fn while_locked() -> Self {
        let temp = TempStore::new();
        let clock = Arc::new(MovableClock::starting_at(noon()));
        let store = temp.open_with(clock.clone());
        let one = process(store.clone(), &clock);
        let AcquireResult::Go(grant) = ask(&one).await else { panic!("a permit") };
        let lock = Connection::open(temp.file("mailvet.db")).unwrap();
        lock.execute_batch("BEGIN IMMEDIATE").unwrap();
        grant.finish(REFUSED);
        Self { temp, clock, store, one, lock }
    }
}

/// Whether other processes learn of the breaker, as soon as what works in the background has ended.
async fn others_know(temp: &TempStore, clock: &Arc<MovableClock>) -> bool {
    for _ in 0..1_000 {
        let other = process(temp.open_with(clock.clone()), clock);
        if is_paused(&ask(&other).await) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_opened_at_start_is_tried_again_a_minute_later() {
    let temp = TempStore::new();
    // A file stands where the folder is going to be.
    let blocked = temp.state().parent().unwrap().to_owned();
    fs::write(&blocked, "").unwrap();
    let clock = Arc::new(StoppedClock(noon()));
    let (store, error) = Store::open_or_retry(&temp.state(), 64, clock);
    assert!(matches!(error, Some(StoreError::Unusable { .. })));
    let (joe, hosts) = (mailbox("joe@good.test"), [host("mx.test")]);
    fs::remove_file(&blocked).unwrap();
    store.remember(&joe, &said(ACCEPTED)).await;
    assert!(!temp.state().exists(), "it was tried again at once");
    assert!(store.last_error().await.is_some());
    advance(Duration::from_secs(61)).await;
    store.remember(&joe, &said(ACCEPTED)).await;
    assert!(store.last_error().await.is_none());
    assert!(store.recall(&joe, &hosts).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_opens_meanwhile_is_told_to_others_later() {
    let Refused { temp, clock, store, one: _one, lock } = Refused::while_locked().await;
    store.flush().await;
    assert!(matches!(store.last_error().await, Some(StoreError::Locked { .. })));
    lock.execute_batch("ROLLBACK").unwrap();
    // That store is not in use any more, and yet:
    advance(Duration::from_secs(62)).await;
    for _ in 0..1_000 {
        if store.last_error().await.is_none() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(store.last_error().await.is_none());
    let other = process(temp.open_with(clock.clone()), &clock);
    assert!(is_paused(&ask(&other).await), "the other process does not know");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_loses_nothing() {
    let Refused { temp, clock, store, one, lock } = Refused::while_locked().await;
    // Each of these looks at the file first, and is given up at once.
    let (joe, hosts) = (mailbox("joe@good.test"), [host("mx.test")]);
    for _ in 0..3 {
        let _ = store.recall(&joe, &hosts).now_or_never();
        store.flush().await;
    }
    lock.execute_batch("ROLLBACK").unwrap();
    drop((one, store));
    assert!(others_know(&temp, &clock).await, "the other process does not know");
}

#[tokio::test(start_paused = true)]
async fn what_is_left_at_the_end_is_written_then() {
    let Refused { temp, clock, store, one, lock } = Refused::while_locked().await;
    store.flush().await;
    lock.execute_batch("ROLLBACK").unwrap();
    drop((one, store));
    assert!(others_know(&temp, &clock).await, "the other process does not know");
}
