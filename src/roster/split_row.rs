//! The first row of a text, and where its cells or its object are.

use std::ops::Range;

use memchr::memchr2;

use super::preview::Completeness;

/// The first row of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SplitRow {
    /// The length with the line ending.
    pub(super) whole: usize,
    /// The length without it.
    pub(super) text: usize,
    pub(super) parts: RowParts,
}

/// What a row consists of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RowParts {
    /// Cells: where each ends.
    Cells(Vec<u32>, Quotes),
    Line,
    /// What is found where a JSON object is expected.
    Object(Range<usize>),
    /// The end of a JSON document.
    Closing,
}

/// Whether the quotation marks of a row can be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    Sound,
    /// One is never closed. The row ends with its line, and its quotation marks are text.
    Broken,
}

/// Splits off the first line; none where its end is not in memory.
pub(super) fn line(bytes: &[u8], completeness: Completeness) -> Option<SplitRow> {
    let text = match memchr2(b'\n', b'\r', bytes) {
        Some(end) => end,
        None if completeness == Completeness::All => bytes.len(),
        None => return None,
    };
    let whole = text + line_ending(&bytes[text..], completeness)?;
    Some(SplitRow { whole, text, parts: RowParts::Line })
}

/// The length of the line ending at the front of a text, 0 where it has none; none where its end is not in
/// memory.
pub(super) fn line_ending(bytes: &[u8], completeness: Completeness) -> Option<usize> {
    match bytes {
        [b'\r', b'\n', ..] => Some(2),
        [b'\r'] if completeness == Completeness::Beginning => None,
        [b'\r' | b'\n', ..] => Some(1),
        _ => Some(0),
    }
}

/// The range of a cell, from where the cells end.
pub(super) fn cell_range(ends: &[u32], index: usize) -> Option<Range<usize>> {
    let end = *ends.get(index)? as usize;
    let start = match index {
        0 => 0,
        _ => *ends.get(index - 1)? as usize + 1,
    };
    Some(start..end)
}
