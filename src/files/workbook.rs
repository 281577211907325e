//! A sheet of an Excel workbook as CSV.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use calamine::{DataRef, ExcelDateTime, Reader, Xlsx, XlsxError};

use super::{FileError, MAX_TEXT_BYTES, MAX_WORKBOOK_BYTES};

/// The mark that tells a spreadsheet that a CSV file is UTF-8: whoever has a workbook will open the
/// output in Excel.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The cells of one row, by their columns.
type Row = BTreeMap<u32, String>;

/// The sheet of this name, else the first one, as CSV. A row is a row of the sheet, blank ones too.
pub(super) fn text(source: impl Read, sheet: Option<&str>) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    source.take(MAX_WORKBOOK_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_WORKBOOK_BYTES {
        return Err(FileError::TooLarge);
    }
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(|error| match error {
        XlsxError::FileNotFound(_) | XlsxError::RelationshipNotFound => FileError::Archive,
        _ => FileError::Damaged,
    })?;
    let sheets = workbook.sheet_names();
    let name = match sheet {
        None => sheets.first().ok_or(FileError::Damaged)?,
        Some(wanted) => sheets.iter().find(|name| *name == wanted).ok_or_else(|| {
            FileError::NoSheet { wanted: wanted.to_owned(), sheets: sheets.clone() }
        })?,
    };
    let mut cells = workbook.worksheet_cells_reader(name).map_err(|_| FileError::Damaged)?;
    let mut csv = Csv { text: MARK.to_vec(), rows: 0 };
    let mut row = Row::new();
    let mut number = 0;
    while let Some(cell) = cells.next_cell().map_err(|_| FileError::Damaged)? {
        let (at, column) = cell.get_position();
        if at != number {
            csv.write(number, &std::mem::take(&mut row))?;
            number = at;
        }
        let text = written(cell.get_value());
        if !text.is_empty() {
            row.insert(column, text);
        }
    }
    csv.write(number, &row)?;
    Ok(csv.text)
}

/// A text in writing.
struct Csv {
    text: Vec<u8>,
    rows: u32,
}

impl Csv {
    /// Writes the row of a number, counted from 0, after blank ones for those before it that have no
    /// cells. Without cells it may turn out to be one of those.
    fn write(&mut self, number: u32, row: &Row) -> Result<(), FileError> {
        let Some(last) = row.keys().next_back() else { return Ok(()) };
        let blank = number.saturating_sub(self.rows) as usize;
        if self.text.len() + 2 * blank + *last as usize > MAX_TEXT_BYTES {
            return Err(FileError::TooLarge);
        }
        self.text.extend(b"\r\n".repeat(blank));
        for column in 0..=*last {
            if column > 0 {
                self.text.push(b',');
            }
            self.cell(row.get(&column).map_or("", String::as_str));
        }
        self.text.extend(b"\r\n");
        self.rows = number + 1;
        Ok(())
    }

    fn cell(&mut self, text: &str) {
        if text.contains([',', '"', '\n', '\r']) {
            self.text.push(b'"');
            self.text.extend(text.replace('"', "\"\"").bytes());
            self.text.push(b'"');
        } else {
            self.text.extend(text.bytes());
        }
    }
}

/// A cell as a text: numbers without exponents, since they may be telephone numbers; dates as ISO 8601.
fn written(value: &DataRef<'_>) -> String {
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
        DataRef::DateTime(moment) => moment_written(moment),
        DataRef::Error(error) => error.to_string(),
    }
}

fn moment_written(moment: &ExcelDateTime) -> String {
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
