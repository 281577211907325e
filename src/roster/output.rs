//! What an output is to be like.

use std::str::FromStr;

use super::cell::FormulaEscaping;
use super::encoding::{BOM, Encoding};
use super::plan::Plan;
use super::shape::{Dialect, Shape};

/// The format of an output, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutputFormat {
    /// Columns, with the list's own delimiter unless that is a tab.
    Csv,
    /// Columns with tabs between them.
    Tsv,
    /// A JSON object a line.
    JsonLines,
    /// An address a line: the one of each row that counts. Nothing can be added to it.
    Lines,
}

/// A text is the name of no format of output.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such format; there are: csv, tsv, jsonl, lines")]
pub struct UnknownOutputFormat;

/// What an output is to be like.
#[derive(Clone, Debug, Default)]
pub struct OutputOptions {
    /// Its format; where none is named, that of the list as far as it can hold what is added.
    pub target: Option<OutputFormat>,
    /// The names of the columns that are added, such as `mailvet_verdict`. With none, and no other
    /// format, the output is the list byte for byte.
    pub fields: Vec<String>,
    /// What becomes of formulas.
    pub formulas: FormulaEscaping,
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowForm {
    /// As they stood.
    AsRead,
    /// As they stood, with cells added.
    Extended(Dialect),
    /// As they stood, with members added to the object.
    ExtendedObjects,
    /// Made into columns with this delimiter.
    Delimited(u8),
    /// Made into a JSON object a line.
    JsonLines,
    /// The address that counts alone, one a line.
    Lines,
}

impl OutputFormat {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Tsv, Self::JsonLines, Self::Lines];

    /// The name of the format.
    pub fn code(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::JsonLines => "jsonl",
            Self::Lines => "lines",
        }
    }
}

impl FromStr for OutputFormat {
    type Err = UnknownOutputFormat;

    fn from_str(name: &str) -> Result<Self, UnknownOutputFormat> {
        Self::ALL.into_iter().find(|target| target.code() == name).ok_or(UnknownOutputFormat)
    }
}

impl OutputOptions {
    /// How rows of a list of this shape are written.
    pub(super) fn form(&self, shape: Shape) -> RowForm {
        let own = match shape {
            _ if self.fields.is_empty() => RowForm::AsRead,
            Shape::Delimited(dialect) => RowForm::Extended(dialect),
            Shape::JsonLines => RowForm::ExtendedObjects,
            // Rows may be left out of an output, which a document would not survive.
            Shape::Json => RowForm::JsonLines,
            Shape::Lines | Shape::Mailman => RowForm::Delimited(b','),
        };
        match (self.target, shape) {
            (None, _) | (Some(OutputFormat::JsonLines), Shape::JsonLines) => own,
            (Some(OutputFormat::Csv), Shape::Delimited(dialect)) if dialect.delimiter != b'\t' => {
                own
            }
            (Some(OutputFormat::Tsv), Shape::Delimited(dialect)) if dialect.delimiter == b'\t' => {
                own
            }
            (Some(OutputFormat::Csv), _) => RowForm::Delimited(b','),
            (Some(OutputFormat::Tsv), _) => RowForm::Delimited(b'\t'),
            (Some(OutputFormat::JsonLines), _) => RowForm::JsonLines,
            // Nothing is to be added, and it has the form already.
            (Some(OutputFormat::Lines), Shape::Lines) if self.fields.is_empty() => RowForm::AsRead,
            (Some(OutputFormat::Lines), _) => RowForm::Lines,
        }
    }
}

impl RowForm {
    /// Whether rows keep the form they had.
    pub(super) fn is_kept(self) -> bool {
        match self {
            Self::AsRead | Self::Extended(_) | Self::ExtendedObjects => true,
            Self::Delimited(_) | Self::JsonLines | Self::Lines => false,
        }
    }

    /// What stands before the first byte: the mark that was there, and one for a spreadsheet where the
    /// text is UTF-8 only now.
    pub(super) fn mark(self, plan: &Plan) -> &'static [u8] {
        let is_for_spreadsheets = match self {
            Self::AsRead => matches!(plan.shape(), Shape::Delimited(_)),
            Self::Extended(_) | Self::Delimited(_) => true,
            Self::ExtendedObjects | Self::JsonLines | Self::Lines => false,
        };
        match plan.encoding() {
            Encoding::Utf8 => b"",
            Encoding::Utf8Bom if self.is_kept() => BOM,
            _ if is_for_spreadsheets => BOM,
            _ => b"",
        }
    }
}
