//! Writes rows in the order of the list, and counts them: to the output, the files of a split, the file for
//! rows that cannot be read, or nowhere.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::filter::Filter;
use super::judge::{CheckedRow, RowOutcome, is_last_part};
use super::output::{DUPLICATES, Output, Outputs, RowWriter, WriteError, WriteOptions};
use super::summary::{Tally, TallyEntry};
use crate::report::{Column, Report};
use crate::roster::{Cell, InputFormat, Plan, Row, RowFault, SeenSet};
use crate::verdict::{Advice, Depth, Verdict};

/// Writes rows and counts them, in the order of the list.
pub struct Sink {
    options: WriteOptions,
    filter: Filter,
    /// The addresses seen so far; none where duplicates are not marked.
    seen: Option<SeenSet>,
    main: Option<RowWriter>,
    split: BTreeMap<&'static str, RowWriter>,
    rejects: Option<RowWriter>,
    tally: Tally,
    /// Whether rows without data are counted. In a JSON document they are only its brackets.
    counts_non_data: bool,
    /// Whether the list is UTF-8, so that rows keep their bytes.
    keeps_bytes: bool,
}

impl Sink {
    pub fn new(
        plan: &Plan,
        options: WriteOptions,
        filter: Filter,
        outputs: Outputs,
        tally: Tally,
    ) -> Self {
        let row_writer = |output: Output| RowWriter::new(output, plan, &options);
        let main = outputs.main.map(row_writer);
        let split =
            outputs.split.into_iter().map(|(name, output)| (name, row_writer(output))).collect();
        let rejects = outputs.rejects.map(row_writer);
        let counts_non_data = plan.format() != InputFormat::Json;
        let keeps_bytes = plan.encoding().is_kept();
        Self {
            options,
            filter,
            seen: None,
            main,
            split,
            rejects,
            tally,
            counts_non_data,
            keeps_bytes,
        }
    }

    /// The same, marking duplicates.
    #[must_use]
    pub fn marking_duplicates(self) -> Self {
        Self { seen: Some(SeenSet::default()), ..self }
    }

    /// Writes what comes before the first row.
    ///
    /// # Errors
    /// An output cannot be written.
    pub(super) fn header(&mut self) -> Result<(), WriteError> {
        self.row_writers().try_for_each(RowWriter::header)
    }

    /// Writes the next rows.
    ///
    /// # Errors
    /// An output cannot be written.
    pub(super) fn rows(&mut self, rows: &[CheckedRow]) -> Result<(), WriteError> {
        rows.iter().try_for_each(|checked| self.row(checked))?;
        // The reader of a pipe should see rows as soon as they are ready.
        match &mut self.main {
            Some(row_writer) if row_writer.is_pipe() => row_writer.flush(),
            _ => Ok(()),
        }
    }

