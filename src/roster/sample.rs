//! The first rows of a list, split into unquoted cells, to detect what is in them.

use std::ops::Range;

use super::delimited;
use super::preview::Completeness;
use super::row_splitter::RowSplitter;
use super::split_addresses;
use super::split_row::{Quotes, RowParts, SplitRow, cell_range};

/// How many rows are looked at.
const SAMPLE_ROWS: usize = 500;
/// How many more may be empty or not readable.
const EMPTY_ROWS: u64 = 500;

/// The first rows of a list that are not empty.
pub(super) struct Sample {
    pub(super) rows: Vec<SampleRow>,
}

pub(super) struct SampleRow {
    /// Its bytes in the text, with the line ending.
    pub(super) range: Range<usize>,
    /// From 1.
    pub(super) number: u64,
    pub(super) cells: Vec<String>,
}

impl Sample {
    /// The complete rows of a text. Where there is none, the one that is cut off.
    pub(super) fn of(text: &[u8], completeness: Completeness, splitter: RowSplitter) -> Self {
        let mut rows = Vec::new();
        let mut start = 0;
        let mut number = 0;
        while start < text.len()
            && rows.len() < SAMPLE_ROWS
            && number < EMPTY_ROWS + rows.len() as u64
        {
            let rest = &text[start..];
            let split = match splitter.first_row(rest, completeness) {
                None if rows.is_empty() => splitter.first_row(rest, Completeness::All),
                split => split,
            };
            let Some(split) = split else { break };
            number += 1;
            let range = start..start + split.whole;
            start += split.whole;
            let cells = cells(rest, &split);
            if cells.iter().any(|cell| !cell.trim().is_empty()) {
                rows.push(SampleRow { range, number, cells });
            }
        }
        Self { rows }
    }

    /// The most frequent number of cells, and how many rows have it.
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

    /// Whether every cell holds addresses or nothing.
    pub(super) fn is_all_addresses(&self) -> bool {
        let mut cells = self.rows.iter().flat_map(|row| &row.cells);
        cells.all(|cell| cell.trim().is_empty() || split_addresses::look_like_addresses(cell))
    }
}

/// The texts of the cells; none for a row with broken quotes, whose cells are not known.
fn cells(text: &[u8], split: &SplitRow) -> Vec<String> {
    match &split.parts {
        RowParts::Cells(ends, Quotes::Sound) => (0..ends.len())
            .filter_map(|index| cell_range(ends, index))
            .map(|range| delimited::unquoted(&text[range]))
            .map(|cell| String::from_utf8_lossy(&cell).into_owned())
            .collect(),
        RowParts::Cells(_, Quotes::Broken) | RowParts::Closing => Vec::new(),
        RowParts::Line => vec![String::from_utf8_lossy(&text[..split.text]).into_owned()],
        RowParts::Object(range) => vec![String::from_utf8_lossy(&text[range.clone()]).into_owned()],
    }
}
