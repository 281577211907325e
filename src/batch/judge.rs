//! Judges one row: gets a report for each of its addresses and chooses the best.

use std::sync::Arc;
use std::time::Duration;

use crate::address::Address;
use crate::catalog::Canonical;
use crate::clock::Clock;
use crate::report::{Column, Report};
use crate::roster::{DedupeKey, MAX_ADDRESSES_OF_CELL, Plan, Row, RowFault, RowKind, RowPart};
use crate::typo::Locale;
use crate::validator::{Client, Priority, ProbeTarget, Request, Strictness, Validator};
use crate::verdict::{Depth, Verdict};

use super::earlier::{EarlierVerdict, Recheck};
use super::suppress::Suppressed;

/// No user waits for a row, and look-ups have deadlines of their own.
const BUDGET: Duration = Duration::from_secs(24 * 3600);
/// How long a row may wait for a mail server: longer than the queue of all that may be asked in a day takes.
const MAILBOX_BUDGET: Duration = Duration::from_secs(2 * 3600);

/// How the addresses of a list are checked.
pub struct JudgeSettings {
    pub depth: Depth,
    pub strictness: Strictness,
    /// The locale of those who typed them.
    pub locale: Option<Locale>,
    /// What makes two rows duplicates; none where they are not marked.
    pub dedupe_key: Option<DedupeKey>,
    pub suppressed: Suppressed,
    /// Which verdicts of an earlier run are kept.
    pub recheck: Option<Recheck>,
}

/// Judges rows.
pub struct Judge {
    pub(super) validator: Arc<Validator>,
    pub(super) clock: Arc<dyn Clock>,
    plan: Arc<Plan>,
    settings: JudgeSettings,
}

/// A row and its outcome.
pub struct CheckedRow {
    pub row: Row,
    pub outcome: RowOutcome,
    /// The keys of its addresses by which duplicates are found; that of the address that counts comes first.
    /// None where duplicates are not marked.
    pub keys: Vec<String>,
}

/// The outcome of a row.
pub enum RowOutcome {
    /// A blank line or a comment.
    NonData,
    Unreadable(RowFault),
    /// One of its addresses is suppressed, so none was checked.
    Suppressed,
    /// The verdict of an earlier run still holds.
    Kept(EarlierVerdict),
    Report {
        /// The report on the address that counts.
        report: Box<Report>,
        /// How many addresses the row has.
        addresses: usize,
    },
}

impl Judge {
    pub fn new(
        validator: Arc<Validator>,
        clock: Arc<dyn Clock>,
        plan: Arc<Plan>,
        settings: JudgeSettings,
    ) -> Self {
        Self { validator, clock, plan, settings }
    }

    /// Judges a row.
    pub async fn row(&self, row: Row) -> CheckedRow {
        let outcome = match row.kind() {
            RowKind::NonData => RowOutcome::NonData,
            RowKind::Fault(fault) => RowOutcome::Unreadable(fault),
            RowKind::Entry if self.is_suppressed(&row) => RowOutcome::Suppressed,
            RowKind::Entry => match self.kept(&row) {
                Some(earlier) => RowOutcome::Kept(earlier),
                None => return self.reported(row).await,
            },
        };
        let keys = match outcome {
            RowOutcome::Kept(_) => {
                row.addresses().iter().filter_map(|text| self.key_of(text)).collect()
            }
            _ => Vec::new(),
        };
        CheckedRow { row, outcome, keys }
    }

