//! The pictures in the pages: a terminal, which is what the command prints, and the report of a list.
//!
//! `CHROMIUM=chromium SNAPSHOTS=overwrite cargo test --locked --test it docs::picture` makes both anew.

use std::fs;
use std::process::Command;

use snapbox::data::{Data, DataFormat};

use super::page::root;
use super::session::Session;

#[test]
fn the_terminal_shows_what_the_command_prints() {
    let mut session = Session::start();
    session.set("CLICOLOR_FORCE", "1");
    let command = "mailvet check joe@gmal.com someone@gmail.com nonsense".to_owned();
    let printed = session.run(std::slice::from_ref(&command)).remove(0);
    let shown = format!("$ {command}\n{}\n", printed.trim_end());
    let picture = Data::read_from(&root().join("docs/terminal.svg"), Some(DataFormat::TermSvg));
    snapbox::Assert::new()
        .action_env("SNAPSHOTS")
        .eq(Data::text(shown).coerce_to(DataFormat::TermSvg), picture);
}

#[test]
fn the_report_can_be_pictured() {
    let session = Session::start();
    session.write("list.csv", &list());
    let command = "mailvet clean list.csv -o cleaned.csv --report report.html --quiet".to_owned();
    assert_eq!(session.run(&[command]), [""]);
    let report = session.here().join("report.html");
    assert!(fs::read_to_string(&report).unwrap().contains("<svg"));
    let Ok(chromium) = std::env::var("CHROMIUM") else { return };
    let picture = session.here().join("report.webp");
    let status = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
        .arg("--window-size=1000,610")
        .arg(format!("--screenshot={}", picture.display()))
        .arg(&report)
        .env("HOME", session.here())
        .status();
    assert!(status.unwrap().success(), "the browser makes a picture");
    let picture = fs::read(picture).unwrap();
    assert!(picture.len() < 100 * 1024, "{} bytes", picture.len());
    if std::env::var("SNAPSHOTS").is_ok_and(|action| action == "overwrite") {
        fs::write(root().join("docs/report.webp"), picture).unwrap();
    }
}

/// A list such as shops have: mostly good, some typos, some dead ends.
fn list() -> String {
    // Of a hundred rows, how many have this behind the name.
    const DOMAINS: [(usize, &str); 17] = [
        (31, "@gmail.com"),
        (12, "@outlook.com"),
        (11, "@yahoo.com"),
        (9, "@gmx.net"),
        (8, "@icloud.com"),
        (7, "@web.de"),
        (5, "@siemens.com"),
        (3, "@iana.org"),
        (2, "@gmal.com"),
        (2, "@yahooo.com"),
        (1, "@gmial.com"),
        (2, "@mailinator.com"),
        (2, "@nosuchcompany.com"),
        (1, "@nomail.org"),
        (1, "@slowdns.net"),
        (2, "@gmail"),
        (1, ""),
    ];
    let domains: Vec<&str> =
        DOMAINS.iter().flat_map(|(count, domain)| vec![*domain; *count]).collect();
    let rows = (0..2000).map(|row| {
        let name = format!("customer{}", row % 1900);
        format!("{row},{name}{}\n", domains[row * 37 % 100])
    });
    std::iter::once("id,email\n".to_owned()).chain(rows).collect()
}
