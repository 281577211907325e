//! The limits of a workbook, with their reasons.
//!
//! Excel's own limits are those of its specification ("Excel specifications and limits"): no workbook that
//! Excel wrote exceeds them. The others are ours. They hold whatever the ZIP directory says of its parts,
//! and leave room for a sheet of 1,048,576 rows and 20 columns.

use super::super::FileError;

/// Rows of a sheet (Excel).
pub(super) const MAX_ROWS: u32 = 1_048_576;
/// Columns of a sheet (Excel).
pub(super) const MAX_COLUMNS: u32 = 16_384;
/// Characters of a cell (Excel), in UTF-16 units.
pub(super) const MAX_CELL_UNITS: usize = 32_767;
/// Records of cell formats: Excel has 65,490, in each of two tables.
pub(super) const MAX_FORMATS: u64 = 2 * 65_490;

/// The file itself, which is held in memory. A full sheet of 20 columns takes about 150 MiB.
pub(super) const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;
/// Parts of the archive. Each costs some 500 bytes of memory; a workbook has tens of them, or hundreds.
pub(super) const MAX_PARTS: usize = 10_000;
/// All XML of the archive, unpacked. A full sheet of 20 columns takes about 1 GiB: 45 bytes a cell. It is read in
/// pieces, so this bounds time and not memory.
pub(super) const MAX_XML_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// What stays in memory while the sheet is read: shared strings, formats, names. A sheet of 1,048,576 rows with
/// six columns of texts that all differ takes about 450 MiB.
pub(super) const MAX_KEPT_BYTES: u64 = 512 * 1024 * 1024;
/// One tag, comment or run of text. The longest that Excel writes are the texts of cells, 100 KiB, and lists of
/// the ranges of a rule.
pub(super) const MAX_TOKEN_BYTES: u64 = 1024 * 1024;
/// The XML of one cell or shared string, with the formats of its characters.
pub(super) const MAX_CELL_BYTES: u64 = 4 * 1024 * 1024;
/// A tag whose attributes are looked at.
pub(super) const MAX_TAG_BYTES: usize = 64 * 1024;
/// Tags inside each other. Excel's have ten levels or so; the names of all open ones are kept.
pub(super) const MAX_DEPTH: usize = 256;
/// The text of one row of a sheet, which is put together in memory.
pub(super) const MAX_ROW_TEXT_BYTES: usize = 64 * 1024 * 1024;
/// The text of a sheet. A shared string counts as often as it is used, so this may be more than its XML.
pub(super) const MAX_TEXT_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// The limit that a workbook exceeds. [`FileError::TooLarge`] adds what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    #[error("the workbook is larger than 256 MiB")]
    File,
    #[error("the workbook has more than 10,000 parts")]
    Parts,
    #[error("the workbook unpacks to more than 2 GiB")]
    Xml,
    #[error("the texts and formats of the workbook need more than 512 MiB of memory")]
    Kept,
    #[error("a tag or a cell in the workbook is longer than any that Excel writes")]
    Token,
    #[error("the workbook has a row beyond 1,048,576, the last that Excel has")]
    Rows,
    #[error("the workbook has a column beyond XFD, the last that Excel has")]
    Columns,
    #[error("a cell of the workbook has more than 32,767 characters, the most that Excel allows")]
    Cell,
    #[error("the workbook has more cell formats than Excel allows")]
    Formats,
    #[error("a row of the sheet is longer than 64 MiB")]
    RowText,
    #[error("the sheet is longer than 2 GiB as text")]
    Text,
}

impl From<Excess> for FileError {
    fn from(excess: Excess) -> Self {
        Self::TooLarge(excess)
    }
}
