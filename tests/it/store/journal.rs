//! The journal of a run over a list: what is noted stays noted, for one run at a time, and names nobody.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jiff::Timestamp;
use mailvet::catalog::Canonical;
use mailvet::evidence::{CatchAll, Evidence, MailboxStatus};
use mailvet::route::{
    Exchanger, Exchangers, Failure, HostName, MailRoute, NullMx, Routed, Targets,
};
use mailvet::store::{Journal, NotedMailbox, NotedRoute, StoreError};
use rusqlite::Connection;
use tempfile::TempDir;

use super::child::child;
use super::house::{ACCEPTED, MINUTE, host, mailbox, noon, said, write_private};

/// A folder with a journal in it.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("out.csv.mailvet-journal")
    }

    fn open(&self) -> Journal {
        Journal::open(&self.path()).unwrap()
    }

    fn files(&self) -> Vec<PathBuf> {
        fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

/// The journal in the folder that a process of its own was told of.
fn journal() -> Journal {
    let folder = std::env::var("MAILVET_TEST_FOLDER").expect("only other tests run this one");
    Journal::open(&Path::new(&folder).join("out.csv.mailvet-journal")).unwrap()
}

fn routed(route: MailRoute) -> NotedRoute {
    NotedRoute { routed: Routed { route, ttl: 5 * MINUTE }, asked_at: noon() }
}

fn exchangers(name: &str) -> MailRoute {
    let hosts = vec![Exchanger { host: host(name), preference: 10 }];
    MailRoute::Exchangers(Exchangers { hosts, null_mx: NullMx::Absent, targets: Targets::Named })
}

fn joe(number: usize) -> Canonical {
    mailbox(&format!("joe{number}@good.test"))
}

fn domain(number: usize) -> HostName {
    host(&format!("d{number}.test"))
}

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
    let desk = Desk::new();
    assert!(!Journal::exists(&desk.path()));
    let journal = desk.open();
    for (number, route) in routes.iter().enumerate() {
        journal.note_route(&domain(number), &routed(route.clone())).await;
    }
    for (number, found) in mailboxes.iter().enumerate() {
        journal.note_mailbox(&joe(number), &said(*found)).await.unwrap();
    }
    journal.close();
    assert!(Journal::exists(&desk.path()));
    let journal = desk.open();
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
        // That nobody could be asked is no news.
        (Of::Paused, 5, (Of::Greylisted, 1, 5, Some(1))),
        (Of::Greylisted, 15, (Of::Greylisted, 15, 15, Some(1))),
        (Of::Timeout, 20, (Of::Timeout, 20, 20, Some(1))),
        (ACCEPTED, 60, (ACCEPTED, 60, 60, Some(1))),
    ];
    let desk = Desk::new();
    for (found, minutes, (stands, asked, tried, deferred)) in cases {
        let time = |minutes: u32| -> Timestamp { noon() + minutes * MINUTE };
        let expected = NotedMailbox {
            evidence: at(stands, asked),
            tried_at: time(tried),
            first_deferred: deferred.map(time),
        };
        let journal = desk.open();
        let noted = journal.note_mailbox(&joe, &at(found, minutes)).await;
        assert!(noted.as_ref() == Some(&expected), "{found:?} after {minutes} minutes");
        journal.close();
        let journal = desk.open();
        let read = journal.mailbox(&joe).await.unwrap();
        assert!(read == Some(expected), "{found:?} after {minutes} minutes, read again");
        journal.close();
    }
}

#[tokio::test]
async fn what_nobody_has_confirmed_can_be_forgotten() {
    let desk = Desk::new();
    let journal = desk.open();
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
    let journal = desk.open();
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
    let journal = desk.open();
    journal.note_route(&domain(0), &routed(MailRoute::Null)).await;
    journal.forget_unconfirmed().await;
    assert_eq!(journal.route(&domain(0)).await.unwrap(), None);
    assert_eq!(journal.routes().await, 2);
}

