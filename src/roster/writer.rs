//! Writing a list: every row as it stood, with columns added.
//!
//! A list that keeps its form keeps its bytes. The cells that are added stand behind those that the
//! header names, with the row's own delimiter and line ending; what a row has beyond the header comes last.

use std::borrow::Cow;
use std::io::{self, Write};

use super::cell::{Cell, Formulas, write_cell};
use super::choice;
use super::convert::{Columns, Earlier};
use super::json;
use super::layout::Layout;
use super::long::{Enclosure, LongRow};
use super::object;
use super::output::{Form, Output};
use super::plan::{Addresses, Plan};
use super::row::{Kind, Part, Row, RowFault};
use super::shape::Shape;

/// A list in writing.
pub struct Writer<W> {
    sink: W,
    layout: Layout,
    form: Form,
    mark: &'static [u8],
    fields: Vec<String>,
    formulas: Formulas,
    /// Which columns are left out: those of an earlier run.
    replaced: Vec<usize>,
    columns: Columns,
    /// A row that is too long to be held, as far as it is written.
    long: Option<LongRow>,
}

impl<W: Write> Writer<W> {
    /// Writes rows of the list that was planned.
    pub fn new(sink: W, plan: &Plan, output: Output) -> Self {
        let layout = plan.layout.clone();
        let form = output.form(layout.shape);
        let names = layout.names.as_deref().unwrap_or_default();
        let replaced: Vec<usize> = match output.fields.as_slice() {
            [] => Vec::new(),
            _ => (0..names.len()).filter(|index| choice::is_replaced(&names[*index])).collect(),
        };
        let Output { fields, formulas, .. } = output;
        let earlier = if fields.is_empty() { Earlier::Stays } else { Earlier::IsReplaced };
        let columns = Columns::of(&layout, &replaced, earlier);
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
            (Form::AsRead, Some(header)) => self.sink.write_all(&header.raw),
            (Form::Extended(dialect), Some(header)) => {
                self.extended(&header, &fields, dialect.delimiter)
            }
            (Form::Delimited(delimiter), _) => match self.columns.header() {
                Some(mut names) => {
                    self.defuse(&mut names, Kind::Entry);
                    self.delimited(&names, &fields, &[], delimiter)
                }
                None => Ok(()),
            },
            (Form::AsRead | Form::Extended(_), None)
            | (Form::ExtendedObjects | Form::JsonLines | Form::Lines, _) => Ok(()),
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
        if row.kind == Kind::Aside {
            return if self.form.is_kept() { self.sink.write_all(&row.raw) } else { Ok(()) };
        }
        if row.kind == Kind::Fault(RowFault::TooLong) {
            return self.long_row(row, cells);
        }
        match self.form {
            Form::AsRead => self.sink.write_all(&row.raw),
            Form::Extended(dialect) => self.extended(row, cells, dialect.delimiter),
            Form::ExtendedObjects => self.extended_object(row, cells),
            Form::Delimited(delimiter) => {
                let mut texts = self.columns.texts(row);
                self.defuse(&mut texts, row.kind);
                let (named, beyond) = texts.split_at(texts.len().min(self.columns.width()));
                self.delimited(named, cells, beyond, delimiter)
            }
            Form::JsonLines => self.object(row, cells),
            Form::Lines => self.address(row, address),
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
        let is_last = row.part == Part::Last;
        let enclosure = match self.form {
            Form::Extended(dialect) if is_last => {
                return self.extended(row, cells, dialect.delimiter);
            }
            Form::AsRead | Form::Extended(_) => return self.sink.write_all(&row.raw),
            Form::Lines => {
                self.sink.write_all(row.text())?;
                return if is_last { self.sink.write_all(b"\n") } else { Ok(()) };
            }
            Form::Delimited(_) => Enclosure::Cell(self.formulas_of_rows()),
            Form::ExtendedObjects | Form::JsonLines => Enclosure::Member(object::UNREADABLE),
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
            Form::Delimited(delimiter) => {
                let further = self.columns.width().saturating_sub(1);
                self.sink.write_all(&[delimiter].repeat(further))?;
                self.own_cells(cells, delimiter)?;
            }
            _ => object::closed(&mut self.sink, &added(&self.fields, cells))?,
        }
        self.sink.write_all(b"\n")
    }

    /// What becomes of formulas in what the list itself has.
    fn formulas_of_rows(&self) -> Formulas {
        match self.layout.shape {
            Shape::Delimited(_) | Shape::Lines | Shape::Mailman => Formulas::Raw,
            // What becomes a cell only here is as much ours as what is added.
            Shape::JsonLines | Shape::Json => self.formulas,
        }
    }

    /// Defuses the formulas in what the list itself has, but for the cells of addresses.
    fn defuse(&self, texts: &mut [Cow<'_, str>], kind: Kind) {
        let formulas = self.formulas_of_rows();
        for (place, text) in texts.iter_mut().enumerate() {
            let holds_address = kind == Kind::Entry && self.holds_addresses(place);
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
            (Kind::Fault(_), None) => object::unreadable(&mut self.sink, row.text(), &added)?,
            (Kind::Fault(_), Some(range)) if json::members(&row.raw[range.clone()]).is_err() => {
                object::unreadable(&mut self.sink, &row.raw[range], &added)?;
            }
            (_, Some(range)) => {
                let object = object::one_line(&row.raw[range]);
                object::extended(&mut self.sink, &object, &added)?;
            }
            (Kind::Entry | Kind::Aside, None) => {
                let texts = self.columns.keys().zip(self.columns.texts(row));
                object::made(&mut self.sink, texts, &added)?;
            }
        }
        self.sink.write_all(b"\n")
    }

    /// An address alone; of a row that cannot be read, all of it.
    fn address(&mut self, row: &Row, address: &str) -> io::Result<()> {
        if let Kind::Fault(_) = row.kind {
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
