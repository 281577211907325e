//! The first rows of a list, cut and unquoted, to find out what is in them.

use std::ops::Range;

use super::delimited::{self, Quotes};
use super::head::Completeness;
use super::row::cell_range;
use super::shape::{Dialect, Shape};
use super::split_addresses;
use super::split_row::{self, Parts, SplitRow};

/// How many rows are looked at.
const SAMPLE_ROWS: usize = 500;
/// How many more there may be in which nothing stands, or nothing that can be understood.
const EMPTY_ROWS: u64 = 500;

/// The rows at the front of a list.
pub(super) struct Sample {
    pub(super) rows: Vec<SampleRow>,
}

/// A row in which something stands.
pub(super) struct SampleRow {
    /// Where it stands, its line ending included.
    pub(super) range: Range<usize>,
    /// Its number, from 1.
    pub(super) number: u64,
    /// The texts of its cells.
    pub(super) cells: Vec<String>,
}

impl Sample {
    /// The rows of a text that are there to their end, or the one that is cut off where there is no other.
    pub(super) fn of(text: &[u8], extent: Completeness, shape: Shape) -> Self {
        let mut rows = Vec::new();
        let mut start = 0;
        let mut number = 0;
        while start < text.len()
            && rows.len() < SAMPLE_ROWS
            && number < EMPTY_ROWS + rows.len() as u64
        {
            let rest = &text[start..];
            let cut = match split_row::cut(shape, rest, extent) {
                None if rows.is_empty() => split_row::cut(shape, rest, Completeness::All),
                cut => cut,
            };
            let Some(cut) = cut else { break };
            number += 1;
            let range = start..start + cut.whole;
            start += cut.whole;
            let cells = cells(rest, &cut);
            if cells.iter().any(|cell| !cell.trim().is_empty()) {
                rows.push(SampleRow { range, number, cells });
            }
        }
        Self { rows }
    }

    /// The rows of a text with this delimiter.
    pub(super) fn with_delimiter(text: &[u8], extent: Completeness, delimiter: u8) -> Self {
        Self::of(text, extent, Shape::Delimited(Dialect { delimiter }))
    }

    /// How wide most rows are, and how many those are.
    pub(super) fn usual_width(&self) -> (usize, usize) {
        let mut widths: Vec<usize> = self.rows.iter().map(|row| row.cells.len()).collect();
        widths.sort_unstable();
        let runs = widths.chunk_by(|one, other| one == other);
        runs.map(|run| (run[0], run.len())).max_by_key(|(_, count)| *count).unwrap_or((1, 0))
    }

    /// How many rows have a cell with an address.
    pub(super) fn rows_with_address(&self) -> usize {
        let has_one = |row: &&SampleRow| {
            row.cells.iter().any(|cell| split_addresses::look_like_addresses(cell))
        };
        self.rows.iter().filter(has_one).count()
    }

    /// Whether nothing but addresses stands in it.
    pub(super) fn is_all_addresses(&self) -> bool {
        let mut cells = self.rows.iter().flat_map(|row| &row.cells);
        cells.all(|cell| cell.trim().is_empty() || split_addresses::look_like_addresses(cell))
    }
}

/// The texts of the cells; those of a row with broken quotes tell nothing.
fn cells(text: &[u8], cut: &SplitRow) -> Vec<String> {
    match &cut.parts {
        Parts::Cells(ends, Quotes::Sound) => (0..ends.len())
            .filter_map(|index| cell_range(ends, index))
            .map(|range| delimited::unquoted(&text[range]))
            .map(|cell| String::from_utf8_lossy(&cell).into_owned())
            .collect(),
        Parts::Cells(_, Quotes::Broken) | Parts::Closing => Vec::new(),
        Parts::Line => vec![String::from_utf8_lossy(&text[..cut.text]).into_owned()],
        Parts::Object(range) => vec![String::from_utf8_lossy(&text[range.clone()]).into_owned()],
    }
}
