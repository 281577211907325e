//! A list to work on: where it comes from, and how it is read. One in a file can be read as often as one
//! likes; one that comes through a pipe once, unless it is set down first.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::files::{FileError, Text, Workbook};
use crate::roster::{Plan, PlanError, Preview, ReadOptions};

/// Where a list comes from.
pub enum ListSource {
    /// A file.
    File(PathBuf),
    /// Something that can be read once, such as standard input.
    Stream(Box<dyn Read + Send>),
}

/// What the owner says of a list.
#[derive(Clone, Debug, Default)]
pub struct ListOptions {
    /// How its text is to be read.
    pub wish: ReadOptions,
    /// Which sheet of a workbook; the first one unless named.
    pub sheet: Option<String>,
}

/// A list cannot be worked on.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// There is no reading it.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its owner has to say more of it.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl From<io::Error> for ListError {
    fn from(error: io::Error) -> Self {
        Self::File(FileError::Io(error))
    }
}

/// A list, as far as its beginning was read.
pub struct List {
    plan: Arc<Plan>,
    sheet: Option<String>,
    origin: Origin,
    bytes: Arc<AtomicU64>,
    size: Option<u64>,
}

/// Where the text of a list is had from.
enum Origin {
    File(PathBuf),
    /// A workbook in a file, which was read to its end already.
    Workbook(Workbook),
    /// What is left of a stream, from the first byte of the text on.
    Stream(Option<Box<dyn BufRead + Send>>),
    /// A stream that was set down in a file without a name.
    SetDown(File),
}

impl List {
    /// Looks at the beginning of a list.
    ///
    /// # Errors
    /// It cannot be read, or not without its owner's help.
    pub fn open(source: ListSource, reading: &ListOptions) -> Result<Self, ListError> {
        Self::open_as(source, reading.sheet.clone(), |head| Plan::of(head, &reading.wish))
    }

    /// The same, where somebody else finds out how the list is to be read.
    pub(super) fn open_as(
        source: ListSource,
        sheet: Option<String>,
        plan: impl FnOnce(&Preview) -> Result<Plan, PlanError>,
    ) -> Result<Self, ListError> {
        let bytes = Arc::new(AtomicU64::new(0));
        match source {
            ListSource::File(path) => {
                let file = File::open(&path)?;
                // Of a pipe with a name the length says nothing.
                let metadata = file.metadata()?;
                if !metadata.is_file() {
                    let stream = ListSource::Stream(Box::new(file));
                    return Self::open_as(stream, sheet, plan);
                }
                let text = Text::of(file, sheet.as_deref())?;
                let plan = plan(&Preview::read(text.reader)?)?;
                let size = Some(metadata.len());
                let origin = text.workbook.map_or(Origin::File(path), Origin::Workbook);
                Ok(Self { plan: Arc::new(plan), sheet, origin, bytes, size })
            }
            ListSource::Stream(stream) => {
                let counted = Counted { inner: stream, bytes: bytes.clone() };
                let mut text = Text::of(counted, sheet.as_deref())?;
                let head = Preview::read(&mut text.reader)?;
                let plan = plan(&head)?;
                let whole = Cursor::new(head.bytes().to_vec()).chain(text.reader);
                let origin = Origin::Stream(Some(Box::new(BufReader::new(whole))));
                Ok(Self { plan: Arc::new(plan), sheet, origin, bytes, size: None })
            }
        }
    }

    /// How it is read.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// How many bytes there are, where that is known.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// How many bytes were read this time.
    pub(super) fn bytes_read(&self) -> Arc<AtomicU64> {
        self.bytes.clone()
    }

    /// Sees to it that the list can be read more than once: what comes through a pipe is set down in a
    /// file that nobody else can open.
    ///
    /// # Errors
    /// There is no room for it.
    pub fn spool_to_disk(&mut self) -> io::Result<()> {
        let Origin::Stream(stream) = &mut self.origin else { return Ok(()) };
        let mut file = tempfile::tempfile()?;
        if let Some(mut stream) = stream.take() {
            io::copy(&mut stream, &mut file)?;
        }
        self.size = Some(file.stream_position()?);
        self.origin = Origin::SetDown(file);
        Ok(())
    }

    /// The text, from its first byte on.
    ///
    /// # Errors
    /// It cannot be read, or was read already and comes from a pipe.
    pub fn text(&mut self) -> Result<Box<dyn BufRead + Send>, FileError> {
        let counted = |file: File, bytes: &Arc<AtomicU64>| {
            bytes.store(0, Ordering::Relaxed);
            Counted { inner: file, bytes: bytes.clone() }
        };
        match &mut self.origin {
            Origin::File(path) => {
                let file = counted(File::open(path)?, &self.bytes);
                Ok(Text::of(file, self.sheet.as_deref())?.reader)
            }
            Origin::Workbook(workbook) => {
                self.bytes.store(self.size.unwrap_or(0), Ordering::Relaxed);
                Ok(workbook.text()?)
            }
            Origin::Stream(stream) => stream.take().ok_or_else(|| {
                FileError::Io(io::Error::other("what comes through a pipe can be read only once"))
            }),
            Origin::SetDown(file) => {
                let mut file = file.try_clone()?;
                file.seek(SeekFrom::Start(0))?;
                // It is the text already, whatever it was packed in.
                Ok(Box::new(BufReader::new(counted(file, &self.bytes))))
            }
        }
    }
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
