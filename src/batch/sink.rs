//! Where rows go: into the output, files of a split, a file for those that cannot be read, or nowhere; each
//! in the order of the list, and counted.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::filter::Filter;
use super::judge::{CheckedRow, RowOutcome, is_whole};
use super::output::{DUPLICATES, Output, Outputs, RowFormat, RowWriter, WriteError};
use super::summary::{RowSeen, Tally};
use crate::report::{Column, Report};
use crate::roster::{Cell, Plan, Row, RowFault, SeenSet, Shape};
use crate::verdict::{Advice, Depth, Verdict};

/// Takes rows in the order of the list.
pub struct Sink {
    form: RowFormat,
    filter: Filter,
    /// Who was on the list before; none where that does not matter.
    seen: Option<SeenSet>,
    main: Option<RowWriter>,
    split: BTreeMap<&'static str, RowWriter>,
    rejects: Option<RowWriter>,
    tally: Tally,
    /// Whether what is nobody's row is something that somebody wrote.
    counts_asides: bool,
    /// Whether the list is taken for UTF-8, and passed on in the bytes that it stands in.
    keeps_bytes: bool,
}

impl Sink {
    /// Writes the rows of this list.
    pub fn new(
        plan: &Plan,
        form: RowFormat,
        filter: Filter,
        outputs: Outputs,
        tally: Tally,
    ) -> Self {
        let row_writer = |output: Output| RowWriter::new(output, plan, &form);
        let main = outputs.main.map(row_writer);
        let split =
            outputs.split.into_iter().map(|(name, output)| (name, row_writer(output))).collect();
        let rejects = outputs.rejects.map(row_writer);
        let counts_asides = plan.shape() != Shape::Json;
        let keeps_bytes = plan.encoding().is_kept();
        Self { form, filter, seen: None, main, split, rejects, tally, counts_asides, keeps_bytes }
    }

    /// The same, telling duplicates.
    #[must_use]
    pub fn telling_duplicates(self) -> Self {
        Self { seen: Some(SeenSet::default()), ..self }
    }

    /// What stands before the first row.
    ///
    /// # Errors
    /// An output cannot be written.
    pub(super) fn begin(&mut self) -> Result<(), WriteError> {
        self.row_writers().try_for_each(RowWriter::header)
    }

    /// Takes the next rows.
    ///
    /// # Errors
    /// An output cannot be written.
    pub(super) fn take(&mut self, rows: &[CheckedRow]) -> Result<(), WriteError> {
        rows.iter().try_for_each(|judged| self.row(judged))?;
        // Whoever reads a pipe wants to see something.
        match &mut self.main {
            Some(row_writer) if row_writer.is_pipe() => row_writer.flush(),
            _ => Ok(()),
        }
    }

