//! Mail servers that allow less than others: what is found out nevertheless, and when we stop asking.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::mail::{Connection, MailServers};
use crate::probe::{Asker, FIT};
use crate::support::poll::poll;

/// A mail server with a limit that is lower than ours.
struct Case {
    name: &'static str,
    /// The local parts are this and a number. The first is asked about before the others.
    local: &'static str,
    count: usize,
    /// Reasons and mailbox.detail that may be seen, each at least so many times. How many of them come
    /// to share a connection is a matter of chance.
    expected: &'static [(&'static str, usize)],
    most_connections: usize,
}

static CASES: [Case; 4] = [
    // Those that were too many for one message have a place in the next.
    Case {
        name: "few",
        local: "r",
        count: 9,
        expected: &[("mailbox_accepted recipient_accepted", 9)],
        most_connections: 4,
    },
    // Answers of a pipelined group count together: none of one that ends with a 421. That is a refusal of
    // us, and the server is left alone.
    Case {
        name: "errors",
        local: "missing",
        count: 12,
        expected: &[
            ("mailbox_not_found no_such_mailbox", 1),
            ("probe_rate_limited too_many_errors", 1),
            ("domain_accepts_mail,probe_paused refused", 0),
        ],
        most_connections: 3,
    },
    Case {
        name: "rates",
        local: "r",
        count: 6,
        expected: &[
            ("mailbox_accepted recipient_accepted", 2),
            ("probe_rate_limited rate_limited", 1),
            ("domain_accepts_mail,probe_paused refused", 0),
        ],
        most_connections: 3,
    },
    Case {
        name: "rush",
        local: "r",
        count: 6,
        expected: &[
            ("mailbox_accepted recipient_accepted", 1),
            ("probe_rate_limited too_many_connections", 5),
        ],
        most_connections: 3,
    },
];

fn begun(servers: &MailServers, name: &str) -> usize {
    servers.connections(name).iter().filter(|event| **event == Connection::Begun).count()
}

/// Reasons and mailbox.detail of a report.
fn summary(report: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let reasons = report["reasons"].as_array().map(Vec::as_slice).unwrap_or_default();
    let reasons: Vec<String> = reasons.iter().map(text).collect();
    format!("{} {}", reasons.join(","), text(&report["mailbox"]["detail"]))
}

/// The report on one address.
fn check(asker: &Asker, servers: &MailServers, state: &TempDir, address: &str) -> Value {
    asker.check(servers, state.path(), &[address.to_owned()]).remove(0)
}

#[test]
fn low_limits_are_no_evidence() {
    let servers = MailServers::start("limits");
    let mut wrong = Vec::new();
    for Case { name, local, count, expected, most_connections } in &CASES {
        let addresses: Vec<String> =
            (1..=*count).map(|number| format!("{local}{number}@{name}.test")).collect();
        let state = tempfile::tempdir().expect("a temporary directory");
        let (first, others) = addresses.split_at(1);
        let mut seen = BTreeMap::new();
        for addresses in [first, others] {
            for report in FIT.check(&servers, state.path(), addresses) {
                *seen.entry(summary(&report)).or_insert(0) += 1;
            }
        }
        let is_foreseen =
            |summary: &String| expected.iter().any(|(foreseen, _)| foreseen == summary);
        let is_there = |(summary, least): &(&str, usize)| {
            seen.get(*summary).copied().unwrap_or_default() >= *least
        };
        if !seen.keys().all(is_foreseen) || !expected.iter().all(is_there) {
            wrong.push(format!("{name}: expected {expected:?}, seen {seen:?}"));
        }
        let connections = begun(&servers, name);
        if connections > *most_connections {
            wrong.push(format!("{name}: {connections} connections"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn who_is_refused_asks_no_more() {
    const LISTED: Asker = Asker { source: "127.0.0.66", ..FIT };
    let servers = MailServers::start("refused");
    let state = tempfile::tempdir().expect("a temporary directory");
    // Each is a run of its own: they know of each other by what is kept.
    for (address, expected) in [
        ("missing@listing.test", "probe_refused blocklisted"),
        ("known@listing.test", "domain_accepts_mail,probe_paused refused"),
        ("missing2@listing.test", "domain_accepts_mail,probe_paused refused"),
    ] {
        let report = check(&LISTED, &servers, &state, address);
        assert_eq!(summary(&report), expected, "{address}");
        assert_eq!(report["mailbox"]["retry_at"].is_string(), expected.contains("paused"));
        assert_eq!(begun(&servers, "listing"), 1, "{address}: connections");
    }
}

#[test]
fn unknown_clients_come_back_and_are_accepted() {
    /// Postgrey's delay, and time for a busy machine.
    const LET_IN: Duration = Duration::from_secs(30);
    let servers = MailServers::start("grey");
    let fresh = || tempfile::tempdir().expect("a temporary directory");
    for (address, expected) in [
        // The random recipient that shows whether all are accepted is still unknown.
        ("known@grey.test", "domain_accepts_mail recipient_accepted"),
        ("missing@grey.test", "mailbox_not_found no_such_mailbox"),
    ] {
        let state = fresh();
        let first = check(&FIT, &servers, &state, address);
        assert_eq!(summary(&first), "greylisted greylisted", "{address}");
        let retry_at = first["mailbox"]["retry_at"].clone();
        assert!(retry_at.is_string(), "{address}: when to come back");

        let before = begun(&servers, "grey");
        let again = check(&FIT, &servers, &state, address);
        assert_eq!(summary(&again), "greylisted greylisted", "{address}, too early");
        assert_eq!(again["mailbox"]["retry_at"], retry_at, "{address}, too early");
        assert_eq!(begun(&servers, "grey"), before, "{address}, too early: connections");

        // Another run, which knows nothing of it, comes back.
        let last = poll(LET_IN, || {
            let report = check(&FIT, &servers, &fresh(), address);
            (summary(&report) != "greylisted greylisted").then(|| summary(&report))
        });
        assert_eq!(last.as_deref(), Some(expected), "{address}, in time");
    }
}
