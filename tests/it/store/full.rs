//! No room, or no access: the run goes on, and it is said once.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use mailvet::clock::{MovableClock, StoppedClock};
use mailvet::evidence::Evidence;
use mailvet::smtp::limiter::{
    AcquireResult, Destination, Limits, NeverList, Outcomes, ProbeLimiter,
};
use mailvet::store::{Store, StoreError};
use rusqlite::Connection;
use tokio::time::{Instant, advance};

use crate::support::store::{ACCEPTED, TempStore, host, mailbox, noon, said};

/// Keeps what was found out of one of many, later ones later.
async fn remember(store: &Store, number: u32) {
    let asked_at = noon() + Duration::from_millis(number.into());
    let evidence = Evidence { asked_at, ..said(ACCEPTED) };
    store.remember(&mailbox(&format!("joe{number}@good.test")), &evidence).await;
}

#[tokio::test]
async fn where_the_size_is_reached_the_newest_stays() {
    let temp = TempStore::new();
    let store = temp.try_open(1, Arc::new(StoppedClock(noon()))).unwrap();
    let hosts = [host("mx.test")];
    for number in 0..15_000 {
        remember(&store, number).await;
    }
    assert!(store.last_error().await.is_none());
    let size = std::fs::metadata(temp.file("mailvet.db")).unwrap().len();
    assert!(size <= 1 << 20, "{size}");
    assert!(store.recall(&mailbox("joe14999@good.test"), &hosts).await.is_some());
    assert!(store.recall(&mailbox("joe0@good.test"), &hosts).await.is_none());
}

#[tokio::test]
async fn connections_count_once_also_where_room_is_made() {
    let temp = TempStore::new();
    let clock = Arc::new(MovableClock::starting_at(noon()));
    let store = temp.try_open(1, clock.clone()).unwrap();
    let limits = Limits { gap: Duration::ZERO, recipients_per_day: 2_005, ..Limits::default() };
    let ledger = Arc::new(store.clone());
    let limiter = ProbeLimiter::new(limits, NeverList::default(), clock, Some(ledger));
    let to = Destination::new(host("mx.test"), None, [192, 0, 2, 1].into());
    let wanted = NonZeroU32::new(3).unwrap();
    let ask = || limiter.acquire(&to, wanted, Instant::now() + Duration::from_secs(60));
    for number in 0..11_000 {
        // The store is nearly full by then.
        if number >= 9_000 {
            let AcquireResult::Go(grant) = ask().await else { panic!("leave to ask") };
            grant.finish(Outcomes { asked: 1, ..Outcomes::NOTHING });
        }
        remember(&store, number).await;
    }
    assert!(store.recall(&mailbox("joe0@good.test"), &[host("mx.test")]).await.is_none(), "full");
    let AcquireResult::Go(first) = ask().await else { panic!("leave to ask") };
    first.finish(Outcomes { asked: 3, ..Outcomes::NOTHING });
    let AcquireResult::Go(last) = ask().await else { panic!("leave to ask") };
    assert_eq!(last.allowance().recipients, 2);
}

#[tokio::test(start_paused = true)]
async fn who_keeps_it_locked_is_waited_for_and_then_done_without_for_a_while() {
    let temp = TempStore::new();
    let store = temp.open();
    let [joe, sue] = ["joe@good.test", "sue@good.test"].map(mailbox);
    let hosts = [host("mx.test")];
    store.remember(&joe, &said(ACCEPTED)).await;
    let other = Connection::open(temp.file("mailvet.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    store.remember(&sue, &said(ACCEPTED)).await;
    assert!(matches!(store.last_error().await, Some(StoreError::Locked { .. })));
    other.execute_batch("ROLLBACK").unwrap();
    assert!(store.recall(&joe, &hosts).await.is_none(), "left alone");
    advance(Duration::from_secs(61)).await;
    assert!(store.recall(&joe, &hosts).await.is_some(), "and tried again");
    assert!(store.last_error().await.is_none());
    store.remember(&sue, &said(ACCEPTED)).await;
    assert!(store.recall(&sue, &hosts).await.is_some());
}
