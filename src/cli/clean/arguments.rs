//! The arguments of `mailvet clean`.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::{Span, SpanRelativeTo};

use crate::batch::Class;
use crate::cli::depth::DepthArg;
use crate::report::Column;
use crate::roster::{Encoding, Format, Header, Sameness, Target};

/// Beyond this no more is won: the DNS is asked no more than 256 questions at the same time.
const MOST_AT_ONCE: usize = 4_096;

const EXAMPLES: &str = "Examples:
  mailvet clean list.csv -o cleaned.csv --report report.html
  mailvet clean list.csv -o cleaned.csv --resume
  mailvet clean export.xlsx --column 'Work email' --split cleaned/
  mailvet clean --only plausible,deliverable --to lines < list.txt > good.txt
  mailvet clean big.csv --sample 1000

What is found out is noted in OUTPUT.mailvet-journal until the output is complete: after a power cut, a full
disk or Ctrl-C the same command with --resume goes on and asks nobody twice.";

/// The arguments of `mailvet clean`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct CleanArgs {
    /// The list: CSV, TSV, JSON lines, plain lines, a Mailman roster or an Excel workbook, packed with
    /// gzip or not; without it, or with `-`, standard input
    #[arg(value_name = "INPUT")]
    pub(super) input: Option<PathBuf>,
    #[command(flatten)]
    pub(super) reading: ReadingArgs,
    #[command(flatten)]
    pub(super) looking: LookingArgs,
    #[command(flatten)]
    pub(super) writing: WritingArgs,
    #[command(flatten)]
    pub(super) telling: TellingArgs,
}

#[derive(Args)]
#[command(next_help_heading = "Reading")]
pub(super) struct ReadingArgs {
    /// The column with the addresses, by name or by number from 1; can be repeated
    #[arg(long, value_name = "COLUMN")]
    pub(super) column: Vec<String>,
    /// The format of the list: csv, tsv, jsonl, json, lines, mailman
    #[arg(long, value_name = "FORMAT")]
    pub(super) from: Option<Format>,
    /// Its encoding: utf-8, utf-16le, utf-16be, windows-1252
    #[arg(long, value_name = "ENCODING")]
    pub(super) encoding: Option<Encoding>,
    /// What stands between its columns: a character, or `tab`
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    pub(super) delimiter: Option<u8>,
    /// Whether its first row names the columns
    #[arg(long, value_name = "WHETHER")]
    pub(super) header: Option<HeaderArg>,
    /// The sheet of a workbook, unless it is the first one
    #[arg(long, value_name = "NAME")]
    pub(super) sheet: Option<String>,
}

#[derive(Args)]
#[command(next_help_heading = "Looking")]
pub(super) struct LookingArgs {
    /// How deep to look
    #[arg(long, value_name = "DEPTH", default_value = "domain")]
    pub(super) depth: DepthArg,
    /// Domains that are looked up at the same time, from 1 to 4096
    #[arg(long, value_name = "NUMBER", default_value = "64", value_parser = concurrency)]
    pub(super) concurrency: usize,
    /// Domains that are looked up in a second, at most
    #[arg(long, value_name = "NUMBER")]
    pub(super) rate: Option<NonZeroU32>,
    /// With --depth mailbox: come back to servers that defer strangers (greylisting), three times within
    /// an hour or so
    #[arg(long)]
    pub(super) wait: bool,
    /// Do not look at people in this list, or at these domains, and leave them out; can be repeated
    #[arg(long, value_name = "FILE")]
    pub(super) suppress: Vec<PathBuf>,
    /// INPUT is an earlier output: look again only at rows that are older than this, such as `90d`, or of
    /// which nothing was found out
    #[arg(long, value_name = "AGE", value_parser = age)]
    pub(super) recheck_after: Option<Duration>,
    /// What makes two rows duplicates: the same mailbox (canonical), the same address (exact), nothing (off).
    /// Later ones are marked; nothing is dropped unless --drop duplicates says so
    #[arg(long, value_name = "HOW", default_value = "canonical")]
    pub(super) dedupe: DedupeArg,
    /// Judge so many rows, chosen at random, and tell what can be expected of the whole list
    #[arg(long, value_name = "ROWS", conflicts_with_all = ["output", "split", "resume", "rejects", "report"])]
    pub(super) sample: Option<NonZeroUsize>,
}

