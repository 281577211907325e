//! Reads one sheet of an Excel workbook as CSV.
//!
//! [`check`] measures the workbook first, so that its cost is known before it arises. Then the sheet is converted to
//! text in pieces, on demand; the whole text is never in memory.

mod check;
mod csv;
mod limits;

use std::io::{self, BufRead, Cursor, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use calamine::{Reader, Xlsx, XlsxError};

use super::FileError;
use csv::Continue;
pub use limits::Excess;
use limits::MAX_FILE_BYTES;

/// How many pieces of text are converted ahead.
const PIECES_AHEAD: usize = 4;

/// A workbook of which one sheet is read, any number of times. Clones share it.
// No `Debug`: it is full of personal data.
#[derive(Clone)]
pub struct Workbook {
    book: Arc<Mutex<Xlsx<Cursor<Vec<u8>>>>>,
    sheet: Arc<str>,
}

/// A message from the thread that reads a sheet.
enum SheetMessage {
    Text(Vec<u8>),
    /// The end of the sheet. If it is missing the thread has panicked.
    End,
    Failure(FileError),
}

impl Workbook {
    /// Opens a workbook to read the sheet of this name, or the first one. The sheet is read to its end once, so that
    /// every error shows now.
    ///
    /// # Errors
    /// It is no workbook, has no such sheet, or cannot be read to its end.
    pub(super) fn open(source: impl Read, sheet: Option<&str>) -> Result<Self, FileError> {
        let mut bytes = Vec::new();
        source.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(Excess::File.into());
        }
        check::check(&bytes)?;
        let book = Xlsx::new(Cursor::new(bytes)).map_err(|error| match error {
            XlsxError::FileNotFound(_) | XlsxError::RelationshipNotFound => FileError::Archive,
            XlsxError::Password => FileError::Password,
            _ => FileError::Damaged,
        })?;
        let sheets = book.sheet_names();
        let name = match sheet {
            None => sheets.first().ok_or(FileError::Damaged)?,
            Some(wanted) => sheets.iter().find(|name| *name == wanted).ok_or_else(|| {
                FileError::NoSheet { wanted: wanted.to_owned(), sheets: sheets.clone() }
            })?,
        };
        let workbook = Self { sheet: name.as_str().into(), book: Arc::new(Mutex::new(book)) };
        workbook.write(|_| Continue::More)?;
        Ok(workbook)
    }

    /// The text of the sheet. It is converted on a thread of its own, which ends when the reader is dropped.
    ///
    /// # Errors
    /// The system cannot create a thread.
    pub fn text(&self) -> io::Result<Box<dyn BufRead + Send>> {
        let (sender, pieces) = sync_channel(PIECES_AHEAD);
        let workbook = self.clone();
        let thread = std::thread::Builder::new().name("workbook".to_owned());
        thread.spawn(move || workbook.send(&sender))?;
        Ok(Box::new(SheetText { pieces, piece: Cursor::default(), has_ended: false }))
    }

    fn send(&self, pieces: &SyncSender<SheetMessage>) {
        let written = self.write(|piece| match pieces.send(SheetMessage::Text(piece)) {
            Ok(()) => Continue::More,
            Err(_) => Continue::Nothing,
        });
        // The reader may be dropped.
        let _ = pieces.send(match written {
            Ok(()) => SheetMessage::End,
            Err(error) => SheetMessage::Failure(error),
        });
    }

    fn write(&self, take: impl FnMut(Vec<u8>) -> Continue) -> Result<(), FileError> {
        // Poisoned if calamine panicked.
        let mut book = self.book.lock().map_err(|_| FileError::Damaged)?;
        let cells = book.worksheet_cells_reader(&self.sheet).map_err(|_| FileError::Damaged)?;
        csv::write(cells, take)
    }
}

/// Reads the text of a sheet.
struct SheetText {
    pieces: Receiver<SheetMessage>,
    piece: Cursor<Vec<u8>>,
    has_ended: bool,
}

impl BufRead for SheetText {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while !self.has_ended && self.piece.position() >= self.piece.get_ref().len() as u64 {
            match self.pieces.recv() {
                Ok(SheetMessage::Text(text)) => self.piece = Cursor::new(text),
                Ok(SheetMessage::End) => self.has_ended = true,
                Ok(SheetMessage::Failure(FileError::Io(error))) => return Err(error),
                Ok(SheetMessage::Failure(error)) => return Err(io::Error::other(error)),
                Err(_) => return Err(io::Error::other(FileError::Damaged)),
            }
        }
        self.piece.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.piece.consume(count);
    }
}

impl Read for SheetText {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}
