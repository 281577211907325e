//! How a list is read: what its owner says, and what is detected from its first bytes.

use std::borrow::Cow;

use super::encoding::{self, BOM, Encoding, EncodingCertainty};
use super::format::InputFormat;
use super::json;
use super::layout::{AddressLocation, Layout};
use super::note::Note;
use super::plan_error::{ColumnCandidate, PlanError};
use super::preview::{Completeness, Preview, ReadOptions};
use super::row::{Row, RowBody};

/// How a list is read.
// No `Debug`: what is taken for a header may be anything.
#[derive(Clone)]
pub struct Plan {
    pub(super) encoding: Encoding,
    pub(super) layout: Layout,
    notes: Vec<Note>,
}

impl Plan {
    /// Plans how to read a list.
    ///
    /// # Errors
    /// Its owner must say more first.
    pub fn of(preview: &Preview, options: &ReadOptions) -> Result<Self, PlanError> {
        let (encoding, certainty) = match options.encoding {
            Some(Encoding::Utf8) if preview.bytes.starts_with(BOM) => {
                (Encoding::Utf8Bom, EncodingCertainty::Certain)
            }
            Some(encoding) => (encoding, EncodingCertainty::Certain),
            None => Encoding::detect(&preview.bytes),
        };
        let text = encoding.decode(&preview.bytes);
        if options.encoding.is_none() && options.format.is_none() && !encoding::is_text(&text) {
            return Err(PlanError::NoText);
        }
        if preview.completeness == Completeness::All && text.trim_ascii().is_empty() {
            return Err(PlanError::Empty);
        }
        let (layout, layout_notes) = Layout::detect(&text, preview.completeness, options)?;
        let encoding_note = match certainty {
            EncodingCertainty::Certain => None,
            EncodingCertainty::MostlyUtf8 => Some(Note::NotAllUtf8),
            EncodingCertainty::Assumed => Some(Note::EncodingAssumed(encoding)),
        };
        let converted_note = (!encoding.is_kept()).then_some(Note::WrittenAsUtf8(encoding));
        let notes = encoding_note.into_iter().chain(converted_note).chain(layout_notes).collect();
        Ok(Self { encoding, layout, notes })
    }

    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    pub fn format(&self) -> InputFormat {
        self.layout.splitter.format
    }

    /// What separates the columns; none where the format has none.
    pub fn delimiter(&self) -> Option<u8> {
        self.layout.splitter.delimiter()
    }

    /// The names of the columns, if they have names. Foreign text: make it visible before you show it.
    pub fn names(&self) -> Option<&[String]> {
        self.layout.names.as_deref()
    }

    /// The columns with the addresses; none where a whole line is one.
    pub fn address_columns(&self) -> Vec<ColumnCandidate> {
        let names = self.names().unwrap_or_default();
        let candidate =
            |index: usize| ColumnCandidate { number: index + 1, name: names.get(index).cloned() };
        match &self.layout.addresses {
            AddressLocation::Line => Vec::new(),
            AddressLocation::Columns(columns) => columns.iter().copied().map(candidate).collect(),
            AddressLocation::Keys(keys) => {
                let columns =
                    keys.iter().filter_map(|key| names.iter().position(|name| name == key));
                columns.map(candidate).collect()
            }
        }
    }

    /// What the owner should know before the list is cleaned.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The text of a row in the column of this name, such as one that an earlier run added.
    pub fn text_in<'r>(&self, row: &'r Row, column: &str) -> Option<Cow<'r, str>> {
        match &row.body {
            RowBody::Text => None,
            RowBody::Cells(_) => row.cell(self.names()?.iter().position(|name| name == column)?),
            RowBody::Object(range) => {
                let object = &row.raw[range.clone()];
                let mut members = json::members(object).ok()?.into_iter();
                members
                    .find(|member| member.key == column)
                    .map(|member| json::text(&object[member.value]))
            }
        }
    }
}
