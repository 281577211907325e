//! The journal of a run over a list: what is noted stays noted, for one run at a time, and has no address.

use std::fs;
use std::time::Duration;

use jiff::Timestamp;
use mailvet::evidence::{CatchAll, Evidence, MailboxStatus};
use mailvet::route::{Failure, MailRoute};
use mailvet::store::{Journal, NotedMailbox, StoreError};
use rusqlite::Connection;

use crate::support::store::{
    ACCEPTED, MINUTE, TempJournal, domain, exchangers, host, joe, mailbox, noon, routed, said,
    write_private,
};

/// What was said so many minutes after noon.
fn at(found: MailboxStatus, minutes: u32) -> Evidence {
    Evidence { asked_at: noon() + minutes * MINUTE, ..said(found) }
}

#[tokio::test]
async fn what_is_noted_is_there_when_it_is_opened_again() {
    use MailboxStatus as Of;
    let routes = [
        exchangers("mx.test"),
        MailRoute::Implicit(vec![[192, 0, 2, 1].into()]),
        MailRoute::Null,
        MailRoute::NoService,
        MailRoute::NoDomain,
        MailRoute::NoTarget,
        MailRoute::Unusable,
        MailRoute::Unresolved(Failure::Timeout),
    ];
    let mailboxes = [
        Of::Accepted { catch_all: CatchAll::Yes },
        Of::Accepted { catch_all: CatchAll::No },
        Of::Accepted { catch_all: CatchAll::Unknown },
        Of::NotFound,
        Of::Disabled,
        Of::Full,
        Of::Greylisted,
        Of::Refused,
        Of::RateLimited,
        Of::Deferred,
        Of::Timeout,
        Of::Unreachable,
        Of::ProtocolError,
        Of::TlsFailed,
        Of::Smtputf8Unsupported,
        Of::Paused,
    ];
    let temp = TempJournal::new();
    assert!(!Journal::exists(&temp.path()));
    let journal = temp.open();
    for (number, route) in routes.iter().enumerate() {
        journal.note_route(&domain(number), &routed(route.clone())).await;
    }
    for (number, found) in mailboxes.iter().enumerate() {
        journal.note_mailbox(&joe(number), &said(*found)).await.unwrap();
    }
    journal.close();
    assert!(Journal::exists(&temp.path()));
    let journal = temp.open();
    for (number, route) in routes.into_iter().enumerate() {
        let noted = journal.route(&domain(number)).await.unwrap();
        assert_eq!(noted, Some(routed(route.clone())), "{route:?}");
    }
    for (number, found) in mailboxes.into_iter().enumerate() {
        let expected = NotedMailbox {
            evidence: said(found),
            tried_at: noon(),
            first_deferred: (found == Of::Greylisted).then(noon),
        };
        assert!(journal.mailbox(&joe(number)).await.unwrap() == Some(expected), "{found:?}");
    }
    assert_eq!(journal.routes().await, 8);
    assert!(journal.route(&host("nobody.test")).await.unwrap().is_none());
    assert!(journal.mailbox(&mailbox("nobody@good.test")).await.unwrap().is_none());
}

#[tokio::test]
async fn when_a_mailbox_was_first_deferred_stays_known() {
    use MailboxStatus as Of;
    let joe = joe(0);
    // What was said, minutes after noon; what is noted then: what, as of when, tried when, deferred when.
    let cases = [
        (Of::Deferred, 0, (Of::Deferred, 0, 0, None)),
        (Of::Greylisted, 1, (Of::Greylisted, 1, 1, Some(1))),
        // That no server could be asked is not noted.
        (Of::Paused, 5, (Of::Greylisted, 1, 5, Some(1))),
        (Of::Greylisted, 15, (Of::Greylisted, 15, 15, Some(1))),
        (Of::Timeout, 20, (Of::Timeout, 20, 20, Some(1))),
        (ACCEPTED, 60, (ACCEPTED, 60, 60, Some(1))),
    ];
    let temp = TempJournal::new();
    for (found, minutes, (stands, asked, tried, deferred)) in cases {
        let time = |minutes: u32| -> Timestamp { noon() + minutes * MINUTE };
        let expected = NotedMailbox {
            evidence: at(stands, asked),
            tried_at: time(tried),
            first_deferred: deferred.map(time),
        };
        let journal = temp.open();
        let noted = journal.note_mailbox(&joe, &at(found, minutes)).await;
        assert!(noted.as_ref() == Some(&expected), "{found:?} after {minutes} minutes");
        journal.close();
        let journal = temp.open();
        let read = journal.mailbox(&joe).await.unwrap();
        assert!(read == Some(expected), "{found:?} after {minutes} minutes, read again");
        journal.close();
    }
}

