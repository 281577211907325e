//! Writes JSON lines: objects of a list with members added, or rows of other lists as objects.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::column_mapping::ColumnMapping;
use super::format::OutputOptions;
use crate::roster::cell::Cell;
use crate::roster::encoding;
use crate::roster::json;
use crate::roster::layout::Layout;
use crate::roster::own_columns::{self, UNREADABLE};
use crate::roster::row::{Row, RowKind};

pub(super) struct JsonLinesExporter {
    fields: Vec<String>,
    /// How rows become objects; none where each is a line with an object already.
    columns: Option<ColumnMapping>,
}

/// The names and values of added members.
type AddedMembers<'a> = [(&'a str, Cell<'a>)];

impl JsonLinesExporter {
    /// For a list of JSON lines.
    pub(super) fn extending(options: OutputOptions) -> Self {
        Self { fields: options.fields, columns: None }
    }

    /// For a list in another format.
    pub(super) fn converting(layout: &Layout, options: OutputOptions) -> Self {
        let columns = ColumnMapping::of(layout, !options.fields.is_empty());
        Self { fields: options.fields, columns: Some(columns) }
    }

    pub(super) fn keeps_format(&self) -> bool {
        self.columns.is_none()
    }

    pub(super) fn row(
        &self,
        sink: &mut impl Write,
        row: &Row,
        cells: &[Cell<'_>],
    ) -> io::Result<()> {
        let added: Vec<(&str, Cell<'_>)> =
            self.fields.iter().map(String::as_str).zip(cells.iter().copied()).collect();
        match (row.object(), &self.columns) {
            (Some(range), None) => {
                sink.write_all(&row.raw[..range.start])?;
                write_extended(sink, &row.raw[range.clone()], &added)?;
                return sink.write_all(&row.raw[range.end..]);
            }
            (Some(range), Some(_)) => {
                let object = &row.raw[range];
                let is_fault = matches!(row.kind, RowKind::Fault(_));
                if is_fault && json::members(object).is_err() {
                    write_unreadable(sink, object, &added)?;
                } else {
                    write_extended(sink, &on_one_line(object), &added)?;
                }
            }
            (None, Some(columns)) if !matches!(row.kind, RowKind::Fault(_)) => {
                let members = columns.keys().zip(columns.texts(row));
                write_object(sink, members, &added)?;
            }
            (None, _) => write_unreadable(sink, row.text(), &added)?,
        }
        sink.write_all(b"\n")
    }

    /// Writes what comes after a row that cannot be read.
    pub(super) fn end_unreadable(
        &self,
        sink: &mut impl Write,
        cells: &[Cell<'_>],
    ) -> io::Result<()> {
        for (name, cell) in self.fields.iter().zip(cells) {
            sink.write_all(b",")?;
            write_member(sink, name, *cell)?;
        }
        sink.write_all(b"}\n")
    }
}

/// Writes what comes before a row that cannot be read, which follows as a string.
pub(super) fn begin_unreadable(sink: &mut impl Write) -> io::Result<()> {
    write!(sink, "{{\"{UNREADABLE}\":")
}

/// Writes an object as it is, with members before its closing brace. Those of an earlier run are left out.
fn write_extended(
    sink: &mut impl Write,
    object: &[u8],
    added: &AddedMembers<'_>,
) -> io::Result<()> {
    let Ok(members) = json::members(object) else { return write_unreadable(sink, object, added) };
    let kept: Vec<&[u8]> = members
        .iter()
        .filter(|member| added.is_empty() || !own_columns::is_replaced(&member.key))
        .map(|member| &object[member.range.clone()])
        .collect();
    if kept.len() == members.len() {
        sink.write_all(&object[..object.len() - 1])?;
    } else {
        let separator = match members.as_slice() {
            [first, second, ..] => &object[first.range.end..second.range.start],
            _ => b",",
        };
        sink.write_all(b"{")?;
        sink.write_all(&kept.join(separator))?;
    }
    for (index, (name, cell)) in added.iter().enumerate() {
        if index > 0 || !kept.is_empty() {
            sink.write_all(b",")?;
        }
        write_member(sink, name, *cell)?;
    }
    sink.write_all(b"}")
}

/// Writes an object of strings, with members after them.
fn write_object<'a>(
    sink: &mut impl Write,
    texts: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
    added: &AddedMembers<'_>,
) -> io::Result<()> {
    let mut before: &[u8] = b"{";
    for (name, text) in texts {
        sink.write_all(before)?;
        write_member(sink, &name, Cell::Text(&text))?;
        before = b",";
    }
    for (name, cell) in added {
        sink.write_all(before)?;
        write_member(sink, name, *cell)?;
        before = b",";
    }
    sink.write_all(if before == b"{" { b"{}" } else { b"}" })
}

/// Writes an object that holds a row which cannot be read.
fn write_unreadable(
    sink: &mut impl Write,
    text: &[u8],
    added: &AddedMembers<'_>,
) -> io::Result<()> {
    let text = encoding::text_of(text);
    write_object(sink, std::iter::once((Cow::Borrowed(UNREADABLE), text)), added)
}

/// A JSON text on one line. It has line breaks only between its values.
fn on_one_line(object: &[u8]) -> Cow<'_, [u8]> {
    let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
    if !object.iter().any(is_break) {
        return Cow::Borrowed(object);
    }
    let lines = object.split(is_break).map(<[u8]>::trim_ascii);
    Cow::Owned(lines.collect::<Vec<_>>().concat())
}

fn write_member(sink: &mut impl Write, name: &str, cell: Cell<'_>) -> io::Result<()> {
    write_json(sink, name)?;
    sink.write_all(b":")?;
    match cell {
        Cell::Empty => sink.write_all(b"null"),
        Cell::Text(text) => write_json(sink, text),
        Cell::Words(words) => write_json(sink, &words.split_whitespace().collect::<Vec<_>>()),
        Cell::Number(number) => write_json(sink, &number),
        Cell::Json(json) => sink.write_all(json.as_bytes()),
    }
}

fn write_json(sink: &mut impl Write, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    Ok(serde_json::to_writer(sink, value)?)
}
