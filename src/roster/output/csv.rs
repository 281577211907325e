//! Writes CSV and TSV: rows that have columns, with cells added, or rows of other lists, converted to columns.
//!
//! Added cells come after those that the header names, with the row's own delimiter and line ending; the cells
//! that a row has beyond the header come last.

use std::borrow::Cow;
use std::io::{self, Write};

use super::column_mapping::ColumnMapping;
use super::format::OutputOptions;
use super::long_row::LongText;
use crate::roster::cell::{Cell, FormulaEscaping, write_cell};
use crate::roster::format::InputFormat;
use crate::roster::layout::{AddressLocation, Layout};
use crate::roster::own_columns;
use crate::roster::row::{Row, RowKind};

pub(super) struct CsvExporter {
    delimiter: u8,
    fields: Vec<String>,
    formulas: FormulaEscaping,
    rows: CsvRows,
}

/// Where the cells of a row come from.
enum CsvRows {
    /// From the row, byte for byte.
    Extended {
        header: Option<Row>,
        /// How many columns the header names.
        width: usize,
        /// The columns of an earlier run, which are left out.
        replaced: Vec<usize>,
    },
    /// From the columns to which the row is converted.
    Converted {
        columns: ColumnMapping,
        /// What is done with formulas in the cells of the row itself.
        formulas: FormulaEscaping,
        /// The columns with addresses, which are never escaped.
        address_columns: Vec<usize>,
    },
}

impl CsvExporter {
    /// For a list that has columns already.
    pub(super) fn extending(layout: &Layout, options: OutputOptions) -> Self {
        let names = layout.names.as_deref().unwrap_or_default();
        let is_replaced = |index: &usize| own_columns::is_replaced(&names[*index]);
        Self {
            delimiter: layout.splitter.delimiter().unwrap_or(b','),
            fields: options.fields,
            formulas: options.formulas,
            rows: CsvRows::Extended {
                header: layout.header.clone(),
                width: layout.width,
                replaced: (0..names.len()).filter(is_replaced).collect(),
            },
        }
    }

    /// For a list in another format, or with another delimiter.
    pub(super) fn converting(layout: &Layout, options: OutputOptions, delimiter: u8) -> Self {
        let columns = ColumnMapping::of(layout, !options.fields.is_empty());
        let address_columns = match &layout.addresses {
            AddressLocation::Keys(keys) => (0..columns.width())
                .filter(|index| {
                    columns.name(*index).is_some_and(|name| keys.iter().any(|key| key == name))
                })
                .collect(),
            AddressLocation::Columns(_) | AddressLocation::Line => Vec::new(),
        };
        let formulas = match layout.splitter.format {
            // A cell that was a member of an object before is as new as the added ones.
            InputFormat::JsonLines | InputFormat::Json => options.formulas,
            InputFormat::Csv | InputFormat::Tsv | InputFormat::Lines | InputFormat::Mailman => {
                FormulaEscaping::Raw
            }
        };
        let rows = CsvRows::Converted { columns, formulas, address_columns };
        Self { delimiter, fields: options.fields, formulas: options.formulas, rows }
    }

    pub(super) fn keeps_format(&self) -> bool {
        matches!(self.rows, CsvRows::Extended { .. })
    }

    /// The text that holds a row too long for memory; none where its bytes are written as they are.
    pub(super) fn long_text(&self) -> Option<LongText> {
        match &self.rows {
            CsvRows::Extended { .. } => None,
            CsvRows::Converted { formulas, .. } => Some(LongText::Cell(*formulas)),
        }
    }

    /// Writes what comes after the first cell, which holds a row too long for memory.
    pub(super) fn end_long_row(&self, sink: &mut impl Write, cells: &[Cell<'_>]) -> io::Result<()> {
        if let CsvRows::Converted { columns, .. } = &self.rows {
            sink.write_all(&[self.delimiter].repeat(columns.width().saturating_sub(1)))?;
        }
        self.added(sink, cells)?;
        sink.write_all(b"\n")
    }

    pub(super) fn header(&self, sink: &mut impl Write) -> io::Result<()> {
        let fields: Vec<Cell<'_>> = self.fields.iter().map(|name| Cell::Text(name)).collect();
        match &self.rows {
            CsvRows::Extended { header: Some(header), .. } => self.row(sink, header, &fields),
            CsvRows::Extended { header: None, .. } => Ok(()),
            CsvRows::Converted { columns, .. } => match columns.header() {
                Some(names) => self.converted(sink, names, RowKind::Entry, &fields),
                None => Ok(()),
            },
        }
    }

    pub(super) fn row(
        &self,
        sink: &mut impl Write,
        row: &Row,
        cells: &[Cell<'_>],
    ) -> io::Result<()> {
        match &self.rows {
            CsvRows::Extended { width, replaced, .. } => {
                self.extended(sink, row, cells, *width, replaced)
            }
            CsvRows::Converted { columns, .. } => {
                self.converted(sink, columns.texts(row), row.kind, cells)
            }
        }
    }

    /// Writes the row as it is, with cells after those that the header names.
    fn extended(
        &self,
        sink: &mut impl Write,
        row: &Row,
        cells: &[Cell<'_>],
        named: usize,
        replaced: &[usize],
    ) -> io::Result<()> {
        // The cells of a row that is too long are not known.
        let width = row.width().unwrap_or(named);
        if row.width().is_none() || (replaced.is_empty() && width == named) {
            sink.write_all(row.text())?;
        } else {
            let kept = (0..named).filter(|index| !replaced.contains(index));
            for (position, index) in kept.enumerate() {
                if position > 0 {
                    sink.write_all(&[self.delimiter])?;
                }
                sink.write_all(row.raw_cell(index).unwrap_or_default())?;
            }
        }
        self.added(sink, cells)?;
        for index in named..width {
            sink.write_all(&[self.delimiter])?;
            sink.write_all(row.raw_cell(index).unwrap_or_default())?;
        }
        sink.write_all(row.ending())
    }

    /// Writes a row of texts, with cells after those that have a name.
    fn converted(
        &self,
        sink: &mut impl Write,
        mut texts: Vec<Cow<'_, str>>,
        kind: RowKind,
        cells: &[Cell<'_>],
    ) -> io::Result<()> {
        let CsvRows::Converted { columns, formulas, address_columns } = &self.rows else {
            return Ok(());
        };
        for (index, text) in texts.iter_mut().enumerate() {
            let is_address = kind == RowKind::Entry && address_columns.contains(&index);
            if !is_address && let Cow::Owned(escaped) = formulas.escape(text) {
                *text = Cow::Owned(escaped);
            }
        }
        let named = columns.width();
        for index in 0..named {
            if index > 0 {
                sink.write_all(&[self.delimiter])?;
            }
            let text = texts.get(index).map(|text| text.as_bytes()).unwrap_or_default();
            write_cell(sink, text, self.delimiter)?;
        }
        self.added(sink, cells)?;
        for text in texts.iter().skip(named) {
            sink.write_all(&[self.delimiter])?;
            write_cell(sink, text.as_bytes(), self.delimiter)?;
        }
        sink.write_all(b"\n")
    }

    fn added(&self, sink: &mut impl Write, cells: &[Cell<'_>]) -> io::Result<()> {
        for cell in cells {
            sink.write_all(&[self.delimiter])?;
            let text = cell.text();
            write_cell(sink, self.formulas.escape(&text).as_bytes(), self.delimiter)?;
        }
        Ok(())
    }
}
