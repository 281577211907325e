//! Reading a list row by row.

use std::io::{self, BufRead};

use super::cell::without_apostrophe;
use super::decode_buffer::DecodeBuffer;
use super::delimited;
use super::format::InputFormat;
use super::json::{self, Member};
use super::layout::{AddressLocation, Layout};
use super::mailman::{self, RosterLine};
use super::own_columns::{self, UNREADABLE};
use super::plan::Plan;
use super::preview::Completeness;
use super::row::{MAX_ROW_BYTES, Row, RowBody, RowKind, RowPart};
use super::row_fault::RowFault;
use super::row_splitter::{LongRowEnd, LongRowPart, LongRowStart};
use super::split_addresses::{self, RowAddresses};
use super::split_row::{Quotes, RowParts, SplitRow, cell_range};

/// Reads the rows of a list.
pub struct Reader<R> {
    buffer: DecodeBuffer<R>,
    layout: Layout,
    /// Number of the last row returned.
    number: u64,
    /// Where that row ends, if more parts of it follow.
    long_row: Option<LongRowEnd>,
}

impl<R: BufRead> Reader<R> {
    /// Reads the source from the first byte of the list on. The header is not one of the rows.
    ///
    /// # Errors
    /// Those of the source.
    pub fn new(source: R, plan: &Plan) -> io::Result<Self> {
        let layout = plan.layout.clone();
        let mut buffer = DecodeBuffer::new(source, plan.encoding)?;
        buffer.skip(layout.start)?;
        let number = layout.rows_before;
        Ok(Self { buffer, layout, number, long_row: None })
    }

    /// The next row; none at the end.
    ///
    /// # Errors
    /// Those of the source.
    pub fn read_row(&mut self) -> io::Result<Option<Row>> {
        if let Some(end) = self.long_row.take() {
            return self.next_part_of_long_row(end).map(Some);
        }
        let splitter = self.layout.splitter;
        loop {
            let (bytes, completeness) = (self.buffer.bytes(), self.buffer.completeness());
            if bytes.is_empty() && completeness == Completeness::All {
                return Ok(None);
            }
            match splitter.first_row(bytes, completeness) {
                Some(split) if split.whole <= MAX_ROW_BYTES => return Ok(Some(self.row(split))),
                None if bytes.len() <= MAX_ROW_BYTES => {
                    self.buffer.read_more(MAX_ROW_BYTES + 1, |byte| splitter.can_end(byte))?;
                }
                Some(_) | None => return Ok(Some(self.beginning_of_long_row())),
            }
        }
    }

    fn row(&mut self, split: SplitRow) -> Row {
        let bytes = &self.buffer.bytes()[..split.whole];
        let (kind, addresses) = match self.layout.addresses_in(bytes, &split) {
            Ok(Some(addresses)) => (RowKind::Entry, addresses),
            Ok(None) => (RowKind::NonData, RowAddresses::default()),
            Err(fault) => (RowKind::Fault(fault), RowAddresses::default()),
        };
        let raw = bytes.into();
        self.buffer.advance(split.whole);
        self.number += 1;
        Row {
            raw,
            text: split.text,
            kind,
            body: RowBody::of(split.parts),
            addresses,
            number: self.number,
            part: RowPart::Last,
        }
    }

    /// The first part of a row that is too long.
    fn beginning_of_long_row(&mut self) -> Row {
        let bytes = &self.buffer.bytes()[..MAX_ROW_BYTES];
        match self.layout.splitter.long_row(bytes) {
            LongRowStart::Damaged(split) => self.row(split),
            LongRowStart::Long { content, end } => {
                self.number += 1;
                self.long_row = Some(end);
                let body = if content == 0 {
                    RowBody::Text
                } else {
                    RowBody::Object(content..MAX_ROW_BYTES)
                };
                self.part_of_long_row(MAX_ROW_BYTES, MAX_ROW_BYTES, body, RowPart::More)
            }
        }
    }

    /// The next part of a row that is too long.
    fn next_part_of_long_row(&mut self, mut end: LongRowEnd) -> io::Result<Row> {
        let body = RowBody::Text;
        loop {
            match end.next_part(self.buffer.bytes(), self.buffer.completeness()) {
                Some(LongRowPart::Last { whole, text }) => {
                    return Ok(self.part_of_long_row(whole, text, body, RowPart::Last));
                }
                Some(LongRowPart::More(length)) => {
                    self.long_row = Some(end);
                    return Ok(self.part_of_long_row(length, length, body, RowPart::More));
                }
                None => self.buffer.read_more(MAX_ROW_BYTES, |_| true)?,
            }
        }
    }