    /// The addresses of a row that must be checked.
    pub(super) fn addresses_to_check<'r>(&self, row: &'r Row) -> &'r [String] {
        let is_done = row.kind() != RowKind::Entry || self.is_suppressed(row);
        if is_done || self.kept(row).is_some() { &[] } else { row.addresses() }
    }

    pub(super) async fn report(&self, text: &str) -> Report {
        self.validator.validate(&self.request(text)).await
    }

    /// The mail server that would be asked about an address; none where none would be.
    pub(super) async fn probe_target(&self, text: &str) -> Option<ProbeTarget> {
        self.validator.probe_target(&self.request(text)).await
    }

    fn request<'r>(&'r self, text: &'r str) -> Request<'r> {
        Request {
            text,
            depth: self.settings.depth,
            strictness: self.settings.strictness,
            budget: match self.settings.depth {
                Depth::Syntax | Depth::Domain => BUDGET,
                Depth::Mailbox => MAILBOX_BUDGET,
            },
            client: Client::Operator,
            priority: Priority::InTurn,
            locale: self.settings.locale.as_ref(),
        }
    }

    /// Checks each address of a row. The best counts: one is enough to reach the person.
    async fn reported(&self, row: Row) -> CheckedRow {
        let addresses = row.addresses().len();
        let first = row.addresses().first().map_or("", String::as_str);
        let mut best = self.report(first).await;
        let mut keys: Vec<String> = self.key_of_report(&best).into_iter().collect();
        for text in row.addresses().iter().skip(1) {
            let report = self.report(text).await;
            let key = self.key_of_report(&report);
            // Of equals the first counts. Only one report is kept in memory.
            let is_better = rank(report.judgement.verdict) < rank(best.judgement.verdict);
            keys.extend(key);
            if is_better {
                best = report;
                if let Some(last) = keys.len().checked_sub(1) {
                    keys.swap(0, last);
                }
            }
        }
        let mut report = best;
        if report.suggestion.as_ref().is_some_and(|meant| self.is_suppressed_text(&meant.email)) {
            // A user who takes the suggestion would write to a suppressed address.
            report.suggestion = None;
        }
        if addresses > 1 {
            report.message = message_of_several(&report, addresses, row.left_out().len());
        }
        let outcome = RowOutcome::Report { report: Box::new(report), addresses };
        CheckedRow { row, outcome, keys }
    }

    /// The key of an address that has a report.
    fn key_of_report(&self, report: &Report) -> Option<String> {
        let facts = report.address.as_ref();
        let found = facts.map(|facts| (&facts.address, &facts.canonical));
        key(self.settings.dedupe_key?, &report.email, found)
    }

    fn is_suppressed(&self, row: &Row) -> bool {
        row.addresses().iter().any(|text| self.is_suppressed_text(text))
            || row.left_out().iter().any(|text| self.is_suppressed_text(text))
    }

    fn is_suppressed_text(&self, text: &str) -> bool {
        let suppressed = &self.settings.suppressed;
        !suppressed.is_empty() && {
            let address = self.validator.canonical(text, Strictness::Lenient);
            address.is_some_and(|(address, canonical)| suppressed.has(&address, &canonical))
        }
    }

    fn kept(&self, row: &Row) -> Option<EarlierVerdict> {
        let recheck = self.settings.recheck.as_ref()?;
        let earlier = recheck.kept(row, &self.plan, |normalized| {
            row.addresses().iter().find_map(|text| {
                let (address, canonical) =
                    self.validator.canonical(text, self.settings.strictness)?;
                (address.normalized() == normalized).then_some(canonical.key)
            })
        })?;
        // The suggested address may have been suppressed since.
        let names_suppressed = |column: Column| {
            let text = self.plan.text_in(row, column.name());
            text.is_some_and(|text| self.is_suppressed_text(&text))
        };
        let is_stale = [Column::Suggestion, Column::Fixed].into_iter().any(names_suppressed);
        (!is_stale).then_some(earlier)
    }

    fn key_of(&self, text: &str) -> Option<String> {
        let dedupe_key = self.settings.dedupe_key?;
        let found = self.validator.canonical(text, self.settings.strictness);
        key(dedupe_key, text, found.as_ref().map(|(address, canonical)| (address, canonical)))
    }
}

/// Whether this is the last part of a row: one that is too long comes in several.
pub(super) fn is_last_part(row: &Row) -> bool {
    row.part() == RowPart::Last
}

/// The key by which duplicates are found: the address in a text, else the text unless it is empty.
fn key(dedupe_key: DedupeKey, text: &str, found: Option<(&Address, &Canonical)>) -> Option<String> {
    match (found, dedupe_key) {
        (Some((address, _)), DedupeKey::Exact) => Some(address.normalized()),
        (Some((_, canonical)), DedupeKey::Canonical) => Some(canonical.key.clone()),
        (None, _) => Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
    }
}

/// The rank of a verdict, the best first. An unknown address is better than an undeliverable one.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Deliverable => 0,
        Verdict::Plausible => 1,
        Verdict::Risky => 2,
        Verdict::Unknown => 3,
        Verdict::Undeliverable => 4,
    }
}

fn message_of_several(report: &Report, addresses: usize, left_out: usize) -> String {
    let best = crate::report::visible(&report.email);
    let only = format!("of a cell only the first {MAX_ADDRESSES_OF_CELL} are");
    let rest = match left_out {
        0 => String::new(),
        1 => format!(" 1 more was not checked: {only}."),
        count => format!(" {count} more were not checked: {only}."),
    };
    format!("The best of {addresses} addresses is {best}. {}{rest}", report.message)
}
