//! Finds the end of a row with delimiters, and the ends of its cells.
//!
//! RFC 4180, and what real files make of it: a quotation mark inside a bare cell is text; one inside
//! quotes that does not end the cell is text; quotes that are never closed do not swallow the rows below.
//! The CSV crates unescape into a buffer of their own and forget the original bytes. To pass a row on byte
//! for byte, and to recover from broken quotes, we need the positions.

use std::borrow::Cow;

use memchr::{memchr, memchr2_iter, memchr3};

use super::preview::Completeness;
use super::split_row::{Quotes, RowParts, SplitRow, line_ending};

/// The most bytes in one pair of quotes. Longer ones are taken as never closed.
const MAX_QUOTED_BYTES: usize = 128 * 1024;
/// The most line breaks in one pair of quotes; CR LF counts as two.
const MAX_QUOTED_BREAKS: usize = 1_000;

/// Where a pair of quotes ends.
enum QuoteEnd {
    /// After the closing mark and the blanks that follow.
    At(usize),
    Never,
    /// Not in memory yet.
    Beyond,
}

/// Splits off the first row; none where its end is not in memory.
pub(super) fn first_row(
    bytes: &[u8],
    completeness: Completeness,
    delimiter: u8,
) -> Option<SplitRow> {
    let mut ends = Vec::new();
    let mut quotes = Quotes::Sound;
    let mut at = 0;
    loop {
        if bytes.get(at) == Some(&b'"') && quotes == Quotes::Sound {
            match closing(bytes, at, completeness, delimiter) {
                QuoteEnd::At(end) => at = end,
                QuoteEnd::Never => quotes = Quotes::Broken,
                QuoteEnd::Beyond => return None,
            }
        }
        let end = match memchr3(delimiter, b'\n', b'\r', &bytes[at..]) {
            Some(end) => at + end,
            None if completeness == Completeness::All => bytes.len(),
            None => return None,
        };
        ends.push(u32::try_from(end).unwrap_or(u32::MAX));
        match bytes.get(end) {
            Some(byte) if *byte == delimiter => at = end + 1,
            _ => {
                let whole = end + line_ending(&bytes[end..], completeness)?;
                return Some(SplitRow { whole, text: end, parts: RowParts::Cells(ends, quotes) });
            }
        }
    }
}

/// The end of the quotes that open at `open`. A mark closes them where a cell can end after it. Once the
/// quotes span lines, a mark that closes nothing proves that they were never closed on their own line.
fn closing(bytes: &[u8], open: usize, completeness: Completeness, delimiter: u8) -> QuoteEnd {
    let limit = bytes.len().min(open + MAX_QUOTED_BYTES);
    let mut at = open + 1;
    let mut breaks = 0;
    loop {
        let mark = memchr(b'"', &bytes[at..limit]).map(|mark| at + mark);
        breaks += memchr2_iter(b'\n', b'\r', &bytes[at..mark.unwrap_or(limit)]).count();
        if breaks > MAX_QUOTED_BREAKS {
            return QuoteEnd::Never;
        }
        let Some(mark) = mark else {
            let is_past = limit < bytes.len() || limit == open + MAX_QUOTED_BYTES;
            return if completeness == Completeness::All || is_past {
                QuoteEnd::Never
            } else {
                QuoteEnd::Beyond
            };
        };
        let after = &bytes[mark + 1..];
        let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t') && **byte != delimiter;
        let blanks = after.iter().take_while(is_blank).count();
        match after.get(blanks) {
            None if completeness == Completeness::All => return QuoteEnd::At(mark + 1 + blanks),
            None => return QuoteEnd::Beyond,
            Some(b'\n' | b'\r') => return QuoteEnd::At(mark + 1 + blanks),
            Some(byte) if *byte == delimiter => return QuoteEnd::At(mark + 1 + blanks),
            Some(b'"') if blanks == 0 => at = mark + 2,
            Some(_) if breaks > 0 => return QuoteEnd::Never,
            Some(_) => at = mark + 1,
        }
        if at > limit {
            return QuoteEnd::Never;
        }
    }
}

/// The text of a cell, without the quotes around it.
pub(super) fn unquoted(cell: &[u8]) -> Cow<'_, [u8]> {
    let inside =
        cell.trim_ascii_end().strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\""));
    let Some(inside) = inside else { return Cow::Borrowed(cell) };
    if memchr(b'"', inside).is_none() {
        return Cow::Borrowed(inside);
    }
    let mut text = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(mark) = memchr(b'"', rest) {
        text.extend_from_slice(&rest[..=mark]);
        rest = &rest[mark + 1..];
        rest = rest.strip_prefix(b"\"").unwrap_or(rest);
    }
    text.extend_from_slice(rest);
    Cow::Owned(text)
}
