//! The files: who can read them, and those that are damaged, strange, or not to be had.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use mailvet::address::Domain;
use mailvet::clock::StoppedClock;
use mailvet::evidence::{CatchAll, Evidence, KnownCatchAll};
use mailvet::store::{Store, StoreError};
use rusqlite::Connection;

use crate::support::program::offline;
use crate::support::store::{ACCEPTED, DAY, TempStore, host, mailbox, noon, said, write_private};

#[tokio::test]
async fn many_can_open_it_at_the_same_time() {
    for _ in 0..20 {
        let temp = TempStore::new();
        let stores: Vec<_> = std::thread::scope(|scope| {
            let opening: Vec<_> = (0..8).map(|_| scope.spawn(|| temp.open())).collect();
            opening.into_iter().map(|opened| opened.join().unwrap()).collect()
        });
        stores[0].remember(&mailbox("joe@good.test"), &said(ACCEPTED)).await;
        for store in &stores {
            assert!(store.recall(&mailbox("joe@good.test"), &[host("mx.test")]).await.is_some());
        }
    }
}

#[tokio::test]
async fn damage_is_named_with_what_to_do() {
    // What the file is made of; what it is called then.
    let temp = TempStore::new();
    temp.open().remember(&mailbox("joe@good.test"), &said(ACCEPTED)).await;
    let path = temp.file("mailvet.db");
    let sound = fs::read(&path).unwrap();
    let half = &sound[..sound.len() / 2];
    let mut scribbled = sound.clone();
    scribbled[100..3_000].fill(0x5a);
    for (name, bytes) in [
        ("garbage", &b"garbage".repeat(1_000)[..]),
        ("half of it", half),
        ("scribbled", &scribbled),
    ] {
        fs::write(&path, bytes).unwrap();
        let fault = temp.fault();
        assert!(matches!(fault, StoreError::Damaged { .. }), "{name}: {fault}");
        let said = fault.to_string();
        let path = path.to_str().unwrap();
        for words in [path, "damaged", "delete", "-wal", "begins a new one"] {
            assert!(said.contains(words), "{name}: {words} in {said}");
        }
        assert_eq!(fs::read(path).unwrap(), bytes, "{name}: left as it is");
    }
    for file in ["mailvet.db", "mailvet.db-wal", "mailvet.db-shm"] {
        let _ = fs::remove_file(temp.file(file));
    }
    temp.open().remember(&mailbox("joe@good.test"), &said(ACCEPTED)).await;
}

#[tokio::test]
async fn damage_that_shows_later_costs_nothing_but_what_was_kept() {
    let temp = TempStore::new();
    let store = temp.open();
    for number in 0..2_000 {
        store.remember(&mailbox(&format!("joe{number}@good.test")), &said(ACCEPTED)).await;
    }
    drop(store);
    let path = temp.file("mailvet.db");
    let mut bytes = fs::read(&path).unwrap();
    assert!(bytes.len() > 100_000);
    bytes[60_000..].fill(0x5a);
    fs::write(&path, &bytes).unwrap();
    // It may be found out at once, or with the first row that is looked for.
    let opened = temp.try_open(64, Arc::new(StoppedClock(noon())));
    if let Ok(store) = opened {
        for number in 0..2_000 {
            let joe = mailbox(&format!("joe{number}@good.test"));
            let _ = store.recall(&joe, &[host("mx.test")]).await;
            store.remember(&joe, &said(ACCEPTED)).await;
        }
        assert!(matches!(store.last_error().await, Some(StoreError::Damaged { .. })));
    }
}

