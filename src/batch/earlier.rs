//! Verdicts of an earlier run that still hold (`--recheck-after`).

use jiff::Timestamp;

use super::summary::TallyEntry;
use crate::report::{Column, FixInput};
use crate::roster::{Plan, Row};
use crate::typo::Confidence;
use crate::verdict::{Advice, Depth, Reason, Verdict};

/// Which verdicts of an earlier run are kept.
pub struct Recheck {
    /// Rows that were checked before this time are checked again.
    pub since: Timestamp,
    /// When rows without a date were checked: when the file was written.
    pub written_at: Timestamp,
    /// The columns to write. A row that lacks one which does not follow from the others is checked again.
    pub columns: Vec<Column>,
    /// The depth of this run. Rows that were not checked as deeply are checked again.
    pub depth: Depth,
    /// The least confidence of a suggestion that replaces the address.
    pub fix_at: Confidence,
}

/// The verdict of an earlier run on a row.
pub struct EarlierVerdict {
    pub verdict: Verdict,
    /// None where the row has no such column.
    pub advice: Option<Advice>,
    /// The reasons, as far as this version knows them.
    pub reasons: Vec<Reason>,
    columns: Vec<(Column, String)>,
}

impl Recheck {
    /// The columns that are missing among these, so that all rows are checked again.
    pub fn missing(&self, names: &[String]) -> Vec<Column> {
        let has = |column: Column| names.iter().any(|name| name == column.name());
        let needed = self.columns.iter().flat_map(|column| match column {
            // They follow from other columns, or may stay empty.
            Column::DuplicateOf | Column::CheckedAt | Column::Report => &[][..],
            Column::Fixed => &[Column::Suggestion, Column::Reasons, Column::Advice],
            column => std::slice::from_ref(column),
        });
        let mut missing: Vec<Column> = Vec::new();
        for column in needed.chain(&[Column::Normalized]) {
            if !has(*column) && !missing.contains(column) {
                missing.push(*column);
            }
        }
        missing
    }

    /// The verdict of an earlier run on a row. None where there is none, where it is too old, unknown or not as
    /// deep, or where the row has changed since: `canonical_of` returns the canonical key of an address in its
    /// normal form, if it is one of the row's.
    pub(super) fn kept(
        &self,
        row: &Row,
        plan: &Plan,
        canonical_of: impl Fn(&str) -> Option<String>,
    ) -> Option<EarlierVerdict> {
        let text = |column: Column| plan.text_in(row, column.name());
        let verdict = Verdict::from_code(&text(Column::Verdict)?)?;
        let checked_at = match text(Column::CheckedAt) {
            Some(time) => time.parse().ok()?,
            None => self.written_at,
        };
        if verdict == Verdict::Unknown || checked_at < self.since {
            return None;
        }
        let is_deep_enough = verdict == Verdict::Undeliverable
            || text(Column::Depth).is_none_or(|depth| {
                Depth::ALL.iter().any(|known| known.code() == depth && *known >= self.depth)
            });
        // For a text that was no address nothing shows whether it has changed; to check it again is cheap.
        let normalized = text(Column::Normalized)?;
        // An earlier run put an apostrophe before a formula.
        let address = [Some(&*normalized), normalized.strip_prefix('\'')];
        let mut found = address.into_iter().flatten();
        let (address, canonical) =
            found.find_map(|address| Some((address, canonical_of(address)?)))?;
        if !is_deep_enough {
            return None;
        }
        let advice = text(Column::Advice).and_then(|advice| Advice::from_code(&advice));
        let reasons: Option<Vec<Reason>> = text(Column::Reasons)
            .map(|reasons| words(&reasons).filter_map(Reason::from_code).collect());
        // The row does not have the confidence of its suggestion, so a row with one is checked again.
        let fixed = match (text(Column::Suggestion), advice, &reasons) {
            (Some(suggestion), Some(advice), Some(reasons)) if suggestion.is_empty() => {
                let normalized = Some(address.into()).filter(|_| !address.is_empty());
                let input = FixInput { verdict, advice, reasons, suggestion: None, normalized };
                Some(input.fixed(self.fix_at).unwrap_or_default().into_owned())
            }
            _ => None,
        };
        let columns = self.columns.iter().filter(|column| **column != Column::DuplicateOf);
        let columns = columns.map(|column| {
            let text = match (text(*column), column) {
                (_, Column::Fixed) => fixed.clone()?,
                // Its rules may have changed, and it is cheap.
                (Some(_), Column::Canonical) => canonical.clone(),
                (Some(text), Column::Reasons) => words(&text).collect::<Vec<_>>().join(" "),
                (Some(text), _) => text.into_owned(),
                // The date of the other columns.
                (None, Column::CheckedAt) => format!("{checked_at:.0}"),
                // Only a new check could fill it.
                (None, Column::Report) => String::new(),
                (None, _) => return None,
            };
            Some((*column, text))
        });
        let columns: Vec<(Column, String)> = columns.collect::<Option<_>>()?;
        Some(EarlierVerdict { verdict, advice, reasons: reasons.unwrap_or_default(), columns })
    }
}

impl EarlierVerdict {
    pub(super) fn tally_entry(&self) -> TallyEntry<'_> {
        TallyEntry::Kept { verdict: self.verdict, advice: self.advice, reasons: &self.reasons }
    }

    /// The text of a column; none where it is empty.
    pub(super) fn text(&self, column: Column) -> Option<&str> {
        let (_, text) = self.columns.iter().find(|(known, _)| *known == column)?;
        (!text.is_empty()).then_some(text)
    }
}

/// The words of a cell, separated by blanks or by the signs of a JSON array.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}