    pub(super) fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }

    /// Flushes all outputs.
    ///
    /// # Errors
    /// An output cannot be written.
    pub(super) fn flush(&mut self) -> Result<(), WriteError> {
        self.row_writers().try_for_each(RowWriter::flush)
    }

    /// Completes all outputs: the files appear under their names.
    ///
    /// # Errors
    /// An output cannot be written.
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

    fn row(&mut self, checked: &CheckedRow) -> Result<(), WriteError> {
        let row = &checked.row;
        let number = row.number();
        match &checked.outcome {
            RowOutcome::NonData => {
                let row_writer = self.main.as_mut().filter(|_| self.filter.wants_non_data());
                let is_written = row_writer.as_ref().is_some_and(|writer| writer.keeps_format());
                let rows = self.tally.rows();
                rows.non_data += u64::from(self.counts_non_data);
                rows.non_data_left_out += u64::from(self.counts_non_data && !is_written);
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
                self.tally.row(number, &earlier.tally_entry());
                let duplicate_of = self.duplicate_of(checked);
                let texts =
                    self.texts(duplicate_of, |column| earlier.text(column).map(Cow::Borrowed));
                let address = earlier.text(Column::Normalized).or_else(|| first_address(row));
                let destination = RowDestination { verdict: earlier.verdict, duplicate_of };
                self.judged(row, address.unwrap_or_default(), destination, &texts)
            }
            RowOutcome::Report { report, addresses } => {
                self.tally.row(number, &TallyEntry::Judged(report));
                if *addresses > 1 {
                    self.tally.several_addresses();
                }
                let duplicate_of = self.duplicate_of(checked);
                let texts =
                    self.texts(duplicate_of, |column| column.of(report, self.options.fix_at));
                let destination =
                    RowDestination { verdict: report.judgement.verdict, duplicate_of };
                self.judged(row, &normal_form(report), destination, &texts)
            }
        }
    }

    /// The text of each added column.
    fn texts<'t>(
        &self,
        duplicate_of: Option<u64>,
        text_of: impl Fn(Column) -> Option<Cow<'t, str>>,
    ) -> Vec<Option<Cow<'t, str>>> {
        let text = |column: &Column| match column {
            Column::DuplicateOf => duplicate_of.map(|first| first.to_string().into()),
            column => text_of(*column),
        };
        self.options.columns.iter().map(text).collect()
    }

    /// A row that cannot be read, or a part of one.
    fn unreadable(&mut self, row: &Row, fault: RowFault) -> Result<(), WriteError> {
        let is_wanted = self.filter.wants(Verdict::Unknown, false);
        if is_last_part(row) {
            self.tally.row(row.number(), &TallyEntry::Unreadable(fault));
            let is_rejected = self.rejects.is_some();
            let rows = self.tally.rows();
            rows.read += 1;
            let count = match (is_rejected, is_wanted) {
                (true, _) => &mut rows.rejected,
                (false, true) => &mut rows.written,
                (false, false) => &mut rows.left_out,
            };
            *count += 1;
        }
        let texts = self.texts(None, |column| fault_text(column, fault));
        let cells = cells(&self.options.columns, &texts);
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

    /// A row with a verdict, and the address that counts in it.
    fn judged(
        &mut self,
        row: &Row,
        address: &str,
        RowDestination { verdict, duplicate_of }: RowDestination,
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
            match row_writers.all(RowWriter::keeps_format) {
                true => rows.not_utf8 += 1,
                false => rows.recoded += 1,
            }
        }
        let cells = cells(&self.options.columns, texts);
        let file = if duplicate_of.is_some() { DUPLICATES } else { verdict.code() };
        let (main, split) = (self.main.as_mut(), self.split.get_mut(file));
        main.into_iter()
            .chain(split)
            .try_for_each(|row_writer| row_writer.row_of(row, address, &cells))
    }

    /// The first row with the address that counts in this one. All addresses of the row are remembered.
    fn duplicate_of(&mut self, checked: &CheckedRow) -> Option<u64> {
        let seen = self.seen.as_mut()?;
        let number = checked.row.number();
        let mut first = None;
        for (index, key) in checked.keys.iter().enumerate() {
            let earlier = seen.first_row(key, number);
            if index == 0 {
                // A row that has the same address twice is no duplicate.
                first = earlier.filter(|earlier| *earlier != number);
            }
        }
        if first.is_some() {
            self.tally.duplicate();
        }
        first
    }
}

/// What decides which output a row goes to.
struct RowDestination {
    verdict: Verdict,
    duplicate_of: Option<u64>,
}

/// The address of a report without what was pasted around it.
fn normal_form(report: &Report) -> Cow<'_, str> {
    match &report.address {
        Some(facts) => Cow::Owned(facts.address.normalized()),
        None => Cow::Borrowed(&report.email),
    }
}

fn first_address(row: &Row) -> Option<&str> {
    row.addresses().first().map(String::as_str)
}

/// The text of a column for a row that cannot be read.
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
