//! Files that hold a list: the text in them, whatever it is packed in, and files that appear when they
//! are complete.
//!
//! What a file is is told by its first bytes, not by its name. A text is read as it is; gzip is unpacked on
//! the way; of an Excel workbook (`.xlsx`) one sheet is turned into CSV.

mod output;
mod private;
mod workbook;

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

pub use output::{OutputFile, meant_by, partial_path, with_ending};
pub use private::{NotPrivate, check_private, open_private};
pub use workbook::{Excess, Workbook};

/// What a zip archive begins with, which a workbook is.
const ZIP: &[u8] = b"PK\x03\x04";
/// Bytes read from a source at once.
const PIECE_BYTES: usize = 64 * 1024;

/// What a list is packed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Container {
    /// Nothing.
    Plain,
    /// gzip.
    Gzip,
    /// An Excel workbook, which is read as CSV.
    Workbook,
}

/// Why there is no text in a file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is in the form that Excel wrote before 2007, and still writes around a password.
    #[error(
        "this Excel workbook is an old one (.xls) or has a password; save it as .xlsx or as CSV"
    )]
    OldWorkbook,
    /// It is a zip archive, but no workbook.
    #[error(
        "this is a zip archive and no Excel workbook (.xlsx); unpack it first, or save what is in it as CSV"
    )]
    Archive,
    /// It is a workbook that cannot be read.
    #[error("this Excel workbook cannot be read; save it again, or as CSV")]
    Damaged,
    /// The workbook has no such sheet.
    #[error("the workbook has no sheet {wanted:?}; it has {sheets:?}")]
    NoSheet {
        /// What was asked for.
        wanted: String,
        /// The sheets it has.
        sheets: Vec<String>,
    },
    /// It is no workbook, and has no sheets at all.
    #[error("this is no Excel workbook, so it has no sheet {wanted:?}")]
    NoWorkbook {
        /// What was asked for.
        wanted: String,
    },
    /// It is a workbook with a password.
    #[error("this Excel workbook has a password; save it without one, or as CSV")]
    Password,
    /// It is a workbook in Excel's binary form.
    #[error("this is a binary Excel workbook (.xlsb); save it as .xlsx, or as CSV")]
    BinaryWorkbook,
    /// The workbook is more than what is read, or than Excel allows.
    #[error("{0}; save the sheet as CSV")]
    TooLarge(Excess),
}

/// The text of a file.
pub struct Text {
    /// What it was packed in.
    pub container: Container,
    /// The text, from its first byte on.
    pub reader: Box<dyn BufRead + Send>,
    /// The workbook, to read its sheet once more; none where it was something else.
    pub workbook: Option<Workbook>,
}

impl Text {
    /// The text in a source; of a workbook that of the sheet of this name, else of the first one.
    ///
    /// # Errors
    /// There is none, or no such sheet.
    pub fn of(source: impl Read + Send + 'static, sheet: Option<&str>) -> Result<Self, FileError> {
        let mut source = BufReader::with_capacity(PIECE_BYTES, source);
        let magic = beginning(&mut source)?;
        let source = Cursor::new(magic.clone()).chain(source);
        if let (Some(wanted), false) = (sheet, magic == ZIP) {
            return Err(FileError::NoWorkbook { wanted: wanted.to_owned() });
        }
        match magic.as_slice() {
            [0x1f, 0x8b, ..] => {
                let unpacked = Unpacked(MultiGzDecoder::new(source));
                let unpacked = BufReader::with_capacity(PIECE_BYTES, unpacked);
                Ok(Self::plain(Container::Gzip, unpacked))
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

/// What is unpacked; what is wrong with it is said in words of ours.
struct Unpacked<R>(R);

impl<R: Read> Read for Unpacked<R> {
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

/// The first four bytes, or fewer where there are no more.
fn beginning(source: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut magic = Vec::new();
    source.take(4).read_to_end(&mut magic)?;
    Ok(magic)
}

#[cfg(test)]
mod tests;
