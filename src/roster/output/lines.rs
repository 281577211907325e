//! Writes one address per line.

use std::io::{self, Write};

use crate::roster::row::{Row, RowKind};

/// Writes the address that counts in a row. A row that cannot be read is written as it is.
pub(super) fn write_row(sink: &mut impl Write, row: &Row, address: &str) -> io::Result<()> {
    if let RowKind::Fault(_) = row.kind {
        return sink.write_all(&row.raw);
    }
    if address.trim().is_empty() {
        return Ok(());
    }
    // A line break inside an address would make two of it.
    writeln!(sink, "{}", address.replace(['\n', '\r'], " "))
}
