//! The formats in which a list can be read.

use std::str::FromStr;

/// The format of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InputFormat {
    /// Columns with any delimiter but the tab.
    Csv,
    /// Columns with tabs between them.
    Tsv,
    /// One JSON object per line.
    JsonLines,
    /// Objects in one JSON document: an array, or a roster from Mailman's REST API.
    Json,
    /// One address per line.
    Lines,
    /// What Mailman's commands print: `anne@example.com`, `Anne Person <anne@example.com>`, …
    Mailman,
}

/// Whether the first row names the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Header {
    Present,
    Absent,
}

/// The text names no input format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such format; there are: csv, tsv, jsonl, json, lines, mailman")]
pub struct UnknownInputFormat;

impl InputFormat {
    pub const ALL: [Self; 6] =
        [Self::Csv, Self::Tsv, Self::JsonLines, Self::Json, Self::Lines, Self::Mailman];

    /// The name for `--from`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::JsonLines => "jsonl",
            Self::Json => "json",
            Self::Lines => "lines",
            Self::Mailman => "mailman",
        }
    }
}

impl FromStr for InputFormat {
    type Err = UnknownInputFormat;

    fn from_str(name: &str) -> Result<Self, UnknownInputFormat> {
        Self::ALL.into_iter().find(|format| format.code() == name).ok_or(UnknownInputFormat)
    }
}

/// The delimiters that are tried unless the owner names another one, the likeliest first.
pub(super) const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The delimiter as a word in the plural: `commas`.
pub fn delimiter_name(delimiter: u8) -> &'static str {
    match delimiter {
        b',' => "commas",
        b';' => "semicolons",
        b'\t' => "tabs",
        b'|' => "bars",
        _ => "a character of its own",
    }
}
