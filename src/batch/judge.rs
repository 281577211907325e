//! What is said of one row.

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

/// Nobody waits for an answer about a list; look-ups have an end of their own.
const BUDGET: Duration = Duration::from_secs(24 * 3600);
/// How long one may stand in line for a mail server: longer than a line of as many as may be asked in a
/// day takes.
const MAILBOX_BUDGET: Duration = Duration::from_secs(2 * 3600);

/// How addresses of a list are looked at.
pub struct JudgeSettings {
    /// How deep.
    pub depth: Depth,
    /// What to do about what is pasted around them.
    pub strictness: Strictness,
    /// The language of those who typed them.
    pub locale: Option<Locale>,
    /// What makes two rows the same; none where that does not matter.
    pub dedupe_key: Option<DedupeKey>,
    /// Who is not to be written to.
    pub suppressed: Suppressed,
    /// Which verdicts of an earlier run still hold.
    pub recheck: Option<Recheck>,
}

/// Says something of each row.
pub struct Judge {
    pub(super) validator: Arc<Validator>,
    pub(super) clock: Arc<dyn Clock>,
    plan: Arc<Plan>,
    settings: JudgeSettings,
}

/// A row, and what is said of it.
pub struct CheckedRow {
    /// The row.
    pub row: Row,
    /// What is said.
    pub said: RowOutcome,
    /// Its addresses, as it is told whether two rows are the same; the one that counts comes first. None
    /// where that does not matter, or there is nothing to tell by.
    pub keys: Vec<String>,
}

/// What is said of a row.
pub enum RowOutcome {
    /// Nothing: it is nobody's.
    Nothing,
    /// It cannot be read.
    Unreadable(RowFault),
    /// Its person is not to be written to, so nothing was asked.
    Suppressed,
    /// What an earlier run said.
    Kept(EarlierVerdict),
    /// What was found out now.
    Report {
        /// The report on the address that counts.
        report: Box<Report>,
        /// How many addresses there are in the row.
        addresses: usize,
    },
}

impl Judge {
    /// Says something of the rows of this list.
    pub fn new(
        validator: Arc<Validator>,
        clock: Arc<dyn Clock>,
        plan: Arc<Plan>,
        settings: JudgeSettings,
    ) -> Self {
        Self { validator, clock, plan, settings }
    }

    /// Looks at a row.
    pub async fn row(&self, row: Row) -> CheckedRow {
        let said = match row.kind() {
            RowKind::NonData => RowOutcome::Nothing,
            RowKind::Fault(fault) => RowOutcome::Unreadable(fault),
            RowKind::Entry if self.is_suppressed(&row) => RowOutcome::Suppressed,
            RowKind::Entry => match self.kept(&row) {
                Some(earlier) => RowOutcome::Kept(earlier),
                None => return self.reported(row).await,
            },
        };
        let keys = match said {
            RowOutcome::Kept(_) => {
                row.addresses().iter().filter_map(|text| self.key_of(text)).collect()
            }
            _ => Vec::new(),
        };
        CheckedRow { row, said, keys }
    }

    /// The addresses of a row that somebody has to be asked about.
    pub(super) fn to_ask<'r>(&self, row: &'r Row) -> &'r [String] {
        let is_settled = row.kind() != RowKind::Entry || self.is_suppressed(row);
        if is_settled || self.kept(row).is_some() { &[] } else { row.addresses() }
    }

    /// Looks at a text.
    pub(super) async fn text(&self, text: &str) -> Report {
        self.validator.validate(&self.request(text)).await
    }

    /// Who would be asked about the mailbox in a text; none where nobody would be.
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

    /// Looks at each address of a row. The best of them counts: one is enough to reach somebody.
    async fn reported(&self, row: Row) -> CheckedRow {
        let addresses = row.addresses().len();
        let first = row.addresses().first().map_or("", String::as_str);
        let mut best = self.text(first).await;
        let mut keys: Vec<String> = self.key_of_report(&best).into_iter().collect();
        for text in row.addresses().iter().skip(1) {
            let report = self.text(text).await;
            let key = self.key_of_report(&report);
            // The first of equals. One of a thousand reports is kept.
            let is_better = worth(report.judgement.verdict) < worth(best.judgement.verdict);
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
            // Whoever takes a suggestion over would write to them.
            report.suggestion = None;
        }
        if addresses > 1 {
            report.message = of_several(&report, addresses, row.left_out().len());
        }
        CheckedRow { row, said: RowOutcome::Report { report: Box::new(report), addresses }, keys }
    }

    /// What tells whether another row is the same as that of a report.
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
        // Its suggestion may be of somebody who has unsubscribed since.
        let names_suppressed = |column: Column| {
            let text = row.text_of(&self.plan, column.name());
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

/// Whether a row ends here: one that is too long comes in several parts.
pub(super) fn is_whole(row: &Row) -> bool {
    row.part() == RowPart::Last
}

/// What tells whether two rows are the same: the address that was found in a text, or else the text; an
/// empty one is nobody's.
fn key(dedupe_key: DedupeKey, text: &str, found: Option<(&Address, &Canonical)>) -> Option<String> {
    match (found, dedupe_key) {
        (Some((address, _)), DedupeKey::Exact) => Some(address.normalized()),
        (Some((_, canonical)), DedupeKey::Canonical) => Some(canonical.key.clone()),
        (None, _) => Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
    }
}

/// The best verdict has the least number. What could not be found out is better than what cannot be.
fn worth(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Deliverable => 0,
        Verdict::Plausible => 1,
        Verdict::Risky => 2,
        Verdict::Unknown => 3,
        Verdict::Undeliverable => 4,
    }
}

fn of_several(report: &Report, addresses: usize, left_out: usize) -> String {
    let best = crate::report::visible(&report.email);
    let only = format!("of a cell only the first {MAX_ADDRESSES_OF_CELL} are");
    let rest = match left_out {
        0 => String::new(),
        1 => format!(" 1 more was not checked: {only}."),
        count => format!(" {count} more were not checked: {only}."),
    };
    format!("The best of {addresses} addresses is {best}. {}{rest}", report.message)
}
