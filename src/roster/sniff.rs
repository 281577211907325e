//! What shape a list has, by the look of its first rows.

use super::document;
use super::head::Completeness;
use super::json;
use super::mailman::{self, RosterLine};
use super::names::{self, NameMatch};
use super::sample::Sample;
use super::shape::{DELIMITERS, Dialect, Shape};
use super::split_addresses;

/// How many lines of a roster are looked at.
const SAMPLE_LINES: usize = 500;

/// The shape of a list that begins like this.
pub(super) fn shape(text: &[u8], extent: Completeness) -> Shape {
    if let Some(shape) = json_shape(text) {
        return shape;
    }
    let lines = LineSample::of(text, extent);
    if lines.are_a_roster() {
        return Shape::Mailman;
    }
    if let Some(delimiter) = delimiter(text, extent) {
        return Shape::Delimited(Dialect { delimiter });
    }
    match lines {
        LineSample { telling: 1.., .. } => Shape::Mailman,
        // Quotes mean that a spreadsheet wrote it; everything else is taken as it stands.
        LineSample { quoted: 1.., .. } => Shape::Delimited(Dialect { delimiter: DELIMITERS[0] }),
        LineSample { .. } => Shape::Lines,
    }
}

/// The delimiter of a list; none where it has but one column, or where a line is a list of addresses.
pub(super) fn delimiter(text: &[u8], extent: Completeness) -> Option<u8> {
    let delimiter = likeliest_delimiter(text, extent)?;
    let sample = Sample::with_delimiter(text, extent, delimiter);
    (!sample.is_all_addresses()).then_some(delimiter)
}

/// What stands between the columns of a list; none where it has but one.
pub(super) fn likeliest_delimiter(text: &[u8], extent: Completeness) -> Option<u8> {
    let scores = DELIMITERS
        .map(|delimiter| (score(&Sample::with_delimiter(text, extent, delimiter)), delimiter));
    // The first of equals, which is the likelier delimiter.
    let (best, delimiter) = scores.into_iter().rev().max_by_key(|(score, _)| *score)?;
    (best > 0).then_some(delimiter)
}

/// How well a delimiter fits, from 0: rows of equal width, an address in a cell of its own.
fn score(sample: &Sample) -> usize {
    let (width, of_that_width) = sample.usual_width();
    if width < 2 {
        return 0;
    }
    let all = sample.rows.len().max(1);
    let named = sample.rows.first().is_some_and(|row| has_name(&row.cells));
    100 * of_that_width / all + 200 * sample.rows_with_address() / all + 50 * usize::from(named)
}

/// Whether one of these cells is a name of the addresses' column.
pub(super) fn has_name(cells: &[String]) -> bool {
    cells.iter().any(|cell| names::match_name(cell) == Some(NameMatch::Names))
}

fn json_shape(text: &[u8]) -> Option<Shape> {
    let first = document::first_object(text)?;
    let start = json::past_blanks(text, 0);
    if text[start] != b'{' || first != start {
        return Some(Shape::Json);
    }
    let line = text[start..].split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let is_whole = line.trim_ascii_end().ends_with(b"}");
    Some(if is_whole { Shape::JsonLines } else { Shape::Json })
}

/// What the lines of a list look like.
struct LineSample {
    /// How many there are that are no remarks.
    all: usize,
    /// How many are an address, with a name or without.
    members: usize,
    /// How many have something around the address that only a roster has.
    telling: usize,
    /// How many stand in quotation marks.
    quoted: usize,
    /// Whether the first is an address.
    begin_with_member: bool,
}

impl LineSample {
    fn of(text: &[u8], extent: Completeness) -> Self {
        let mut found =
            Self { all: 0, members: 0, telling: 0, quoted: 0, begin_with_member: false };
        let mut lines: Vec<&[u8]> = text
            .split(|byte| matches!(byte, b'\n' | b'\r'))
            .filter(|line| !line.is_empty())
            .take(SAMPLE_LINES)
            .collect();
        if extent == Completeness::Beginning && lines.len() > 1 {
            lines.pop();
        }
        for line in lines {
            let line = String::from_utf8_lossy(line);
            found.telling += usize::from(mailman::is_telling(&line));
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

    /// Whether only Mailman's commands write like this. A name may have commas in it.
    fn are_a_roster(&self) -> bool {
        self.telling > 0 && self.begin_with_member && self.members * 10 >= self.all * 9
    }
}
