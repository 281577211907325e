//! Writing a list: every row as it stood, with columns added.
//!
//! A list that keeps its form keeps its bytes. The cells that are added stand behind those that the
//! header names, with the row's own delimiter and line ending; what a row has beyond the header comes last.

use std::borrow::Cow;
use std::io::{self, Write};

use super::cell::{Cell, FormulaEscaping, write_cell};
use super::column_detection;
use super::convert::{EarlierColumns, MappedColumns};
use super::json;
use super::layout::Layout;
use super::object;
use super::output::{OutputOptions, RowForm};
use super::oversized_row::{Enclosure, LongRow};
use super::plan::{Addresses, Plan};
use super::row::{Row, RowFault, RowKind, RowPart};
use super::shape::Shape;

/// A list in writing.
pub struct Writer<W> {
    sink: W,
    layout: Layout,
    form: RowForm,
    mark: &'static [u8],
    fields: Vec<String>,
    formulas: FormulaEscaping,
    /// Which columns are left out: those of an earlier run.
    replaced: Vec<usize>,
    columns: MappedColumns,
    /// A row that is too long to be held, as far as it is written.
    long: Option<LongRow>,
}

impl<W: Write> Writer<W> {
    /// Writes rows of the list that was planned.
    pub fn new(sink: W, plan: &Plan, output: OutputOptions) -> Self {
        let layout = plan.layout.clone();
        let form = output.form(layout.shape);
        let names = layout.names.as_deref().unwrap_or_default();
        let replaced: Vec<usize> = match output.fields.as_slice() {
            [] => Vec::new(),
            _ => (0..names.len())
                .filter(|index| column_detection::is_replaced(&names[*index]))
                .collect(),
        };
        let OutputOptions { fields, formulas, .. } = output;
        let earlier =
            if fields.is_empty() { EarlierColumns::Stays } else { EarlierColumns::IsReplaced };
        let columns = MappedColumns::of(&layout, &replaced, earlier);
        let mark = form.mark(plan);
        Self { sink, layout, form, mark, fields, formulas, replaced, columns, long: None }
    }

