//! How the rows of a list stand in its text.

use std::str::FromStr;

/// How a list is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Columns with a delimiter between them: CSV, TSV and their relatives.
    Delimited(Dialect),
    /// A JSON object a line.
    JsonLines,
    /// Objects in one JSON document: an array, or a roster of Mailman's REST API.
    Json,
    /// An address a line.
    Lines,
    /// What Mailman's commands print: `anne@example.com`, `Anne Person <anne@example.com>`, …
    Mailman,
}

/// The ways of writing columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dialect {
    /// What stands between two columns.
    pub delimiter: u8,
}

/// Whether the first row names the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Header {
    /// It does.
    Present,
    /// It is a row like the others.
    Absent,
}

/// A format by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InputFormat {
    /// Columns, with a comma or whatever a list in reading has.
    Csv,
    /// Columns with tabs between them.
    Tsv,
    /// A JSON object a line.
    JsonLines,
    /// Objects in one JSON document.
    Json,
    /// An address a line.
    Lines,
    /// What Mailman's commands print.
    Mailman,
}

/// A text is the name of no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such format; there are: csv, tsv, jsonl, json, lines, mailman")]
pub struct UnknownInputFormat;

impl InputFormat {
    /// Every format.
    pub const ALL: [Self; 6] =
        [Self::Csv, Self::Tsv, Self::JsonLines, Self::Json, Self::Lines, Self::Mailman];

    /// The name of the format.
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

/// What can stand between columns unless somebody names another one, the likeliest first.
pub(super) const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

impl Dialect {
    /// What stands between two columns, for people: `commas`.
    pub fn delimiters(self) -> &'static str {
        delimiter_name(self.delimiter)
    }
}

/// A delimiter for people.
pub(super) fn delimiter_name(delimiter: u8) -> &'static str {
    match delimiter {
        b',' => "commas",
        b';' => "semicolons",
        b'\t' => "tabs",
        b'|' => "bars",
        _ => "a character of its own",
    }
}
