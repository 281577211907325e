//! Splits rows off a text, by the format of the list.

use std::ops::Range;

use super::delimited;
use super::document::{self, Piece, PieceEnd};
use super::format::InputFormat;
use super::preview::Completeness;
use super::split_row::{self, RowParts, SplitRow};

/// Splits rows of one format.
#[derive(Clone, Copy)]
pub(super) struct RowSplitter {
    pub(super) format: InputFormat,
    /// What separates columns; only CSV and TSV have them.
    delimiter: u8,
}

/// How a row begins that is too long.
pub(super) enum LongRowStart {
    /// An object that is damaged. It ends at the damage, and so is not too long.
    Damaged(SplitRow),
    Long {
        /// The offset after the commas and blanks that separate it from the row before.
        content: usize,
        end: LongRowEnd,
    },
}

/// How the end of a row is found that is too long.
pub(super) enum LongRowEnd {
    /// With its line.
    Line,
    /// In a JSON document.
    Piece(PieceEnd),
}

/// How long the next part of such a row is.
pub(super) enum LongRowPart {
    More(usize),
    /// With the line ending, and without it.
    Last {
        whole: usize,
        text: usize,
    },
}

impl LongRowEnd {
    /// The next part; none where more must be read first.
    pub(super) fn next_part(
        &mut self,
        bytes: &[u8],
        completeness: Completeness,
    ) -> Option<LongRowPart> {
        let last = |whole: usize, text: usize| Some(LongRowPart::Last { whole, text });
        let seen = bytes.len();
        match self {
            Self::Line => match split_row::line(bytes, completeness) {
                Some(line) => last(line.whole, line.text),
                // The last byte may be half of a line ending.
                None => (seen > 1).then(|| LongRowPart::More(seen - 1)),
            },
            Self::Piece(piece) => match piece.find(bytes) {
                Some(end) => last(end, end),
                None if completeness == Completeness::All => last(seen, seen),
                None => (seen > 0).then_some(LongRowPart::More(seen)),
            },
        }
    }
}

impl RowSplitter {
    /// For a list with columns.
    pub(super) fn of_columns(delimiter: u8) -> Self {
        let format = if delimiter == b'\t' { InputFormat::Tsv } else { InputFormat::Csv };
        Self { format, delimiter }
    }

    /// For a list in this format, with the usual delimiter where it has columns.
    pub(super) fn of(format: InputFormat) -> Self {
        Self { format, delimiter: if format == InputFormat::Tsv { b'\t' } else { b',' } }
    }

    /// What separates the columns; none where the format has none.
    pub(super) fn delimiter(self) -> Option<u8> {
        matches!(self.format, InputFormat::Csv | InputFormat::Tsv).then_some(self.delimiter)
    }

    /// Splits off the first row; none where its end is not in memory.
    pub(super) fn first_row(self, bytes: &[u8], completeness: Completeness) -> Option<SplitRow> {
        match self.format {
            InputFormat::Csv | InputFormat::Tsv => {
                delimited::first_row(bytes, completeness, self.delimiter)
            }
            InputFormat::Lines | InputFormat::Mailman => split_row::line(bytes, completeness),
            InputFormat::JsonLines => {
                let line = split_row::line(bytes, completeness)?;
                let object = without_blanks(&bytes[..line.text]);
                Some(SplitRow { parts: RowParts::Object(object), ..line })
            }
            InputFormat::Json => {
                let (whole, piece) = document::first_piece(bytes, completeness)?;
                let parts = match piece {
                    Piece::Object(range) | Piece::Garbage(range) => RowParts::Object(range),
                    Piece::Closing => RowParts::Closing,
                };
                Some(SplitRow { whole, text: whole, parts })
            }
        }
    }

    /// How the row begins that begins with these bytes and is longer.
    pub(super) fn long_row(self, bytes: &[u8]) -> LongRowStart {
        if self.format != InputFormat::Json {
            return LongRowStart::Long { content: 0, end: LongRowEnd::Line };
        }
        let (content, mut piece) = PieceEnd::of(bytes);
        match piece.find(&bytes[content..]) {
            Some(length) => {
                let whole = content + length;
                let parts = RowParts::Object(content..whole);
                LongRowStart::Damaged(SplitRow { whole, text: whole, parts })
            }
            None => LongRowStart::Long { content, end: LongRowEnd::Piece(piece) },
        }
    }

    /// Whether a row can end with this byte, or just before it.
    pub(super) fn can_end(self, byte: u8) -> bool {
        match self.format {
            InputFormat::Json => matches!(byte, b'}' | b'{' | b']'),
            InputFormat::Csv
            | InputFormat::Tsv
            | InputFormat::JsonLines
            | InputFormat::Lines
            | InputFormat::Mailman => matches!(byte, b'\n' | b'\r'),
        }
    }
}

fn without_blanks(text: &[u8]) -> Range<usize> {
    let start = text.len() - text.trim_ascii_start().len();
    start..start + text[start..].trim_ascii_end().len()
}