    /// What was counted so far.
    pub(super) fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }

    /// Everything is written to the files that are not complete.
    ///
    /// # Errors
    /// It cannot be.
    pub(super) fn flush(&mut self) -> Result<(), WriteError> {
        self.row_writers().try_for_each(RowWriter::flush)
    }

    /// All outputs are complete, and appear.
    ///
    /// # Errors
    /// One of them cannot. It can be tried again from the start.
    pub(super) fn finish(self) -> Result<Tally, WriteError> {
        let Self { main, split, rejects, tally, .. } = self;
        main.into_iter()
            .chain(split.into_values())
            .chain(rejects)
            .try_for_each(RowWriter::finish)?;
        Ok(tally)
    }

    fn row_writers(&mut self) -> impl Iterator<Item = &mut RowWriter> {
        self.main.iter_mut().chain(self.split.values_mut()).chain(&mut self.rejects)
    }

    fn row(&mut self, judged: &CheckedRow) -> Result<(), WriteError> {
        let row = &judged.row;
        let number = row.number();
        match &judged.said {
            RowOutcome::Nothing => {
                let row_writer = self.main.as_mut().filter(|_| self.filter.wants_asides());
                let is_written =
                    row_writer.as_ref().is_some_and(|row_writer| row_writer.keeps_form());
                let rows = self.tally.rows();
                rows.asides += u64::from(self.counts_asides);
                rows.asides_left_out += u64::from(self.counts_asides && !is_written);
                row_writer.map_or(Ok(()), |row_writer| row_writer.row(row, &[]))
            }
            RowOutcome::Suppressed => {
                let rows = self.tally.rows();
                rows.read += 1;
                rows.suppressed += 1;
                Ok(())
            }
            RowOutcome::Unreadable(fault) => self.unreadable(row, *fault),
            RowOutcome::Kept(earlier) => {
                self.tally.row(number, &earlier.seen());
                let duplicate_of = self.duplicate_of(judged);
                let texts =
                    self.texts(duplicate_of, |column| earlier.text(column).map(Cow::Borrowed));
                let address = earlier.text(Column::Normalized).or_else(|| first_address(row));
                let said = Of { verdict: earlier.verdict, duplicate_of };
                self.judged(row, address.unwrap_or_default(), said, &texts)
            }
            RowOutcome::Report { report, addresses } => {
                self.tally.row(number, &RowSeen::Judged(report));
                if *addresses > 1 {
                    self.tally.several();
                }
                let duplicate_of = self.duplicate_of(judged);
                let texts = self.texts(duplicate_of, |column| column.of(report, self.form.fix_at));
                let said = Of { verdict: report.judgement.verdict, duplicate_of };
                self.judged(row, &used(report), said, &texts)
            }
        }
    }

    /// What stands in each column: what is `told` of the row, and of which it is a duplicate.
    fn texts<'t>(
        &self,
        duplicate_of: Option<u64>,
        told: impl Fn(Column) -> Option<Cow<'t, str>>,
    ) -> Vec<Option<Cow<'t, str>>> {
        let text = |column: &Column| match column {
            Column::DuplicateOf => duplicate_of.map(|first| first.to_string().into()),
            column => told(*column),
        };
        self.form.columns.iter().map(text).collect()
    }

    /// A row that cannot be read, or a part of one.
    fn unreadable(&mut self, row: &Row, fault: RowFault) -> Result<(), WriteError> {
        let is_wanted = self.filter.wants(Verdict::Unknown, false);
        if is_whole(row) {
            self.tally.row(row.number(), &RowSeen::Unreadable(fault));
            let is_rejected = self.rejects.is_some();
            let rows = self.tally.rows();
            rows.read += 1;
            let place = match (is_rejected, is_wanted) {
                (true, _) => &mut rows.rejected,
                (false, true) => &mut rows.written,
                (false, false) => &mut rows.left_out,
            };
            *place += 1;
        }
        let texts = self.texts(None, |column| fault_text(column, fault));
        let cells = cells(&self.form.columns, &texts);
        if let Some(row_writer) = &mut self.rejects {
            return row_writer.row(row, &cells);
        }
        if !is_wanted {
            return Ok(());
        }
        let main = self.main.as_mut();
        let split = self.split.get_mut(Verdict::Unknown.code());
        main.into_iter().chain(split).try_for_each(|row_writer| row_writer.row(row, &cells))
    }

    /// A row with the address that counts in it.
    fn judged(
        &mut self,
        row: &Row,
        address: &str,
        Of { verdict, duplicate_of }: Of,
        texts: &[Option<Cow<'_, str>>],
    ) -> Result<(), WriteError> {
        let is_wanted = self.filter.wants(verdict, duplicate_of.is_some());
        let rows = self.tally.rows();
        rows.read += 1;
        if !is_wanted {
            rows.left_out += 1;
            return Ok(());
        }
        rows.written += 1;
        if self.keeps_bytes && !row.is_utf8() {
            let mut row_writers = self.main.iter().chain(self.split.values());
            match row_writers.all(RowWriter::keeps_form) {
                true => rows.not_utf8 += 1,
                false => rows.recoded += 1,
            }
        }
        let cells = cells(&self.form.columns, texts);
        let file = if duplicate_of.is_some() { DUPLICATES } else { verdict.code() };
        let (main, split) = (self.main.as_mut(), self.split.get_mut(file));
        main.into_iter()
            .chain(split)
            .try_for_each(|row_writer| row_writer.row_of(row, address, &cells))
    }

    /// The first row with the address that counts in this one. All of its addresses are remembered.
    fn duplicate_of(&mut self, judged: &CheckedRow) -> Option<u64> {
        let seen = self.seen.as_mut()?;
        let mut first = None;
        for (place, key) in judged.keys.iter().enumerate() {
            let earlier = seen.first(key, judged.row.number());
            if place == 0 {
                // The same address twice in one row makes no duplicate of it.
                first = earlier.filter(|number| *number != judged.row.number());
            }
        }
        if first.is_some() {
            self.tally.duplicate();
        }
        first
    }
}

/// What decides where a row goes.
struct Of {
    verdict: Verdict,
    duplicate_of: Option<u64>,
}

/// The address that a report is about as it is used: without what was pasted around it.
fn used(report: &Report) -> Cow<'_, str> {
    match &report.address {
        Some(facts) => Cow::Owned(facts.address.normalized()),
        None => Cow::Borrowed(&report.email),
    }
}

fn first_address(row: &Row) -> Option<&str> {
    row.addresses().first().map(String::as_str)
}

/// What stands in a column of a row that cannot be read.
fn fault_text(column: Column, fault: RowFault) -> Option<Cow<'static, str>> {
    match column {
        Column::Verdict => Some(Verdict::Unknown.code().into()),
        Column::Advice => Some(Advice::Accept.code().into()),
        Column::Reasons => Some(fault.code().into()),
        Column::Message => Some(fault.message().into()),
        Column::Depth => Some(Depth::Syntax.code().into()),
        Column::Suggestion
        | Column::Normalized
        | Column::Canonical
        | Column::DuplicateOf
        | Column::RetryAt
        | Column::CheckedAt
        | Column::Fixed
        | Column::Report => None,
    }
}

fn cells<'t>(columns: &[Column], texts: &'t [Option<Cow<'_, str>>]) -> Vec<Cell<'t>> {
    let cell = |(column, text): (&Column, &'t Option<Cow<'_, str>>)| match (text, column) {
        (None, _) => Cell::Empty,
        (Some(text), Column::Reasons) => Cell::Words(text),
        (Some(text), Column::DuplicateOf) => {
            text.parse().map_or_else(|_| Cell::Text(text), Cell::Number)
        }
        (Some(text), Column::Report) => Cell::Json(text),
        (Some(text), _) => Cell::Text(text),
    };
    columns.iter().zip(texts).map(cell).collect()
}
