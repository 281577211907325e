//! Rows with thousands of addresses.

use std::fmt::Write as _;
use std::fs;

use crate::support::bounded::within_memory;
use crate::support::program::offline;
use crate::support::run::run;

/// Addresses in one cell, each of another person.
fn cell(addresses: usize, separator: &str) -> String {
    let mut cell = String::new();
    for number in 0..addresses {
        if number > 0 {
            cell.push_str(separator);
        }
        write!(cell, "a{number}@b.de").unwrap();
    }
    cell
}

#[test]
fn a_thousand_addresses_of_a_cell_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let all = cell(1_003, "; ");
    let quoted = format!("[\"{}\"]", cell(1_003, "\", \""));
    let twice = format!("\"email\": {quoted}, \"email\": {quoted}");
    let beyond = |count: &str| format!(" {count} not checked: of a cell only the first 1000 are.");
    let cases = [
        ("list.csv", format!("name,email\nJoe,{}\n", cell(1_000, ";")), None),
        ("list.csv", format!("name,email\nJoe,{}\n", cell(1_001, ";")), Some(beyond("1 more was"))),
        ("list.csv", format!("name,email\nJoe,{all}\n"), Some(beyond("3 more were"))),
        ("list.txt", format!("{all}\njoe@b.de\n"), Some(beyond("3 more were"))),
        ("list.jsonl", format!("{{\"email\": {quoted}}}\n"), Some(beyond("3 more were"))),
        ("list.jsonl", format!("{{\"email\": \"{all}\"}}\n"), Some(beyond("3 more were"))),
        ("list.jsonl", format!("{{{twice}}}\n"), Some(beyond("1006 more were"))),
    ];
    for (number, (name, list, expected)) in cases.into_iter().enumerate() {
        let path = folder.path().join(name);
        fs::write(&path, list).unwrap();
        let mut command = offline();
        command.args(["clean", "--quiet", "--fields", "verdict,message"]).arg(&path);
        let ran = run(&mut command, b"");
        assert_eq!(ran.status, 0, "case {number}: {}", ran.stderr);
        assert!(ran.stdout.contains("The best of 1000 addresses is "), "case {number}");
        match expected {
            Some(words) => assert!(ran.stdout.contains(&words), "case {number}"),
            None => assert!(!ran.stdout.contains("not checked:"), "case {number}"),
        }
    }
}

#[test]
fn a_suppressed_address_is_found_beyond_those() {
    let folder = tempfile::tempdir().unwrap();
    let (list, gone) = (folder.path().join("list.csv"), folder.path().join("gone.csv"));
    let crowd = cell(1_500, ";");
    fs::write(&list, format!("name,email\nJoe,{crowd}\nAnn,a1499@b.de\nSue,a1500@b.de\n")).unwrap();
    let suppressed = [
        ("one of the last", "email\na1499@b.de\n".to_owned(), "Sue"),
        ("in a crowd of their own", format!("name,email\nJoe,{crowd}\n"), "Sue"),
    ];
    for (name, people, rest) in suppressed {
        fs::write(&gone, people).unwrap();
        let mut command = offline();
        command.args(["clean", "--quiet", "--fields", "verdict"]).arg(&list);
        command.arg("--suppress").arg(&gone);
        let ran = run(&mut command, b"");
        assert_eq!(ran.status, 0, "{name}: {}", ran.stderr);
        let rows: Vec<&str> = ran.stdout.lines().skip(1).collect();
        assert_eq!(rows.len(), 1, "{name}");
        assert!(rows[0].starts_with(rest), "{name}");
    }
}

#[test]
fn rows_in_flight_are_bounded_by_their_bytes() {
    // 10 MiB in rows of 1 MiB, each with 85,000 addresses or so.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.csv");
    let mut row = cell(90_000, ";");
    row.truncate(row[..(1 << 20).min(row.len()) - 10].rfind(';').unwrap());
    let mut list = "name,email\n".to_owned();
    (0..10).for_each(|number| writeln!(list, "{number},{row}").unwrap());
    fs::write(&path, list).unwrap();
    let mut command = offline();
    command.args(["clean", "--quiet", "-o", "/dev/null"]).arg(&path);
    let ran = run(&mut within_memory(&command, 420), b"");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
}
