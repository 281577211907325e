//! Writes a list: every row as it was read, with columns added, or converted to another format.
//!
//! A list that keeps its format keeps its bytes. [`csv`], [`json_lines`] and [`lines`] each write one format;
//! [`column_mapping`] turns the rows of a list into the columns of another format.

mod column_mapping;
mod csv;
mod format;
mod json_lines;
mod lines;
mod long_row;

use std::io::{self, Write};

use self::csv::CsvExporter;
use self::json_lines::JsonLinesExporter;
use self::long_row::{LongRow, LongText};
use super::cell::Cell;
use super::encoding::{BOM, Encoding};
use super::format::InputFormat;
use super::layout::Layout;
use super::plan::Plan;
use super::row::{Row, RowKind, RowPart};
use super::row_fault::RowFault;
pub use format::{OutputFormat, OutputOptions, UnknownOutputFormat};

/// Writes the rows of a list.
pub struct Writer<W> {
    sink: W,
    bom: &'static [u8],
    /// The bytes before the first row, where the list keeps its format.
    preamble: Vec<u8>,
    exporter: RowExporter,
    /// A row too long for memory, of which more parts follow.
    long_row: Option<LongRow>,
}

/// How rows are written.
enum RowExporter {
    /// Every row as it was read, after this header.
    Unchanged(Option<Row>),
    Csv(CsvExporter),
    JsonLines(JsonLinesExporter),
    Lines,
}

impl RowExporter {
    fn of(layout: &Layout, options: OutputOptions) -> Self {
        let list = layout.splitter.format;
        let adds = !options.fields.is_empty();
        let format = match options.format {
            None if !adds => return Self::Unchanged(layout.header.clone()),
            None => OutputFormat::extending(list),
            Some(format) => format,
        };
        match (format, list) {
            (OutputFormat::Csv, InputFormat::Csv)
            | (OutputFormat::Tsv, InputFormat::Tsv)
            | (OutputFormat::JsonLines, InputFormat::JsonLines)
            | (OutputFormat::Lines, InputFormat::Lines)
                if !adds =>
            {
                Self::Unchanged(layout.header.clone())
            }
            (OutputFormat::Csv, InputFormat::Csv) | (OutputFormat::Tsv, InputFormat::Tsv) => {
                Self::Csv(CsvExporter::extending(layout, options))
            }
            (OutputFormat::JsonLines, InputFormat::JsonLines) => {
                Self::JsonLines(JsonLinesExporter::extending(options))
            }
            (OutputFormat::Csv, _) => Self::Csv(CsvExporter::converting(layout, options, b',')),
            (OutputFormat::Tsv, _) => Self::Csv(CsvExporter::converting(layout, options, b'\t')),
            (OutputFormat::JsonLines, _) => {
                Self::JsonLines(JsonLinesExporter::converting(layout, options))
            }
            (OutputFormat::Lines, _) => Self::Lines,
        }
    }

    /// Whether the list keeps its format.
    fn keeps_format(&self) -> bool {
        match self {
            Self::Unchanged(_) => true,
            Self::Csv(csv) => csv.keeps_format(),
            Self::JsonLines(json) => json.keeps_format(),
            Self::Lines => false,
        }
    }

    /// The text that holds a row too long for memory; none where its bytes are written as they are.
    fn long_text(&self) -> Option<LongText> {
        match self {
            Self::Csv(csv) => csv.long_text(),
            Self::JsonLines(_) => Some(LongText::JsonString),
            Self::Unchanged(_) | Self::Lines => None,
        }
    }

    /// The byte order mark of the output: that of the list, and one for spreadsheets where the list was not
    /// UTF-8.
    fn bom(&self, plan: &Plan) -> &'static [u8] {
        let is_for_spreadsheets = match self {
            Self::Unchanged(_) => plan.delimiter().is_some(),
            Self::Csv(_) => true,
            Self::JsonLines(_) | Self::Lines => false,
        };
        match plan.encoding() {
            Encoding::Utf8 => b"",
            Encoding::Utf8Bom if self.keeps_format() => BOM,
            _ if is_for_spreadsheets => BOM,
            _ => b"",
        }
    }
}

