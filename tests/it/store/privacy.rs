//! No address, domain or host is in the files.

use std::fs;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use mailvet::address::Domain;
use mailvet::clock::StoppedClock;
use mailvet::evidence::{CatchAll, Evidence, MailboxStatus};
use mailvet::smtp::limiter::{
    AcquireResult, Destination, Limits, NeverList, Outcomes, ProbeLimiter, ServerFeedback,
};
use tokio::time::Instant;

use crate::support::store::{ACCEPTED, MINUTE, TempStore, host, mailbox, noon, said};

/// In everything that the files could show.
const MARK: &str = "zqx7";

#[tokio::test]
async fn the_files_have_no_address() {
    let temp = TempStore::new();
    let store = temp.open();
    let domain = Domain::parse("good-zqx7.test").unwrap();
    for (name, found) in [
        ("joe.zqx7@good-zqx7.test", ACCEPTED),
        ("sue.zqx7@good-zqx7.test", MailboxStatus::NotFound),
        ("eve.zqx7@good-zqx7.test", MailboxStatus::Greylisted),
    ] {
        let evidence = Evidence {
            host: Some(host("mx-zqx7.good-zqx7.test")),
            detail: Some("550 <joe.zqx7@good-zqx7.test> unknown".into()),
            retry_at: Some(noon() + 5 * MINUTE),
            ..said(found)
        };
        store.remember(&mailbox(name), &evidence).await;
    }
    let mx = host("mx-zqx7.good-zqx7.test");
    store.remember_catch_all(&domain, &mx, CatchAll::Yes, noon()).await;
    let clock = Arc::new(StoppedClock(noon()));
    let ledger = Arc::new(store.clone());
    let limiter = ProbeLimiter::new(Limits::default(), NeverList::default(), clock, Some(ledger));
    let to = Destination::new(host("mx-zqx7.good-zqx7.test"), None, [203, 0, 113, 77].into());
    let deadline = Instant::now() + Duration::from_secs(60);
    let permission = limiter.acquire(&to, NonZeroU32::MIN, deadline).await;
    let AcquireResult::Go(grant) = permission else { panic!("leave to ask") };
    grant.finish(Outcomes { asked: 1, feedback: ServerFeedback::Refused, ..Outcomes::NOTHING });
    store.flush().await;
    store.forget(&[mailbox("joe.zqx7@good-zqx7.test")], None).await.unwrap();
    store.remember(&mailbox("joe.zqx7@good-zqx7.test"), &said(ACCEPTED)).await;
    let mut files = 0;
    for entry in fs::read_dir(temp.state()).unwrap() {
        let entry = entry.unwrap();
        let bytes = fs::read(entry.path()).unwrap();
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        for secret in [MARK, "joe", "good", ".test", "203.0.113", "550 "] {
            assert!(!text.contains(secret), "{secret} in {}", entry.path().display());
        }
        files += 1;
    }
    assert_eq!(files, 4, "the log of changes is among them");
}
