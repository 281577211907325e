//! What rows are written to: files that appear when they are complete, and pipes; each with the form of the
//! list.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::files::OutputFile;
use crate::report::Column;
use crate::roster::{Cell, FormulaEscaping, OutputFormat, OutputOptions, Plan, Row, Shape, Writer};
use crate::typo::Confidence;
use crate::verdict::Verdict;

/// How rows are written.
#[derive(Clone, Debug)]
pub struct RowFormat {
    /// The columns that are added.
    pub columns: Vec<Column>,
    /// The format; where none is named, that of the list.
    pub target: Option<OutputFormat>,
    /// What becomes of formulas.
    pub formulas: FormulaEscaping,
    /// From this confidence on a suggestion is the address to use from now on (`[typo] fix_at`).
    pub fix_at: Confidence,
}

/// Where rows go.
#[derive(Default)]
pub struct Outputs {
    /// The output.
    pub main: Option<Output>,
    /// Files by their names: one for each verdict, one for duplicates.
    pub split: BTreeMap<&'static str, Output>,
    /// Rows that cannot be read.
    pub rejects: Option<Output>,
}

/// Something that rows are written to.
pub enum Output {
    /// A file.
    File(PathBuf, OutputFile),
    /// A pipe, such as standard output.
    Pipe(Box<dyn Write + Send>),
}

/// An output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {error}", name(.path.as_deref()))]
pub struct WriteError {
    /// The file; none for a pipe.
    pub path: Option<PathBuf>,
    /// What the system says.
    pub error: io::Error,
}

fn name(path: Option<&Path>) -> String {
    path.map_or_else(|| "to standard output".to_owned(), |path| path.display().to_string())
}

/// The name of the file with the duplicates.
pub(super) const DUPLICATES: &str = "duplicates";

impl Outputs {
    /// They are not wanted after all.
    pub fn discard(self) {
        let Self { main, split, rejects } = self;
        for target in main.into_iter().chain(split.into_values()).chain(rejects) {
            match target {
                Output::File(_, file) => file.discard(),
                Output::Pipe(_) => {}
            }
        }
    }

    /// The names of the files of a split.
    pub fn names_of_split() -> impl Iterator<Item = &'static str> {
        Verdict::ALL.into_iter().map(Verdict::code).chain([DUPLICATES])
    }

    /// What files of this list are called in the end, by the form that they have.
    pub fn extension(plan: &Plan, target: Option<OutputFormat>) -> &'static str {
        match target.unwrap_or_else(|| own(plan.shape())) {
            OutputFormat::Csv => "csv",
            OutputFormat::Tsv => "tsv",
            OutputFormat::JsonLines => "jsonl",
            OutputFormat::Lines => "txt",
        }
    }
}

/// The format that rows of this shape have with columns added.
fn own(shape: Shape) -> OutputFormat {
    match shape {
        Shape::Delimited(dialect) if dialect.delimiter == b'\t' => OutputFormat::Tsv,
        Shape::Delimited(_) | Shape::Lines | Shape::Mailman => OutputFormat::Csv,
        Shape::JsonLines | Shape::Json => OutputFormat::JsonLines,
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(_, file) => file.write(bytes),
            Self::Pipe(pipe) => pipe.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(_, file) => file.flush(),
            Self::Pipe(pipe) => pipe.flush(),
        }
    }
}

/// An outlet with the form of the list.
pub(super) struct RowWriter {
    path: Option<PathBuf>,
    writer: Writer<Output>,
}

impl RowWriter {
    pub(super) fn new(target: Output, plan: &Plan, form: &RowFormat) -> Self {
        let path = match &target {
            Output::File(path, _) => Some(path.clone()),
            Output::Pipe(_) => None,
        };
        let output = OutputOptions {
            target: form.target,
            fields: form.columns.iter().map(|column| column.name().to_owned()).collect(),
            formulas: form.formulas,
        };
        Self { path, writer: Writer::new(target, plan, output) }
    }

    fn failed(&self, error: io::Error) -> WriteError {
        WriteError { path: self.path.clone(), error }
    }

    /// Whether somebody may be reading what is written.
    pub(super) fn is_pipe(&self) -> bool {
        self.path.is_none()
    }

    /// Whether rows keep the form they had.
    pub(super) fn keeps_form(&self) -> bool {
        self.writer.keeps_form()
    }

    pub(super) fn header(&mut self) -> Result<(), WriteError> {
        self.writer.header().map_err(|error| self.failed(error))
    }

    pub(super) fn row(&mut self, row: &Row, cells: &[Cell<'_>]) -> Result<(), WriteError> {
        self.writer.row(row, cells).map_err(|error| self.failed(error))
    }

    pub(super) fn row_of(
        &mut self,
        row: &Row,
        address: &str,
        cells: &[Cell<'_>],
    ) -> Result<(), WriteError> {
        self.writer.row_of(row, address, cells).map_err(|error| self.failed(error))
    }

    pub(super) fn flush(&mut self) -> Result<(), WriteError> {
        self.writer.flush().map_err(|error| self.failed(error))
    }

    pub(super) fn finish(self) -> Result<(), WriteError> {
        let Self { path, writer } = self;
        let finished = match writer.into_inner() {
            Output::File(_, file) => file.finish(),
            Output::Pipe(mut pipe) => pipe.flush(),
        };
        finished.map_err(|error| WriteError { path, error })
    }
}