#[derive(Args)]
#[command(next_help_heading = "Writing")]
pub(super) struct WritingArgs {
    /// The output, packed where its name ends with .gz; without it, standard output
    #[arg(short, long, value_name = "OUTPUT")]
    pub(super) output: Option<PathBuf>,
    /// Go on where an earlier run of the same command was stopped
    #[arg(long, conflicts_with = "restart")]
    pub(super) resume: bool,
    /// Begin anew, and forget what an earlier run that was stopped has found out
    #[arg(long)]
    pub(super) restart: bool,
    /// The format of the output: csv, tsv, jsonl, lines [default: as OUTPUT's name says, or that of the list]
    #[arg(long, value_name = "FORMAT")]
    pub(super) to: Option<Target>,
    /// The columns to add, such as `verdict,reasons`; an empty text adds none
    #[arg(long, value_name = "COLUMNS", value_parser = columns)]
    pub(super) fields: Option<Columns>,
    /// Also add `mailvet_fixed`, the address to use from now on
    #[arg(long)]
    pub(super) fix: bool,
    /// Write only rows of these kinds: verdicts, `duplicates`
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    pub(super) only: Vec<Class>,
    /// Do not write rows of these kinds
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    pub(super) drop: Vec<Class>,
    /// Write a file for each verdict, and one for duplicates, into this folder
    #[arg(long, value_name = "DIR")]
    pub(super) split: Option<PathBuf>,
    /// Write rows that cannot be read to this file instead of the output
    #[arg(long, value_name = "FILE")]
    pub(super) rejects: Option<PathBuf>,
    /// Write cells of ours as they are, also where a spreadsheet would take them for formulas
    #[arg(long)]
    pub(super) raw: bool,
}

#[derive(Args)]
#[command(next_help_heading = "Telling")]
pub(super) struct TellingArgs {
    /// Write a report: a page to show (.html), or numbers for programs (.json); can be repeated
    #[arg(long, value_name = "FILE")]
    pub(super) report: Vec<PathBuf>,
    /// List addresses in the reports, which have none otherwise
    #[arg(long, requires = "report")]
    pub(super) report_addresses: bool,
    /// Say nothing but what is wrong
    #[arg(short, long)]
    pub(super) quiet: bool,
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
    Exact,
    Canonical,
    Off,
}

impl From<DedupeArg> for Option<Sameness> {
    fn from(dedupe: DedupeArg) -> Self {
        match dedupe {
            DedupeArg::Exact => Some(Sameness::Exact),
            DedupeArg::Canonical => Some(Sameness::Canonical),
            DedupeArg::Off => None,
        }
    }
}

/// Columns that somebody chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns(pub(super) Vec<Column>);

fn columns(names: &str) -> Result<Columns, String> {
    let mut columns = Vec::new();
    for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let column: Column = name.parse().map_err(|error| format!("{name:?}: {error}"))?;
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    Ok(Columns(columns))
}

fn concurrency(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=MOST_AT_ONCE) => Ok(number),
        _ => Err(format!("a number from 1 to {MOST_AT_ONCE}")),
    }
}

fn delimiter(text: &str) -> Result<u8, String> {
    match (text, text.as_bytes()) {
        ("tab" | "\\t", _) => Ok(b'\t'),
        (_, [byte]) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ => Err("one ASCII character, such as ; or |, or `tab`".to_owned()),
    }
}

fn age(text: &str) -> Result<Duration, String> {
    let wrong = "an age such as 90d, 2w or 12h";
    let span: Span = text.parse().map_err(|_| wrong.to_owned())?;
    let age =
        span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong.to_owned())?;
    Duration::try_from(age).map_err(|_| wrong.to_owned())
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
        assert!(chosen("verdict,colour").unwrap_err().starts_with("\"colour\": no such column"));
    }
}