#[tokio::test]
async fn what_an_earlier_run_noted_last_is_known_from_what_this_one_notes() {
    let desk = Desk::new();
    let journal = desk.open();
    for number in 0..6 {
        journal.note_route(&domain(number), &routed(MailRoute::Null)).await;
        if number == 2 {
            journal.confirm(journal.checkpoint().await.unwrap()).await;
        }
    }
    journal.close();
    let journal = desk.open();
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
    let desk = Desk::new();
    let journal = desk.open();
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
async fn nobody_else_can_use_it_meanwhile() {
    let desk = Desk::new();
    let journal = desk.open();
    journal.note_mailbox(&joe(0), &said(ACCEPTED)).await;
    let path = desk.path();
    let second = tokio::task::spawn_blocking(move || Journal::open(&path).err()).await.unwrap();
    assert!(matches!(second, Some(StoreError::Locked { .. })), "{second:?}");
    // Nor does that cost the first one anything.
    journal.note_mailbox(&joe(1), &said(ACCEPTED)).await.unwrap();
    assert!(journal.last_error().is_none());
    journal.close();
    let journal = desk.open();
    assert!(journal.mailbox(&joe(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn it_goes_with_the_end_of_the_run_and_leaves_nothing() {
    let desk = Desk::new();
    let journal = desk.open();
    journal.note_mailbox(&joe(0), &said(ACCEPTED)).await;
    assert_eq!(desk.files().len(), 2, "the log of changes is beside it");
    journal.finish().unwrap();
    assert!(desk.files().is_empty(), "{:?}", desk.files());
    // Done with, it says nothing more, and does no harm.
    assert!(journal.mailbox(&joe(0)).await.is_err());
    assert!(journal.note_mailbox(&joe(0), &said(ACCEPTED)).await.is_none());
    journal.finish().unwrap();
    // One that a run has left is deleted with what is beside it.
    let journal = desk.open();
    journal.note_mailbox(&joe(0), &said(ACCEPTED)).await;
    journal.close();
    write_private(&desk.folder().join("out.csv.mailvet-journal-wal"), "left by a kill");
    Journal::delete(&desk.path()).unwrap();
    assert!(desk.files().is_empty(), "{:?}", desk.files());
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
    let desk = Desk::new();
    let journal = desk.open();
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
    let files = desk.files();
    assert_eq!(files.len(), 2, "the log of changes is among them");
    for path in files {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).to_lowercase();
        for secret in ["zqx7", "joe", "good", ".test", "550 "] {
            assert!(!text.contains(secret), "{secret} in {}", path.display());
        }
    }
}

#[test]
#[ignore = "run as a process of its own"]
fn looks_at_the_files_of_a_journal() {
    let journal = journal();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(journal.note_mailbox(&joe(0), &said(ACCEPTED)));
    let folder = std::env::var("MAILVET_TEST_FOLDER").unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
}

#[test]
fn nobody_else_can_read_it() {
    for mask in ["000", "022", "077"] {
        let desk = Desk::new();
        let child = child("store::journal::looks_at_the_files_of_a_journal", desk.folder());
        let output = limited(&format!("umask {mask}"), &child).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "umask {mask}: {said}");
        assert!(!desk.files().is_empty(), "umask {mask}");
    }
}

/// A command in a shell that was told something first.
fn limited(first: &str, command: &Command) -> Command {
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("{first}; exec \"$0\" \"$@\"")]);
    limited.arg(command.get_program()).args(command.get_args());
    limited.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    limited
}

#[test]
#[ignore = "run as a process of its own"]
fn notes_more_than_there_is_room_for() {
    let journal = journal();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let noting = async {
            for number in 0.. {
                if journal.note_mailbox(&joe(number), &said(ACCEPTED)).await.is_none() {
                    return number;
                }
            }
            unreachable!("the disk is not full")
        };
        let (last_error, noted) = tokio::join!(journal.failed(), noting);
        assert!(!matches!(last_error, StoreError::Damaged { .. }), "{last_error}");
        assert_eq!(journal.last_error(), Some(last_error));
        // Whoever asks is told that nothing is known, and is not left waiting.
        assert!(journal.mailbox(&joe(0)).await.is_err());
        assert!(journal.checkpoint().await.is_none());
        println!("noted {noted}");
    });
}

