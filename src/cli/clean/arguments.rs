//! The arguments of `mailvet clean`.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};
use jiff::{Span, SpanRelativeTo};

use crate::batch::RowClass;
use crate::cli::values::DepthArg;
use crate::cli::values::{NumberError, OneOf, number};
use crate::report::{Column, UnknownColumn, visible};
use crate::roster::{DedupeKey, Encoding, Header, InputFormat, OutputFormat};
use crate::verdict::Verdict;

const EXAMPLES: &str = "Examples:
  mailvet clean list.csv -o cleaned.csv --report report.html
  mailvet clean list.csv -o cleaned.csv --resume
  mailvet clean export.xlsx --column 'Work email' --split cleaned/
  mailvet clean --only plausible,deliverable --to lines < list.txt > good.txt
  mailvet clean big.csv --sample 1000

Answers are kept in OUTPUT.mailvet-journal until the output is complete: after a power cut, a full disk or
Ctrl-C the same command with --resume goes on and asks no server twice.";

/// The arguments of `mailvet clean`.
#[derive(Args)]
#[command(after_help = "--help has examples, and says more of each option.", after_long_help = EXAMPLES)]
pub(in crate::cli) struct CleanArgs {
    /// The list; without it, or with `-`, standard input
    ///
    /// CSV, TSV, JSON lines, a JSON document, plain lines, a Mailman roster or an Excel workbook, packed
    /// with gzip or not.
    #[arg(value_name = "INPUT", value_hint = ValueHint::FilePath)]
    pub(super) input: Option<PathBuf>,
    #[command(flatten)]
    pub(super) reading: ReadingArgs,
    #[command(flatten)]
    pub(super) checking: CheckingArgs,
    #[command(flatten)]
    pub(super) writing: WritingArgs,
    #[command(flatten)]
    pub(super) reporting: ReportingArgs,
}

#[derive(Args)]
#[command(next_help_heading = "Reading")]
pub(super) struct ReadingArgs {
    /// The column with the addresses
    ///
    /// By name, or by number from 1. It can be repeated: a row then has several addresses.
    #[arg(long, value_name = "COLUMN", value_hint = ValueHint::Other)]
    pub(super) column: Vec<String>,
    /// The format of the list [default: detected]
    #[arg(long, value_name = "FORMAT", value_parser = OneOf::<InputFormat>::new(InputFormat::ALL.map(InputFormat::code)))]
    pub(super) from: Option<InputFormat>,
    /// Its encoding [default: detected]
    #[arg(
        long,
        value_name = "ENCODING",
        value_parser = OneOf::<Encoding>::new(Encoding::ALL.map(Encoding::code))
    )]
    pub(super) encoding: Option<Encoding>,
    /// The delimiter of its columns: a character, or `tab`
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter, value_hint = ValueHint::Other)]
    pub(super) delimiter: Option<u8>,
    /// Whether its first row names the columns
    #[arg(long, value_name = "WHETHER")]
    pub(super) header: Option<HeaderArg>,
    /// The sheet of a workbook [default: the first]
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
    pub(super) sheet: Option<String>,
}

