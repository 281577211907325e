//! personas.txt: what `mailvet check --depth mailbox` makes of mailboxes at real mail servers.

use std::fmt::Write as _;

use serde_json::Value;

use crate::mail::{Connection, MailServers};
use crate::probe::{Asker, FIT};

const PERSONAS: &str = include_str!("personas.txt");

static ASKERS: [(&str, Asker); 6] = [
    ("fit", FIT),
    // On the servers' block list.
    ("listed", Asker { source: "127.0.0.66", ..FIT }),
    // Without reverse DNS.
    ("nameless", Asker { source: "127.0.0.99", ..FIT }),
    ("helo", Asker { helo: "nothing.test", ..FIT }),
    ("sender", Asker { mail_from: "postmaster@nothing.test", ..FIT }),
    ("nullsender", Asker { mail_from: "postmaster@nullmx.test", ..FIT }),
];

/// Those in postfix/master.cf that are asked.
const POSTFIXES: [&str; 10] = [
    "plain",
    "everybody",
    "grey",
    "screen",
    "listing",
    "verify",
    "tls",
    "strict",
    "ascii",
    "relay",
];

/// A row of personas.txt.
struct Case {
    asker: &'static str,
    address: &'static str,
    expected: Vec<&'static str>,
    name: String,
}

fn cases() -> Vec<Case> {
    let rows = PERSONAS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|row| case(row).unwrap_or_else(|| panic!("not a row: {row}"))).collect()
}

fn case(row: &'static str) -> Option<Case> {
    let mut words = row.split_whitespace();
    let (asker, address) = (words.next()?, words.next()?);
    let expected: Vec<_> = words.by_ref().take(7).collect();
    let name = words.collect::<Vec<_>>().join(" ");
    let known = ASKERS.iter().any(|(known, _)| *known == asker);
    (known && !name.is_empty()).then_some(Case { asker, address, expected, name })
}

/// What a report says, in the notation of the rows.
fn seen(report: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let reasons = report["reasons"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mailbox = &report["mailbox"];
    let reply = match (&mailbox["code"], mailbox["enhanced"].as_str()) {
        (Value::Null, _) => "-".to_owned(),
        (code, enhanced) => format!("{code}/{}", enhanced.unwrap_or("-")),
    };
    vec![
        text(&report["verdict"]),
        reasons.iter().map(text).collect::<Vec<_>>().join(","),
        text(&mailbox["status"]),
        reply,
        text(&mailbox["detail"]),
        text(&mailbox["catch_all"]),
        if mailbox["retry_at"].is_string() { "retry" } else { "never" }.to_owned(),
    ]
}

/// The addresses that are asked about in one go. Who is refused once does not ask again.
fn goes<'a>(asker: &str, cases: &'a [Case]) -> Vec<Vec<&'a Case>> {
    let own: Vec<&Case> = cases.iter().filter(|case| case.asker == asker).collect();
    if asker == "fit" { vec![own] } else { own.into_iter().map(|case| vec![case]).collect() }
}

/// What is wrong with the reports on these, a paragraph each.
fn look_at(servers: &MailServers, asker: &Asker, cases: &[&Case]) -> String {
    let addresses: Vec<String> = cases.iter().map(|case| case.address.to_owned()).collect();
    let state = tempfile::tempdir().expect("a temporary directory");
    let reports = asker.check(servers, state.path(), &addresses);
    let mut wrong = String::new();
    for (case, report) in cases.iter().zip(&reports) {
        let seen = seen(report);
        if seen != case.expected {
            let Case { asker, address, expected, name } = case;
            let (expected, seen) = (expected.join("  "), seen.join("  "));
            let _ = writeln!(
                wrong,
                "{asker} {address} ({name}):\n  expected {expected}\n  seen     {seen}"
            );
        }
    }
    wrong
}

#[test]
fn every_mail_server_is_understood() {
    let cases = cases();
    let servers = MailServers::start("personas");
    let mut wrong = String::new();
    for (name, asker) in &ASKERS {
        for go in goes(name, &cases) {
            wrong += &look_at(&servers, asker, &go);
        }
        if *name == "fit" {
            wrong += &ill_manners(&servers);
        }
    }
    wrong.extend(servers.complaints().iter().map(|line| format!("complaint: {line}\n")));
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// What the servers would not have liked while all addresses were asked about, side by side.
fn ill_manners(servers: &MailServers) -> String {
    // One for who came first, and one for all who came meanwhile.
    const MOST: usize = 2;
    let mut wrong = String::new();
    for name in POSTFIXES {
        let connections = servers.connections(name);
        let count = |event| connections.iter().filter(|seen| **seen == event).count();
        let (begun, encrypted) = (count(Connection::Begun), count(Connection::Encrypted));
        if !(1..=MOST).contains(&begun) || encrypted != begun {
            let _ = writeln!(wrong, "{name}: {begun} connections, {encrypted} of them with TLS");
        }
    }
    wrong
}
