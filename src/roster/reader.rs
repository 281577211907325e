//! Reading a list row by row.

use std::io::{self, BufRead};

use super::cell::without_apostrophe;
use super::column_detection;
use super::decode_buffer::Window;
use super::delimited::{self, Quotes};
use super::head::Completeness;
use super::json::{self, Member};
use super::layout::Layout;
use super::mailman::{self, RosterLine};
use super::object;
use super::plan::{Addresses, Plan};
use super::row::{MAX_ROW_BYTES, Row, RowBody, RowFault, RowKind, RowPart, cell_range};
use super::shape::Shape;
use super::split_addresses::{self, RowAddresses};
use super::split_row::{self, Parts, SplitRow};

/// A list in reading.
pub struct Reader<R> {
    window: Window<R>,
    layout: Layout,
    /// The number of the row before,
    number: u64,
    /// and whether it ends here.
    part: RowPart,
}

impl<R: BufRead> Reader<R> {
    /// Reads the rows of a list from its first byte on; its header is not one of them.
    ///
    /// # Errors
    /// Those of the source.
    pub fn new(source: R, plan: &Plan) -> io::Result<Self> {
        let layout = plan.layout.clone();
        let mut window = Window::new(source, plan.encoding)?;
        window.skip(layout.start)?;
        let number = layout.rows_before;
        Ok(Self { window, layout, number, part: RowPart::Last })
    }

    /// The next row; none at the end.
    ///
    /// # Errors
    /// Those of the source.
    pub fn read_row(&mut self) -> io::Result<Option<Row>> {
        if self.part == RowPart::More {
            return self.rest_of_long_row().map(Some);
        }
        loop {
            let bytes = self.window.bytes();
            if bytes.is_empty() && self.window.extent() == Completeness::All {
                return Ok(None);
            }
            let cut = split_row::cut(self.layout.shape, bytes, self.window.extent());
            match cut {
                Some(cut) if cut.whole <= MAX_ROW_BYTES => return Ok(Some(self.row(cut))),
                None if bytes.len() <= MAX_ROW_BYTES => {
                    let shape = self.layout.shape;
                    self.window.widen(MAX_ROW_BYTES + 1, |byte| split_row::can_end(shape, byte))?;
                }
                Some(_) | None => {
                    self.number += 1;
                    return Ok(Some(self.part_of_long_row(MAX_ROW_BYTES, RowPart::More)));
                }
            }
        }
    }

    /// The row that was cut off what is in sight.
    fn row(&mut self, cut: SplitRow) -> Row {
        let bytes = &self.window.bytes()[..cut.whole];
        let (kind, addresses) = match self.layout.addresses_in(bytes, &cut) {
            Ok(Some(addresses)) => (RowKind::Entry, addresses),
            Ok(None) => (RowKind::NonData, RowAddresses::default()),
            Err(fault) => (RowKind::Fault(fault), RowAddresses::default()),
        };
        let raw = bytes.into();
        self.advance(cut.whole);
        self.number += 1;
        Row {
            raw,
            text: cut.text,
            kind,
            body: RowBody::of(cut.parts),
            addresses,
            number: self.number,
            part: self.part,
        }
    }

    /// What follows the first part of a row that is too long, up to the next line ending.
    fn rest_of_long_row(&mut self) -> io::Result<Row> {
        loop {
            let (bytes, extent) = (self.window.bytes(), self.window.extent());
            match split_row::line(bytes, extent) {
                Some(line) => return Ok(self.part_of_long_row(line.whole, RowPart::Last)),
                // A line ending may be half in sight.
                None if bytes.len() > 1 => {
                    return Ok(self.part_of_long_row(bytes.len() - 1, RowPart::More));
                }
                None => self.window.widen(MAX_ROW_BYTES, |_| true)?,
            }
        }
    }

    fn part_of_long_row(&mut self, length: usize, part: RowPart) -> Row {
        let raw: Box<[u8]> = self.window.bytes()[..length].into();
        self.advance(length);
        self.part = part;
        let text = match (part, split_row::line(&raw, Completeness::All)) {
            (RowPart::Last, Some(line)) => line.text,
            _ => raw.len(),
        };
        let kind = RowKind::Fault(RowFault::TooLong);
        Row {
            raw,
            text,
            kind,
            body: RowBody::Text,
            addresses: RowAddresses::default(),
            number: self.number,
            part: self.part,
        }
    }

    fn advance(&mut self, length: usize) {
        self.window.advance(length);
    }
}

