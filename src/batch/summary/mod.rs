//! What came of a list, in numbers: for the terminal, as JSON and as a page to show.
//!
//! It grows with the list no further than its bounds: of domains those are counted that come up most.

mod facts;
mod json;
mod labels;
mod numbers;
mod page;
#[cfg(test)]
mod samples;
mod tally;
mod text;
mod top;

use std::time::Duration;

use crate::verdict::{Advice, Depth, Verdict};

pub use json::JsonSummary;
pub use page::{Page, PageFacts};
pub use tally::{Listing, Tally, TallyEntry};
pub use text::TextSummary;

/// What came of a list.
// No `Debug`: domains, and where they are wanted addresses, are in it.
#[derive(Clone)]
pub struct Summary {
    /// How deep it was to be looked.
    pub depth: Depth,
    /// Rows, by where they went.
    pub rows: RowCounts,
    /// Rows by verdict, in the order of [`Verdict::ALL`]. Those that were suppressed have none.
    pub verdicts: [u64; Verdict::ALL.len()],
    /// Rows by advice, in the order of [`Advice::ALL`].
    pub advice: [u64; Advice::ALL.len()],
    /// How often each reason was found, the most frequent first; codes of reasons and of rows that
    /// could not be read.
    pub reasons: Vec<(&'static str, u64)>,
    /// Rows whose address stood in an earlier row.
    pub duplicates: u64,
    /// Rows with more than one address.
    pub several: u64,
    /// Rows that could not be read.
    pub unreadable: u64,
    /// Rows whose verdict of an earlier run still holds.
    pub kept: u64,
    /// Typos, the most frequent first.
    pub typos: Vec<TypoCount>,
    /// Domains whose rows are undeliverable or unknown, those with most rows first.
    pub failing: Vec<FailingDomain>,
    /// What kind of addresses there are.
    pub kinds: KindCounts,
    /// Domains that the DNS was asked about.
    pub domains_asked: u64,
    /// Rows by whether their mail server answered at all.
    pub mail_servers: MailServerCounts,
    /// How long it took.
    pub elapsed: Duration,
    /// Addresses that need somebody's attention, in the order of the list; none unless they are wanted.
    pub addresses: Option<Vec<ListedAddress>>,
}

/// Rows by where they went. Every row that is read goes to one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// Rows read, without the header and those that are nobody's.
    pub read: u64,
    /// Rows in the output, or in the files of a split.
    pub written: u64,
    /// Rows left out on the owner's word (`--only`, `--drop`).
    pub left_out: u64,
    /// Rows of people who are not to be written to (`--suppress`).
    pub suppressed: u64,
    /// Rows that could not be read and went to a file of their own (`--rejects`).
    pub rejected: u64,
    /// Blank lines, comments and the like: nobody's rows.
    pub asides: u64,
    /// How many of those are in no output.
    pub asides_left_out: u64,
    /// Rows with text that is not UTF-8 around a sound address, in a list that was taken for UTF-8. They
    /// are passed on in their own bytes,
    pub not_utf8: u64,
    /// or, where the form changes, read as Windows-1252.
    pub recoded: u64,
}

impl RowCounts {
    /// How many rows went somewhere.
    pub fn accounted_for(&self) -> u64 {
        self.written + self.left_out + self.suppressed + self.rejected
    }
}

/// Rows by whether their mail server answered at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailServerCounts {
    /// Something came back.
    pub answered: u64,
    /// Nothing came back when a connection was tried.
    pub silent: u64,
}

/// How many addresses are of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindCounts {
    /// At domains whose mailboxes are free for anybody.
    pub free: u64,
    /// At domains that hand out mailboxes to throw away.
    pub disposable: u64,
    /// Of a function rather than a person.
    pub role: u64,
    /// Of services that forward to somebody who keeps their own address private.
    pub relay: u64,
}

/// A domain that was probably meant to be another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypoCount {
    /// The domain as it was typed.
    pub typed: String,
    /// The one that was probably meant.
    pub meant: String,
    /// In how many rows.
    pub rows: u64,
}

/// A domain whose rows cannot be delivered, or of which it was not found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailingDomain {
    /// The domain.
    pub domain: String,
    /// The code of the first reason of such a row.
    pub reason: &'static str,
    /// How many rows.
    pub rows: u64,
}

/// An address that needs somebody's attention.
#[derive(Clone, PartialEq, Eq)]
pub struct ListedAddress {
    /// The number of its row.
    pub row: u64,
    /// As it was typed.
    pub email: String,
    /// Its verdict: risky, undeliverable or unknown.
    pub verdict: Verdict,
    /// The code of the first reason.
    pub reason: &'static str,
    /// What was probably meant.
    pub suggestion: Option<String>,
}
