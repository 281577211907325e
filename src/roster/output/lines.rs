//! Writes one address per line.

use std::io::{self, Write};

use crate::roster::row::{Row, RowKind, RowPart};

/// Writes the address that counts in a row. A row that cannot be read is written as it is, on a line of its own.
pub(super) fn write_row(sink: &mut impl Write, row: &Row, address: &str) -> io::Result<()> {
    if let RowKind::Fault(_) = row.kind {
        sink.write_all(row.content())?;
        return match (row.part, row.ending()) {
            (RowPart::More, _) => Ok(()),
            (RowPart::Last, b"") => sink.write_all(b"\n"),
            (RowPart::Last, ending) => sink.write_all(ending),
        };
    }
    if address.trim().is_empty() {
        return Ok(());
    }
    // A line break inside an address would make two of it.
    writeln!(sink, "{}", address.replace(['\n', '\r'], " "))
}