#[tokio::test]
async fn what_nobody_has_confirmed_can_be_forgotten() {
    let temp = TempJournal::new();
    let journal = temp.open();
    assert!(!journal.has_unconfirmed().await, "nothing yet");
    for number in 0..3 {
        journal.note_route(&domain(number), &routed(exchangers("mx.test"))).await;
    }
    let mark = journal.checkpoint().await.unwrap();
    journal.note_route(&domain(3), &routed(MailRoute::NoDomain)).await;
    journal.confirm(mark).await;
    assert!(journal.has_unconfirmed().await, "what came after the mark");
    journal.close();
    // Also in another process: the lie may be found out after a kill.
    let journal = temp.open();
    journal.note_route(&domain(4), &routed(MailRoute::NoDomain)).await;
    journal.note_mailbox(&joe(0), &said(ACCEPTED)).await;
    journal.forget_unconfirmed().await;
    assert!(!journal.has_unconfirmed().await);
    for (number, is_kept) in [(0, true), (1, true), (2, true), (3, false), (4, false)] {
        assert_eq!(journal.route(&domain(number)).await.unwrap().is_some(), is_kept, "d{number}");
    }
    assert!(
        journal.mailbox(&joe(0)).await.unwrap().is_some(),
        "a mail server was asked, not the DNS"
    );
    // What is answered late may be a lie as well.
    journal.note_route(&domain(5), &routed(MailRoute::NoDomain)).await;
    assert_eq!(journal.route(&domain(5)).await.unwrap(), None);
    journal.close();
    // What is asked again is unconfirmed again, also where it takes the place of what was confirmed.
    let journal = temp.open();
    journal.note_route(&domain(0), &routed(MailRoute::Null)).await;
    journal.forget_unconfirmed().await;
    assert_eq!(journal.route(&domain(0)).await.unwrap(), None);
    assert_eq!(journal.routes().await, 2);
}

#[tokio::test]
async fn what_an_earlier_run_noted_last_is_known_from_what_this_one_notes() {
    let temp = TempJournal::new();
    let journal = temp.open();
    for number in 0..6 {
        journal.note_route(&domain(number), &routed(MailRoute::Null)).await;
        if number == 2 {
            journal.confirm(journal.checkpoint().await.unwrap()).await;
        }
    }
    journal.close();
    let journal = temp.open();
    journal.note_route(&domain(6), &routed(MailRoute::Null)).await;
    // So many of the last; the domains that are among them. Three were confirmed.
    for (count, last) in [(0, 6..6), (1, 5..6), (2, 4..6), (3, 3..6), (9, 3..6)] {
        for number in 0..7 {
            let is_among_them = journal.is_among_last_left(&domain(number), count).await;
            assert_eq!(is_among_them, last.contains(&number), "d{number} of the last {count}");
        }
    }
}

#[tokio::test]
async fn who_did_not_answer_can_be_forgotten() {
    use MailboxStatus as Of;
    let accepted = |catch_all| Of::Accepted { catch_all };
    // What is noted, and whether it is kept.
    let cases = [
        (accepted(CatchAll::Yes), true),
        (accepted(CatchAll::No), true),
        (accepted(CatchAll::Unknown), true),
        (Of::NotFound, true),
        (Of::Disabled, true),
        (Of::Full, true),
        (Of::Smtputf8Unsupported, true),
        // It has its time.
        (Of::Greylisted, true),
        (Of::Refused, false),
        (Of::RateLimited, false),
        (Of::Deferred, false),
        (Of::Timeout, false),
        (Of::Unreachable, false),
        (Of::ProtocolError, false),
        (Of::TlsFailed, false),
        (Of::Paused, false),
    ];
    let temp = TempJournal::new();
    let journal = temp.open();
    for (number, (found, _)) in cases.iter().enumerate() {
        journal.note_mailbox(&joe(number), &said(*found)).await.unwrap();
    }
    journal.note_route(&domain(0), &routed(MailRoute::Unresolved(Failure::Timeout))).await;
    journal.forget_unanswered().await;
    for (number, (found, is_kept)) in cases.into_iter().enumerate() {
        assert_eq!(journal.mailbox(&joe(number)).await.unwrap().is_some(), is_kept, "{found:?}");
    }
    assert!(journal.route(&domain(0)).await.unwrap().is_some());
}

