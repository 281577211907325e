//! What rows are written to: files that appear when they are complete, and pipes.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::files::OutputFile;
use crate::report::Column;
use crate::roster::{Cell, FormulaEscaping, OutputFormat, OutputOptions, Plan, Row, Writer};
use crate::typo::Confidence;
use crate::verdict::Verdict;

/// How rows are written.
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// The columns to add.
    pub columns: Vec<Column>,
    /// None: the format of the list.
    pub format: Option<OutputFormat>,
    pub formulas: FormulaEscaping,
    /// The least confidence of a suggestion that replaces the address (`[typo] fix_at`).
    pub fix_at: Confidence,
}

/// Where rows go.
#[derive(Default)]
pub struct Outputs {
    pub main: Option<Output>,
    /// A file for each verdict and one for duplicates, by name.
    pub split: BTreeMap<&'static str, Output>,
    /// For rows that cannot be read.
    pub rejects: Option<Output>,
}

/// A file or a pipe that rows are written to.
pub enum Output {
    File(PathBuf, OutputFile),
    Pipe(Box<dyn Write + Send>),
}

/// An output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {error}", name(.path.as_deref()))]
pub struct WriteError {
    /// The file; none for a pipe.
    pub path: Option<PathBuf>,
    pub error: io::Error,
}

fn name(path: Option<&Path>) -> String {
    path.map_or_else(|| "to standard output".to_owned(), |path| path.display().to_string())
}

/// The name of the file for duplicates.
pub(super) const DUPLICATES: &str = "duplicates";

impl Outputs {
    /// Removes the files begun.
    pub fn discard(self) {
        let Self { main, split, rejects } = self;
        for output in main.into_iter().chain(split.into_values()).chain(rejects) {
            match output {
                Output::File(_, file) => file.discard(),
                Output::Pipe(_) => {}
            }
        }
    }

    /// The names of the files of a split.
    pub fn names_of_split() -> impl Iterator<Item = &'static str> {
        Verdict::ALL.into_iter().map(Verdict::code).chain([DUPLICATES])
    }

    /// The extension of the files of a split.
    pub fn extension(plan: &Plan, format: Option<OutputFormat>) -> &'static str {
        match format.unwrap_or_else(|| OutputFormat::extending(plan.format())) {
            OutputFormat::Csv => "csv",
            OutputFormat::Tsv => "tsv",
            OutputFormat::JsonLines => "jsonl",
            OutputFormat::Lines => "txt",
        }
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

/// Writes rows to one output.
pub(super) struct RowWriter {
    path: Option<PathBuf>,
    writer: Writer<Output>,
}

impl RowWriter {
    pub(super) fn new(output: Output, plan: &Plan, options: &WriteOptions) -> Self {
        let path = match &output {
            Output::File(path, _) => Some(path.clone()),
            Output::Pipe(_) => None,
        };
        let output_options = OutputOptions {
            format: options.format,
            fields: options.columns.iter().map(|column| column.name().to_owned()).collect(),
            formulas: options.formulas,
        };
        Self { path, writer: Writer::new(output, plan, output_options) }
    }

    fn failed(&self, error: io::Error) -> WriteError {
        WriteError { path: self.path.clone(), error }
    }

    /// Whether another program may be reading the output.
    pub(super) fn is_pipe(&self) -> bool {
        self.path.is_none()
    }

    /// Whether rows keep the format of the list.
    pub(super) fn keeps_format(&self) -> bool {
        self.writer.keeps_format()
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
