//! Names and values that are out to fool a terminal: whatever is foreign is shown escaped.

use std::fs;
use std::process::Command;

use crate::support::program::offline;
use crate::support::run::run;

/// Sets the title of a terminal, colours it, turns the direction of the text, and cannot be seen.
const HOSTILE: &str = "\u{1b}]0;x\u{7}\u{1b}[31mz\u{9b}2J\u{202e}\u{3164}\u{2800}\u{e0041}\r";

/// Nothing reached the terminal that it would obey, or that is invisible.
fn assert_harmless(name: &str, shown: &str) {
    for c in shown.chars().filter(|c| *c != '\n') {
        let is_hostile = c.is_control() || HOSTILE.contains(c) && !c.is_ascii();
        assert!(!is_hostile, "{name}: {c:?} in {shown:?}");
    }
}

fn assert_escaped(name: &str, command: &mut Command, status: i32) {
    let ran = run(command, b"a@b.io\n");
    assert_eq!(ran.status, status, "{name}: {}", ran.stderr);
    let shown = format!("{}{}", ran.stdout, ran.stderr);
    assert_harmless(name, &shown);
    assert!(shown.contains("u{202e}") || shown.contains("202e"), "{name}: not shown in {shown}");
}

#[test]
fn what_is_foreign_is_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let list = format!("{HOSTILE}.csv");
    write(&list, "email\na@b.io\n");
    write("list.csv", "email\na@b.io\n");
    write("columns.csv", &format!("a{HOSTILE},b{HOSTILE}\n1,2\n3,4\n").replace('\r', ""));
    write("addresses.csv", &format!("id,{HOSTILE}\n1,a@b.io\n2,c@d.io\n").replace('\r', ""));
    write("key.toml", "\"\\u001b\\u202e\" = 1\n");
    write("value.toml", "[state]\ndir = \"a\\u001b\\u202e\\u3164\\U000e0041\\\"\"\n");
    write(&format!("{HOSTILE}.toml"), "[dns]\ntries = 0\n");
    let program = |arguments: &[&str]| {
        let mut program = offline();
        program.args(arguments).current_dir(folder.path());
        program
    };
    let (out, pdf, html) =
        (format!("{HOSTILE}/x.csv"), format!("{HOSTILE}.pdf"), format!("{HOSTILE}.x"));
    let (missing, flag, config) =
        (format!("{HOSTILE}.none"), format!("--{HOSTILE}"), format!("{HOSTILE}.toml"));
    let cases: [(&str, &[&str], i32); 24] = [
        ("input", &["clean", &missing], 2),
        ("output that is there", &["clean", "list.csv", "--no-clobber", "-o", &list], 2),
        ("output that is replaced", &["clean", "list.csv", "-o", &list], 0),
        ("folder", &["clean", "list.csv", "-o", &out], 2),
        ("output of no format", &["clean", "list.csv", "-o", &pdf], 2),
        ("report", &["clean", "list.csv", "--report", &html], 2),
        ("suppressed", &["clean", "list.csv", "--suppress", &missing], 2),
        ("sheet", &["clean", "list.csv", "--sheet", HOSTILE], 2),
        ("column that is not there", &["clean", "list.csv", "--column", HOSTILE], 2),
        ("columns", &["clean", "columns.csv"], 2),
        ("the column", &["clean", "addresses.csv", "-o", "out.csv"], 0),
        ("value out of a set", &["clean", "--to", HOSTILE], 2),
        ("value that is read", &["check", "--dns", HOSTILE, "a@b.io"], 2),
        ("columns to add", &["clean", "--fields", HOSTILE], 2),
        ("command", &[HOSTILE], 2),
        ("flag", &["check", &flag], 2),
        ("configuration", &["config", "--config", &missing], 2),
        ("configuration to check", &["config", "--check", &missing], 2),
        ("configuration with a mistake", &["check", "--config", &config, "a@b.io"], 2),
        ("values in force", &["config", "--config", "value.toml"], 0),
        ("address", &["check", HOSTILE], 1),
        ("address as JSON", &["check", "--json", HOSTILE], 1),
        ("provider", &["reply", "--provider", HOSTILE, "550"], 2),
        ("where to listen", &["serve", "--listen", HOSTILE], 2),
    ];
    for (name, arguments, status) in cases {
        assert_escaped(name, &mut program(arguments), status);
    }
    // Never repeated at all: it may be an address.
    let ran = run(&mut program(&["config", "--check", "key.toml"]), b"");
    assert_harmless("key", &ran.stderr);
    assert_eq!(ran.status, 2);
}

#[test]
fn colours_of_ours_hide_none_of_an_argument() {
    let argument = "--a\u{1b}[32mb";
    let ran = run(offline().args(["check", argument]).env("CLICOLOR_FORCE", "1"), b"");
    assert!(!ran.stderr.contains("\u{1b}[32mb"), "{:?}", ran.stderr);
    assert!(ran.stderr.contains("--a\\u{1b}[32mb"), "{:?}", ran.stderr);
}

#[test]
fn values_that_were_escaped_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mailvet.toml");
    fs::write(&path, "[state]\ndir = \"/a\\u001b\\u202e\\U000e0041\\\"b\\\\c\"\n").unwrap();
    let state = |path: &std::path::Path| {
        let ran = run(offline().arg("config").arg("--config").arg(path), b"");
        let line = ran.stdout.lines().find(|line| line.starts_with("dir = ")).unwrap().to_owned();
        line.split("  # ").next().unwrap().to_owned()
    };
    let shown = state(&path);
    assert!(shown.is_ascii(), "{shown}");
    fs::write(&path, format!("[state]\n{shown}\n")).unwrap();
    assert_eq!(state(&path), shown);
}

/// Standard error is written in few places, all of which make what is foreign visible.
#[test]
fn one_place_writes_to_people() {
    // The file, what it may write there beside the console.
    let allowed = [
        ("cli/console.rs", "the console itself"),
        ("cli/clean/console.rs", "the summary, which makes what is foreign in it visible"),
        ("cli/clean/watch.rs", "the progress bar: numbers"),
        ("cli/mod.rs", "where a panic happened"),
        ("telemetry.rs", "the log"),
    ];
    let src = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![src.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let writes = text.contains("stderr()") || text.contains("eprint");
            let is_allowed = allowed.iter().any(|(file, _)| *file == name);
            assert!(!writes || is_allowed, "{name} writes to standard error: cli/console.rs does");
        }
    }
}
