//! Lists made up for the tests, the same each time.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use fastrand::Rng;

use super::clean_env::SOUND;
use crate::support::dns::DnsServer;

/// What domains are like, in turn.
const KINDS: [&str; 12] = [
    "MX 10 mx.test",
    "MX 10 mx.test",
    "MX 10 mx.test",
    "MX 20 mx.test",
    "MX 10 mx.test",
    "A 192.0.2.2",
    "NXDOMAIN",
    "MX 0 .",
    "SERVFAIL",
    "NODATA",
    "MX 10 gone.test",
    "MX 10 mx.test",
];

/// A list whose last row is at `last.test`, of which the DNS keeps its answer back.
pub(super) struct MadeUp {
    pub(super) text: String,
    pub(super) zone: String,
    /// The domains in the list.
    pub(super) domains: HashSet<String>,
}

impl MadeUp {
    /// So many rows, of which 256 are worked on together, and at most so many domains: new ones come up from the beginning to the end. Now and
    /// then there is a row twice, or one without an address; of some domains the DNS says that they do not
    /// exist, and knows others below them.
    pub(super) fn of(rows: usize, domains: usize) -> Self {
        let mut random = Rng::with_seed(0x6d61_696c);
        let mut text = "id,email,name\n".to_owned();
        let mut named = HashSet::new();
        for row in 0..rows - 1 {
            let domain = random.usize(0..=row * domains / rows);
            let domain = match random.usize(0..8) {
                0 => format!("below.d{domain}.test"),
                _ => format!("d{domain}.test"),
            };
            let person = random.usize(0..rows);
            match random.usize(0..40) {
                0 => writeln!(text, "{row},no address of {person},"),
                1 => writeln!(text, "{row},,nobody"),
                _ => {
                    let line =
                        writeln!(text, "{row},person{person}@{domain},\"Person, the {row}th\"");
                    named.insert(domain);
                    line
                }
            }
            .unwrap();
        }
        writeln!(text, "{},joe@last.test,Joe", rows - 1).unwrap();
        named.insert("last.test".to_owned());
        let mut zone =
            format!("{SOUND}\nlast.test HELD\nlast.test MX 10 mx.test\ngone.test NXDOMAIN\n");
        for domain in 0..domains {
            writeln!(zone, "d{domain}.test {}", KINDS[domain % KINDS.len()]).unwrap();
            writeln!(zone, "below.d{domain}.test {}", KINDS[(domain + 4) % KINDS.len()]).unwrap();
        }
        Self { text, zone, domains: named }
    }
}

/// A list with one row for each of these domains.
pub(super) fn one_each<'a>(domains: impl IntoIterator<Item = &'a str>) -> String {
    let mut list = "email\n".to_owned();
    for domain in domains {
        writeln!(list, "joe@{domain}").unwrap();
    }
    list
}

/// How often the MX of each name was asked for.
pub(super) fn mx_questions(dns: &DnsServer) -> HashMap<String, usize> {
    let mut asked = HashMap::new();
    for question in dns.questions() {
        if let Some(name) = question.strip_suffix(" MX") {
            *asked.entry(name.to_owned()).or_default() += 1;
        }
    }
    asked
}

/// The rows of an output are those of the list: none lost, none twice, in order, by their numbers.
pub(super) fn assert_rows(output: impl Iterator<Item = String>, rows: usize) {
    let mut count = 0;
    for line in output.skip(1) {
        let number = line.split(',').next().unwrap();
        assert_eq!(number.parse(), Ok(count), "{line}");
        count += 1;
    }
    assert_eq!(count, rows);
}
