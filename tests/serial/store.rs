//! What processes of their own do to a store and to a journal: share it, fill the disk, are killed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::num::NonZeroU32;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use mailvet::clock::{Clock, MovableClock, StoppedClock};
use mailvet::config::{LogConfig, LogFormat};
use mailvet::smtp::limiter::{
    AcquireResult, Destination, LimitStore, Limits, NeverList, Outcomes, ProbeLimiter,
    ServerFeedback,
};
use mailvet::store::{Journal, Store, StoreError};
use mailvet::telemetry::start;
use rusqlite::Connection;
use tokio::time::Instant;

use crate::support::bounded::{with_file_blocks, with_limit};
use crate::support::store::{
    ACCEPTED, JOURNAL, TempJournal, TempStore, domain, exchangers, host, joe, mailbox, noon,
    routed, said,
};

tests![
    no_other_user_can_read_them,
    a_full_disk_is_told_once_and_damages_nothing,
    real_processes_share_the_day,
    what_was_kept_is_there_afterwards,
    no_other_user_can_read_it,
    a_full_disk_is_told_and_costs_nothing_that_was_noted,
    what_was_noted_before_a_kill_is_there_afterwards,
];

/// The first argument of a process that has one of the roles; the second is the role, the third the folder.
pub(crate) const CHILD: &str = "--child";

type Role = (&'static str, fn(&Path));

/// What a process of its own does with the store or the journal in a folder.
const ROLES: [Role; 7] = [
    ("looks_at_its_files", looks_at_its_files),
    ("writes_more_than_it_may", writes_more_than_it_may),
    ("asks_until_the_day_is_full", asks_until_the_day_is_full),
    ("writes_until_it_is_killed", writes_until_it_is_killed),
    ("looks_at_the_files_of_a_journal", looks_at_the_files_of_a_journal),
    ("notes_more_than_there_is_room_for", notes_more_than_there_is_room_for),
    ("notes_until_it_is_killed", notes_until_it_is_killed),
];

/// Plays a role, in a process of its own.
pub(crate) fn play(role: &str, folder: &Path) {
    let (_, play) = ROLES.into_iter().find(|(name, _)| *name == role).expect("a role");
    play(folder);
}

/// A process of its own with this role and this folder.
fn child(role: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([CHILD, role])
        .arg(folder)
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn store(folder: &Path, clock: impl Clock) -> Store {
    Store::open(folder, 64, Arc::new(clock)).unwrap()
}

fn journal(folder: &Path) -> Journal {
    Journal::open(&folder.join(JOURNAL)).unwrap()
}

fn looks_at_its_files(folder: &Path) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = store(folder, StoppedClock(noon()));
    runtime.block_on(store.remember(&mailbox("joe@good.test"), &said(ACCEPTED)));
    assert_eq!(mode(folder), 0o700);
    assert_eq!(mode(folder.parent().unwrap()), 0o700);
    for file in ["mailvet.db", "mailvet.db-wal", "mailvet.db-shm", "mailvet.key"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), 4);
}

fn no_other_user_can_read_them() {
    for mask in ["000", "022", "077"] {
        let temp = TempStore::new();
        let child = child("looks_at_its_files", &temp.state());
        let output = with_limit(&child, &format!("umask {mask}")).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "umask {mask}: {said}");
    }
}

fn writes_more_than_it_may(folder: &Path) {
    // Written out when it is dropped.
    let _log = start(LogConfig { format: LogFormat::Text, ..LogConfig::default() }).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = store(folder, StoppedClock(noon()));
        for number in 0..3_000 {
            store.remember(&mailbox(&format!("joe{number}@good.test")), &said(ACCEPTED)).await;
        }
        let last_error = store.last_error().await.expect("the disk is full");
        assert!(!matches!(last_error, StoreError::Damaged { .. }), "{last_error}");
        println!("the run went on");
    });
}

fn a_full_disk_is_told_once_and_damages_nothing() {
    let temp = TempStore::new();
    drop(temp.open());
    let writer = child("writes_more_than_it_may", &temp.state());
    // 150 KiB a file.
    let output = with_file_blocks(&writer, 300).output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("the run went on"));
    assert_eq!(log.matches("WARN").count(), 1, "{log}");
    assert!(log.contains("meanwhile nothing is kept"), "{log}");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = temp.open();
        let first = store.recall(&mailbox("joe0@good.test"), &[host("mx.test")]).await;
        assert!(first.is_some(), "what was kept before is there");
        store.remember(&mailbox("sue@good.test"), &said(ACCEPTED)).await;
        assert!(store.last_error().await.is_none());
    });
}

