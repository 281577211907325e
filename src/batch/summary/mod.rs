//! The result of a list in numbers: for the terminal, as JSON, and as an HTML page.
//!
//! Its size is bounded, whatever the length of the list: only the most frequent domains are counted.

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
pub use page::PageFacts;
pub use tally::{Listing, Tally, TallyEntry};
pub use text::TextSummary;

/// The result of a list.
// No `Debug`: domains, and where they are wanted addresses, are in it.
#[derive(Clone)]
pub struct Summary {
    pub depth: Depth,
    pub rows: RowCounts,
    /// Rows by verdict, in the order of [`Verdict::ALL`]. Suppressed rows have none.
    pub verdicts: [u64; Verdict::ALL.len()],
    /// Rows by advice, in the order of [`Advice::ALL`].
    pub advice: [u64; Advice::ALL.len()],
    /// Rows by the code of a reason or a row fault, the most frequent first.
    pub reasons: Vec<(&'static str, u64)>,
    /// Rows whose address is in an earlier row.
    pub duplicates: u64,
    /// Rows with more than one address.
    pub several_addresses: u64,
    /// Rows that could not be read.
    pub unreadable: u64,
    /// Rows whose verdict of an earlier run still holds.
    pub kept: u64,
    /// Typos, the most frequent first.
    pub typos: Vec<TypoCount>,
    /// Domains whose rows are undeliverable or unknown, those with most rows first.
    pub failing: Vec<FailingDomain>,
    pub kinds: KindCounts,
    /// Domains that the DNS was asked about.
    pub domains_asked: u64,
    pub mail_servers: MailServerCounts,
    pub elapsed: Duration,
    /// Addresses that need attention, in the order of the list; none unless asked for.
    pub addresses: Option<Vec<ListedAddress>>,
}

/// Rows by where they went. Every row that is read goes to one destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// Rows read, without the header and rows without data.
    pub read: u64,
    /// Rows in the output, or in the files of a split.
    pub written: u64,
    /// Rows left out by `--only` or `--drop`.
    pub left_out: u64,
    /// Rows with a suppressed address (`--suppress`).
    pub suppressed: u64,
    /// Rows that could not be read and went to the file of `--rejects`.
    pub rejected: u64,
    /// Blank lines and comments.
    pub non_data: u64,
    /// How many of those are in no output.
    pub non_data_left_out: u64,
    /// Rows of a UTF-8 list with text that is not UTF-8 beside a sound address, written in their own bytes.
    pub not_utf8: u64,
    /// The same where the format changes: the text was read as Windows-1252.
    pub recoded: u64,
}

impl RowCounts {
    /// How many rows have a destination.
    pub fn accounted_for(&self) -> u64 {
        self.written + self.left_out + self.suppressed + self.rejected
    }
}

/// Rows by whether their mail server answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailServerCounts {
    pub answered: u64,
    /// No connection was answered.
    pub silent: u64,
}

/// Addresses by kind. One may be of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindCounts {
    /// At domains where anyone can get a mailbox for free.
    pub free: u64,
    /// At domains that give mailboxes away for a short time.
    pub disposable: u64,
    /// Of a function, not a person.
    pub role: u64,
    /// Of services that forward to a private address.
    pub relay: u64,
}

/// A typo in a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypoCount {
    pub typed: String,
    /// The domain that was probably meant.
    pub meant: String,
    pub rows: u64,
}

/// A domain whose rows are undeliverable or unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailingDomain {
    pub domain: String,
    /// The code of the first reason of such a row.
    pub reason: &'static str,
    pub rows: u64,
}

/// An address that needs attention.
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
