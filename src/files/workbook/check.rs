//! Measures a workbook before any of it is kept in memory.
//!
//! calamine reads all shared strings, formats and names into memory when it opens a workbook, and takes each tag
//! and text whole. The ZIP directory does not show that cost, since it may say anything. So every XML part is
//! decompressed here once, in pieces, and counted. calamine opens the workbook only if the counts are within
//! [`super::limits`].
//!
//! calamine reads parts that end with `.xml` and `.rels`, and those that relationships name as the workbook or a
//! sheet; the check refuses the latter if they have other names. Pictures and other parts are not even
//! decompressed.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use memchr::memmem;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use super::super::FileError;
use super::limits::{
    Excess, MAX_CELL_BYTES, MAX_CELL_UNITS, MAX_COLUMNS, MAX_DEPTH, MAX_FORMATS, MAX_KEPT_BYTES,
    MAX_PARTS, MAX_ROWS, MAX_TAG_BYTES, MAX_TOKEN_BYTES, MAX_XML_BYTES,
};

/// The first bytes of each entry of a ZIP directory.
const DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";
/// What calamine allocates in advance for each shared string that a part claims to have: a `String`.
const STRING_BYTES: u64 = 24;
/// What the allocator adds to the text of a string.
const TEXT_BYTES: u64 = 40;
/// The most that calamine keeps for another record.
const RECORD_BYTES: u64 = 512;
/// What calamine keeps for a colour of the theme.
const COLOUR_BYTES: u64 = 16;

/// Checks a workbook.
///
/// # Errors
/// It is none, or more than can be read.
pub(super) fn check(bytes: &[u8]) -> Result<(), FileError> {
    // The ZIP reader reads the whole directory into memory.
    if memmem::find_iter(bytes, DIRECTORY_ENTRY).take(MAX_PARTS + 1).count() > MAX_PARTS {
        return Err(Excess::Parts.into());
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| of_zip(&error))?;
    if archive.has_duplicate_names() {
        return Err(FileError::Damaged);
    }
    let mut counts = PartCounts::default();
    for index in 0..archive.len() {
        let name = archive.name_for_index(index).ok_or(FileError::Damaged)?;
        let name = name.map_err(|error| of_zip(&error))?.to_ascii_lowercase();
        if name.ends_with("workbook.bin") {
            return Err(FileError::BinaryWorkbook);
        }
        if is_xml(&name) {
            let part = archive.by_index(index).map_err(|error| of_zip(&error))?;
            counts.part(part)?;
        }
    }
    Ok(())
}

fn of_zip(error: &ZipError) -> FileError {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => FileError::Password,
        _ => FileError::Damaged,
    }
}

/// Whether a part is XML, by its name.
fn is_xml(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with(".xml") || name.ends_with(".rels")
}

/// The counts of all parts.
#[derive(Default)]
struct PartCounts {
    /// Bytes of XML.
    xml: u64,
    /// Bytes that calamine will keep, without the following.
    kept: u64,
    /// Shared strings.
    strings: u64,
    /// The shared strings that parts claim to have.
    strings_declared: u64,
    /// Records of cell formats.
    formats: u64,
    /// The longest tag whose text may be copied into each of those records.
    longest_of_format: u64,
}

