//! The columns that `clean` adds to a list.

use std::borrow::Cow;
use std::str::FromStr;

use strum::{IntoStaticStr, VariantArray};

use super::fixed::FixInput;
use super::json::rfc3339;
use super::{JsonForm, Report, visible_json};
use crate::typo::Confidence;
use crate::verdict::Reason;

/// The prefix of every added column, by which a later run recognises it.
const PREFIX: &str = "mailvet_";

/// A column that is added to a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", prefix = "mailvet_")]
pub enum Column {
    /// The verdict.
    Verdict,
    /// What a form should do.
    Advice,
    /// Every reason, with blanks between them.
    Reasons,
    /// The address that was probably meant.
    Suggestion,
    /// A sentence for people.
    Message,
    /// How deep the evidence goes.
    Depth,
    /// The address in its normal form.
    Normalized,
    /// The key under which one person is found twice.
    Canonical,
    /// The number of the first row with the same address.
    DuplicateOf,
    /// When another probe makes sense.
    RetryAt,
    /// When the evidence was gathered.
    CheckedAt,
    /// The address to use from now on.
    Fixed,
    /// The whole report, as JSON.
    Report,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such column; there are: {}", Column::ALL.map(Column::short).join(", "))]
pub struct UnknownColumn;

impl Column {
    /// Every column.
    pub const ALL: [Self; Self::VARIANTS.len()] =
        *Self::VARIANTS.as_array().expect("its own length");

    /// The columns that are added by default.
    pub const USUAL: [Self; 10] = [
        Self::Verdict,
        Self::Advice,
        Self::Reasons,
        Self::Suggestion,
        Self::Message,
        Self::Depth,
        Self::Normalized,
        Self::Canonical,
        Self::DuplicateOf,
        Self::RetryAt,
    ];

    /// The name of the column.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The name without the prefix.
    pub fn short(self) -> &'static str {
        self.name().strip_prefix(PREFIX).unwrap_or_default()
    }

    /// The cell of this column; none for an empty one. A report knows nothing of duplicates. From the confidence
    /// `fix_at` on (`[typo] fix_at`), a suggestion is the address to use from now on.
    pub fn of(self, report: &Report, fix_at: Confidence) -> Option<Cow<'_, str>> {
        let judgement = &report.judgement;
        match self {
            Self::Verdict => Some(judgement.verdict.code().into()),
            Self::Advice => Some(judgement.advice.code().into()),
            Self::Reasons => Some(reasons(&judgement.reasons)),
            Self::Suggestion => Some(report.suggestion.as_ref()?.email.as_str().into()),
            Self::Message => Some(report.message.as_str().into()),
            Self::Depth => Some(judgement.depth.code().into()),
            Self::Normalized => Some(report.address.as_ref()?.address.normalized().into()),
            Self::Canonical => Some(report.address.as_ref()?.canonical.key.as_str().into()),
            Self::DuplicateOf => None,
            Self::RetryAt => {
                let retry_at = report.mailbox.as_ref()?.evidence.retry_at?;
                Some(rfc3339(retry_at).into())
            }
            Self::CheckedAt => Some(rfc3339(report.checked_at()).into()),
            Self::Fixed => FixInput::of(report).fixed(fix_at),
            Self::Report => {
                let json = visible_json(&report.json(JsonForm::Evidence)).ok()?;
                Some(String::from_utf8(json).ok()?.into())
            }
        }
    }
}

impl FromStr for Column {
    type Err = UnknownColumn;

    /// Reads a name, with or without the prefix.
    fn from_str(name: &str) -> Result<Self, UnknownColumn> {
        Self::ALL
            .into_iter()
            .find(|column| column.name() == name || column.short() == name)
            .ok_or(UnknownColumn)
    }
}

fn reasons(reasons: &[Reason]) -> Cow<'static, str> {
    match reasons {
        [reason] => reason.code().into(),
        reasons => {
            let codes: Vec<&str> = reasons.iter().copied().map(Reason::code).collect();
            codes.join(" ").into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for column in Column::ALL {
            assert_eq!(column.name().parse(), Ok(column));
            assert_eq!(column.short().parse(), Ok(column));
        }
        let error = "verdit".parse::<Column>().unwrap_err().to_string();
        assert!(error.contains("verdict, advice, reasons"), "{error}");
    }
}
