//! Converts a sheet to CSV.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use calamine::{DataRef, ExcelDateTime, XlsxCellReader};

use super::super::FileError;
use super::limits::{Excess, MAX_COLUMNS, MAX_ROW_TEXT_BYTES, MAX_ROWS, MAX_TEXT_BYTES};

/// The byte order mark by which Excel knows UTF-8: the owner of a workbook will open the output in Excel.
const BOM: &[u8] = b"\xef\xbb\xbf";
/// The size of a piece of text.
const PIECE_BYTES: usize = 64 * 1024;

/// The cells of one row, by their columns.
type Row = BTreeMap<u32, String>;

/// Whether the reader wants more text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Continue {
    More,
    Nothing,
}

/// Converts a sheet to CSV and passes the text to `take` in pieces, until that wants no more. Blank rows of the sheet
/// are kept.
pub(super) fn write<S: Read + Seek>(
    mut cells: XlsxCellReader<'_, S>,
    take: impl FnMut(Vec<u8>) -> Continue,
) -> Result<(), FileError> {
    let mut csv =
        CsvText { piece: BOM.to_vec(), written: 0, rows: 0, wanted: Continue::More, take };
    let mut row = Row::new();
    let mut row_bytes = 0;
    let mut number = 0;
    while let Some(cell) = cells.next_cell().map_err(|_| FileError::Damaged)? {
        let (at, column) = cell.get_position();
        if at >= MAX_ROWS {
            return Err(Excess::Rows.into());
        }
        if column >= MAX_COLUMNS {
            return Err(Excess::Columns.into());
        }
        if at != number {
            csv.row(number, &std::mem::take(&mut row))?;
            row_bytes = 0;
            number = at;
        }
        if csv.wanted == Continue::Nothing {
            return Ok(());
        }
        let text = cell_text(cell.get_value());
        if !text.is_empty() {
            row_bytes += text.len();
            if row_bytes > MAX_ROW_TEXT_BYTES {
                return Err(Excess::RowText.into());
            }
            row.insert(column, text);
        }
    }
    csv.row(number, &row)?;
    csv.pass_on();
    Ok(())
}

/// The CSV text, as far as it is converted.
struct CsvText<T> {
    piece: Vec<u8>,
    /// Bytes passed on.
    written: u64,
    rows: u32,
    wanted: Continue,
    take: T,
}

impl<T: FnMut(Vec<u8>) -> Continue> CsvText<T> {
    /// Adds the row of this number, from 0, after blank ones for the rows before it. A row without cells is added
    /// only when another one follows.
    fn row(&mut self, number: u32, row: &Row) -> Result<(), FileError> {
        let Some(last) = row.keys().next_back() else { return Ok(()) };
        for _ in self.rows..number {
            self.piece.extend(b"\r\n");
            self.check()?;
        }
        for column in 0..=*last {
            if column > 0 {
                self.piece.push(b',');
            }
            self.cell(row.get(&column).map_or("", String::as_str));
        }
        self.piece.extend(b"\r\n");
        self.rows = number + 1;
        self.check()
    }

    fn cell(&mut self, text: &str) {
        if text.contains([',', '"', '\n', '\r']) {
            self.piece.push(b'"');
            self.piece.extend(text.replace('"', "\"\"").bytes());
            self.piece.push(b'"');
        } else {
            self.piece.extend(text.bytes());
        }
    }

    fn check(&mut self) -> Result<(), FileError> {
        if self.piece.len() < PIECE_BYTES {
            return Ok(());
        }
        self.pass_on();
        if self.written > MAX_TEXT_BYTES { Err(Excess::Text.into()) } else { Ok(()) }
    }

    fn pass_on(&mut self) {
        if self.wanted == Continue::More {
            self.written += self.piece.len() as u64;
            self.wanted = (self.take)(std::mem::take(&mut self.piece));
        }
        self.piece.clear();
    }
}

/// A cell as text: numbers without exponents, since they may be telephone numbers; dates as ISO 8601.
fn cell_text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.clone()
        }
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(true) => "TRUE".to_owned(),
        DataRef::Bool(false) => "FALSE".to_owned(),
        DataRef::DateTime(moment) => date_text(moment),
        DataRef::Error(error) => error.to_string(),
    }
}

fn date_text(moment: &ExcelDateTime) -> String {
    // Days since the beginning of Excel's time.
    let days = moment.as_f64();
    if moment.is_duration() || !(0.0..3_000_000.0).contains(&days) {
        return days.to_string();
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    match (days < 1.0, days.fract() == 0.0) {
        (true, _) => time,
        (false, true) => format!("{year:04}-{month:02}-{day:02}"),
        (false, false) => format!("{year:04}-{month:02}-{day:02} {time}"),
    }
}
