//! No room, no access, and journals that are none.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use rustix::process::Signal;

use super::lists::MadeUp;
use super::workshop::{SOUND, Working, Workshop};
use crate::support::dns::DnsServer;
use crate::support::program::offline;

/// The same command with a bound on the size of files: 250 or 500 KiB, by the shell. Who writes more is told
/// so, not killed.
fn limited(command: &Command) -> Command {
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 500; exec \"$0\" \"$@\""]);
    limited.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    limited.current_dir(command.get_current_dir().unwrap());
    limited
}

#[test]
fn where_there_is_no_room_for_the_output_it_is_said_and_resume_goes_on() {
    let mut list = "id,email,name\n".to_owned();
    for row in 0..2_000 {
        writeln!(list, "{row},joe{row}@d{}.test,{}", row % 20, "x".repeat(500)).unwrap();
    }
    let dns = DnsServer::start(&format!("{SOUND}\n*.test MX 10 mx.test"));
    let expected = Workshop::undisturbed(&list, &dns);
    let workshop = Workshop::with(&list);
    let ended = Working::start(&mut limited(&workshop.clean(&dns))).end();
    let words = ["cannot write out.csv", "make room first", "out.csv.mailvet-partial", "--resume"];
    ended.assert("no room", 4, &words);
    workshop.assert_resumable("no room");
    let asked_about =
        |dns: &DnsServer| dns.questions().iter().filter(|asked| asked.starts_with('d')).count();
    let asked = asked_about(&dns);
    Working::start(&mut workshop.resume(&dns)).end().assert("resumed", 0, &[]);
    workshop.assert_done("resumed");
    assert!(workshop.output() == expected, "the outputs differ");
    assert_eq!(asked_about(&dns), asked, "asked again");
}

#[test]
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
    let whole = Workshop::with(&list);
    let mut undisturbed = whole.clean(&dns);
    briefly(&mut undisturbed);
    Working::start(&mut undisturbed).end().assert("undisturbed", 0, &[]);

    let dns = DnsServer::start(&format!("{SOUND}\n*.test MX 10 mx.test"));
    let workshop = Workshop::with(&list);
    let mut command = workshop.clean(&dns);
    briefly(&mut command);
    let ended = Working::start(&mut limited(&command)).end();
    ended.assert("no room", 4, &["cannot note what was found out", "--resume"]);
    workshop.assert_resumable("no room");
    let mut resumed = workshop.resume(&dns);
    briefly(&mut resumed);
    Working::start(&mut resumed).end().assert("resumed", 0, &[]);
    workshop.assert_done("resumed");
    assert!(workshop.output() == whole.output(), "the outputs differ");
    // What was under way is asked once more, and the last answer of the first run, no others.
    let asked = dns.questions().iter().filter(|question| question.starts_with('d')).count();
    assert!((DOMAINS..=DOMAINS + 8 + 1).contains(&asked), "{asked} questions");
}

#[test]
fn a_full_device_is_a_failure() {
    let workshop = Workshop::with("email\njoe@a.test\n");
    for (name, arguments) in [("standard output", &[][..]), ("-o", &["-o", "/dev/full"])] {
        let mut command = offline();
        command.args(["clean", "list.csv"]).args(arguments).current_dir(workshop.path(""));
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let ended = Working::start_with(command.stdin(Stdio::null()).stdout(full)).end();
        ended.assert(name, 4, &["cannot write", "No space left on device"]);
        assert_eq!(workshop.files(), ["list.csv"], "{name}");
    }
}

#[test]
fn an_output_that_cannot_be_made_is_wrong_use() {
    let workshop = Workshop::with("email\njoe@a.test\n");
    fs::write(workshop.path("file"), "").unwrap();
    fs::create_dir(workshop.path("folder")).unwrap();
    let cases = ["nowhere/out.csv", "file/out.csv", "/proc/mailvet/out.csv", "folder"];
    for path in cases {
        for input in ["list.csv", "-"] {
            let mut command = offline();
            let list = fs::File::open(workshop.path("list.csv")).unwrap();
            command.args(["clean", input, "-o", path]).current_dir(workshop.path(""));
            let ended = Working::start_with(command.stdin(list).stdout(Stdio::null())).end();
            ended.assert(&format!("{path} of {input}"), 2, &[path]);
            assert_eq!(workshop.files(), ["file", "folder", "list.csv"], "{path} of {input}");
        }
    }
}

#[test]
fn what_is_no_journal_is_left_alone_until_restart() {
    let list = MadeUp::of(100, 20);
    let dns = DnsServer::start(&list.zone);
    dns.release();
    let expected = Workshop::undisturbed(&list.text, &dns);
    // What there is instead of a journal; the status, and what is said.
    let song = || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("songs");
        let theirs = Connection::open(&path).unwrap();
        theirs.execute_batch("CREATE TABLE song (title TEXT)").unwrap();
        drop(theirs);
        fs::read(path).unwrap()
    };
    let (workshop, journal) = stopped(&list);
    let mut scribbled = journal.clone();
    scribbled[20..4_000].fill(0x5a);
    let cases = [
        ("a database of another program", song(), 2, "is no journal"),
        ("garbage", b"garbage".repeat(1_000), 4, "is damaged"),
        ("a journal written over", scribbled, 4, "is damaged"),
        ("half a journal", journal[..journal.len() / 2].to_vec(), 4, "is damaged"),
    ];
    let path = workshop.path("out.csv.mailvet-journal");
    for (name, bytes, status, words) in cases {
        for beside in ["-wal", "-shm"] {
            let _ = fs::remove_file(workshop.path(&format!("out.csv.mailvet-journal{beside}")));
        }
        fs::write(&path, &bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let ended = Working::start(&mut workshop.resume(&dns)).end();
        ended.assert(name, status, &[words, "out.csv.mailvet-journal", "--restart"]);
        assert!(!workshop.path("out.csv").exists(), "{name}");
        Working::start(&mut workshop.clean(&dns)).end().assert(name, 2, &["--restart"]);
        assert!(fs::read(&path).unwrap() == bytes, "{name}: left as it is");
        let mut again = workshop.clean(&dns);
        Working::start(again.arg("--restart")).end().assert(name, 0, &[]);
        workshop.assert_done(name);
        assert!(workshop.output() == expected, "{name}: the outputs differ");
        fs::remove_file(workshop.path("out.csv")).unwrap();
    }
}

/// A folder with what is left of a run that was stopped, and its journal.
fn stopped(list: &MadeUp) -> (Workshop, Vec<u8>) {
    let dns = DnsServer::start(&list.zone);
    let workshop = Workshop::with(&list.text);
    let run = Working::start_held(&workshop, &dns);
    run.signal(Signal::INT);
    run.end().assert("stopped", 3, &[]);
    let journal = fs::read(workshop.path("out.csv.mailvet-journal")).unwrap();
    assert!(journal.len() > 8_000, "{} bytes", journal.len());
    (workshop, journal)
}