    fn part_of_long_row(&mut self, whole: usize, text: usize, body: RowBody, part: RowPart) -> Row {
        let raw = self.buffer.bytes()[..whole].into();
        self.buffer.advance(whole);
        Row {
            raw,
            text,
            kind: RowKind::Fault(RowFault::TooLong),
            body,
            addresses: RowAddresses::default(),
            number: self.number,
            part,
        }
    }
}

impl Layout {
    /// The addresses in a row; none where it is [`RowKind::NonData`].
    fn addresses_in(&self, row: &[u8], split: &SplitRow) -> Result<Option<RowAddresses>, RowFault> {
        match &split.parts {
            RowParts::Closing => Ok(None),
            RowParts::Cells(ends, quotes) => {
                self.addresses_in_cells(&row[..split.text], ends, *quotes)
            }
            RowParts::Object(range) => self.addresses_in_object(&row[range.clone()]),
            RowParts::Line => self.addresses_in_line(&row[..split.text]),
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
        if self.is_non_data(row, ends.len()) {
            return Ok(None);
        }
        let AddressLocation::Columns(columns) = &self.addresses else { return Ok(None) };
        let cells = columns.iter().filter_map(|column| Some(&row[cell_range(ends, *column)?]));
        let has_at = |cell: &[u8]| cell.contains(&b'@');
        let is_shifted = ends.len() > self.width
            && has_at(row)
            && !cells.clone().any(has_at)
            && self
                .columns_of_list(ends.len())
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

    /// The columns of a row with so many cells, without those of an earlier run, which may quote an address.
    fn columns_of_list(&self, width: usize) -> impl Iterator<Item = usize> {
        let names = self.names.as_deref().unwrap_or_default();
        (0..width).filter(|index| !names.get(*index).is_some_and(|name| own_columns::is_own(name)))
    }

    fn addresses_in_object(&self, object: &[u8]) -> Result<Option<RowAddresses>, RowFault> {
        let AddressLocation::Keys(keys) = &self.addresses else { return Ok(None) };
        if object.is_empty() {
            return Ok(None);
        }
        let members = json::members(object)?;
        let has_addresses = |member: &&Member| keys.contains(&member.key);
        if members.iter().any(|member| member.key == UNREADABLE)
            && !members.iter().any(|member| has_addresses(&member))
        {
            // An earlier run could not read it either.
            return Err(RowFault::NotJson);
        }
        let mut addresses = RowAddresses::default();
        for member in members.iter().filter(has_addresses) {
            addresses.add_cell(json::addresses(&object[member.value.clone()]), keys.len());
        }
        Ok(Some(addresses))
    }

    fn addresses_in_line(&self, line: &[u8]) -> Result<Option<RowAddresses>, RowFault> {
        if self.splitter.format == InputFormat::Mailman {
            // The name of a member may be in another encoding than the address.
            let line = String::from_utf8_lossy(line);
            return match mailman::read(&line) {
                RosterLine::Remark => Ok(None),
                RosterLine::Member(address) if address.contains(char::REPLACEMENT_CHARACTER) => {
                    Err(RowFault::NotUtf8)
                }
                RosterLine::Member(address) => Ok(Some(RowAddresses::one(address))),
            };
        }
        if self.is_non_data(line, 1) {
            return Ok(None);
        }
        let line = std::str::from_utf8(line).map_err(|_| RowFault::NotUtf8)?;
        let mut addresses = RowAddresses::default();
        addresses.add_cell(split_addresses::addresses(line), 1);
        Ok(Some(addresses))
    }

    /// Whether a row is blank or a comment.
    fn is_non_data(&self, row: &[u8], width: usize) -> bool {
        let delimiter = self.splitter.delimiter().unwrap_or(b' ');
        if row.iter().all(|byte| *byte == delimiter || matches!(byte, b' ' | b'\t' | b'"')) {
            return true;
        }
        // `#1,Joe` is a row like the others, `# 1, Joe` or a sentence is not.
        let [b'#', rest @ ..] = row else { return false };
        let is_set_off = matches!(rest, [] | [b' ' | b'\t' | b'#', ..]) || width != self.width;
        is_set_off && !row.contains(&b'@')
    }
}