    /// Writes what stands before the first row. An output that goes on after a break has it already.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn header(&mut self) -> io::Result<()> {
        self.sink.write_all(self.mark)?;
        if self.form.is_kept() {
            self.sink.write_all(&self.layout.preamble)?;
        }
        let fields = self.fields.clone();
        let fields: Vec<Cell<'_>> = fields.iter().map(|name| Cell::Text(name)).collect();
        match (self.form, self.layout.header.clone()) {
            (RowForm::AsRead, Some(header)) => self.sink.write_all(&header.raw),
            (RowForm::Extended(dialect), Some(header)) => {
                self.extended(&header, &fields, dialect.delimiter)
            }
            (RowForm::Delimited(delimiter), _) => match self.columns.header() {
                Some(mut names) => {
                    self.defuse(&mut names, RowKind::Entry);
                    self.delimited(&names, &fields, &[], delimiter)
                }
                None => Ok(()),
            },
            (RowForm::AsRead | RowForm::Extended(_), None)
            | (RowForm::ExtendedObjects | RowForm::JsonLines | RowForm::Lines, _) => Ok(()),
        }
    }

    /// Writes a row with its cells, one for each field. Where the form changes, asides are left out.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn row(&mut self, row: &Row, cells: &[Cell<'_>]) -> io::Result<()> {
        let first = row.addresses.kept.first().map(String::as_str);
        self.row_of(row, first.unwrap_or_default(), cells)
    }

    /// The same, for a row in which this address counts, in the form in which it is used. It stands alone
    /// where a line is an address, and nowhere else.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn row_of(&mut self, row: &Row, address: &str, cells: &[Cell<'_>]) -> io::Result<()> {
        if row.kind == RowKind::NonData {
            return if self.form.is_kept() { self.sink.write_all(&row.raw) } else { Ok(()) };
        }
        if row.kind == RowKind::Fault(RowFault::TooLong) {
            return self.long_row(row, cells);
        }
        match self.form {
            RowForm::AsRead => self.sink.write_all(&row.raw),
            RowForm::Extended(dialect) => self.extended(row, cells, dialect.delimiter),
            RowForm::ExtendedObjects => self.extended_object(row, cells),
            RowForm::Delimited(delimiter) => {
                let mut texts = self.columns.texts(row);
                self.defuse(&mut texts, row.kind);
                let (named, beyond) = texts.split_at(texts.len().min(self.columns.width()));
                self.delimited(named, cells, beyond, delimiter)
            }
            RowForm::JsonLines => self.object(row, cells),
            RowForm::Lines => self.address(row, address),
        }
    }

    /// Whether rows keep the form they had in the list, and with it their bytes and what is nobody's.
    pub fn keeps_form(&self) -> bool {
        self.form.is_kept()
    }

    /// Sends off what was written.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }

    /// The sink, with everything written to it.
    pub fn into_inner(self) -> W {
        self.sink
    }

    /// A part of a row that is too long to be held. What is added stands behind the last one.
    fn long_row(&mut self, row: &Row, cells: &[Cell<'_>]) -> io::Result<()> {
        let is_last = row.part == RowPart::Last;
        let enclosure = match self.form {
            RowForm::Extended(dialect) if is_last => {
                return self.extended(row, cells, dialect.delimiter);
            }
            RowForm::AsRead | RowForm::Extended(_) => return self.sink.write_all(&row.raw),
            RowForm::Lines => {
                self.sink.write_all(row.text())?;
                return if is_last { self.sink.write_all(b"\n") } else { Ok(()) };
            }
            RowForm::Delimited(_) => Enclosure::Cell(self.formulas_of_rows()),
            RowForm::ExtendedObjects | RowForm::JsonLines => Enclosure::Member(object::UNREADABLE),
        };
        let mut long = match self.long.take() {
            Some(long) => long,
            None => LongRow::begin(&mut self.sink, enclosure)?,
        };
        long.piece(&mut self.sink, row.text())?;
        if !is_last {
            self.long = Some(long);
            return Ok(());
        }
        long.end(&mut self.sink)?;
        match self.form {
            RowForm::Delimited(delimiter) => {
                let further = self.columns.width().saturating_sub(1);
                self.sink.write_all(&[delimiter].repeat(further))?;
                self.own_cells(cells, delimiter)?;
            }
            _ => object::closed(&mut self.sink, &added(&self.fields, cells))?,
        }
        self.sink.write_all(b"\n")
    }

    /// What becomes of formulas in what the list itself has.
    fn formulas_of_rows(&self) -> FormulaEscaping {
        match self.layout.shape {
            Shape::Delimited(_) | Shape::Lines | Shape::Mailman => FormulaEscaping::Raw,
            // What becomes a cell only here is as much ours as what is added.
            Shape::JsonLines | Shape::Json => self.formulas,
        }
    }

    /// Defuses the formulas in what the list itself has, but for the cells of addresses.
    fn defuse(&self, texts: &mut [Cow<'_, str>], kind: RowKind) {
        let formulas = self.formulas_of_rows();
        for (place, text) in texts.iter_mut().enumerate() {
            let holds_address = kind == RowKind::Entry && self.holds_addresses(place);
            if !holds_address && let Cow::Owned(defused) = formulas.applied(text) {
                *text = Cow::Owned(defused);
            }
        }
    }

    /// Whether the column that is written in this place has addresses, in a list of objects.
    fn holds_addresses(&self, place: usize) -> bool {
        match (&self.layout.addresses, self.columns.name(place)) {
            (Addresses::Keys(keys), Some(name)) => keys.iter().any(|key| key == name),
            _ => false,
        }
    }

    /// The row as it stood, with cells behind those that the header names.
    fn extended(&mut self, row: &Row, cells: &[Cell<'_>], delimiter: u8) -> io::Result<()> {
        let named = self.layout.width;
        // Of a row that is too long no cells are known.
        let width = row.width().unwrap_or(named);
        if row.width().is_none() || (self.replaced.is_empty() && width == named) {
            self.sink.write_all(row.text())?;
        } else {
            let kept = (0..named).filter(|index| !self.replaced.contains(index));
            for (place, index) in kept.enumerate() {
                if place > 0 {
                    self.sink.write_all(&[delimiter])?;
                }
                self.sink.write_all(row.raw_cell(index).unwrap_or_default())?;
            }
        }
        self.own_cells(cells, delimiter)?;
        for index in named..width {
            self.sink.write_all(&[delimiter])?;
            self.sink.write_all(row.raw_cell(index).unwrap_or_default())?;
        }
        self.sink.write_all(row.ending())
    }

    fn extended_object(&mut self, row: &Row, cells: &[Cell<'_>]) -> io::Result<()> {
        let Some(range) = row.object() else { return self.sink.write_all(&row.raw) };
        self.sink.write_all(&row.raw[..range.start])?;
        let added = added(&self.fields, cells);
        object::extended(&mut self.sink, &row.raw[range.clone()], &added)?;
        self.sink.write_all(&row.raw[range.end..])
    }

    /// A row of texts, with cells behind those that have a name.
    fn delimited(
        &mut self,
        named: &[Cow<'_, str>],
        cells: &[Cell<'_>],
        beyond: &[Cow<'_, str>],
        delimiter: u8,
    ) -> io::Result<()> {
        for place in 0..named.len().max(self.columns.width()) {
            if place > 0 {
                self.sink.write_all(&[delimiter])?;
            }
            let text = named.get(place).map(|text| text.as_bytes()).unwrap_or_default();
            write_cell(&mut self.sink, text, delimiter)?;
        }
        self.own_cells(cells, delimiter)?;
        for text in beyond {
            self.sink.write_all(&[delimiter])?;
            write_cell(&mut self.sink, text.as_bytes(), delimiter)?;
        }
        self.sink.write_all(b"\n")
    }

    fn own_cells(&mut self, cells: &[Cell<'_>], delimiter: u8) -> io::Result<()> {
        for cell in cells {
            self.sink.write_all(&[delimiter])?;
            let text = cell.text();
            write_cell(&mut self.sink, self.formulas.applied(&text).as_bytes(), delimiter)?;
        }
        Ok(())
    }

    /// The row as a JSON object on a line.
    fn object(&mut self, row: &Row, cells: &[Cell<'_>]) -> io::Result<()> {
        let added = added(&self.fields, cells);
        match (row.kind, row.object()) {
            (RowKind::Fault(_), None) => object::unreadable(&mut self.sink, row.text(), &added)?,
            (RowKind::Fault(_), Some(range)) if json::members(&row.raw[range.clone()]).is_err() => {
                object::unreadable(&mut self.sink, &row.raw[range], &added)?;
            }
            (_, Some(range)) => {
                let object = object::one_line(&row.raw[range]);
                object::extended(&mut self.sink, &object, &added)?;
            }
            (RowKind::Entry | RowKind::NonData, None) => {
                let texts = self.columns.keys().zip(self.columns.texts(row));
                object::made(&mut self.sink, texts, &added)?;
            }
        }
        self.sink.write_all(b"\n")
    }

    /// An address alone; of a row that cannot be read, all of it.
    fn address(&mut self, row: &Row, address: &str) -> io::Result<()> {
        if let RowKind::Fault(_) = row.kind {
            return self.sink.write_all(&row.raw);
        }
        if address.trim().is_empty() {
            return Ok(());
        }
        // A line break inside an address would make two of it.
        writeln!(self.sink, "{}", address.replace(['\n', '\r'], " "))
    }
}

fn added<'a>(fields: &'a [String], cells: &[Cell<'a>]) -> Vec<(&'a str, Cell<'a>)> {
    fields.iter().map(String::as_str).zip(cells.iter().copied()).collect()
}
