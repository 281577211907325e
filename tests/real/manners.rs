//! Five hundred addresses at one mail server.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::mail::{Connection, MailServers};
use crate::probe::{Asker, FIT};

const ADDRESSES: usize = 500;
/// From one connection to the next.
const GAP: Duration = Duration::from_secs(1);

/// More than are asked about in a day otherwise; everything else is as usual.
const BUSY: Asker = Asker { settings: "max_recipients_per_day = 1000", ..FIT };

/// Whether the mailbox exists. A quarter does not; they come late, and never so many at once that it looks
/// like harvesting.
fn exists(number: usize) -> bool {
    number < 100 || number * 5 % 16 >= 5
}

fn address(number: usize) -> String {
    let local = if exists(number) { "r" } else { "missing" };
    format!("{local}{number}@plain.test")
}

fn wrong_verdicts(reports: &[Value]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (number, report) in reports.iter().enumerate() {
        let expected = if exists(number) { "mailbox_accepted" } else { "mailbox_not_found" };
        if report["reasons"] != serde_json::json!([expected]) {
            wrong.push(format!("{}: {} {}", address(number), report["reasons"], report["mailbox"]));
        }
    }
    wrong
}

#[test]
fn five_hundred_addresses_are_few_connections() {
    let servers = MailServers::start("manners");
    let addresses: Vec<String> = (0..ADDRESSES).map(address).collect();
    let state = tempfile::tempdir().expect("a temporary directory");

    let begin = Instant::now();
    let mut wrong = wrong_verdicts(&BUSY.check(&servers, state.path(), &addresses));
    let took = begin.elapsed();
    wrong.extend(servers.complaints());
    let mut events = servers.connections("plain");
    let encrypted = events.extract_if(.., |event| *event == Connection::Encrypted).count();
    let connections = events.len() / 2;
    println!("{ADDRESSES} addresses: {connections} connections in {took:.1?}");
    if connections > ADDRESSES / 8 || encrypted != connections {
        wrong.push(format!("{connections} connections, {encrypted} of them with TLS"));
    }
    // Whether all are accepted is asked once.
    let recipients = servers.recipients("plain");
    if recipients != ADDRESSES + 1 {
        wrong.push(format!("{recipients} recipients"));
    }
    let one_by_one = [Connection::Begun, Connection::Ended];
    if events.chunks(2).any(|pair| pair != one_by_one) {
        wrong.push(format!("connections side by side: {events:?}"));
    }
    if took < GAP * u32::try_from(connections).unwrap_or_default().saturating_sub(1) {
        wrong.push(format!("{connections} connections in {took:?}"));
    }

    wrong.extend(wrong_verdicts(&BUSY.check(&servers, state.path(), &addresses)));
    if servers.connections("plain").len() != events.len() + encrypted {
        wrong.push("what is known was asked again".to_owned());
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
