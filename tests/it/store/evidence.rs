//! What is kept, for how long, and when it is not believed.

use std::time::Duration;

use mailvet::address::Domain;
use mailvet::evidence::{CatchAll, Evidence, KnownCatchAll, MailboxStatus, NotProbed};
use mailvet::store::Greylisting;

use crate::support::store::{ACCEPTED, DAY, HOUR, MINUTE, TempStore, host, mailbox, noon, said};

#[tokio::test]
async fn what_is_kept_comes_back_until_it_holds_no_more() {
    use MailboxStatus as Of;
    let week = 7 * DAY;
    // What was found out, and how long that holds.
    let cases = [
        (Of::Accepted { catch_all: CatchAll::Yes }, Some(week)),
        (Of::Accepted { catch_all: CatchAll::No }, Some(week)),
        (Of::Accepted { catch_all: CatchAll::Unknown }, Some(15 * MINUTE)),
        (Of::Smtputf8Unsupported, Some(week)),
        (Of::NotFound, Some(2 * HOUR)),
        (Of::Disabled, Some(2 * HOUR)),
        (Of::Full, Some(15 * MINUTE)),
        (Of::Greylisted, Some(15 * MINUTE)),
        (Of::Refused, Some(15 * MINUTE)),
        (Of::RateLimited, Some(15 * MINUTE)),
        (Of::Deferred, Some(15 * MINUTE)),
        (Of::Timeout, Some(15 * MINUTE)),
        (Of::Unreachable, Some(15 * MINUTE)),
        (Of::ProtocolError, Some(15 * MINUTE)),
        (Of::TlsFailed, Some(15 * MINUTE)),
        (Of::Paused, None),
        (Of::NotProbed(NotProbed::Provider), None),
    ];
    let temp = TempStore::new();
    let joe = mailbox("joe@good.test");
    for (found, lasts) in cases {
        temp.open().remember(&joe, &said(ACCEPTED)).await;
        temp.open().remember(&joe, &said(found)).await;
        let hosts = [host("mx2.test"), host("mx.test")];
        let expected = said(lasts.map_or(ACCEPTED, |_| found));
        // A second before its end, and then.
        let end = noon() + lasts.unwrap_or(week);
        let before = temp.open_at(end - Duration::from_secs(1)).recall(&joe, &hosts).await;
        assert!(before == Some(expected), "{found:?}");
        assert!(temp.open_at(end).recall(&joe, &hosts).await.is_none(), "{found:?}");
    }
    let found = temp.open().recall(&mailbox("sue@good.test"), &[host("mx.test")]).await;
    assert!(found.is_none());
}

#[tokio::test]
async fn a_server_that_is_no_longer_the_domain_s_is_not_believed() {
    let temp = TempStore::new();
    let store = temp.open();
    let [joe, sue] = ["joe@good.test", "sue@good.test"].map(mailbox);
    store.remember(&joe, &said(MailboxStatus::NotFound)).await;
    let without_host = Evidence { host: None, ..said(MailboxStatus::Unreachable) };
    store.remember(&sue, &without_host).await;
    for (hosts, believed) in [
        (vec![host("mx.test")], true),
        (vec![host("MX.test."), host("other.test")], true),
        (vec![host("other.test")], false),
        (vec![], false),
    ] {
        assert_eq!(store.recall(&joe, &hosts).await.is_some(), believed, "{}", hosts.len());
        assert!(store.recall(&sue, &hosts).await == Some(without_host.clone()));
    }
}

#[tokio::test]
async fn what_somebody_else_wrote_is_not_kept() {
    let temp = TempStore::new();
    let store = temp.open();
    let evidence = Evidence { detail: Some("User joe unknown".into()), ..said(ACCEPTED) };
    store.remember(&mailbox("joe@good.test"), &evidence).await;
    let back = store.recall(&mailbox("joe@good.test"), &[host("mx.test")]).await.unwrap();
    assert_eq!(back.detail, None);
}

#[tokio::test]
async fn greylisting_remembers_the_first_time() {
    let temp = TempStore::new();
    let joe = mailbox("joe@good.test");
    let deferred = |after| Evidence {
        asked_at: noon() + after,
        retry_at: Some(noon() + after + 5 * MINUTE),
        ..said(MailboxStatus::Greylisted)
    };
    let at = |after| temp.open_at(noon() + after);
    assert_eq!(at(MINUTE).greylisting(&joe).await, None);
    at(Duration::ZERO).remember(&joe, &deferred(Duration::ZERO)).await;
    at(6 * MINUTE).remember(&joe, &deferred(6 * MINUTE)).await;
    let known = Greylisting { first_seen: noon(), retry_at: noon() + 11 * MINUTE };
    assert_eq!(at(7 * MINUTE).greylisting(&joe).await, Some(known));
    // It is asked again as soon as it may be.
    let hosts = [host("mx.test")];
    assert!(at(10 * MINUTE).recall(&joe, &hosts).await.is_some());
    assert!(at(11 * MINUTE).recall(&joe, &hosts).await.is_none());
    assert_eq!(at(DAY).greylisting(&joe).await, Some(known));
    assert_eq!(at(3 * DAY).greylisting(&joe).await, None);
    // After days it is the first time again; another answer ends it.
    at(3 * DAY).remember(&joe, &deferred(3 * DAY)).await;
    let again = at(3 * DAY).greylisting(&joe).await.unwrap();
    assert_eq!(again.first_seen, noon() + 3 * DAY);
    at(3 * DAY).remember(&joe, &said(ACCEPTED)).await;
    assert_eq!(at(3 * DAY).greylisting(&joe).await, None);
}

#[tokio::test]
async fn catch_all_is_known_for_a_week() {
    let temp = TempStore::new();
    let domain = |name| Domain::parse(name).unwrap();
    let store = temp.open();
    let mx = host("mx.test");
    store.remember_catch_all(&domain("all.test"), &mx, CatchAll::Yes, noon()).await;
    store.remember_catch_all(&domain("Bücher.test"), &mx, CatchAll::No, noon()).await;
    store.remember_catch_all(&domain("all.test"), &mx, CatchAll::Unknown, noon()).await;
    let moved = store.catch_all(&domain("all.test"), &[host("other.test")]).await;
    assert_eq!(moved, KnownCatchAll::UNKNOWN, "another server's word");
    for (name, days, expected) in [
        ("all.test", 0, CatchAll::Yes),
        ("all.test", 6, CatchAll::Yes),
        ("xn--bcher-kva.test", 6, CatchAll::No),
        ("sub.all.test", 6, CatchAll::Unknown),
        ("all.test", 7, CatchAll::Unknown),
    ] {
        let store = temp.open_at(noon() + days * DAY);
        let known = store.catch_all(&domain(name), &[host("other.test"), mx.clone()]).await;
        assert_eq!(known.catch_all, expected, "{name} after {days} days");
        // It is as old as it is, whenever it is used.
        let asked_at = (expected != CatchAll::Unknown).then(noon);
        assert_eq!(known.asked_at, asked_at, "{name} after {days} days");
    }
}