impl<W: Write> Writer<W> {
    /// Writes rows of the planned list.
    pub fn new(sink: W, plan: &Plan, options: OutputOptions) -> Self {
        let exporter = RowExporter::of(&plan.layout, options);
        let bom = exporter.bom(plan);
        let preamble =
            if exporter.keeps_format() { plan.layout.preamble.clone() } else { Vec::new() };
        Self { sink, bom, preamble, exporter, long_row: None }
    }

    /// Writes what comes before the first row. An output that is resumed has it already.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn header(&mut self) -> io::Result<()> {
        self.sink.write_all(self.bom)?;
        self.sink.write_all(&self.preamble)?;
        match &self.exporter {
            RowExporter::Unchanged(Some(header)) => self.sink.write_all(&header.raw),
            RowExporter::Csv(csv) => csv.header(&mut self.sink),
            RowExporter::Unchanged(None) | RowExporter::JsonLines(_) | RowExporter::Lines => Ok(()),
        }
    }

    /// Writes a row with a cell for each field. Where the format changes, rows without data are left out.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn row(&mut self, row: &Row, cells: &[Cell<'_>]) -> io::Result<()> {
        let first = row.addresses.kept.first().map(String::as_str);
        self.row_of(row, first.unwrap_or_default(), cells)
    }

    /// The same, for a row in which this address counts, in its normal form. It is written only where a line
    /// is an address.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn row_of(&mut self, row: &Row, address: &str, cells: &[Cell<'_>]) -> io::Result<()> {
        if row.kind == RowKind::NonData {
            return if self.keeps_format() { self.sink.write_all(&row.raw) } else { Ok(()) };
        }
        if row.kind == RowKind::Fault(RowFault::TooLong)
            && let Some(text) = self.exporter.long_text()
        {
            return self.part_of_long_row(row, text, cells);
        }
        match &self.exporter {
            RowExporter::Unchanged(_) => self.sink.write_all(&row.raw),
            // The added cells come after the last part.
            RowExporter::Csv(_) if row.part == RowPart::More => self.sink.write_all(&row.raw),
            RowExporter::Csv(csv) => csv.row(&mut self.sink, row, cells),
            RowExporter::JsonLines(json) => json.row(&mut self.sink, row, cells),
            RowExporter::Lines => lines::write_row(&mut self.sink, row, address),
        }
    }

    /// Writes a part of a row that is too long. The added cells come after the last part.
    fn part_of_long_row(
        &mut self,
        row: &Row,
        text: LongText,
        cells: &[Cell<'_>],
    ) -> io::Result<()> {
        let mut long_row = match self.long_row.take() {
            Some(long_row) => long_row,
            None => {
                if let RowExporter::JsonLines(_) = self.exporter {
                    json_lines::begin_unreadable(&mut self.sink)?;
                }
                LongRow::begin(&mut self.sink, text)?
            }
        };
        long_row.part(&mut self.sink, row.content())?;
        if row.part == RowPart::More {
            self.long_row = Some(long_row);
            return Ok(());
        }
        long_row.end(&mut self.sink)?;
        match &self.exporter {
            RowExporter::Csv(csv) => csv.end_long_row(&mut self.sink, cells),
            RowExporter::JsonLines(json) => json.end_unreadable(&mut self.sink, cells),
            RowExporter::Unchanged(_) | RowExporter::Lines => Ok(()),
        }
    }

    /// Whether the list keeps its format, and with it its bytes and the rows without data.
    pub fn keeps_format(&self) -> bool {
        self.exporter.keeps_format()
    }

    /// # Errors
    /// Those of the sink.
    pub fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }

    /// The sink, with everything written to it.
    pub fn into_inner(self) -> W {
        self.sink
    }
}
