//! The cells that are added to a row, in CSV and in JSON.

use std::borrow::Cow;
use std::io::{self, Write};

/// The value of an added column.
#[derive(Clone, Copy)]
pub enum Cell<'a> {
    /// `null` in JSON.
    Empty,
    Text(&'a str),
    /// Words separated by blanks; an array in JSON.
    Words(&'a str),
    Number(u64),
    /// A value that is JSON already.
    Json(&'a str),
}

/// What is done with a new cell that a spreadsheet would run as a formula.
///
/// New cells are those that are added, members of an object that become columns, and a line of a JSON list
/// that cannot be read. A cell or line of the owner's stays as it is, and so does the address everywhere:
/// with an apostrophe it would be another mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FormulaEscaping {
    /// An apostrophe before it makes it text.
    #[default]
    On,
    /// It is written as it is.
    Raw,
}

impl FormulaEscaping {
    /// The text of a new cell. The signs that begin a formula are those that OWASP lists for CSV injection,
    /// and their full-width forms, which spreadsheets in East Asia take alike.
    pub(super) fn escape(self, text: &str) -> Cow<'_, str> {
        let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
        match self {
            Self::On if is_formula => Cow::Owned(format!("'{text}")),
            Self::On | Self::Raw => Cow::Borrowed(text),
        }
    }
}

/// A cell without the apostrophe that a spreadsheet, or an earlier version, put before a formula.
pub(super) fn without_apostrophe(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@'])).unwrap_or(text)
}

impl Cell<'_> {
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Empty => Cow::Borrowed(""),
            Self::Text(text) | Self::Words(text) | Self::Json(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
        }
    }
}

/// Writes a cell, in quotes where it needs them (RFC 4180 §2).
pub(super) fn write_cell(sink: &mut impl Write, text: &[u8], delimiter: u8) -> io::Result<()> {
    let needs_quotes = |byte: &u8| *byte == delimiter || matches!(byte, b'"' | b'\n' | b'\r');
    if !text.iter().any(needs_quotes) {
        return sink.write_all(text);
    }
    sink.write_all(b"\"")?;
    for (index, piece) in text.split(|byte| *byte == b'"').enumerate() {
        if index > 0 {
            sink.write_all(b"\"\"")?;
        }
        sink.write_all(piece)?;
    }
    sink.write_all(b"\"")
}
