//! What an earlier run said of a row, where that still holds.

use jiff::Timestamp;

use super::summary::RowSeen;
use crate::report::Column;
use crate::roster::{Plan, Row};
use crate::verdict::{Advice, Reason, Verdict};

/// Which verdicts of an earlier run are kept.
pub struct Recheck {
    /// What was found out before this time is looked at again.
    pub since: Timestamp,
    /// When rows were looked at that do not say so: when the file was written.
    pub written_at: Timestamp,
    /// The columns that a row has to have. Without one of them it is looked at again.
    pub columns: Vec<Column>,
}

/// What an earlier run said of a row.
pub struct Earlier {
    /// The verdict.
    pub verdict: Verdict,
    /// The advice, if the row tells it.
    pub advice: Option<Advice>,
    /// The reasons, as far as this version knows them.
    pub reasons: Vec<Reason>,
    columns: Vec<(Column, String)>,
}

impl Recheck {
    /// What an earlier run said of a row; none where there was none, it is too old, or it could not find
    /// out.
    pub(super) fn kept(&self, row: &Row, plan: &Plan) -> Option<Earlier> {
        let text = |column: Column| row.text_of(plan, column.name());
        let verdict = text(Column::Verdict)?;
        let verdict = Verdict::ALL.into_iter().find(|known| known.code() == verdict)?;
        let checked_at = match text(Column::CheckedAt) {
            Some(time) => time.parse().ok()?,
            None => self.written_at,
        };
        if verdict == Verdict::Unknown || checked_at < self.since {
            return None;
        }
        let columns = self.columns.iter().filter(|column| **column != Column::DuplicateOf);
        let columns = columns.map(|column| {
            let text = match (text(*column), column) {
                (Some(text), Column::Reasons) => words(&text).collect::<Vec<_>>().join(" "),
                (Some(text), _) => text.into_owned(),
                // The date that the rest of the row is from.
                (None, Column::CheckedAt) => format!("{checked_at:.0}"),
                (None, _) => return None,
            };
            Some((*column, text))
        });
        let columns: Vec<(Column, String)> = columns.collect::<Option<_>>()?;
        let advice = text(Column::Advice);
        let reasons = text(Column::Reasons);
        Some(Earlier {
            verdict,
            advice: advice
                .and_then(|advice| Advice::ALL.into_iter().find(|known| known.code() == advice)),
            reasons: reasons
                .map(|reasons| words(&reasons).filter_map(Reason::from_code).collect())
                .unwrap_or_default(),
            columns,
        })
    }
}

impl Earlier {
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