fn asks_until_the_day_is_full(folder: &Path) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        // Noon in all of them, so that no day ends meanwhile.
        let clock = MovableClock::starting_at(noon());
        let store = store(folder, clock);
        let limits = Limits { recipients_per_day: 100, gap: Duration::ZERO, ..Limits::default() };
        let ledger: Arc<dyn LimitStore> = Arc::new(store.clone());
        let never = NeverList::default();
        let limiter = ProbeLimiter::new(limits, never, Arc::new(clock), Some(ledger));
        let to = Destination::new(host("mx.example.org"), None, [192, 0, 2, 1].into());
        let wanted = NonZeroU32::new(3).unwrap();
        let acquire = || limiter.acquire(&to, wanted, Instant::now() + Duration::from_secs(60));
        let mut asked = 0;
        while let AcquireResult::Go(grant) = acquire().await {
            asked += grant.allowance().recipients;
            let asked = grant.allowance().recipients;
            grant.finish(Outcomes {
                asked,
                answered: asked,
                feedback: ServerFeedback::Answered,
                ..Outcomes::NOTHING
            });
        }
        store.flush().await;
        println!("asked {asked}");
    });
}

fn real_processes_share_the_day() {
    let temp = TempStore::new();
    let asking: Vec<_> = (0..3)
        .map(|_| child("asks_until_the_day_is_full", &temp.state()).spawn().unwrap())
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

fn writes_until_it_is_killed(folder: &Path) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = store(folder, StoppedClock(noon()));
        for number in 0.. {
            store.remember(&mailbox(&format!("joe{number}@good.test")), &said(ACCEPTED)).await;
            println!("kept {number}");
        }
    });
}

fn what_was_kept_is_there_afterwards() {
    let temp = TempStore::new();
    let mut known = 0;
    for round in 1..=5 {
        let mut writer = child("writes_until_it_is_killed", &temp.state()).spawn().unwrap();
        let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let kept = lines.map_while(Result::ok).filter_map(|line| {
            line.strip_prefix("kept ").and_then(|number| number.parse::<u32>().ok())
        });
        let last = kept.take(round * 100).last().expect("something kept");
        writer.kill().unwrap();
        writer.wait().unwrap();
        known = known.max(last);
        let database = Connection::open(temp.file("mailvet.db")).unwrap();
        let check: String =
            database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok", "round {round}");
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = temp.open();
            for number in 0..=known {
                let joe = mailbox(&format!("joe{number}@good.test"));
                let kept = store.recall(&joe, &[host("mx.test")]).await;
                assert!(kept.is_some(), "round {round}: {number}");
            }
        });
    }
}

fn looks_at_the_files_of_a_journal(folder: &Path) {
    let journal = journal(folder);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(journal.note_mailbox(&joe(0), &said(ACCEPTED)));
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

fn no_other_user_can_read_it() {
    for mask in ["000", "022", "077"] {
        let temp = TempJournal::new();
        let child = child("looks_at_the_files_of_a_journal", temp.folder());
        let output = with_limit(&child, &format!("umask {mask}")).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "umask {mask}: {said}");
        assert!(!temp.files().is_empty(), "umask {mask}");
    }
}

fn notes_more_than_there_is_room_for(folder: &Path) {
    let journal = journal(folder);
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
        // The caller gets the answer that nothing is known, and does not wait.
        assert!(journal.mailbox(&joe(0)).await.is_err());
        assert!(journal.checkpoint().await.is_none());
        println!("noted {noted}");
    });
}

fn a_full_disk_is_told_and_costs_nothing_that_was_noted() {
    let temp = TempJournal::new();
    temp.open().close();
    let child = child("notes_more_than_there_is_room_for", temp.folder());
    // 150 KiB a file; a process that writes more gets an error, not a signal.
    let output = with_file_blocks(&child, 300).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout} {errors}");
    let (_, noted) = stdout.split_once("noted ").expect("a count");
    let noted: usize = noted.lines().next().unwrap().parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let journal = temp.open();
        for number in 0..noted {
            assert!(journal.mailbox(&joe(number)).await.unwrap().is_some(), "{number} of {noted}");
        }
        let more = journal.note_mailbox(&joe(noted), &said(ACCEPTED)).await;
        assert!(more.is_some(), "with room the run goes on");
    });
}

fn notes_until_it_is_killed(folder: &Path) {
    let journal = journal(folder);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for number in 0.. {
            journal.note_route(&domain(number), &routed(exchangers("mx.test"))).await;
            journal.note_mailbox(&joe(number), &said(ACCEPTED)).await;
            println!("noted {number}");
        }
    });
}

fn what_was_noted_before_a_kill_is_there_afterwards() {
    let temp = TempJournal::new();
    let mut known = 0;
    for round in 1..=3 {
        let mut child = child("notes_until_it_is_killed", temp.folder());
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
            let journal = temp.open();
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
        let database = Connection::open(temp.path()).unwrap();
        let check: String =
            database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok", "round {round}");
    }
}
