//! The layout of a list, detected from its first bytes: format, header, columns with addresses.

use std::collections::HashMap;

use super::column_detection::{self, ColumnSample, FirstRow};
use super::document;
use super::format::{Header, InputFormat};
use super::json::{self, Member};
use super::names::{self, NameMatch};
use super::note::Note;
use super::plan_error::PlanError;
use super::preview::{Completeness, ReadOptions};
use super::row::Row;
use super::row_splitter::RowSplitter;
use super::sample::{Sample, SampleRow};
use super::sniff;
use super::split_row::{self, RowParts};

/// How many objects of a list in JSON are looked at.
const SAMPLE_OBJECTS: usize = 500;

/// The layout of a list.
#[derive(Clone)]
pub(super) struct Layout {
    pub(super) splitter: RowSplitter,
    pub(super) addresses: AddressLocation,
    /// How many columns there are.
    pub(super) width: usize,
    /// The names of the columns.
    pub(super) names: Option<Vec<String>>,
    /// The bytes before the header, or before the first row.
    pub(super) preamble: Vec<u8>,
    pub(super) header: Option<Row>,
    /// The offset of the first row.
    pub(super) start: usize,
    /// How many rows before it a spreadsheet counts.
    pub(super) rows_before: u64,
}

/// Which part of a row holds the addresses.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum AddressLocation {
    Columns(Vec<usize>),
    /// The members of an object with these keys.
    Keys(Vec<String>),
    /// The whole line.
    Line,
}

impl Layout {
    /// Detects the layout of a list from its first bytes, with notes for the owner.
    pub(super) fn detect(
        text: &[u8],
        completeness: Completeness,
        options: &ReadOptions,
    ) -> Result<(Self, Vec<Note>), PlanError> {
        let separator = separator_line(text);
        let splitter = row_splitter(text, completeness, options, separator.as_ref());
        let mut layout = Self::empty(splitter);
        let notes = match splitter.format {
            InputFormat::Csv | InputFormat::Tsv => {
                // A spreadsheet shows no row for that line, so it is not counted.
                layout.begin_rows(text, separator.as_ref().map_or(0, |line| line.end), 0);
                let mut notes: Vec<Note> =
                    separator.map(|line| Note::SeparatorLine(line.delimiter)).into_iter().collect();
                notes.extend(layout.detect_columns(text, completeness, options)?);
                notes
            }
            InputFormat::JsonLines | InputFormat::Json => {
                layout.detect_keys(text, completeness, options)?
            }
            InputFormat::Lines | InputFormat::Mailman => {
                layout.detect_lines(text, completeness, options)?
            }
        };
        Ok((layout, notes))
    }

    fn empty(splitter: RowSplitter) -> Self {
        Self {
            splitter,
            addresses: AddressLocation::Line,
            width: 1,
            names: None,
            preamble: Vec::new(),
            header: None,
            start: 0,
            rows_before: 0,
        }
    }

    fn begin_rows(&mut self, text: &[u8], start: usize, rows_before: u64) {
        self.preamble = text[..start].to_vec();
        self.start = start;
        self.rows_before = rows_before;
    }

    /// Takes a row for the header; the rows begin after it.
    fn take_header(&mut self, text: &[u8], row: &SampleRow, before: usize) {
        let (start, end) = (before + row.range.start, before + row.range.end);
        self.begin_rows(text, end, row.number);
        self.preamble.truncate(start);
        self.header = self
            .splitter
            .first_row(&text[start..end], Completeness::All)
            .map(|split| Row::header(&text[start..end], split, self.rows_before));
        self.width = row.cells.len();
        self.names = Some(row.cells.iter().map(|cell| cell.trim().to_owned()).collect());
    }

