//! Files that another program has put where `mailvet clean` is going to write.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::support::program::offline;
use crate::support::run::run;

/// Lays something at a path.
type Lay = fn(&Path);

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").args(["-m", "600"]).arg(path).status().unwrap().success());
}

fn link(path: &Path) {
    let elsewhere = path.with_file_name("elsewhere");
    fs::write(&elsewhere, "precious").unwrap();
    fs::set_permissions(&elsewhere, Permissions::from_mode(0o600)).unwrap();
    symlink(elsewhere, path).unwrap();
}

fn link_to_device(path: &Path) {
    symlink("/dev/zero", path).unwrap();
}

fn open_to_others(path: &Path) {
    fs::write(path, "").unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o666)).unwrap();
}

#[test]
fn what_is_in_the_way_is_named_and_not_waited_for() {
    const PARTIAL: &str = "out.csv.mailvet-partial";
    const JOURNAL: &str = "out.csv.mailvet-journal";
    const LINK: &str = "it is a symbolic link, which may lead anywhere; remove it";
    const NO_FILE: &str = "no regular file; remove it";
    const OTHERS: &str = "other users may access it (mode 0666); remove it";
    let none: &[&str] = &[];
    let cases: [(&str, Lay, &[&str], &str); 13] = [
        (PARTIAL, pipe, none, NO_FILE),
        (PARTIAL, link, none, LINK),
        (PARTIAL, link_to_device, none, LINK),
        ("report.html.mailvet-partial", pipe, &["--report", "report.html"], NO_FILE),
        ("rejects.csv.mailvet-partial", pipe, &["--rejects", "rejects.csv"], NO_FILE),
        (JOURNAL, pipe, &["--resume"], NO_FILE),
        (JOURNAL, pipe, &["--restart"], NO_FILE),
        (JOURNAL, pipe, none, NO_FILE),
        (JOURNAL, link, &["--resume"], LINK),
        (JOURNAL, open_to_others, &["--resume"], OTHERS),
        ("out.csv.mailvet-journal-wal", link, none, LINK),
        ("out.csv.mailvet-journal-shm", open_to_others, none, OTHERS),
        ("out.csv.mailvet-journal-journal", pipe, none, NO_FILE),
    ];
    for (number, (file, lay, further, words)) in cases.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("list.csv"), "email\njoe@example.com\n").unwrap();
        lay(&folder.path().join(file));
        let mut command = offline();
        command.current_dir(folder.path());
        command.args(["clean", "list.csv", "-o", "out.csv"]).args(further);
        // A program that hangs is ended, which is another status.
        let ran = run(&mut timed(&command), b"");
        assert_eq!(ran.status, 2, "case {number}, {file}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "case {number}, {file}: {}", ran.stderr);
        assert!(ran.stderr.contains(file), "case {number}, {file}: {}", ran.stderr);
        let elsewhere = folder.path().join("elsewhere");
        assert!(
            !elsewhere.exists() || fs::read(elsewhere).unwrap() == b"precious",
            "case {number}"
        );
    }
}

/// The same command, ended after some minutes.
fn timed(command: &Command) -> Command {
    let mut timed = Command::new("timeout");
    timed.arg("300").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => timed.env(name, value),
            None => timed.env_remove(name),
        };
    }
    timed.current_dir(command.get_current_dir().unwrap());
    timed
}

#[test]
fn what_an_earlier_run_has_left_is_replaced_whatever_its_mode() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("list.csv"), "email\njoe@example.com\n").unwrap();
    open_to_others(&folder.path().join("out.csv.mailvet-partial"));
    let mut command = offline();
    command.current_dir(folder.path()).args(["clean", "list.csv", "-o", "out.csv"]);
    let ran = run(&mut command, b"");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let mode = fs::metadata(folder.path().join("out.csv")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
