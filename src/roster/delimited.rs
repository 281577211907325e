//! Where a row of a delimited list ends, and where its cells do.
//!
//! RFC 4180, and what real files make of it: a quotation mark inside a bare cell is text; one inside
//! quotes that does not end the cell is text; quotes that are never closed do not swallow the rows below.
//! The crates for CSV unescape into a buffer of their own and forget how the row stood: a row that is
//! passed on byte for byte, and one whose quotes are broken, need the places themselves.

use std::borrow::Cow;

use memchr::{memchr, memchr2_iter, memchr3};

use super::head::Completeness;
use super::split_row::{Parts, SplitRow};

/// The most bytes in one pair of quotes. Beyond that they are taken as never closed.
const MAX_QUOTED_BYTES: usize = 128 * 1024;
/// The most line breaks in one pair of quotes; CR LF counts as two.
const MAX_QUOTED_BREAKS: usize = 1_000;

/// Whether the quotes of a row can be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    /// Each is closed.
    Sound,
    /// One is not; the row ends with its line, and its quotation marks are text.
    Broken,
}

/// Where a pair of quotes ends.
enum QuoteEnd {
    /// Behind its second mark and the blanks that follow.
    At(usize),
    /// Nowhere.
    Never,
    /// Not in sight.
    Beyond,
}

/// Cuts the first row off a text; none where its end is not in sight.
pub(super) fn cut(bytes: &[u8], extent: Completeness, delimiter: u8) -> Option<SplitRow> {
    let mut ends = Vec::new();
    let mut quotes = Quotes::Sound;
    let mut at = 0;
    loop {
        if bytes.get(at) == Some(&b'"') && quotes == Quotes::Sound {
            match closing(bytes, at, extent, delimiter) {
                QuoteEnd::At(end) => at = end,
                QuoteEnd::Never => quotes = Quotes::Broken,
                QuoteEnd::Beyond => return None,
            }
        }
        let end = match memchr3(delimiter, b'\n', b'\r', &bytes[at..]) {
            Some(end) => at + end,
            None if extent == Completeness::All => bytes.len(),
            None => return None,
        };
        ends.push(u32::try_from(end).unwrap_or(u32::MAX));
        match bytes.get(end) {
            Some(byte) if *byte == delimiter => at = end + 1,
            _ => {
                let whole = end + line_ending(&bytes[end..], extent)?;
                return Some(SplitRow { whole, text: end, parts: Parts::Cells(ends, quotes) });
            }
        }
    }
}

/// How long the line ending is that a text begins with, which may be none at its end; none where that
/// is not in sight.
pub(super) fn line_ending(bytes: &[u8], extent: Completeness) -> Option<usize> {
    match bytes {
        [b'\r', b'\n', ..] => Some(2),
        [b'\r'] if extent == Completeness::Beginning => None,
        [b'\r' | b'\n', ..] => Some(1),
        _ => Some(0),
    }
}

/// The end of the quotes that open at a place. A mark closes them where a cell can end behind it. Once
/// they span lines, one that closes nothing proves that they were never closed on their own line.
fn closing(bytes: &[u8], open: usize, extent: Completeness, delimiter: u8) -> QuoteEnd {
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
            return if extent == Completeness::All || is_past {
                QuoteEnd::Never
            } else {
                QuoteEnd::Beyond
            };
        };
        let behind = &bytes[mark + 1..];
        let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t') && **byte != delimiter;
        let blanks = behind.iter().take_while(is_blank).count();
        match behind.get(blanks) {
            None if extent == Completeness::All => return QuoteEnd::At(mark + 1 + blanks),
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