    fn detect_columns(
        &mut self,
        text: &[u8],
        completeness: Completeness,
        options: &ReadOptions,
    ) -> Result<Vec<Note>, PlanError> {
        let before = self.preamble.len();
        let sample = Sample::of(&text[before..], completeness, self.splitter);
        self.width = sample.usual_width().0;
        let HeaderSplit { header, entries, note } =
            HeaderSplit::of(&sample.rows, self.width, options);
        let mut notes: Vec<Note> = note.into_iter().collect();
        match header {
            Some(header) => self.take_header(text, header, before),
            None => notes.push(Note::NoHeader),
        }
        let names = self.names.as_deref().unwrap_or_default();
        let widest = entries.iter().map(|row| row.cells.len()).max().unwrap_or(0).max(self.width);
        let columns: Vec<ColumnSample> = (0..widest)
            .map(|index| {
                let cells = entries.iter().filter_map(|row| row.cells.get(index));
                ColumnSample::of(names.get(index).cloned(), cells.map(String::as_str))
            })
            .collect();
        notes.extend(replaced_note(&columns));
        let doubles = column_detection::doubles(names);
        notes.extend((!doubles.is_empty()).then_some(Note::DuplicateNames(doubles)));
        let chosen = column_detection::choose(&columns, &options.columns)?;
        self.addresses = AddressLocation::Columns(chosen);
        Ok(notes)
    }

    fn detect_lines(
        &mut self,
        text: &[u8],
        completeness: Completeness,
        options: &ReadOptions,
    ) -> Result<Vec<Note>, PlanError> {
        let sample = Sample::of(text, completeness, self.splitter);
        let HeaderSplit { header, note, .. } = match self.splitter.format {
            InputFormat::Mailman => HeaderSplit::headless(&sample.rows),
            _ => HeaderSplit::of(&sample.rows, 1, options),
        };
        if let Some(header) = header {
            self.take_header(text, header, 0);
        }
        if !options.columns.is_empty() {
            // There is only one to choose; an error if the owner names another one.
            let name = self.names.as_ref().and_then(|names| names.first()).cloned();
            let column = ColumnSample::of(name, std::iter::empty());
            column_detection::choose(&[column], &options.columns)?;
        }
        Ok(note.into_iter().collect())
    }

    fn detect_keys(
        &mut self,
        text: &[u8],
        completeness: Completeness,
        options: &ReadOptions,
    ) -> Result<Vec<Note>, PlanError> {
        let start = match self.splitter.format {
            InputFormat::Json => document::first_object(text).unwrap_or(0),
            _ => 0,
        };
        self.begin_rows(text, start, 0);
        let objects = objects(self.splitter, &text[start..], completeness);
        let mut names: Vec<String> = Vec::new();
        let mut columns_of_keys: HashMap<String, usize> = HashMap::new();
        let mut texts: Vec<Vec<String>> = Vec::new();
        for (object, members) in objects {
            for Member { key, value, .. } in members {
                let column = *columns_of_keys.entry(key).or_insert_with_key(|key| {
                    names.push(key.clone());
                    texts.push(Vec::new());
                    names.len() - 1
                });
                texts[column].push(json::addresses(&object[value]).join(";"));
            }
        }
        let columns = names.iter().zip(&texts).map(|(name, texts)| {
            ColumnSample::of(Some(name.clone()), texts.iter().map(String::as_str))
        });
        let columns: Vec<ColumnSample> = columns.collect();
        let is_unseen = names.is_empty() && completeness == Completeness::Beginning;
        self.addresses = AddressLocation::Keys(if names.is_empty() && options.columns.is_empty() {
            // A roster without members, or a first object that is longer than the preview. Mailman's members have
            // this key, and so have most others.
            vec!["email".to_owned()]
        } else if is_unseen {
            options.columns.clone()
        } else {
            let chosen = column_detection::choose(&columns, &options.columns)?;
            chosen.into_iter().map(|index| names[index].clone()).collect()
        });
        self.width = names.len();
        self.names = Some(names);
        Ok(replaced_note(&columns).into_iter().collect())
    }
}

fn replaced_note(columns: &[ColumnSample]) -> Option<Note> {
    let replaced = columns.iter().filter(|column| column.is_replaced()).count();
    (replaced > 0).then_some(Note::ColumnsReplaced(replaced))
}

/// Excel's own first line, which names the delimiter: `sep=;`.
struct SeparatorLine {
    delimiter: u8,
    /// The offset of the next line.
    end: usize,
}

