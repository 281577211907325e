//! `mailvet clean --depth mailbox`: a list over many domains, as real mail servers see it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::mail::{Connection, MailServers};
use crate::probe::FIT;

/// Addresses of one domain: their local parts are this, and where there are several a number. What is said
/// of each.
struct Case {
    local: &'static str,
    domain: &'static str,
    count: usize,
    expected: &'static str,
}

const fn case(
    local: &'static str,
    domain: &'static str,
    count: usize,
    expected: &'static str,
) -> Case {
    Case { local, domain, count, expected }
}

/// So few are missing in one place that it never looks like harvesting, in whatever order they are asked about.
static CASES: [Case; 15] = [
    case("r", "plain.test", 34, "deliverable mailbox_accepted"),
    case("missing", "plain.test", 3, "undeliverable mailbox_not_found"),
    case("disabled", "plain.test", 1, "undeliverable mailbox_disabled"),
    case("full", "plain.test", 1, "risky mailbox_full"),
    case("jörg", "plain.test", 1, "deliverable mailbox_accepted"),
    case("r", "tls.test", 14, "deliverable mailbox_accepted"),
    case("missing", "tls.test", 4, "undeliverable mailbox_not_found"),
    case("r", "strict.test", 8, "deliverable mailbox_accepted"),
    case("r", "everybody.test", 12, "risky catch_all"),
    case("r", "few.test", 9, "deliverable mailbox_accepted"),
    case("r", "grey.test", 3, "unknown greylisted"),
    case("known", "exim.test", 1, "deliverable mailbox_accepted"),
    case("missing", "exim.test", 1, "undeliverable mailbox_not_found"),
    case("known", "relay.test", 1, "unknown probe_refused"),
    case("known", "closed.test", 1, "unknown probe_unreachable"),
];

/// The most connections to a Postfix: with ten recipients on each, made-up ones included, after one for who
/// came first. One of them takes only five recipients of a message, and two more that it refuses.
static MOST_CONNECTIONS: [(&str, usize); 7] = [
    ("plain", 1 + 5),
    ("tls", 1 + 2),
    ("strict", 1 + 1),
    ("everybody", 1 + 2),
    ("few", 1 + 3),
    ("grey", 1 + 1),
    ("relay", 1),
];

/// Each address with what is expected of it, one of each kind after the other.
fn list() -> Vec<(String, &'static str)> {
    let most = CASES.iter().map(|case| case.count).max().unwrap_or_default();
    let numbered = |number: usize| {
        CASES.iter().filter(move |case| number <= case.count).map(move |case| {
            let Case { local, domain, count, expected } = case;
            let number = if *count > 1 { number.to_string() } else { String::new() };
            (format!("{local}{number}@{domain}"), *expected)
        })
    };
    (1..=most).flat_map(numbered).collect()
}

fn said(row: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let reasons = row["mailvet_reasons"].as_array().map(Vec::as_slice).unwrap_or_default();
    let reasons: Vec<String> = reasons.iter().map(text).collect();
    format!("{} {}", text(&row["mailvet_verdict"]), reasons.join(","))
}

#[test]
fn a_list_is_cleaned_politely() {
    let servers = MailServers::start("clean");
    let state = tempfile::tempdir().expect("a temporary directory");
    let list = list();
    let text: String = list.iter().map(|(address, _)| format!("{address}\n")).collect();
    let rows = FIT.clean(&servers, state.path(), &text);
    assert_eq!(rows.len(), list.len());
    let mut wrong = String::new();
    for ((address, expected), row) in list.iter().zip(&rows) {
        let said = said(row);
        if row["email"] != *address || said != *expected {
            let answer = &row["mailvet_report"]["mailbox"];
            let _ = writeln!(wrong, "{address}: expected {expected}, seen {said}: {answer}");
        }
        if row["mailvet_retry_at"].is_string() != (row["mailvet_verdict"] == "unknown")
            && !said.ends_with("probe_refused")
        {
            let _ = writeln!(wrong, "{address}: when to ask again: {}", row["mailvet_retry_at"]);
        }
    }
    for (name, most) in MOST_CONNECTIONS {
        let events = servers.connections(name);
        let count = |event| events.iter().filter(|seen| **seen == event).count();
        let (begun, encrypted) = (count(Connection::Begun), count(Connection::Encrypted));
        if !(1..=most).contains(&begun) || encrypted != begun {
            let _ = writeln!(wrong, "{name}: {begun} connections, {encrypted} of them with TLS");
        }
        // One at a time.
        let is_open = events.iter().filter(|event| **event != Connection::Encrypted);
        let alternate = is_open.enumerate().all(|(place, event)| {
            *event == if place % 2 == 0 { Connection::Begun } else { Connection::Ended }
        });
        if !alternate {
            let _ = writeln!(wrong, "{name}: connections side by side: {events:?}");
        }
    }
    wrong.extend(servers.complaints().iter().map(|line| format!("complaint: {line}\n")));
    assert!(wrong.is_empty(), "\n{wrong}");
}
