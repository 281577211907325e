//! One row of a list: the bytes it stood in, and what was found in them.

use std::borrow::Cow;
use std::ops::Range;

use super::delimited;
use super::encoding;
use super::json;
use super::plan::Plan;
use super::split_addresses::RowAddresses;
use super::split_row::{Parts, SplitRow};

/// Why a row cannot be read. It is passed on as it stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowFault {
    /// It is longer than [`MAX_ROW_BYTES`].
    TooLong,
    /// A quotation mark opens and none closes, as far as can be told.
    BrokenQuotes,
    /// It has more cells than the header, and the address stands in another column.
    Shifted,
    /// The cell of the address, or the object, is not UTF-8.
    NotUtf8,
    /// It is no JSON object.
    NotJson,
}

/// The longest row that is read, in bytes.
pub const MAX_ROW_BYTES: usize = 1024 * 1024;

/// What the allocator adds to a short text, on average.
const ALLOCATION_BYTES: usize = 16;

impl RowFault {
    /// Every fault.
    pub const ALL: [Self; 5] =
        [Self::TooLong, Self::BrokenQuotes, Self::Shifted, Self::NotUtf8, Self::NotJson];

    /// The code for `mailvet_reasons`.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "row_too_long",
            Self::BrokenQuotes => "row_broken_quotes",
            Self::Shifted => "row_shifted",
            Self::NotUtf8 => "row_not_utf8",
            Self::NotJson => "row_not_json",
        }
    }

    /// One sentence for people. It repeats nothing of the row.
    pub fn message(self) -> &'static str {
        match self {
            Self::TooLong => "The row is longer than 1 MiB.",
            Self::BrokenQuotes => "A quotation mark opens in the row and none closes.",
            Self::Shifted => {
                "The row has more cells than the header, and no address where the others have it."
            }
            Self::NotUtf8 => "The address is not UTF-8; --encoding says what the list is.",
            Self::NotJson => "The row is not a JSON object.",
        }
    }
}

/// What a row is for the one who judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowKind {
    /// Somebody's row, to be judged; it may have no address at all.
    Entry,
    /// Nobody's: a blank line, a comment, what stands around the entries. Passed on, never judged.
    NonData,
    /// It cannot be read.
    Fault(RowFault),
}

/// Whether a row is there to its end: one that is too long comes in several parts, each of them a
/// [`Row`] of the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowPart {
    /// The row ends here, as nearly every one does.
    Last,
    /// More of it follows.
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

/// Where in a row its parts stand.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum RowBody {
    /// Nothing but text.
    Text,
    /// Where each cell ends; the next one begins behind the delimiter.
    Cells(Box<[u32]>),
    /// The JSON object.
    Object(Range<usize>),
}

impl RowBody {
    /// Where the parts stand that a row was cut into.
    pub(super) fn of(parts: Parts) -> Self {
        match parts {
            Parts::Cells(ends, _) => Self::Cells(ends.into()),
            Parts::Object(range) => Self::Object(range),
            Parts::Line | Parts::Closing => Self::Text,
        }
    }
}

impl Row {
    /// The row that names the columns.
    pub(super) fn header(raw: &[u8], cut: SplitRow, number: u64) -> Self {
        Self {
            raw: raw.into(),
            text: cut.text,
            kind: RowKind::Entry,
            body: RowBody::of(cut.parts),
            addresses: RowAddresses::default(),
            number,
            part: RowPart::Last,
        }
    }

    /// Its number as a spreadsheet counts: the header is row 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether it ends here.
    pub fn part(&self) -> RowPart {
        self.part
    }

    /// What it is.
    pub fn kind(&self) -> RowKind {
        self.kind
    }

    /// The row exactly as it stood, with its line ending.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The addresses in it that are looked at: none, one, or as many as stand in its address cells, up to
    /// [`super::MAX_ADDRESSES_OF_CELL`] of each. Each as it was typed, which may be no address at all.
    pub fn addresses(&self) -> &[String] {
        &self.addresses.kept
    }

    /// The addresses in it beyond those.
    pub fn left_out(&self) -> &[Box<str>] {
        &self.addresses.left_out
    }

    /// What it takes in memory, in bytes: itself, its text, where its cells end, and its addresses.
    pub fn weight(&self) -> usize {
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

    /// Whether all of it is UTF-8.
    pub fn is_utf8(&self) -> bool {
        std::str::from_utf8(&self.raw).is_ok()
    }

    /// The row without its line ending.
    pub(super) fn text(&self) -> &[u8] {
        &self.raw[..self.text]
    }

    /// Its line ending; none at the end of the list.
    pub(super) fn ending(&self) -> &[u8] {
        &self.raw[self.text..]
    }

    /// How many cells it has; none where it is not made of cells.
    pub(super) fn width(&self) -> Option<usize> {
        match &self.body {
            RowBody::Cells(ends) => Some(ends.len()),
            RowBody::Text | RowBody::Object(_) => None,
        }
    }

    /// A cell as it stands, quotes and all.
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

    /// Where its JSON object stands, if it is made of one.
    pub(super) fn object(&self) -> Option<Range<usize>> {
        match &self.body {
            RowBody::Object(range) => Some(range.clone()),
            RowBody::Text | RowBody::Cells(_) => None,
        }
    }

    /// What stands in a column of the list, such as one that an earlier run added.
    pub fn text_of(&self, plan: &Plan, name: &str) -> Option<Cow<'_, str>> {
        match &self.body {
            RowBody::Text => None,
            RowBody::Cells(_) => self.cell(plan.names()?.iter().position(|known| known == name)?),
            RowBody::Object(range) => {
                let object = &self.raw[range.clone()];
                let mut members = json::members(object).ok()?.into_iter();
                members
                    .find(|member| member.key == name)
                    .map(|member| json::text(&object[member.value]))
            }
        }
    }
}

/// Where a cell stands, by where the cells end.
pub(super) fn cell_range(ends: &[u32], index: usize) -> Option<Range<usize>> {
    let end = *ends.get(index)? as usize;
    let start = match index {
        0 => 0,
        _ => *ends.get(index - 1)? as usize + 1,
    };
    Some(start..end)
}
