//! Detects the format of a list from its first rows.

use super::document;
use super::format::{DELIMITERS, InputFormat};
use super::mailman::{self, RosterLine};
use super::names::{self, NameMatch};
use super::preview::Completeness;
use super::row_splitter::RowSplitter;
use super::sample::Sample;
use super::split_addresses;

/// How many lines of a roster are looked at.
const SAMPLE_LINES: usize = 500;

/// Detects the format of a list, and its delimiter.
pub(super) fn detect(text: &[u8], completeness: Completeness) -> RowSplitter {
    if let Some(format) = json_format(text) {
        return RowSplitter::of(format);
    }
    let lines = LineSample::of(text, completeness);
    if lines.are_a_roster() {
        return RowSplitter::of(InputFormat::Mailman);
    }
    if let Some(delimiter) = delimiter(text, completeness) {
        return RowSplitter::of_columns(delimiter);
    }
    RowSplitter::of(match lines {
        LineSample { only_in_rosters: 1.., .. } => InputFormat::Mailman,
        // Quotes mean that a spreadsheet wrote the list. Otherwise each line is taken as it is.
        LineSample { quoted: 1.., .. } => InputFormat::Csv,
        LineSample { .. } => InputFormat::Lines,
    })
}

/// The delimiter of a list; none where it has only one column, or where each line is a list of addresses.
pub(super) fn delimiter(text: &[u8], completeness: Completeness) -> Option<u8> {
    let delimiter = likeliest_delimiter(text, completeness)?;
    let sample = Sample::of(text, completeness, RowSplitter::of_columns(delimiter));
    (!sample.is_all_addresses()).then_some(delimiter)
}

/// The delimiter of a list; none where it has only one column.
pub(super) fn likeliest_delimiter(text: &[u8], completeness: Completeness) -> Option<u8> {
    let scores = DELIMITERS.map(|delimiter| {
        let sample = Sample::of(text, completeness, RowSplitter::of_columns(delimiter));
        (score(&sample), delimiter)
    });
    // Reversed, since `max_by_key` takes the last of equals, and the likelier delimiter comes first.
    let (best, delimiter) = scores.into_iter().rev().max_by_key(|(score, _)| *score)?;
    (best > 0).then_some(delimiter)
}

/// How well a delimiter fits: rows of equal width, an address in a cell of its own. 0 is not at all.
fn score(sample: &Sample) -> usize {
    let (width, of_that_width) = sample.usual_width();
    if width < 2 {
        return 0;
    }
    let all = sample.rows.len().max(1);
    let named = sample.rows.first().is_some_and(|row| has_name(&row.cells));
    100 * of_that_width / all + 200 * sample.rows_with_address() / all + 50 * usize::from(named)
}

/// Whether one of the cells is a name for the column of addresses.
fn has_name(cells: &[String]) -> bool {
    cells.iter().any(|cell| names::match_name(cell) == Some(NameMatch::Names))
}

fn json_format(text: &[u8]) -> Option<InputFormat> {
    let first = document::first_object(text)?;
    let start = document::after_blanks(text, 0);
    if text[start] != b'{' || first != start {
        return Some(InputFormat::Json);
    }
    let line = text[start..].split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let is_whole = line.trim_ascii_end().ends_with(b"}");
    Some(if is_whole { InputFormat::JsonLines } else { InputFormat::Json })
}

/// What the first lines of a list look like.
struct LineSample {
    /// Lines that are no remarks.
    all: usize,
    /// Lines with an address, with a name or without.
    members: usize,
    /// Lines with something around the address that only a roster has.
    only_in_rosters: usize,
    /// Lines in quotation marks.
    quoted: usize,
    /// Whether the first line is an address.
    begin_with_member: bool,
}

impl LineSample {
    fn of(text: &[u8], completeness: Completeness) -> Self {
        let mut found =
            Self { all: 0, members: 0, only_in_rosters: 0, quoted: 0, begin_with_member: false };
        let mut lines: Vec<&[u8]> = text
            .split(|byte| matches!(byte, b'\n' | b'\r'))
            .filter(|line| !line.is_empty())
            .take(SAMPLE_LINES)
            .collect();
        if completeness == Completeness::Beginning && lines.len() > 1 {
            lines.pop();
        }
        for line in lines {
            let line = String::from_utf8_lossy(line);
            found.only_in_rosters += usize::from(mailman::is_only_in_rosters(&line));
            let inside = line.strip_prefix('"').and_then(|line| line.strip_suffix('"'));
            found.quoted += usize::from(inside.is_some());
            let RosterLine::Member(address) = mailman::read(&line) else { continue };
            let is_member = split_addresses::look_like_addresses(address);
            found.begin_with_member |= is_member && found.all == 0;
            found.members += usize::from(is_member);
            found.all += 1;
        }
        found
    }

    /// Whether Mailman's commands printed the list. A name may have commas in it.
    fn are_a_roster(&self) -> bool {
        self.only_in_rosters > 0 && self.begin_with_member && self.members * 10 >= self.all * 9
    }
}