#[test]
fn a_full_disk_is_told_and_costs_nothing_that_was_noted() {
    let desk = Desk::new();
    desk.open().close();
    let child = child("store::journal::notes_more_than_there_is_room_for", desk.folder());
    // 150 KiB a file; who writes more is told so, not killed.
    let output = limited("trap '' XFSZ; ulimit -f 300", &child).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told} {errors}");
    let (_, noted) = told.split_once("noted ").expect("a count");
    let noted: usize = noted.lines().next().unwrap().parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let journal = desk.open();
        for number in 0..noted {
            assert!(journal.mailbox(&joe(number)).await.unwrap().is_some(), "{number} of {noted}");
        }
        let more = journal.note_mailbox(&joe(noted), &said(ACCEPTED)).await;
        assert!(more.is_some(), "with room the run goes on");
    });
}

#[test]
#[ignore = "run as a process of its own"]
fn notes_until_it_is_killed() {
    let journal = journal();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for number in 0.. {
            journal.note_route(&domain(number), &routed(exchangers("mx.test"))).await;
            journal.note_mailbox(&joe(number), &said(ACCEPTED)).await;
            println!("noted {number}");
        }
    });
}

#[test]
fn what_was_noted_before_a_kill_is_there_afterwards() {
    let desk = Desk::new();
    let mut known = 0;
    for round in 1..=3 {
        let mut child = child("store::journal::notes_until_it_is_killed", desk.folder());
        let mut writer = child.spawn().unwrap();
        let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let noted = lines.map_while(Result::ok).filter_map(|line| {
            line.strip_prefix("noted ").and_then(|number| number.parse::<usize>().ok())
        });
        let last = noted.take(round * 100).last().expect("something noted");
        writer.kill().unwrap();
        writer.wait().unwrap();
        known = known.max(last);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let journal = desk.open();
            for number in 0..=known {
                assert!(
                    journal.route(&domain(number)).await.unwrap().is_some(),
                    "round {round}: {number}"
                );
                assert!(
                    journal.mailbox(&joe(number)).await.unwrap().is_some(),
                    "round {round}: {number}"
                );
            }
            journal.close();
        });
        let database = Connection::open(desk.path()).unwrap();
        let check: String =
            database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok", "round {round}");
    }
}

#[tokio::test]
async fn what_is_no_journal_is_left_alone() {
    let desk = Desk::new();
    let garbage = b"this is no journal, and long enough to tell".repeat(100);
    write_private(&desk.path(), &garbage);
    let fault = Journal::open(&desk.path()).err().expect("garbage");
    assert!(matches!(fault, StoreError::Damaged { .. }), "{fault}");
    assert_eq!(fs::read(desk.path()).unwrap(), garbage);
    fs::remove_file(desk.path()).unwrap();

    write_private(&desk.path(), "");
    let theirs = Connection::open(desk.path()).unwrap();
    theirs.execute_batch("CREATE TABLE song (title TEXT)").unwrap();
    drop(theirs);
    let fault = Journal::open(&desk.path()).err().expect("somebody else's");
    assert!(matches!(fault, StoreError::NotAJournal { .. }), "{fault}");
    assert!(fault.to_string().contains("--restart"), "{fault}");
    fs::remove_file(desk.path()).unwrap();

    desk.open().close();
    let newer = Connection::open(desk.path()).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let fault = Journal::open(&desk.path()).err().expect("a newer one");
    assert!(matches!(fault, StoreError::NotAJournal { .. }), "{fault}");
    fs::remove_file(desk.path()).unwrap();

    // A run may be killed before anything is in it.
    write_private(&desk.path(), "");
    let journal = desk.open();
    assert!(journal.note_mailbox(&joe(0), &said(ACCEPTED)).await.is_some());
}

#[tokio::test]
async fn many_at_once_are_noted_together() {
    let desk = Desk::new();
    let journal = desk.open();
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