impl Layout {
    /// The addresses in a row; none where the row is an aside.
    fn addresses_in(&self, row: &[u8], cut: &SplitRow) -> Result<Option<RowAddresses>, RowFault> {
        match &cut.parts {
            Parts::Closing => Ok(None),
            Parts::Cells(ends, quotes) => self.addresses_in_cells(&row[..cut.text], ends, *quotes),
            Parts::Object(range) => self.addresses_in_object(&row[range.clone()]),
            Parts::Line => self.addresses_in_line(&row[..cut.text]),
        }
    }

    fn addresses_in_cells(
        &self,
        row: &[u8],
        ends: &[u32],
        quotes: Quotes,
    ) -> Result<Option<RowAddresses>, RowFault> {
        if quotes == Quotes::Broken {
            return Err(RowFault::BrokenQuotes);
        }
        if self.is_aside(row, ends.len()) {
            return Ok(None);
        }
        let Addresses::Columns(columns) = &self.addresses else { return Ok(None) };
        let cells = columns.iter().filter_map(|column| Some(&row[cell_range(ends, *column)?]));
        let has_at = |cell: &[u8]| cell.contains(&b'@');
        let is_shifted = ends.len() > self.width
            && has_at(row)
            && !cells.clone().any(has_at)
            && self
                .theirs(ends.len())
                .any(|index| cell_range(ends, index).is_some_and(|range| has_at(&row[range])));
        if is_shifted {
            return Err(RowFault::Shifted);
        }
        let mut addresses = RowAddresses::default();
        for cell in cells {
            let text = delimited::unquoted(cell);
            let text = std::str::from_utf8(&text).map_err(|_| RowFault::NotUtf8)?;
            let found = split_addresses::addresses(without_apostrophe(text.trim_start()));
            addresses.add_cell(found, columns.len());
        }
        Ok(Some(addresses))
    }

    /// The cells of a row of so many, without those of an earlier run, which may speak of an address.
    fn theirs(&self, width: usize) -> impl Iterator<Item = usize> {
        let names = self.names.as_deref().unwrap_or_default();
        (0..width)
            .filter(|index| !names.get(*index).is_some_and(|name| column_detection::is_own(name)))
    }

    fn addresses_in_object(&self, object: &[u8]) -> Result<Option<RowAddresses>, RowFault> {
        let Addresses::Keys(keys) = &self.addresses else { return Ok(None) };
        if object.is_empty() {
            return Ok(None);
        }
        let members = json::members(object)?;
        let is_theirs = |member: &&Member| keys.contains(&member.key);
        if members.iter().any(|member| member.key == object::UNREADABLE)
            && !members.iter().any(|member| is_theirs(&member))
        {
            // It could not be read by an earlier run either.
            return Err(RowFault::NotJson);
        }
        let mut addresses = RowAddresses::default();
        for member in members.iter().filter(is_theirs) {
            addresses.add_cell(json::addresses(&object[member.value.clone()]), keys.len());
        }
        Ok(Some(addresses))
    }

    fn addresses_in_line(&self, line: &[u8]) -> Result<Option<RowAddresses>, RowFault> {
        if self.shape == Shape::Mailman {
            // A name in another encoding is no reason not to look at the address.
            let line = String::from_utf8_lossy(line);
            return match mailman::read(&line) {
                RosterLine::Remark => Ok(None),
                RosterLine::Member(address) if address.contains(char::REPLACEMENT_CHARACTER) => {
                    Err(RowFault::NotUtf8)
                }
                RosterLine::Member(address) => Ok(Some(RowAddresses::one(address))),
            };
        }
        if self.is_aside(line, 1) {
            return Ok(None);
        }
        let line = std::str::from_utf8(line).map_err(|_| RowFault::NotUtf8)?;
        let mut addresses = RowAddresses::default();
        addresses.add_cell(split_addresses::addresses(line), 1);
        Ok(Some(addresses))
    }

    /// Whether a row is blank or a comment.
    fn is_aside(&self, row: &[u8], width: usize) -> bool {
        let delimiter = match self.shape {
            Shape::Delimited(dialect) => dialect.delimiter,
            _ => b' ',
        };
        if row.iter().all(|byte| *byte == delimiter || matches!(byte, b' ' | b'\t' | b'"')) {
            return true;
        }
        // `#1,Joe` is a row like the others, `# 1, Joe` or a sentence is not.
        let [b'#', behind @ ..] = row else { return false };
        let is_set_off = matches!(behind, [] | [b' ' | b'\t' | b'#', ..]) || width != self.width;
        is_set_off && !row.contains(&b'@')
    }
}
