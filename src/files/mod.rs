//! Reads the text of files that hold a list, and writes files that appear when they are complete.
//!
//! The first bytes say what a file is, not its name. Text is read as it is, gzip is decompressed, and one sheet of
//! an Excel workbook (`.xlsx`) is converted to CSV.

mod output;
mod private;
mod workbook;

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

pub use output::{OutputFile, meant_by, partial_path, with_ending};
pub use private::{NotPrivate, check_private, open_private};
pub use workbook::{Excess, Workbook};

/// The first bytes of a zip archive, which a workbook is.
const ZIP: &[u8] = b"PK\x03\x04";
/// The size of the read buffer.
const BUFFER_BYTES: usize = 64 * 1024;

/// The container of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Container {
    /// A text file.
    Plain,
    Gzip,
    /// An Excel workbook, read as CSV.
    Workbook,
}

/// Why a file has no text.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The format of Excel before 2007, which it still uses for workbooks with a password.
    #[error(
        "this Excel workbook is an old one (.xls) or has a password; save it as .xlsx or as CSV"
    )]
    OldWorkbook,
    #[error(
        "this is a zip archive and no Excel workbook (.xlsx); unpack it first, or save what is in it as CSV"
    )]
    Archive,
    #[error("this Excel workbook cannot be read; save it again, or as CSV")]
    Damaged,
    #[error("the workbook has no sheet {wanted:?}; it has {sheets:?}")]
    NoSheet {
        wanted: String,
        /// All sheets of the workbook.
        sheets: Vec<String>,
    },
    #[error("this is no Excel workbook, so it has no sheet {wanted:?}")]
    NoWorkbook { wanted: String },
    #[error("this Excel workbook has a password; save it without one, or as CSV")]
    Password,
    #[error("this is a binary Excel workbook (.xlsb); save it as .xlsx, or as CSV")]
    BinaryWorkbook,
    #[error("{0}; save the sheet as CSV")]
    TooLarge(Excess),
}

/// The text of a file.
pub struct Text {
    #[cfg_attr(not(feature = "testing"), expect(dead_code, reason = "only tests read it"))]
    pub container: Container,
    pub reader: Box<dyn BufRead + Send>,
    /// The workbook, to read its sheet again; none for other containers.
    pub workbook: Option<Workbook>,
}

impl Text {
    /// The text in a source. Of a workbook it is that of this sheet, or of the first one.
    ///
    /// # Errors
    /// There is no text, or no such sheet.
    pub fn of(source: impl Read + Send + 'static, sheet: Option<&str>) -> Result<Self, FileError> {
        let mut source = BufReader::with_capacity(BUFFER_BYTES, source);
        let magic = first_bytes(&mut source)?;
        let source = Cursor::new(magic.clone()).chain(source);
        if let (Some(wanted), false) = (sheet, magic == ZIP) {
            return Err(FileError::NoWorkbook { wanted: wanted.to_owned() });
        }
        match magic.as_slice() {
            [0x1f, 0x8b, ..] => {
                let decompressed = Decompressed(MultiGzDecoder::new(source));
                let decompressed = BufReader::with_capacity(BUFFER_BYTES, decompressed);
                Ok(Self::plain(Container::Gzip, decompressed))
            }
            ZIP => {
                let workbook = Workbook::open(source, sheet)?;
                let reader = workbook.text()?;
                Ok(Self { container: Container::Workbook, reader, workbook: Some(workbook) })
            }
            [0xd0, 0xcf, 0x11, 0xe0] => Err(FileError::OldWorkbook),
            _ => Ok(Self::plain(Container::Plain, source)),
        }
    }

    fn plain(container: Container, reader: impl BufRead + Send + 'static) -> Self {
        Self { container, reader: Box::new(reader), workbook: None }
    }
}

/// Decompressed bytes, with errors in our own words.
struct Decompressed<R>(R);

impl<R: Read> Read for Decompressed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            kind @ (io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput) => {
                io::Error::new(kind, "what is packed with gzip is cut off or damaged")
            }
            _ => error,
        })
    }
}

/// The first four bytes, or fewer if there are no more.
fn first_bytes(source: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut magic = Vec::new();
    source.take(4).read_to_end(&mut magic)?;
    Ok(magic)
}

#[cfg(test)]
mod tests;