#[derive(Args)]
#[command(next_help_heading = "Checking")]
pub(super) struct CheckingArgs {
    /// How deep to check
    #[arg(long, value_name = "DEPTH", default_value = "domain")]
    pub(super) depth: DepthArg,
    /// Domains looked up at once, at most 4096
    #[arg(
        long,
        value_name = "NUMBER",
        default_value = "64",
        value_parser = concurrency,
        value_hint = ValueHint::Other
    )]
    pub(super) concurrency: NonZeroUsize,
    /// Domains looked up in a second, at most
    #[arg(long, value_name = "NUMBER", value_parser = rate, value_hint = ValueHint::Other)]
    pub(super) rate: Option<NonZeroU32>,
    /// Retry servers that greylist
    ///
    /// With --depth mailbox: servers that put unknown clients off (greylisting) are asked again, three
    /// times within an hour or so.
    #[arg(long)]
    pub(super) wait: bool,
    /// Leave out people or domains in this list
    ///
    /// They are not checked either. It can be repeated.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) suppress: Vec<PathBuf>,
    /// INPUT is an earlier output: check rows again that are older than this, such as `90d`
    ///
    /// Rows with the verdict unknown are checked again too; all others keep their verdict.
    #[arg(long, value_name = "AGE", value_parser = age, value_hint = ValueHint::Other)]
    pub(super) recheck_after: Option<Duration>,
    /// What makes two rows duplicates
    ///
    /// Later ones are marked; nothing is dropped unless --drop duplicates says so.
    #[arg(long, value_name = "HOW", default_value = "canonical")]
    pub(super) dedupe: DedupeArg,
    /// Judge so many random rows, and estimate the whole list
    #[arg(
        long,
        value_name = "ROWS",
        value_parser = sample_rows,
        value_hint = ValueHint::Other,
        conflicts_with_all = ["output", "split", "resume", "rejects", "report"]
    )]
    pub(super) sample: Option<NonZeroUsize>,
}

#[derive(Args)]
#[command(next_help_heading = "Writing")]
pub(super) struct WritingArgs {
    /// The output [default: standard output]
    ///
    /// It appears when it is complete, and replaces a file of that name. One whose name ends with .gz is
    /// packed.
    #[arg(short, long, value_name = "OUTPUT", value_hint = ValueHint::FilePath)]
    pub(super) output: Option<PathBuf>,
    /// Do not replace files that are there already
    ///
    /// Where an output, a report or a file of rejected rows is there already, nothing is done, and the exit
    /// status is 2.
    #[arg(long)]
    pub(super) no_clobber: bool,
    /// Go on where an earlier run of the same command was stopped
    #[arg(long, conflicts_with = "restart")]
    pub(super) resume: bool,
    /// Begin anew, without the answers of a stopped run
    #[arg(long)]
    pub(super) restart: bool,
    /// The format of the output [default: as its name says, or that of the list]
    #[arg(long, value_name = "FORMAT", value_parser = OneOf::<OutputFormat>::new(OutputFormat::ALL.map(OutputFormat::code)))]
    pub(super) to: Option<OutputFormat>,
    /// The columns to add, such as `verdict,reasons`; an empty text adds none
    ///
    /// There are: verdict, advice, reasons, suggestion, message, depth, normalized, canonical,
    /// `duplicate_of`, `retry_at`, `checked_at`, fixed, report.
    #[arg(long, value_name = "COLUMNS", value_parser = columns, value_hint = ValueHint::Other)]
    pub(super) fields: Option<Columns>,
    /// Also add `mailvet_fixed`, the address to use from now on
    #[arg(long)]
    pub(super) fix: bool,
    /// Write only rows of these kinds, such as `plausible,deliverable`
    #[arg(
        long,
        value_name = "KINDS",
        value_delimiter = ',',
        value_parser = OneOf::<RowClass>::new(class_names())
    )]
    pub(super) only: Vec<RowClass>,
    /// Do not write rows of these kinds
    #[arg(
        long,
        value_name = "KINDS",
        value_delimiter = ',',
        value_parser = OneOf::<RowClass>::new(class_names())
    )]
    pub(super) drop: Vec<RowClass>,
    /// Write a file for each verdict, and one for duplicates, into this folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) split: Option<PathBuf>,
    /// Write rows that cannot be read to this file instead of the output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) rejects: Option<PathBuf>,
    /// Do not put an apostrophe before added cells that look like formulas
    ///
    /// A spreadsheet would run them.
    #[arg(long)]
    pub(super) raw: bool,
}

