//! `mailvet forget`.

use std::process::Command;
use std::sync::Arc;

use jiff::Timestamp;
use mailvet::address::Domain;
use mailvet::clock::SystemClock;
use mailvet::evidence::{CatchAll, Evidence, KnownCatchAll, MailboxStatus};
use mailvet::store::Store;

use crate::support::program::offline;
use crate::support::store::{ACCEPTED, MINUTE, TempStore, host, mailbox, said, write_private};

struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

fn run(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn forget(temp: &TempStore, addresses: &[&str]) -> Ran {
    run(offline().env("MAILVET_STATE__DIR", temp.state()).arg("forget").args(addresses))
}

/// The same as of now: the command goes by the system's clock.
fn just_said(mailbox: MailboxStatus) -> Evidence {
    Evidence { asked_at: Timestamp::now(), ..said(mailbox) }
}

async fn knows(store: &Store, name: &str) -> bool {
    store.recall(&mailbox(name), &[host("mx.test")]).await.is_some()
}

#[tokio::test]
async fn all_forms_of_an_address_are_forgotten_and_nobody_else_is() {
    // What is kept, what is said to be forgotten, how many entries go.
    let cases: [(&[&str], &[&str], u32); 7] = [
        (&["joe@good.example.org"], &["joe@good.example.org"], 1),
        (&["joe@good.example.org"], &["JOE@Good.Example.org"], 1),
        (&["joe@good.example.org"], &["Joe <mailto:joe@good.example.org>"], 1),
        (&["joe@gmail.com"], &["j.o.e+shop@googlemail.com"], 1),
        // Kept by a version that did not know the provider.
        (&["joe+shop@gmail.com", "joe@gmail.com"], &["joe+shop@gmail.com"], 2),
        (&["joe@good.example.org", "sue@b.example"], &["joe@good.example.org", "sue@b.example"], 2),
        (&[], &["joe@good.example.org"], 0),
    ];
    for (kept, forgotten, entries) in cases {
        let temp = TempStore::new();
        let store = temp.open_with(Arc::new(SystemClock));
        for name in kept {
            store.remember(&mailbox(name), &just_said(ACCEPTED)).await;
        }
        store.remember(&mailbox("other@good.example.org"), &just_said(ACCEPTED)).await;
        let ran = forget(&temp, forgotten);
        let name = format!("{forgotten:?}: {} {}", ran.stdout, ran.stderr);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{name}");
        let count = match entries {
            0 => "nothing".to_owned(),
            1 => "1 entry".to_owned(),
            more => format!("{more} entries"),
        };
        assert!(ran.stdout.contains(&count), "{name}");
        for gone in kept {
            assert!(!knows(&store, gone).await, "{gone} in {name}");
        }
        assert!(knows(&store, "other@good.example.org").await, "{name}");
    }
}

#[tokio::test]
async fn everything_that_is_kept_of_it_is_forgotten() {
    let temp = TempStore::new();
    let store = temp.open_with(Arc::new(SystemClock));
    let joe = mailbox("joe@good.example.org");
    let domain = Domain::parse("good.example.org").unwrap();
    let retry_at = Some(Timestamp::now() + 5 * MINUTE);
    let greylisted = Evidence { retry_at, ..just_said(MailboxStatus::Greylisted) };
    store.remember(&joe, &greylisted).await;
    store.remember_catch_all(&domain, &host("mx.test"), CatchAll::Yes, Timestamp::now()).await;
    let ran = forget(&temp, &["joe@good.example.org"]);
    assert!(ran.stdout.contains("3 entries"), "{}", ran.stdout);
    assert_eq!(store.greylisting(&joe).await, None);
    assert_eq!(store.catch_all(&domain, &[host("mx.test")]).await, KnownCatchAll::UNKNOWN);
    let again = forget(&temp, &["joe@good.example.org"]);
    assert!(again.status == 0 && again.stdout.contains("nothing"), "{}", again.stdout);
}

#[test]
fn where_nothing_is_kept() {
    let temp = TempStore::new();
    let ran = forget(&temp, &["joe@good.example.org"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.contains("there is no store in"), "{}", ran.stdout);
    assert!(!temp.state().exists(), "looking for it makes none");
    let homeless = run(offline()
        .env_remove("HOME")
        .env_remove("XDG_STATE_HOME")
        .args(["forget", "joe@good.example.org"]));
    assert_eq!((homeless.status, homeless.stderr.as_str()), (0, ""));
    assert!(homeless.stdout.contains("state.dir"), "{}", homeless.stdout);
}

#[test]
fn the_folder_is_the_configured_one_or_the_users_own() {
    let temp = TempStore::new();
    let home = tempfile::tempdir().unwrap();
    let configured = home.path().join("mailvet.toml");
    std::fs::write(&configured, "[state]\ndir = \"here\"").unwrap();
    let home_path = home.path().to_str().unwrap();
    let file = ["--config", configured.to_str().unwrap()];
    let below_home = home.path().join(".local/state/mailvet");
    let state = temp.state();
    // HOME, XDG_STATE_HOME, MAILVET_STATE__DIR, further arguments; the folder that is looked at.
    let cases = [
        ([Some(home_path), None, None], &[][..], &below_home),
        ([Some("/"), Some(home_path), None], &[], &home.path().join("mailvet")),
        ([Some(home_path), Some("relative"), None], &[], &below_home),
        ([Some(home_path), Some(""), None], &[], &below_home),
        ([Some("/"), None, None], &file, &home.path().join("here")),
        ([Some("/"), None, state.to_str()], &file, &state),
    ];
    for (variables, arguments, folder) in cases {
        let mut command = offline();
        command.env_remove("XDG_STATE_HOME");
        let names = ["HOME", "XDG_STATE_HOME", "MAILVET_STATE__DIR"];
        command.envs(names.iter().zip(variables).filter_map(|(name, value)| Some((name, value?))));
        let ran = run(command.args(arguments).args(["forget", "joe@good.example.org"]));
        let expected = format!("there is no store in {}.", folder.display());
        assert!(
            ran.stdout.contains(&expected),
            "{}: {} {}",
            folder.display(),
            ran.stdout,
            ran.stderr
        );
    }
}

#[tokio::test]
async fn mistakes_erase_nothing() {
    let temp = TempStore::new();
    let store = temp.open_with(Arc::new(SystemClock));
    store.remember(&mailbox("joe@good.example.org"), &just_said(ACCEPTED)).await;
    let ran = forget(&temp, &["joe@good.example.org", "sue at good.example.org"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("argument 2"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("sue"), "{}", ran.stderr);
    assert!(knows(&store, "joe@good.example.org").await);
    let none = forget(&temp, &[]);
    assert_eq!(none.status, 2);
}

#[test]
fn a_store_that_cannot_be_used_is_a_failure() {
    let temp = TempStore::new();
    std::fs::create_dir_all(temp.state()).unwrap();
    write_private(&temp.file("mailvet.db"), "garbage".repeat(1_000));
    let ran = forget(&temp, &["joe@good.example.org"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (4, ""));
    assert!(ran.stderr.contains("is damaged"), "{}", ran.stderr);
}