impl PartCounts {
    /// Decompresses a part and counts what is in it.
    fn part<R: Read>(&mut self, part: ZipFile<'_, R>) -> Result<(), FileError> {
        let source = Metered::new(BufReader::new(part), MAX_XML_BYTES - self.xml);
        let mut reader = quick_xml::Reader::from_reader(source);
        let config = reader.config_mut();
        // calamine does not check the names of end tags. If they are right it sees the same cells as this check.
        config.check_end_names = true;
        config.expand_empty_elements = true;
        let mut xml_position = XmlPosition::default();
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            let Ok(event) = reader.read_event_into(&mut buffer) else {
                return Err(reader.get_ref().excess.map_or(FileError::Damaged, FileError::from));
            };
            let at = reader.get_ref().taken;
            match event {
                Event::Start(tag) => {
                    self.tag(&tag)?;
                    xml_position.open(&tag, at)?;
                }
                Event::End(_) => xml_position.close(),
                Event::Text(text) => self.text(&mut xml_position, &text)?,
                Event::CData(text) => self.text(&mut xml_position, &text)?,
                // An entity is one character; others than the five of XML are errors for calamine.
                Event::GeneralRef(_) => self.text(&mut xml_position, "&")?,
                Event::Eof => {
                    self.xml += at;
                    return self.check();
                }
                Event::Empty(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_) => {}
            }
            xml_position.check(at)?;
            reader.get_mut().since_token = 0;
        }
    }

    /// Counts a tag and what calamine keeps of it.
    fn tag(&mut self, tag: &BytesStart<'_>) -> Result<(), FileError> {
        let length = tag.len() as u64;
        match tag.local_name().as_ref() {
            "row" | "c" => {
                if let Some(cell) = attribute(tag, "r")? {
                    position(&cell)?;
                }
                return Ok(());
            }
            "dimension" => {
                if let Some(range) = attribute(tag, "ref")? {
                    check_range(&range)?;
                }
            }
            "sst" => {
                let declared = attribute(tag, "uniqueCount")?.and_then(|count| count.parse().ok());
                self.strings_declared = self.strings_declared.max(declared.unwrap_or(0));
            }
            "si" => {
                self.strings += 1;
                self.kept += TEXT_BYTES;
            }
            "Relationship" => {
                check_target(tag)?;
                self.kept += RECORD_BYTES + 2 * length;
            }
            "xf" => self.formats += 1,
            "name" | "numFmt" => {
                self.longest_of_format = self.longest_of_format.max(length);
                self.kept += RECORD_BYTES + 2 * length;
            }
            "sheet" | "definedName" | "font" | "fill" | "border" => {
                self.kept += RECORD_BYTES + 2 * length;
            }
            "srgbClr" | "sysClr" | "dk1" | "lt1" | "dk2" | "lt2" | "accent1" | "accent2"
            | "accent3" | "accent4" | "accent5" | "accent6" | "hlink" | "folHlink" => {
                self.kept += COLOUR_BYTES;
            }
            _ => return Ok(()),
        }
        self.check()
    }

    /// Counts a text at a position.
    fn text(&mut self, position: &mut XmlPosition, text: &str) -> Result<(), FileError> {
        match &mut position.within {
            Within::Formula | Within::Markup => return Ok(()),
            Within::Cell => position.units += units(text),
            Within::SharedString => {
                position.units += units(text);
                self.kept += text.len() as u64;
            }
            // The text, and a buffer that is not emptied in between.
            Within::Name => self.kept += 3 * text.len() as u64,
        }
        self.check()
    }

    fn check(&self) -> Result<(), FileError> {
        if self.formats > MAX_FORMATS {
            return Err(Excess::Formats.into());
        }
        let strings = self.strings.max(self.strings_declared).saturating_mul(STRING_BYTES);
        let formats = self.formats * (RECORD_BYTES + 2 * self.longest_of_format);
        let kept = self.kept.saturating_add(strings).saturating_add(formats);
        if kept > MAX_KEPT_BYTES { Err(Excess::Kept.into()) } else { Ok(()) }
    }
}

/// Where in a part the reader is.
#[derive(Default)]
struct XmlPosition {
    depth: usize,
    within: Within,
    /// The depth of the tag of `within`.
    opened_at_depth: usize,
    /// The offset of that tag in the part.
    opened_at: u64,
    /// The length of its text so far.
    units: usize,
}

/// What a text belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Markup,
    /// A cell with a text or number of its own.
    Cell,
    /// The formula of a cell, which is not read.
    Formula,
    /// A shared string, with its phonetic text.
    SharedString,
    /// A defined name.
    Name,
}

impl XmlPosition {
    fn open(&mut self, tag: &BytesStart<'_>, at: u64) -> Result<(), FileError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Excess::Token.into());
        }
        let within = match (self.within, tag.local_name().as_ref()) {
            (Within::Markup, "c") => Within::Cell,
            (Within::Markup, "si") => Within::SharedString,
            (Within::Markup, "definedName") => Within::Name,
            // No workbook nests these; calamine would take the inner one for another one.
            (_, "c" | "si" | "definedName") => return Err(FileError::Damaged),
            (Within::Cell, "f") if self.depth == self.opened_at_depth + 1 => {
                self.within = Within::Formula;
                return Ok(());
            }
            _ => return Ok(()),
        };
        *self = Self {
            depth: self.depth,
            within,
            opened_at_depth: self.depth,
            opened_at: at,
            units: 0,
        };
        Ok(())
    }

    fn close(&mut self) {
        match self.within {
            Within::Markup => {}
            Within::Formula if self.depth == self.opened_at_depth + 1 => self.within = Within::Cell,
            _ if self.depth == self.opened_at_depth => self.within = Within::Markup,
            _ => {}
        }
        self.depth = self.depth.saturating_sub(1);
    }

    fn check(&self, at: u64) -> Result<(), FileError> {
        match self.within {
            Within::Markup => Ok(()),
            _ if self.units > MAX_CELL_UNITS => Err(Excess::Cell.into()),
            _ if at - self.opened_at > MAX_CELL_BYTES => Err(Excess::Token.into()),
            _ => Ok(()),
        }
    }
}

