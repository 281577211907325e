//! What an earlier run said of a row, where that still holds.

use jiff::Timestamp;

use super::summary::RowSeen;
use crate::report::{Column, FixInput};
use crate::roster::{Plan, Row};
use crate::typo::Confidence;
use crate::verdict::{Advice, Depth, Reason, Verdict};

/// Which verdicts of an earlier run are kept.
pub struct Recheck {
    /// What was found out before this time is looked at again.
    pub since: Timestamp,
    /// When rows were looked at that do not say so: when the file was written.
    pub written_at: Timestamp,
    /// The columns that are written. A row that lacks one of them, which cannot be told from the others
    /// either, is looked at again.
    pub columns: Vec<Column>,
    /// How deep this run looks. What an earlier one did not look at as deeply is looked at again.
    pub depth: Depth,
    /// From this confidence on a suggestion is the address to use from now on.
    pub fix_at: Confidence,
}

/// What an earlier run said of a row.
pub struct EarlierVerdict {
    /// The verdict.
    pub verdict: Verdict,
    /// The advice, if the row tells it.
    pub advice: Option<Advice>,
    /// The reasons, as far as this version knows them.
    pub reasons: Vec<Reason>,
    columns: Vec<(Column, String)>,
}

impl Recheck {
    /// The columns for lack of which all rows of a list with these columns are looked at again.
    pub fn missing(&self, names: &[String]) -> Vec<Column> {
        let has = |column: Column| names.iter().any(|name| name == column.name());
        let needed = self.columns.iter().flat_map(|column| match column {
            // Told by rows without them, or left empty.
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

    /// What an earlier run said of a row; none where there was none, it is too old, it could not find out
    /// or did not look as deep, or the row is not the same any more: `canonical_of` tells the canonical
    /// key of an address in its normal form, if it is one of the row's.
    pub(super) fn kept(
        &self,
        row: &Row,
        plan: &Plan,
        canonical_of: impl Fn(&str) -> Option<String>,
    ) -> Option<EarlierVerdict> {
        let text = |column: Column| row.text_of(plan, column.name());
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
        // Of a text that was no address nothing tells whether it is still the same; to look at it again
        // costs nothing.
        let normalized = text(Column::Normalized)?;
        // Before what a spreadsheet would take for a formula an earlier run has put an apostrophe.
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
        // Nothing in the row tells how certain its suggestion is, and whether that was enough for an earlier
        // run does not matter: such a row is looked at again.
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
                // The rules for it may have changed, and it costs nothing.
                (Some(_), Column::Canonical) => canonical.clone(),
                (Some(text), Column::Reasons) => words(&text).collect::<Vec<_>>().join(" "),
                (Some(text), _) => text.into_owned(),
                // The date that the rest of the row is from.
                (None, Column::CheckedAt) => format!("{checked_at:.0}"),
                // Nothing but a look tells all that.
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
    /// As it is counted.
    pub(super) fn seen(&self) -> RowSeen<'_> {
        RowSeen::Kept { verdict: self.verdict, advice: self.advice, reasons: &self.reasons }
    }

    /// What stands in a column; none for nothing.
    pub(super) fn text(&self, column: Column) -> Option<&str> {
        let (_, text) = self.columns.iter().find(|(known, _)| *known == column)?;
        (!text.is_empty()).then_some(text)
    }
}

/// The words of a cell, be it blanks that stand between them or the marks of a JSON array.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}