#[tokio::test]
async fn no_other_run_can_use_it_meanwhile() {
    let temp = TempJournal::new();
    let journal = temp.open();
    journal.note_mailbox(&joe(0), &said(ACCEPTED)).await;
    let path = temp.path();
    let second = tokio::task::spawn_blocking(move || Journal::open(&path).err()).await.unwrap();
    assert!(matches!(second, Some(StoreError::Locked { .. })), "{second:?}");
    // Nor does that cost the first one anything.
    journal.note_mailbox(&joe(1), &said(ACCEPTED)).await.unwrap();
    assert!(journal.last_error().is_none());
    journal.close();
    let journal = temp.open();
    assert!(journal.mailbox(&joe(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn it_goes_with_the_end_of_the_run_and_leaves_nothing() {
    let temp = TempJournal::new();
    let journal = temp.open();
    journal.note_mailbox(&joe(0), &said(ACCEPTED)).await;
    assert_eq!(temp.files().len(), 2, "the log of changes is beside it");
    journal.finish().unwrap();
    assert!(temp.files().is_empty(), "{:?}", temp.files());
    // Done with, it says nothing more, and does no harm.
    assert!(journal.mailbox(&joe(0)).await.is_err());
    assert!(journal.note_mailbox(&joe(0), &said(ACCEPTED)).await.is_none());
    journal.finish().unwrap();
    // One that a run has left is deleted with what is beside it.
    let journal = temp.open();
    journal.note_mailbox(&joe(0), &said(ACCEPTED)).await;
    journal.close();
    write_private(&temp.folder().join("out.csv.mailvet-journal-wal"), "left by a kill");
    Journal::delete(&temp.path()).unwrap();
    assert!(temp.files().is_empty(), "{:?}", temp.files());
}

#[tokio::test]
async fn a_temporary_one_has_no_name() {
    let journal = Journal::temporary().unwrap();
    journal.note_route(&domain(0), &routed(exchangers("mx.test"))).await;
    journal.note_mailbox(&joe(0), &said(MailboxStatus::NotFound)).await;
    assert_eq!(journal.route(&domain(0)).await.unwrap(), Some(routed(exchangers("mx.test"))));
    assert!(journal.mailbox(&joe(0)).await.unwrap().is_some());
    // Another one is another one.
    assert!(Journal::temporary().unwrap().mailbox(&joe(0)).await.unwrap().is_none());
    journal.finish().unwrap();
}

#[tokio::test]
async fn the_files_name_nobody_of_the_list() {
    let temp = TempJournal::new();
    let journal = temp.open();
    for found in [ACCEPTED, MailboxStatus::NotFound, MailboxStatus::Greylisted] {
        let evidence = Evidence {
            host: Some(host("mx.hoster.example")),
            detail: Some("550 <joe.zqx7@good-zqx7.test> unknown".into()),
            retry_at: Some(noon() + 5 * MINUTE),
            ..said(found)
        };
        journal.note_mailbox(&mailbox("joe.zqx7@good-zqx7.test"), &evidence).await;
    }
    for (name, route) in [
        ("good-zqx7.test", exchangers("mx.hoster.example")),
        ("bad-zqx7.test", MailRoute::NoDomain),
        ("plain-zqx7.test", MailRoute::Implicit(vec![[192, 0, 2, 1].into()])),
    ] {
        journal.note_route(&host(name), &routed(route)).await;
    }
    journal.checkpoint().await;
    let files = temp.files();
    assert_eq!(files.len(), 2, "the log of changes is among them");
    for path in files {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).to_lowercase();
        for secret in ["zqx7", "joe", "good", ".test", "550 "] {
            assert!(!text.contains(secret), "{secret} in {}", path.display());
        }
    }
}

#[tokio::test]
async fn what_is_no_journal_is_left_alone() {
    let temp = TempJournal::new();
    let garbage = b"this is no journal, and long enough to tell".repeat(100);
    write_private(&temp.path(), &garbage);
    let fault = Journal::open(&temp.path()).err().expect("garbage");
    assert!(matches!(fault, StoreError::Damaged { .. }), "{fault}");
    assert_eq!(fs::read(temp.path()).unwrap(), garbage);
    fs::remove_file(temp.path()).unwrap();

    write_private(&temp.path(), "");
    let theirs = Connection::open(temp.path()).unwrap();
    theirs.execute_batch("CREATE TABLE song (title TEXT)").unwrap();
    drop(theirs);
    let fault = Journal::open(&temp.path()).err().expect("a fault");
    assert!(matches!(fault, StoreError::NotAJournal { .. }), "{fault}");
    assert!(fault.to_string().contains("--restart"), "{fault}");
    fs::remove_file(temp.path()).unwrap();

    temp.open().close();
    let newer = Connection::open(temp.path()).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let fault = Journal::open(&temp.path()).err().expect("a newer one");
    assert!(matches!(fault, StoreError::NotAJournal { .. }), "{fault}");
    fs::remove_file(temp.path()).unwrap();

    // A run may be killed before anything is in it.
    write_private(&temp.path(), "");
    let journal = temp.open();
    assert!(journal.note_mailbox(&joe(0), &said(ACCEPTED)).await.is_some());
}

#[tokio::test]
async fn many_at_once_are_noted_together() {
    let temp = TempJournal::new();
    let journal = temp.open();
    let noting = (0..5_000).map(|number| {
        let journal = journal.clone();
        async move {
            journal.note_route(&domain(number), &routed(exchangers("mx.test"))).await;
            journal.route(&domain(number)).await.unwrap().is_some()
        }
    });
    let began = tokio::time::Instant::now();
    let noted = futures_util::future::join_all(noting).await;
    assert!(noted.iter().all(|is_there| *is_there));
    assert_eq!(journal.routes().await, 5_000);
    // One change of the file for each would take far longer on most disks.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}
