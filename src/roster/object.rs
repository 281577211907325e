//! Writing JSON objects: those of a list with members added, and those that rows of other lists become.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::cell::Cell;
use super::column_detection;
use super::encoding;
use super::json;

/// The name of the member that holds a row that could not be read.
pub(super) const UNREADABLE: &str = "mailvet_input";

/// Members to add: names, each with its cell.
pub(super) type Added<'a> = [(&'a str, Cell<'a>)];

/// Writes an object as it stood, with members before its closing brace. Those of an earlier run are
/// left out.
pub(super) fn extended(sink: &mut impl Write, object: &[u8], added: &Added<'_>) -> io::Result<()> {
    let Ok(members) = json::members(object) else { return unreadable(sink, object, added) };
    let kept: Vec<&[u8]> = members
        .iter()
        .filter(|member| added.is_empty() || !column_detection::is_replaced(&member.key))
        .map(|member| &object[member.range.clone()])
        .collect();
    if kept.len() == members.len() {
        sink.write_all(&object[..object.len() - 1])?;
    } else {
        let between = match members.as_slice() {
            [first, second, ..] => &object[first.range.end..second.range.start],
            _ => b",",
        };
        sink.write_all(b"{")?;
        sink.write_all(&kept.join(between))?;
    }
    for (place, (name, cell)) in added.iter().enumerate() {
        if place > 0 || !kept.is_empty() {
            sink.write_all(b",")?;
        }
        own_member(sink, name, *cell)?;
    }
    sink.write_all(b"}")
}

/// Writes an object of texts, with members behind them.
pub(super) fn made<'a>(
    sink: &mut impl Write,
    texts: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
    added: &Added<'_>,
) -> io::Result<()> {
    let mut mark: &[u8] = b"{";
    for (name, text) in texts {
        sink.write_all(mark)?;
        write(sink, &name)?;
        sink.write_all(b":")?;
        write(sink, &text)?;
        mark = b",";
    }
    for (name, cell) in added {
        sink.write_all(mark)?;
        own_member(sink, name, *cell)?;
        mark = b",";
    }
    sink.write_all(if mark == b"{" { b"{}" } else { b"}" })
}

/// Writes members behind others, and closes their object.
pub(super) fn closed(sink: &mut impl Write, added: &Added<'_>) -> io::Result<()> {
    for (name, cell) in added {
        sink.write_all(b",")?;
        own_member(sink, name, *cell)?;
    }
    sink.write_all(b"}")
}

/// Writes an object that holds a row which could not be read.
pub(super) fn unreadable(sink: &mut impl Write, text: &[u8], added: &Added<'_>) -> io::Result<()> {
    let text = encoding::text_of(text);
    made(sink, std::iter::once((Cow::Borrowed(UNREADABLE), text)), added)
}

/// A JSON text on one line. Only between its values can there be line breaks.
pub(super) fn one_line(object: &[u8]) -> Cow<'_, [u8]> {
    let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
    if !object.iter().any(is_break) {
        return Cow::Borrowed(object);
    }
    let lines = object.split(is_break).map(<[u8]>::trim_ascii);
    Cow::Owned(lines.collect::<Vec<_>>().concat())
}

fn own_member(sink: &mut impl Write, name: &str, cell: Cell<'_>) -> io::Result<()> {
    write(sink, name)?;
    sink.write_all(b":")?;
    match cell {
        Cell::Empty => sink.write_all(b"null"),
        Cell::Text(text) => write(sink, text),
        Cell::Words(words) => write(sink, &words.split_whitespace().collect::<Vec<_>>()),
        Cell::Number(number) => write(sink, &number),
        Cell::Json(json) => sink.write_all(json.as_bytes()),
    }
}

fn write(sink: &mut impl Write, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    Ok(serde_json::to_writer(sink, value)?)
}