#[derive(Args)]
#[command(next_help_heading = "Reporting")]
pub(super) struct ReportingArgs {
    /// Write a report: a page (.html), or numbers for programs (.json); can be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) report: Vec<PathBuf>,
    /// List addresses in the reports, which have none otherwise
    #[arg(long, requires = "report")]
    pub(super) report_addresses: bool,
    /// Print nothing but errors
    #[arg(short, long)]
    pub(super) quiet: bool,
}

fn class_names() -> impl Iterator<Item = &'static str> {
    Verdict::ALL.into_iter().map(Verdict::code).chain(["duplicates"])
}

fn concurrency(text: &str) -> Result<NonZeroUsize, NumberError> {
    number(text, 1..=4_096)
}

fn rate(text: &str) -> Result<NonZeroU32, NumberError> {
    number(text, 1..=1_000_000)
}

fn sample_rows(text: &str) -> Result<NonZeroUsize, NumberError> {
    number(text, 1..=1_000_000_000)
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum HeaderArg {
    Yes,
    No,
}

impl From<HeaderArg> for Header {
    fn from(header: HeaderArg) -> Self {
        match header {
            HeaderArg::Yes => Self::Present,
            HeaderArg::No => Self::Absent,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum DedupeArg {
    /// The same address
    Exact,
    /// The same mailbox, however its provider lets it be written
    Canonical,
    /// Nothing
    Off,
}

impl From<DedupeArg> for Option<DedupeKey> {
    fn from(dedupe: DedupeArg) -> Self {
        match dedupe {
            DedupeArg::Exact => Some(DedupeKey::Exact),
            DedupeArg::Canonical => Some(DedupeKey::Canonical),
            DedupeArg::Off => None,
        }
    }
}

/// The columns of `--fields`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns(pub(super) Vec<Column>);

/// One of the names is no column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{}\": {error}", visible(.name))]
struct ColumnsError {
    name: String,
    error: UnknownColumn,
}

fn columns(names: &str) -> Result<Columns, ColumnsError> {
    let mut columns = Vec::new();
    for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let column: Column =
            name.parse().map_err(|error| ColumnsError { name: name.to_owned(), error })?;
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    Ok(Columns(columns))
}

/// The text is no delimiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one ASCII character, such as ; or |, or `tab`")]
struct DelimiterError;

fn delimiter(text: &str) -> Result<u8, DelimiterError> {
    match (text, text.as_bytes()) {
        ("tab" | "\\t", _) => Ok(b'\t'),
        (_, [byte]) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ => Err(DelimiterError),
    }
}

/// The text is no age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an age such as 90d, 2w or 12h")]
struct AgeError;

fn age(text: &str) -> Result<Duration, AgeError> {
    let span: Span = text.parse().map_err(|_| AgeError)?;
    let age = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| AgeError)?;
    Duration::try_from(age).map_err(|_| AgeError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read() {
        let day = Duration::from_secs(24 * 3600);
        let cases = [
            ("90d", Some(90 * day)),
            ("2w", Some(14 * day)),
            ("12h", Some(day / 2)),
            ("1d 12h", Some(day * 3 / 2)),
            ("0d", Some(Duration::ZERO)),
            ("-1d", None),
            ("3 months", None),
            ("90", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(age(text).ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn delimiters_are_read() {
        let cases = [
            (";", Some(b';')),
            ("tab", Some(b'\t')),
            ("\\t", Some(b'\t')),
            ("\t", Some(b'\t')),
            ("", None),
            (";;", None),
            ("\"", None),
            ("§", None),
        ];
        for (text, expected) in cases {
            assert_eq!(delimiter(text).ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn columns_are_chosen_once_each() {
        let chosen = |names| columns(names).map(|Columns(columns)| columns);
        assert_eq!(chosen("").unwrap(), []);
        let two = [Column::Reasons, Column::Verdict];
        assert_eq!(chosen("reasons, mailvet_verdict,reasons").unwrap(), two);
        assert!(
            chosen("verdict,colour")
                .unwrap_err()
                .to_string()
                .starts_with("\"colour\": no such column")
        );
    }
}
