//! One row of a list: its bytes, and what was found in them.

use std::borrow::Cow;
use std::ops::Range;

use super::delimited;
use super::encoding;
use super::row_fault::RowFault;
use super::split_addresses::RowAddresses;
use super::split_row::{RowParts, SplitRow, cell_range};

/// The longest row in which addresses are looked for.
pub const MAX_ROW_BYTES: usize = 1024 * 1024;

/// What the allocator adds to a short string, on average.
const ALLOCATION_BYTES: usize = 16;

/// What a row is, and so whether it gets a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowKind {
    /// A row with data. It may have no address at all.
    Entry,
    /// A blank line, a comment, or what is around the entries of a document. Passed on, never judged.
    NonData,
    Fault(RowFault),
}

/// Whether a row is complete. A row longer than [`MAX_ROW_BYTES`] comes in several parts, each a [`Row`]
/// with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowPart {
    /// The whole row, or the last part of it.
    Last,
    /// More parts follow.
    More,
}

/// A row, or a part of one.
// No `Debug`: it is full of personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    pub(super) raw: Box<[u8]>,
    /// The length of `raw` without the line ending.
    pub(super) text: usize,
    pub(super) kind: RowKind,
    pub(super) body: RowBody,
    pub(super) addresses: RowAddresses,
    pub(super) number: u64,
    pub(super) part: RowPart,
}

/// Where the cells or the object of a row are.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum RowBody {
    /// It has neither.
    Text,
    /// Where each cell ends; the next one begins after the delimiter.
    Cells(Box<[u32]>),
    Object(Range<usize>),
}

impl RowBody {
    pub(super) fn of(parts: RowParts) -> Self {
        match parts {
            RowParts::Cells(ends, _) => Self::Cells(ends.into()),
            RowParts::Object(range) => Self::Object(range),
            RowParts::Line | RowParts::Closing => Self::Text,
        }
    }
}

impl Row {
    /// The row that names the columns.
    pub(super) fn header(raw: &[u8], split: SplitRow, number: u64) -> Self {
        Self {
            raw: raw.into(),
            text: split.text,
            kind: RowKind::Entry,
            body: RowBody::of(split.parts),
            addresses: RowAddresses::default(),
            number,
            part: RowPart::Last,
        }
    }

    /// Its number as a spreadsheet counts it: the header is row 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    pub fn part(&self) -> RowPart {
        self.part
    }

    pub fn kind(&self) -> RowKind {
        self.kind
    }

    /// The row exactly as it was read, with its line ending.
    #[cfg(feature = "testing")]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The addresses to check: all in its address cells, up to [`super::MAX_ADDRESSES_OF_CELL`] of each.
    /// Each as it was typed, which may be no address at all.
    pub fn addresses(&self) -> &[String] {
        &self.addresses.kept
    }

    /// The addresses beyond that limit.
    pub fn left_out(&self) -> &[Box<str>] {
        &self.addresses.left_out
    }

    /// The memory that it takes: itself, its text, the ends of its cells, and its addresses.
    pub fn memory_bytes(&self) -> usize {
        let ends = match &self.body {
            RowBody::Cells(ends) => size_of_val::<[u32]>(ends),
            RowBody::Text | RowBody::Object(_) => 0,
        };
        let text = |length: usize| length + ALLOCATION_BYTES;
        let kept = self.addresses.kept.iter();
        let kept = kept.map(|address| size_of::<String>() + text(address.len())).sum::<usize>();
        let left_out = self.addresses.left_out.iter();
        let left_out =
            left_out.map(|address| size_of::<Box<str>>() + text(address.len())).sum::<usize>();
        size_of::<Self>() + self.raw.len() + ends + kept + left_out
    }

    pub fn is_utf8(&self) -> bool {
        std::str::from_utf8(&self.raw).is_ok()
    }

    /// The row without its line ending.
    pub(super) fn text(&self) -> &[u8] {
        &self.raw[..self.text]
    }

    /// Its object where it has one, else its text.
    pub(super) fn content(&self) -> &[u8] {
        match &self.body {
            RowBody::Object(range) => &self.raw[range.clone()],
            RowBody::Text | RowBody::Cells(_) => self.text(),
        }
    }

    /// Its line ending; none at the end of the list.
    pub(super) fn ending(&self) -> &[u8] {
        &self.raw[self.text..]
    }

    /// How many cells it has; none where it has no cells.
    pub(super) fn width(&self) -> Option<usize> {
        match &self.body {
            RowBody::Cells(ends) => Some(ends.len()),
            RowBody::Text | RowBody::Object(_) => None,
        }
    }

    /// A cell with its quotes.
    pub(super) fn raw_cell(&self, index: usize) -> Option<&[u8]> {
        match &self.body {
            RowBody::Cells(ends) => Some(&self.raw[cell_range(ends, index)?]),
            RowBody::Text | RowBody::Object(_) => None,
        }
    }

    /// The text of a cell.
    pub(super) fn cell(&self, index: usize) -> Option<Cow<'_, str>> {
        Some(match delimited::unquoted(self.raw_cell(index)?) {
            Cow::Borrowed(cell) => encoding::text_of(cell),
            Cow::Owned(cell) => Cow::Owned(encoding::text_of(&cell).into_owned()),
        })
    }

    /// The range of its JSON object; none where it has none.
    pub(super) fn object(&self) -> Option<Range<usize>> {
        match &self.body {
            RowBody::Object(range) => Some(range.clone()),
            RowBody::Text | RowBody::Cells(_) => None,
        }
    }
}
