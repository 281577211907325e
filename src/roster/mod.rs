//! Lists of addresses: what people export from somewhere, read row by row and written again with more
//! in each row.
//!
//! A [`Plan`] is made from the [`Preview`] of a list and the [`ReadOptions`] of its owner. After it a [`Reader`] cuts
//! the list into rows, and a [`Writer`] writes them: **byte for byte as they stood**, whatever stands in
//! them, with the columns that are added. A row that cannot be read has a [`RowFault`] and goes through like
//! the others. This room knows neither files nor verdicts.
//!
//! ```
//! use mailvet::roster::{Cell, Head, Output, Plan, Reader, Wish, Writer};
//!
//! let list = "Name;E-mail\r\nJoe;joe@example.org\r\n";
//! let plan = Plan::of(&Head::read(list.as_bytes())?, &Wish::default())?;
//! let output = Output { fields: vec!["mailvet_verdict".into()], ..Output::default() };
//! let mut writer = Writer::new(Vec::new(), &plan, output);
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
mod convert;
mod decode_buffer;
mod dedupe;
mod delimited;
mod document;
mod encoding;
mod head;
mod json;
mod layout;
mod mailman;
mod names;
mod note;
mod object;
mod output;
mod oversized_row;
mod plan;
mod reader;
mod row;
mod sample;
mod shape;
mod sniff;
mod split_addresses;
mod split_row;
mod surrogates;
mod writer;

pub use cell::{Cell, FormulaEscaping};
pub use dedupe::{DedupeKey, SeenSet};
pub use encoding::{Encoding, UnknownEncoding};
pub use head::{Preview, ReadOptions};
pub use note::Note;
pub use output::{OutputFormat, OutputOptions, UnknownOutputFormat};
pub use plan::{Candidate, Plan, PlanError};
pub use reader::Reader;
pub use row::{MAX_ROW_BYTES, Row, RowFault, RowKind, RowPart};
pub use shape::{Dialect, Header, InputFormat, Shape, UnknownInputFormat};
pub use split_addresses::MAX_ADDRESSES_OF_CELL;
pub use surrogates::replace_lone_surrogates;
pub use writer::Writer;
