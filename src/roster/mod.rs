//! Reads lists of addresses row by row, and writes them again with columns added. The owner of a list is the
//! person who cleans it.
//!
//! ```text
//! first bytes ── Preview ──┐
//! owner ──── ReadOptions ──┴─▶ Plan::of ─▶ Plan {encoding, layout, notes} or PlanError
//!                                           encoding::detect, sniff::detect (format, delimiter),
//!                                           column_detection (header, columns with addresses)
//!
//! bytes ─▶ DecodeBuffer ─▶ RowSplitter ─▶ Reader::read_row ─▶ Row {kind, addresses, bytes}
//!           to UTF-8        delimited,                         kind: Entry, NonData
//!                           document, line                           or Fault(RowFault)
//!
//! Row + cells ─▶ Writer::row ─▶ output::{csv, json_lines, lines} ─▶ bytes
//! ```
//!
//! A row that keeps its format keeps its bytes, whatever they are. A row that cannot be read has a
//! [`RowFault`] and is written like the others. This module knows neither files nor verdicts.
//!
//! ```
//! use mailvet::roster::{Cell, OutputOptions, Plan, Preview, ReadOptions, Reader, Writer};
//!
//! let list = "Name;E-mail\r\nJoe;joe@example.org\r\n";
//! let plan = Plan::of(&Preview::read(list.as_bytes())?, &ReadOptions::default())?;
//! let options = OutputOptions { fields: vec!["mailvet_verdict".into()], ..OutputOptions::default() };
//! let mut writer = Writer::new(Vec::new(), &plan, options);
//! writer.header()?;
//! let mut reader = Reader::new(list.as_bytes(), &plan)?;
//! while let Some(row) = reader.read_row()? {
//!     assert_eq!(row.addresses(), ["joe@example.org"]);
//!     writer.row(&row, &[Cell::Text("plausible")])?;
//! }
//! let written = "Name;E-mail;mailvet_verdict\r\nJoe;joe@example.org;plausible\r\n";
//! assert_eq!(writer.into_inner(), written.as_bytes());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cell;
mod column_detection;
mod decode_buffer;
mod dedupe;
mod delimited;
mod document;
mod encoding;
mod format;
mod json;
mod layout;
mod mailman;
mod names;
mod note;
mod output;
mod own_columns;
mod plan;
mod plan_error;
mod preview;
mod reader;
mod row;
mod row_fault;
mod row_splitter;
mod sample;
mod sniff;
mod split_addresses;
mod split_row;
mod surrogates;

pub use cell::{Cell, FormulaEscaping};
pub use dedupe::{DedupeKey, SeenSet};
pub use encoding::{Encoding, UnknownEncoding};
pub use format::{Header, InputFormat, UnknownInputFormat, delimiter_name};
pub use note::Note;
pub use output::{OutputFormat, OutputOptions, UnknownOutputFormat, Writer};
pub use plan::Plan;
pub use plan_error::{ColumnCandidate, PlanError};
pub use preview::{Preview, ReadOptions};
pub use reader::Reader;
pub use row::{MAX_ROW_BYTES, Row, RowKind, RowPart};
pub use row_fault::RowFault;
pub use split_addresses::MAX_ADDRESSES_OF_CELL;
pub use surrogates::replace_lone_surrogates;
