//! How a list is to be read: what its owner says of it, and what is found out from its beginning.

use super::column_detection;
use super::encoding::{self, BOM, Encoding};
use super::head::{Completeness, Preview, ReadOptions};
use super::layout::Layout;
use super::note::Note;
use super::shape::Shape;

/// How a list is read.
// No `Debug`: what is taken for a header may be anything.
#[derive(Clone)]
pub struct Plan {
    pub(super) encoding: Encoding,
    pub(super) layout: Layout,
    notes: Vec<Note>,
}

/// A column to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its number, from 1.
    pub number: usize,
    /// Its name, where there are names. Foreign text: to be made visible before it is shown.
    pub name: Option<String>,
}

/// Why a list cannot be read unless its owner says more of it. The messages hold names of columns,
/// controls escaped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// It is no text.
    #[error(
        "this is no text: a list is text or an Excel workbook (.xlsx), packed with gzip or not"
    )]
    NoText,
    /// There is nothing in it.
    #[error("the list is empty")]
    Empty,
    /// No column looks as if it had addresses.
    #[error(
        "no column holds addresses, by its name or by what is in it; name one with --column{}",
        column_detection::listed(.columns)
    )]
    NoAddresses {
        /// The columns there are.
        columns: Vec<Candidate>,
    },
    /// More than one column may hold the addresses.
    #[error(
        "more than one column may hold the addresses; choose with --column, once for each that \
         counts{}",
        column_detection::listed(.candidates)
    )]
    Ambiguous {
        /// Those columns.
        candidates: Vec<Candidate>,
    },
    /// The list has no column of that name or number.
    #[error("there is no column {wanted:?}; {}", column_detection::instead(.columns))]
    UnknownColumn {
        /// What was asked for.
        wanted: String,
        /// The columns there are.
        columns: Vec<Candidate>,
    },
}

/// Where the addresses stand in a row.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Addresses {
    /// In these cells.
    Columns(Vec<usize>),
    /// In these members of an object.
    Keys(Vec<String>),
    /// The whole line.
    Line,
}

impl Plan {
    /// Finds out how a list is to be read.
    ///
    /// # Errors
    /// What its owner has to say first.
    pub fn of(head: &Preview, wish: &ReadOptions) -> Result<Self, PlanError> {
        let (encoding, assumed) = match wish.encoding {
            Some(Encoding::Utf8) if head.bytes.starts_with(BOM) => (Encoding::Utf8Bom, None),
            Some(encoding) => (encoding, None),
            None => Encoding::detect(&head.bytes),
        };
        let text = encoding.decode(&head.bytes);
        if wish.encoding.is_none() && wish.format.is_none() && !encoding::is_text(&text) {
            return Err(PlanError::NoText);
        }
        if head.extent == Completeness::All && text.trim_ascii().is_empty() {
            return Err(PlanError::Empty);
        }
        let (layout, found) = Layout::of(&text, head.extent, wish)?;
        let recoded = (!encoding.is_kept()).then_some(Note::WrittenAsUtf8(encoding));
        let notes = assumed.into_iter().chain(recoded).chain(found).collect();
        Ok(Self { encoding, layout, notes })
    }

    /// In which bytes the list stands.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// How it is laid out.
    pub fn shape(&self) -> Shape {
        self.layout.shape
    }

    /// The names of its columns, where it has them. Foreign text: to be made visible before it is shown.
    pub fn names(&self) -> Option<&[String]> {
        self.layout.names.as_deref()
    }

    /// The columns with the addresses; none where a whole line is one.
    pub fn address_columns(&self) -> Vec<Candidate> {
        let names = self.names().unwrap_or_default();
        let candidate =
            |index: usize| Candidate { number: index + 1, name: names.get(index).cloned() };
        match &self.layout.addresses {
            Addresses::Line => Vec::new(),
            Addresses::Columns(columns) => columns.iter().copied().map(candidate).collect(),
            Addresses::Keys(keys) => {
                let places =
                    keys.iter().filter_map(|key| names.iter().position(|name| name == key));
                places.map(candidate).collect()
            }
        }
    }

    /// What is to be said aloud.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }
}