#[test]
fn files_of_others_are_left_alone() {
    let temp = TempStore::new();
    fs::create_dir_all(temp.state()).unwrap();
    let path = temp.file("mailvet.db");
    write_private(&path, "");
    let theirs = Connection::open(&path).unwrap();
    theirs.execute_batch("CREATE TABLE song (title TEXT)").unwrap();
    drop(theirs);
    let before = fs::read(&path).unwrap();
    let fault = temp.fault();
    assert!(matches!(fault, StoreError::NotOurs { .. }), "{fault}");
    assert!(fault.to_string().contains("choose another folder"), "{fault}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_newer_store_is_left_alone() {
    let temp = TempStore::new();
    drop(temp.open());
    let newer = Connection::open(temp.file("mailvet.db")).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let fault = temp.fault();
    assert!(matches!(fault, StoreError::Newer { .. }), "{fault}");
}

/// Whether there is something of the mailbox in the store.
fn knows(store: &Store, name: &str) -> bool {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(store.recall(&mailbox(name), &[host("mx.test")])).is_some()
}

#[test]
fn what_was_kept_under_old_canonical_keys_is_dropped() {
    let temp = TempStore::new();
    let domain = Domain::parse("all.test").unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = temp.open();
    // The command goes by the system's clock, and what has ended would go anyway.
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    let evidence = Evidence { asked_at: now, ..said(ACCEPTED) };
    runtime.block_on(async {
        store.remember(&mailbox("joe@good.test"), &evidence).await;
        store.remember_catch_all(&domain, &host("mx.test"), CatchAll::Yes, now).await;
        store.flush().await;
    });
    drop(store);
    assert!(knows(&temp.open(), "joe@good.test"), "kept while the rules are the same");
    // As the first version left it.
    let old = Connection::open(temp.file("mailvet.db")).unwrap();
    let sql = "DELETE FROM setting WHERE name = 'canonical_rules';
               ALTER TABLE catch_all DROP COLUMN asked_at;
               ALTER TABLE standing DROP COLUMN refused_us;
               ALTER TABLE standing DROP COLUMN refused_us_until;
               ALTER TABLE standing DROP COLUMN failures;
               ALTER TABLE standing DROP COLUMN failures_until;
               DROP TABLE refusals;
               PRAGMA user_version = 1;";
    old.execute_batch(sql).unwrap();
    drop(old);
    let opened = offline()
        .env("MAILVET_STATE__DIR", temp.state())
        .env("MAILVET_LOG__LEVEL", "info")
        .args(["forget", "nobody@good.test"])
        .output()
        .unwrap();
    let log = String::from_utf8(opened.stderr).unwrap();
    assert!(log.contains("what was kept by the old ones is dropped from the store"), "{log}");
    assert!(!log.contains("good.test"), "{log}");
    assert!(!knows(&temp.open(), "joe@good.test"));
    // Keyed by its domain, to which the rules say nothing, and as old as it was.
    let known = runtime.block_on(temp.open().catch_all(&domain, &[host("mx.test")]));
    assert_eq!(known, KnownCatchAll::shown(CatchAll::Yes, now));
    // Once.
    runtime.block_on(temp.open().remember(&mailbox("joe@good.test"), &evidence));
    assert!(knows(&temp.open(), "joe@good.test"));
}

#[test]
fn an_unfinished_store_is_finished() {
    let temp = TempStore::new();
    fs::create_dir_all(temp.state()).unwrap();
    write_private(&temp.file("mailvet.db"), "");
    write_private(&temp.file("mailvet.key"), "half");
    drop(temp.open());
    assert_eq!(fs::read(temp.file("mailvet.key")).unwrap().len(), 32);
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let temp = TempStore::new();
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    fs::write(&blocked, "").unwrap();
    for path in [blocked.join("state"), blocked.clone(), "/proc/mailvet".into()] {
        let fault = Store::open(&path, 64, Arc::new(StoppedClock(noon()))).err().unwrap();
        assert!(matches!(fault, StoreError::Unusable { .. }), "{}: {fault}", path.display());
        assert!(fault.to_string().contains(path.to_str().unwrap()), "{fault}");
    }
    // The database itself is a folder.
    fs::create_dir_all(temp.file("mailvet.db")).unwrap();
    let fault = temp.fault();
    assert!(matches!(fault, StoreError::Unusable { .. }), "{fault}");
}

#[tokio::test]
async fn without_its_key_nothing_is_left() {
    let temp = TempStore::new();
    let joe = mailbox("joe@good.test");
    temp.open().remember(&joe, &said(ACCEPTED)).await;
    assert!(temp.open().recall(&joe, &[host("mx.test")]).await.is_some(), "with its key");
    fs::remove_file(temp.file("mailvet.key")).unwrap();
    assert!(temp.open().recall(&joe, &[host("mx.test")]).await.is_none());
    let rows = Connection::open(temp.file("mailvet.db")).unwrap();
    let rows: u32 = rows.query_row("SELECT count(*) FROM evidence", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn what_has_ended_goes() {
    let temp = TempStore::new();
    let store = temp.open();
    for number in 0..300 {
        store.remember(&mailbox(&format!("joe{number}@good.test")), &said(ACCEPTED)).await;
    }
    let later = temp.open_at(noon() + 8 * DAY);
    let rows = Connection::open(temp.file("mailvet.db")).unwrap();
    let rows: u32 = rows.query_row("SELECT count(*) FROM evidence", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 0);
    drop((store, later));
}

/// What another program may have put where a file of ours is going to be.
fn lay(path: &Path, what: &str) {
    let elsewhere = path.with_extension("elsewhere");
    match what {
        "a link" | "a dangling link" => {
            if what == "a link" {
                fs::write(&elsewhere, "").unwrap();
                fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o600)).unwrap();
            }
            std::os::unix::fs::symlink(elsewhere, path).unwrap();
        }
        "a pipe" => {
            let made = std::process::Command::new("mkfifo").args(["-m", "600"]).arg(path).status();
            assert!(made.unwrap().success());
        }
        "readable" | "writable" => {
            fs::write(path, "").unwrap();
            let mode = if what == "readable" { 0o640 } else { 0o602 };
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        _ => unreachable!("{what}"),
    }
}

#[test]
fn what_others_have_laid_there_is_not_used() {
    let files =
        ["mailvet.db", "mailvet.db-wal", "mailvet.db-shm", "mailvet.db-journal", "mailvet.key"];
    let kinds = [
        ("a link", "symbolic link"),
        ("a dangling link", "symbolic link"),
        ("a pipe", "no regular file"),
        ("readable", "chmod it to 600"),
        ("writable", "chmod it to 600"),
    ];
    for file in files {
        for (what, words) in kinds {
            let temp = TempStore::new();
            fs::create_dir_all(temp.state()).unwrap();
            let path = temp.file(file);
            lay(&path, what);
            let fault = temp.fault();
            assert!(matches!(fault, StoreError::Unusable { .. }), "{file}, {what}: {fault}");
            let said = fault.to_string();
            assert!(said.contains(words) && said.contains(file), "{file}, {what}: {said}");
            assert!(!path.with_extension("elsewhere").exists() || what == "a link");
        }
    }
}

#[test]
fn a_folder_may_be_reached_through_a_link() {
    let temp = TempStore::new();
    drop(temp.open());
    let link = temp.state().with_file_name("link");
    std::os::unix::fs::symlink(temp.state(), &link).unwrap();
    assert!(Store::open(&link, 64, Arc::new(StoppedClock(noon()))).is_ok());
}

#[test]
fn the_superuser_leaves_a_file_to_its_owner() {
    use std::os::unix::fs::{MetadataExt, chown};

    const ANOTHER: u32 = 4_711;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let temp = TempStore::new();
    drop(temp.open());
    for file in ["mailvet.db", "mailvet.key"] {
        chown(temp.file(file), Some(ANOTHER), Some(ANOTHER)).unwrap();
    }
    let store = temp.open();
    for file in ["mailvet.db", "mailvet.db-wal", "mailvet.db-shm", "mailvet.key"] {
        let there = fs::metadata(temp.file(file)).unwrap();
        assert_eq!((there.uid(), there.mode() & 0o777), (ANOTHER, 0o600), "{file}");
    }
    drop(store);
}

#[test]
fn a_key_that_somebody_keeps_locked_is_not_waited_for_without_end() {
    let temp = TempStore::new();
    drop(temp.open());
    let key = fs::File::open(temp.file("mailvet.key")).unwrap();
    key.lock().unwrap();
    let fault = temp.fault();
    assert!(matches!(fault, StoreError::Locked { .. }), "{fault}");
    assert!(fault.to_string().contains("mailvet.key"), "{fault}");
    key.unlock().unwrap();
    drop(temp.open());
}
