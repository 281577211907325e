//! Where the first row of a text ends, whatever the shape of the list.

use std::ops::Range;

use memchr::memchr2;

use super::delimited::{self, Quotes};
use super::document::{self, Piece};
use super::head::Completeness;
use super::shape::Shape;

/// The first row of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SplitRow {
    /// How long it is, its line ending included.
    pub(super) whole: usize,
    /// How long it is without its line ending.
    pub(super) text: usize,
    /// What it is made of.
    pub(super) parts: Parts,
}

/// What a row is made of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parts {
    /// Cells: where each ends.
    Cells(Vec<u32>, Quotes),
    /// A line.
    Line,
    /// Something that stands where a JSON object is expected.
    Object(Range<usize>),
    /// The end of a JSON document.
    Closing,
}

/// Cuts the first row off a text; none where its end is not in sight.
pub(super) fn cut(shape: Shape, bytes: &[u8], extent: Completeness) -> Option<SplitRow> {
    match shape {
        Shape::Delimited(dialect) => delimited::cut(bytes, extent, dialect.delimiter),
        Shape::Lines | Shape::Mailman => line(bytes, extent),
        Shape::JsonLines => {
            let line = line(bytes, extent)?;
            let object = without_blanks(&bytes[..line.text]);
            Some(SplitRow { parts: Parts::Object(object), ..line })
        }
        Shape::Json => {
            let (whole, piece) = document::cut(bytes, extent)?;
            let parts = match piece {
                Piece::Object(range) | Piece::Garbage(range) => Parts::Object(range),
                Piece::Closing => Parts::Closing,
            };
            Some(SplitRow { whole, text: whole, parts })
        }
    }
}

/// Whether a row can end with this byte, or behind it.
pub(super) fn can_end(shape: Shape, byte: u8) -> bool {
    match shape {
        Shape::Json => matches!(byte, b'}' | b'{' | b']'),
        Shape::Delimited(_) | Shape::JsonLines | Shape::Lines | Shape::Mailman => {
            matches!(byte, b'\n' | b'\r')
        }
    }
}

/// The first line of a text.
pub(super) fn line(bytes: &[u8], extent: Completeness) -> Option<SplitRow> {
    let text = match memchr2(b'\n', b'\r', bytes) {
        Some(end) => end,
        None if extent == Completeness::All => bytes.len(),
        None => return None,
    };
    let whole = text + delimited::line_ending(&bytes[text..], extent)?;
    Some(SplitRow { whole, text, parts: Parts::Line })
}

fn without_blanks(text: &[u8]) -> Range<usize> {
    let start = text.len() - text.trim_ascii_start().len();
    start..start + text[start..].trim_ascii_end().len()
}