fn separator_line(text: &[u8]) -> Option<SeparatorLine> {
    let line = split_row::line(text, Completeness::All)?;
    let named = text[..line.text].trim_ascii_end();
    // A tab at the end is the delimiter, not a blank.
    let named = if text[..line.text].ends_with(b"=\t") { &text[..line.text] } else { named };
    let (word, delimiter) = named.split_at_checked(4)?;
    match delimiter {
        [delimiter] if word.eq_ignore_ascii_case(b"sep=") => {
            Some(SeparatorLine { delimiter: *delimiter, end: line.whole })
        }
        _ => None,
    }
}

/// The format that the owner names, or the one that is detected.
fn row_splitter(
    text: &[u8],
    completeness: Completeness,
    options: &ReadOptions,
    separator: Option<&SeparatorLine>,
) -> RowSplitter {
    let body = &text[separator.map_or(0, |line| line.end)..];
    let delimiter = options.delimiter.or_else(|| Some(separator?.delimiter));
    let columns =
        |detect: &dyn Fn() -> u8| RowSplitter::of_columns(delimiter.unwrap_or_else(detect));
    match options.format {
        Some(InputFormat::Csv) => columns(&|| sniff::delimiter(body, completeness).unwrap_or(b',')),
        Some(InputFormat::Tsv) => columns(&|| b'\t'),
        Some(format) => RowSplitter::of(format),
        None if delimiter.is_some() => columns(&|| b','),
        None => match sniff::detect(text, completeness) {
            // An owner who names columns sees columns, even where each line could be an address.
            RowSplitter { format: InputFormat::Lines, .. } if !options.columns.is_empty() => {
                columns(&|| sniff::likeliest_delimiter(body, completeness).unwrap_or(b','))
            }
            splitter => splitter,
        },
    }
}

/// The header and the rows below it.
struct HeaderSplit<'a> {
    header: Option<&'a SampleRow>,
    entries: &'a [SampleRow],
    /// A note about the header.
    note: Option<Note>,
}

impl<'a> HeaderSplit<'a> {
    fn headless(rows: &'a [SampleRow]) -> Self {
        Self { header: None, entries: rows, note: None }
    }

    fn of(rows: &'a [SampleRow], width: usize, options: &ReadOptions) -> Self {
        let comments = rows.iter().take_while(|row| is_comment(row, width)).count();
        let rows = &rows[comments..];
        let first = match options.header {
            Some(Header::Present) => FirstRow::NamesColumns,
            Some(Header::Absent) => FirstRow::Entry,
            None if column_detection::has_wanted(rows, &options.columns) => FirstRow::NamesColumns,
            None => column_detection::first_row(rows),
        };
        match (rows, first) {
            ([header, entries @ ..], FirstRow::NamesColumns) => {
                Self { header: Some(header), entries, note: None }
            }
            ([header, entries @ ..], FirstRow::LooksLikeHeader) => {
                Self { header: Some(header), entries, note: Some(Note::HeaderGuessed) }
            }
            ([], _) | (_, FirstRow::Entry) => Self::headless(rows),
        }
    }
}

/// Whether a row at the top is a comment, and not a header that begins with `#`.
fn is_comment(row: &SampleRow, width: usize) -> bool {
    let has_name = |cell: &String| names::match_name(cell) == Some(NameMatch::Names);
    let is_header = row.cells.len() == width && row.cells.iter().any(has_name);
    let is_marked = row.cells.first().is_some_and(|cell| cell.trim_start().starts_with('#'));
    is_marked && !is_header && !row.cells.iter().any(|cell| cell.contains('@'))
}

/// The first objects of a list, each with its members.
fn objects(
    splitter: RowSplitter,
    text: &[u8],
    completeness: Completeness,
) -> Vec<(&[u8], Vec<Member>)> {
    let mut objects = Vec::new();
    let mut rest = text;
    while !rest.is_empty() && objects.len() < SAMPLE_OBJECTS {
        let Some(split) = splitter.first_row(rest, completeness) else { break };
        if let RowParts::Object(range) = split.parts
            && let Ok(members) = json::members(&rest[range.clone()])
        {
            objects.push((&rest[range], members));
        }
        rest = &rest[split.whole..];
    }
    objects
}
