//! Where everything stands in the text of a list, found out from its beginning.

use std::collections::HashMap;

use super::column_detection::{self, ColumnSample, FirstRow};
use super::document;
use super::head::{Completeness, ReadOptions};
use super::json::{self, Member};
use super::names::{self, NameMatch};
use super::note::Note;
use super::plan::{Addresses, PlanError};
use super::row::Row;
use super::sample::{Sample, SampleRow};
use super::shape::{Dialect, Header, InputFormat, Shape};
use super::sniff;
use super::split_row::{self, Parts};

/// How many objects of a list in JSON are looked at.
const SAMPLE_OBJECTS: usize = 500;

/// Where everything stands.
#[derive(Clone)]
pub(super) struct Layout {
    pub(super) shape: Shape,
    pub(super) addresses: Addresses,
    /// How many columns there are.
    pub(super) width: usize,
    /// Their names.
    pub(super) names: Option<Vec<String>>,
    /// What stands before the header, or the first row.
    pub(super) preamble: Vec<u8>,
    /// The header as it stands.
    pub(super) header: Option<Row>,
    /// Where the rows begin.
    pub(super) start: usize,
    /// How many rows a spreadsheet counts before them.
    pub(super) rows_before: u64,
}

/// A layout, and what is to be said of it.
type Found = (Layout, Vec<Note>);

impl Layout {
    /// The layout of a text that begins like this.
    pub(super) fn of(
        text: &[u8],
        extent: Completeness,
        wish: &ReadOptions,
    ) -> Result<Found, PlanError> {
        let separator = separator_line(text);
        let shape = shape(text, extent, wish, separator.as_ref());
        match shape {
            Shape::Delimited(dialect) => {
                let before = separator.as_ref().map_or(0, |line| line.end);
                let notes = separator.map(|line| Note::SeparatorLine(line.delimiter));
                let mut layout = Self::empty(shape);
                // A spreadsheet shows no row for that line, so it is not counted.
                layout.begin(text, before, 0);
                layout.with_columns(text, extent, dialect, wish, notes.into_iter().collect())
            }
            Shape::JsonLines | Shape::Json => Self::empty(shape).with_objects(text, extent, wish),
            Shape::Lines | Shape::Mailman => Self::empty(shape).with_lines(text, extent, wish),
        }
    }

    fn empty(shape: Shape) -> Self {
        Self {
            shape,
            addresses: Addresses::Line,
            width: 1,
            names: None,
            preamble: Vec::new(),
            header: None,
            start: 0,
            rows_before: 0,
        }
    }

    /// Lets the rows begin at a place.
    fn begin(&mut self, text: &[u8], at: usize, number: u64) {
        self.preamble = text[..at].to_vec();
        self.start = at;
        self.rows_before = number;
    }

    /// Lets the rows begin behind their header.
    fn take_header(&mut self, text: &[u8], row: &SampleRow, before: usize) {
        let (start, end) = (before + row.range.start, before + row.range.end);
        self.begin(text, end, row.number);
        self.preamble.truncate(start);
        self.header = split_row::cut(self.shape, &text[start..end], Completeness::All)
            .map(|cut| Row::header(&text[start..end], cut, self.rows_before));
        self.width = row.cells.len();
        self.names = Some(row.cells.iter().map(|cell| cell.trim().to_owned()).collect());
    }

    fn with_columns(
        mut self,
        text: &[u8],
        extent: Completeness,
        dialect: Dialect,
        wish: &ReadOptions,
        mut notes: Vec<Note>,
    ) -> Result<Found, PlanError> {
        let before = self.preamble.len();
        let sample = Sample::with_delimiter(&text[before..], extent, dialect.delimiter);
        self.width = sample.usual_width().0;
        let Apart { header, entries, note } = Apart::of(&sample.rows, self.width, wish);
        notes.extend(note);
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
        let replaced = columns.iter().filter(|column| column.is_replaced()).count();
        notes.extend((replaced > 0).then_some(Note::ColumnsReplaced(replaced)));
        let doubles = column_detection::doubles(names);
        notes.extend((!doubles.is_empty()).then_some(Note::DuplicateNames(doubles)));
        self.addresses = Addresses::Columns(column_detection::choose(&columns, &wish.columns)?);
        Ok((self, notes))
    }

    fn with_lines(
        mut self,
        text: &[u8],
        extent: Completeness,
        wish: &ReadOptions,
    ) -> Result<Found, PlanError> {
        let sample = Sample::of(text, extent, self.shape);
        let Apart { header, note, .. } = match self.shape {
            Shape::Mailman => Apart::headless(&sample.rows),
            _ => Apart::of(&sample.rows, 1, wish),
        };
        if let Some(header) = header {
            self.take_header(text, header, 0);
        }
        if !wish.columns.is_empty() {
            // There is but one to choose, which is taken as it stands.
            let name = self.names.as_ref().and_then(|names| names.first()).cloned();
            column_detection::choose(&[ColumnSample::of(name, std::iter::empty())], &wish.columns)?;
        }
        Ok((self, note.into_iter().collect()))
    }

