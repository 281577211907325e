//! No room, no access, and journals that are none.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use rustix::process::Signal;

use super::clean_env::{CleanEnv, CleanRun, SOUND};
use super::lists::MadeUp;
use crate::support::bounded::with_file_blocks;
use crate::support::dns::DnsServer;
use crate::support::program::offline;

tests![
    where_there_is_no_room_for_the_output_it_is_said_and_resume_goes_on,
    where_there_is_no_room_for_the_journal_it_is_said_and_resume_goes_on,
    a_full_device_is_a_failure,
    an_output_that_cannot_be_made_is_wrong_use,
    what_is_no_journal_is_left_alone_until_restart,
];

fn where_there_is_no_room_for_the_output_it_is_said_and_resume_goes_on() {
    let mut list = "id,email,name\n".to_owned();
    for row in 0..2_000 {
        writeln!(list, "{row},joe{row}@d{}.test,{}", row % 20, "x".repeat(500)).unwrap();
    }
    let dns = DnsServer::start(&format!("{SOUND}\n*.test MX 10 mx.test"));
    let expected = CleanEnv::undisturbed(&list, &dns);
    let env = CleanEnv::with(&list);
    let ended = CleanRun::start(&mut with_file_blocks(&env.clean(&dns), 500)).end();
    let words = ["cannot write out.csv", "make room first", "out.csv.mailvet-partial", "--resume"];
    ended.assert("no room", 4, &words);
    env.assert_resumable("no room");
    let asked_about =
        |dns: &DnsServer| dns.questions().iter().filter(|asked| asked.starts_with('d')).count();
    let asked = asked_about(&dns);
    CleanRun::start(&mut env.resume(&dns)).end().assert("resumed", 0, &[]);
    env.assert_done("resumed");
    assert!(env.output() == expected, "the outputs differ");
    assert_eq!(asked_about(&dns), asked, "asked again");
}

fn where_there_is_no_room_for_the_journal_it_is_said_and_resume_goes_on() {
    const DOMAINS: usize = 800;
    let mut list = "email\n".to_owned();
    for row in 0..DOMAINS {
        writeln!(list, "joe@d{row}.test").unwrap();
    }
    let dns = DnsServer::start(&format!("{SOUND}\n*.test MX 10 mx.test"));
    let briefly = |command: &mut Command| {
        command.args(["--fields", "verdict", "--concurrency", "8"]);
    };
    let whole = CleanEnv::with(&list);
    let mut undisturbed = whole.clean(&dns);
    briefly(&mut undisturbed);
    CleanRun::start(&mut undisturbed).end().assert("undisturbed", 0, &[]);

    let dns = DnsServer::start(&format!("{SOUND}\n*.test MX 10 mx.test"));
    let env = CleanEnv::with(&list);
    let mut command = env.clean(&dns);
    briefly(&mut command);
    let ended = CleanRun::start(&mut with_file_blocks(&command, 500)).end();
    ended.assert("no room", 4, &["cannot note what was found out", "--resume"]);
    env.assert_resumable("no room");
    let mut resumed = env.resume(&dns);
    briefly(&mut resumed);
    CleanRun::start(&mut resumed).end().assert("resumed", 0, &[]);
    env.assert_done("resumed");
    assert!(env.output() == whole.output(), "the outputs differ");
    // What was under way is asked once more, and the last answer of the first run, no others.
    let asked = dns.questions().iter().filter(|question| question.starts_with('d')).count();
    assert!((DOMAINS..=DOMAINS + 8 + 1).contains(&asked), "{asked} questions");
}

fn a_full_device_is_a_failure() {
    let env = CleanEnv::with("email\njoe@a.test\n");
    for (name, arguments) in [("standard output", &[][..]), ("-o", &["-o", "/dev/full"])] {
        let mut command = offline();
        command.args(["clean", "list.csv"]).args(arguments).current_dir(env.path(""));
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let ended = CleanRun::start_with(command.stdin(Stdio::null()).stdout(full)).end();
        ended.assert(name, 4, &["cannot write", "No space left on device"]);
        assert_eq!(env.files(), ["list.csv"], "{name}");
    }
}

fn an_output_that_cannot_be_made_is_wrong_use() {
    let env = CleanEnv::with("email\njoe@a.test\n");
    fs::write(env.path("file"), "").unwrap();
    fs::create_dir(env.path("folder")).unwrap();
    let cases = ["nowhere/out.csv", "file/out.csv", "/proc/mailvet/out.csv", "folder"];
    for path in cases {
        for input in ["list.csv", "-"] {
            let mut command = offline();
            let list = fs::File::open(env.path("list.csv")).unwrap();
            command.args(["clean", input, "-o", path]).current_dir(env.path(""));
            let ended = CleanRun::start_with(command.stdin(list).stdout(Stdio::null())).end();
            ended.assert(&format!("{path} of {input}"), 2, &[path]);
            assert_eq!(env.files(), ["file", "folder", "list.csv"], "{path} of {input}");
        }
    }
}

fn what_is_no_journal_is_left_alone_until_restart() {
    let list = MadeUp::of(100, 20);
    let dns = DnsServer::start(&list.zone);
    dns.release();
    let expected = CleanEnv::undisturbed(&list.text, &dns);
    // What there is instead of a journal; the status, and what is said.
    let song = || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("songs");
        let theirs = Connection::open(&path).unwrap();
        theirs.execute_batch("CREATE TABLE song (title TEXT)").unwrap();
        drop(theirs);
        fs::read(path).unwrap()
    };
    let (env, journal) = stopped(&list);
    let mut scribbled = journal.clone();
    scribbled[20..4_000].fill(0x5a);
    let cases = [
        ("a database of another program", song(), 2, "is no journal"),
        ("garbage", b"garbage".repeat(1_000), 4, "is damaged"),
        ("a journal written over", scribbled, 4, "is damaged"),
        ("half a journal", journal[..journal.len() / 2].to_vec(), 4, "is damaged"),
    ];
    let path = env.path("out.csv.mailvet-journal");
    for (name, bytes, status, words) in cases {
        for beside in ["-wal", "-shm"] {
            let _ = fs::remove_file(env.path(&format!("out.csv.mailvet-journal{beside}")));
        }
        fs::write(&path, &bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let ended = CleanRun::start(&mut env.resume(&dns)).end();
        ended.assert(name, status, &[words, "out.csv.mailvet-journal", "--restart"]);
        assert!(!env.path("out.csv").exists(), "{name}");
        CleanRun::start(&mut env.clean(&dns)).end().assert(name, 2, &["--restart"]);
        assert!(fs::read(&path).unwrap() == bytes, "{name}: left as it is");
        let mut again = env.clean(&dns);
        CleanRun::start(again.arg("--restart")).end().assert(name, 0, &[]);
        env.assert_done(name);
        assert!(env.output() == expected, "{name}: the outputs differ");
        fs::remove_file(env.path("out.csv")).unwrap();
    }
}

/// A folder with what is left of a run that was stopped, and its journal.
fn stopped(list: &MadeUp) -> (CleanEnv, Vec<u8>) {
    let dns = DnsServer::start(&list.zone);
    let env = CleanEnv::with(&list.text);
    let run = CleanRun::start_held(&env, &dns);
    run.signal(Signal::INT);
    run.end().assert("stopped", 3, &[]);
    let journal = fs::read(env.path("out.csv.mailvet-journal")).unwrap();
    assert!(journal.len() > 8_000, "{} bytes", journal.len());
    (env, journal)
}
