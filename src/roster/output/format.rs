//! The formats in which a list can be written, and what is added to it.

use std::str::FromStr;

use crate::roster::cell::FormulaEscaping;
use crate::roster::format::InputFormat;

/// The format of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutputFormat {
    /// Columns, with the list's own delimiter unless that is a tab.
    Csv,
    /// Columns with tabs between them.
    Tsv,
    /// One JSON object per line.
    JsonLines,
    /// One address per line: the one that counts in each row. Nothing can be added.
    Lines,
}

/// The text names no output format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such format; there are: csv, tsv, jsonl, lines")]
pub struct UnknownOutputFormat;

/// How a list is written.
#[derive(Clone, Debug, Default)]
pub struct OutputOptions {
    /// None: that of the list, as far as it can hold what is added.
    pub format: Option<OutputFormat>,
    /// The names of the added columns, such as `mailvet_verdict`. With none, and no other format, the output
    /// is the list byte for byte.
    pub fields: Vec<String>,
    pub formulas: FormulaEscaping,
}

impl OutputFormat {
    pub const ALL: [Self; 4] = [Self::Csv, Self::Tsv, Self::JsonLines, Self::Lines];

    /// The name for `--to`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::JsonLines => "jsonl",
            Self::Lines => "lines",
        }
    }

    /// The format in which a list of this format is written when columns are added. Rows may be left out of
    /// an output, which would break a JSON document.
    pub fn extending(list: InputFormat) -> Self {
        match list {
            InputFormat::Csv | InputFormat::Lines | InputFormat::Mailman => Self::Csv,
            InputFormat::Tsv => Self::Tsv,
            InputFormat::JsonLines | InputFormat::Json => Self::JsonLines,
        }
    }
}

impl FromStr for OutputFormat {
    type Err = UnknownOutputFormat;

    fn from_str(name: &str) -> Result<Self, UnknownOutputFormat> {
        Self::ALL.into_iter().find(|format| format.code() == name).ok_or(UnknownOutputFormat)
    }
}