    fn with_objects(
        mut self,
        text: &[u8],
        extent: Completeness,
        wish: &ReadOptions,
    ) -> Result<Found, PlanError> {
        let start = match self.shape {
            Shape::Json => document::first_object(text).unwrap_or(0),
            _ => 0,
        };
        self.begin(text, start, 0);
        let objects = objects(self.shape, &text[start..], extent);
        let mut names: Vec<String> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut texts: Vec<Vec<String>> = Vec::new();
        for (object, members) in objects {
            for Member { key, value, .. } in members {
                let place = *places.entry(key).or_insert_with_key(|key| {
                    names.push(key.clone());
                    texts.push(Vec::new());
                    names.len() - 1
                });
                texts[place].push(json::addresses(&object[value]).join(";"));
            }
        }
        let columns = names.iter().zip(&texts).map(|(name, texts)| {
            ColumnSample::of(Some(name.clone()), texts.iter().map(String::as_str))
        });
        let columns: Vec<ColumnSample> = columns.collect();
        let replaced = columns.iter().filter(|column| column.is_replaced()).count();
        let notes = (replaced > 0).then_some(Note::ColumnsReplaced(replaced));
        self.addresses = Addresses::Keys(if names.is_empty() && wish.columns.is_empty() {
            // A roster of nobody. Mailman's members have this one.
            vec!["email".to_owned()]
        } else {
            let chosen = column_detection::choose(&columns, &wish.columns)?;
            chosen.into_iter().map(|index| names[index].clone()).collect()
        });
        self.width = names.len();
        self.names = Some(names);
        Ok((self, notes.into_iter().collect()))
    }
}

/// Excel's own first line, which names the delimiter: `sep=;`.
struct SeparatorLine {
    delimiter: u8,
    /// Where the next line begins.
    end: usize,
}

fn separator_line(text: &[u8]) -> Option<SeparatorLine> {
    let line = split_row::line(text, Completeness::All)?;
    let named = text[..line.text].trim_ascii_end();
    // A tab is no blank here.
    let named = if text[..line.text].ends_with(b"=\t") { &text[..line.text] } else { named };
    let (word, delimiter) = named.split_at_checked(4)?;
    match delimiter {
        [delimiter] if word.eq_ignore_ascii_case(b"sep=") => {
            Some(SeparatorLine { delimiter: *delimiter, end: line.whole })
        }
        _ => None,
    }
}

/// The shape that the owner names, or the one that a list looks like.
fn shape(
    text: &[u8],
    extent: Completeness,
    wish: &ReadOptions,
    separator: Option<&SeparatorLine>,
) -> Shape {
    let body = &text[separator.map_or(0, |line| line.end)..];
    let said = wish.delimiter.or_else(|| Some(separator?.delimiter));
    let delimited = |or_else: &dyn Fn() -> u8| {
        Shape::Delimited(Dialect { delimiter: said.unwrap_or_else(or_else) })
    };
    match wish.format {
        Some(InputFormat::Csv) => delimited(&|| sniff::delimiter(body, extent).unwrap_or(b',')),
        Some(InputFormat::Tsv) => delimited(&|| b'\t'),
        Some(InputFormat::JsonLines) => Shape::JsonLines,
        Some(InputFormat::Json) => Shape::Json,
        Some(InputFormat::Lines) => Shape::Lines,
        Some(InputFormat::Mailman) => Shape::Mailman,
        None if said.is_some() => delimited(&|| b','),
        None => match sniff::shape(text, extent) {
            // Whoever names columns sees them, even where a line could be taken as a whole.
            Shape::Lines if !wish.columns.is_empty() => {
                delimited(&|| sniff::likeliest_delimiter(body, extent).unwrap_or(b','))
            }
            shape => shape,
        },
    }
}

/// The header and the rows below it.
struct Apart<'a> {
    header: Option<&'a SampleRow>,
    entries: &'a [SampleRow],
    /// What is to be said of the header.
    note: Option<Note>,
}

impl<'a> Apart<'a> {
    fn headless(rows: &'a [SampleRow]) -> Self {
        Self { header: None, entries: rows, note: None }
    }

    fn of(rows: &'a [SampleRow], width: usize, wish: &ReadOptions) -> Self {
        let comments = rows.iter().take_while(|row| is_comment(row, width)).count();
        let rows = &rows[comments..];
        let first = match wish.header {
            Some(Header::Present) => FirstRow::NamesColumns,
            Some(Header::Absent) => FirstRow::Entry,
            None if column_detection::has_wanted(rows, &wish.columns) => FirstRow::NamesColumns,
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

/// Whether a row above the others is a comment, and not a header behind a `#`.
fn is_comment(row: &SampleRow, width: usize) -> bool {
    let has_name = |cell: &String| names::match_name(cell) == Some(NameMatch::Names);
    let is_header = row.cells.len() == width && row.cells.iter().any(has_name);
    let is_marked = row.cells.first().is_some_and(|cell| cell.trim_start().starts_with('#'));
    is_marked && !is_header && !row.cells.iter().any(|cell| cell.contains('@'))
}

/// The first objects of a list, each with its members.
fn objects(shape: Shape, text: &[u8], extent: Completeness) -> Vec<(&[u8], Vec<Member>)> {
    let mut objects = Vec::new();
    let mut rest = text;
    while !rest.is_empty() && objects.len() < SAMPLE_OBJECTS {
        let Some(cut) = split_row::cut(shape, rest, extent) else { break };
        if let Parts::Object(range) = cut.parts
            && let Ok(members) = json::members(&rest[range.clone()])
        {
            objects.push((&rest[range], members));
        }
        rest = &rest[cut.whole..];
    }
    objects
}
