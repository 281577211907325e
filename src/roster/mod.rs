//! Lists of addresses: what people export from somewhere, read row by row and written again with more
//! in each row.
//!
//! A [`Plan`] is made from the [`Head`] of a list and the [`Wish`] of its owner. After it a [`Reader`] cuts
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
mod choice;
mod convert;
mod cut;
mod dedupe;
mod delimited;
mod document;
mod encoding;
mod head;
mod json;
mod layout;
mod long;
mod mailman;
mod names;
mod note;
mod object;
mod output;
mod plan;
mod reader;
mod row;
mod sample;
mod several;
mod shape;
mod sniff;
mod surrogates;
mod window;
mod writer;

pub use cell::{Cell, Formulas};
pub use dedupe::{Sameness, Seen};
pub use encoding::{Encoding, UnknownEncoding};
pub use head::{Head, Wish};
pub use note::Note;
pub use output::{Output, Target, UnknownTarget};
pub use plan::{Candidate, Plan, PlanError};
pub use reader::Reader;
pub use row::{Kind, MAX_ROW_BYTES, Part, Row, RowFault};
pub use several::MAX_ADDRESSES_OF_CELL;
pub use shape::{Dialect, Format, Header, Shape, UnknownFormat};
pub use surrogates::replace_lone_surrogates;
pub use writer::Writer;
