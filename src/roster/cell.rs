//! The cells that are added to a row, in CSV and in JSON.

use std::borrow::Cow;
use std::io::{self, Write};

/// What stands in a column that is added.
#[derive(Clone, Copy)]
pub enum Cell<'a> {
    /// Nothing; `null` in JSON.
    Empty,
    /// A text.
    Text(&'a str),
    /// Words with a blank between any two; an array in JSON.
    Words(&'a str),
    /// A number.
    Number(u64),
    /// A value that is JSON already.
    Json(&'a str),
}

/// What becomes of a cell of ours that a spreadsheet would run as a formula.
///
/// Ours is what is added, and what was no cell before: the members of an object that become columns, and
/// a line of such a list that cannot be read. What the owner had as a cell or a line stays as it is, and
/// so does the address wherever it stood: with an apostrophe in front it would be another mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FormulaEscaping {
    /// An apostrophe before it, which makes it a text.
    #[default]
    On,
    /// It stands as it is.
    Raw,
}

impl FormulaEscaping {
    /// The text of a cell of ours. What makes a formula is what OWASP lists for CSV injection; the
    /// full-width forms are read alike where people type them.
    pub(super) fn applied(self, text: &str) -> Cow<'_, str> {
        let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
        match self {
            Self::On if runs => Cow::Owned(format!("'{text}")),
            Self::On | Self::Raw => Cow::Borrowed(text),
        }
    }
}

/// A cell without the apostrophe that a spreadsheet, or an earlier version, has put in front of what
/// would be a formula.
pub(super) fn without_apostrophe(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@'])).unwrap_or(text)
}

impl Cell<'_> {
    /// The cell as a text.
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
    for (place, piece) in text.split(|byte| *byte == b'"').enumerate() {
        if place > 0 {
            sink.write_all(b"\"\"")?;
        }
        sink.write_all(piece)?;
    }
    sink.write_all(b"\"")
}