/// The characters of a text as Excel counts them.
fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(char::len_utf16).sum() }
}

/// The raw value of an attribute.
fn attribute<'t>(tag: &'t BytesStart<'_>, name: &str) -> Result<Option<Cow<'t, str>>, FileError> {
    if tag.len() > MAX_TAG_BYTES {
        return Err(Excess::Token.into());
    }
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|_| FileError::Damaged)?;
        if attribute.key.as_ref() == name {
            return Ok(Some(attribute.value));
        }
    }
    Ok(None)
}

/// A relationship to the workbook or a sheet must name an XML part: others are not checked here.
fn check_target(tag: &BytesStart<'_>) -> Result<(), FileError> {
    let kind = attribute(tag, "Type")?.unwrap_or_default();
    let is_read = ["/officeDocument", "/worksheet", "/chartsheet", "/dialogsheet"];
    if !is_read.iter().any(|ending| kind.ends_with(ending)) {
        return Ok(());
    }
    let target = attribute(tag, "Target")?.unwrap_or_default();
    if is_xml(&target) { Ok(()) } else { Err(FileError::Damaged) }
}

/// The position of a cell, from 1; no column for a whole row.
#[derive(Clone, Copy)]
struct Position {
    row: u32,
    column: Option<u32>,
}

/// Reads a position such as `B12`. calamine does so too, with numbers that may overflow.
fn position(text: &str) -> Result<Position, FileError> {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (column, row) = text.split_at(letters);
    if row.is_empty() || !row.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(FileError::Damaged);
    }
    let row = row.parse().unwrap_or(u32::MAX);
    let number = |number: u32, letter: u8| {
        let digit = u32::from(letter.to_ascii_uppercase() - b'A') + 1;
        number.saturating_mul(26).saturating_add(digit)
    };
    let column = (letters > 0).then(|| column.bytes().fold(0, number));
    match (row, column) {
        (0, _) => Err(FileError::Damaged),
        (row, _) if row > MAX_ROWS => Err(Excess::Rows.into()),
        (_, Some(column)) if column > MAX_COLUMNS => Err(Excess::Columns.into()),
        (row, column) => Ok(Position { row, column }),
    }
}

/// Checks the range that a sheet claims to have: calamine subtracts its ends.
fn check_range(range: &str) -> Result<(), FileError> {
    let mut ends = range.split(':').map(position);
    let start = ends.next().transpose()?;
    match (start, ends.next().transpose()?) {
        (Some(start), Some(end)) if end.row < start.row || end.column < start.column => {
            Err(FileError::Damaged)
        }
        _ => Ok(()),
    }
}

/// Limits the bytes that are read: of all parts together, and of one token.
struct Metered<R> {
    inner: R,
    /// Bytes read.
    taken: u64,
    /// Bytes read since the last token ended.
    since_token: u64,
    /// Bytes that may still be read.
    left: u64,
    /// The limit that was exceeded.
    excess: Option<Excess>,
}

impl<R> Metered<R> {
    fn new(inner: R, left: u64) -> Self {
        Self { inner, taken: 0, since_token: 0, left, excess: None }
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.since_token > MAX_TOKEN_BYTES {
            self.excess = Some(Excess::Token);
        } else if self.left == 0 {
            self.excess = Some(Excess::Xml);
        }
        match self.excess {
            Some(excess) => Err(io::Error::other(excess)),
            None => self.inner.fill_buf(),
        }
    }

    fn consume(&mut self, count: usize) {
        self.inner.consume(count);
        let count = count as u64;
        self.taken += count;
        self.since_token += count;
        self.left = self.left.saturating_sub(count);
    }
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}
