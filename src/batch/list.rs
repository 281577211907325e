//! A list to clean: where it comes from, and how it is read.
//!
//! A list in a file can be read any number of times; one from a pipe once, unless it is spooled to disk first.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::files::{FileError, Text, Workbook};
use crate::roster::{Plan, PlanError, Preview, ReadOptions};

/// Where a list comes from.
pub enum ListSource {
    File(PathBuf),
    /// It can be read once, such as standard input.
    Stream(Box<dyn Read + Send>),
}

/// What the owner says about a list.
#[derive(Clone, Debug, Default)]
pub struct ListOptions {
    pub read: ReadOptions,
    /// The sheet of a workbook; none: the first.
    pub sheet: Option<String>,
}

/// The list cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ListOpenError {
    #[error(transparent)]
    File(#[from] FileError),
    /// Its owner must say more first.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl From<io::Error> for ListOpenError {
    fn from(error: io::Error) -> Self {
        Self::File(FileError::Io(error))
    }
}

/// A list whose first bytes were read.
pub struct List {
    plan: Arc<Plan>,
    sheet: Option<String>,
    origin: ListOrigin,
    bytes: Arc<AtomicU64>,
    size: Option<u64>,
}

/// Where the text of a list is read from.
enum ListOrigin {
    File(PathBuf),
    /// A workbook in a file, which was read to its end already.
    Workbook(Workbook),
    /// What is left of a stream, from the first byte of the text on.
    Stream(Option<Box<dyn BufRead + Send>>),
    /// A stream that was copied to a file without a name.
    Spooled(File),
}

impl List {
    /// Opens a list and plans how to read it.
    ///
    /// # Errors
    /// It cannot be read, or its owner must say more first.
    pub fn open(source: ListSource, options: &ListOptions) -> Result<Self, ListOpenError> {
        Self::open_with(source, options.sheet.clone(), |preview| Plan::of(preview, &options.read))
    }

    /// The same, with a plan from elsewhere.
    pub(super) fn open_with(
        source: ListSource,
        sheet: Option<String>,
        plan: impl FnOnce(&Preview) -> Result<Plan, PlanError>,
    ) -> Result<Self, ListOpenError> {
        let bytes = Arc::new(AtomicU64::new(0));
        match source {
            ListSource::File(path) => {
                let file = File::open(&path)?;
                // A named pipe has no length.
                let metadata = file.metadata()?;
                if !metadata.is_file() {
                    let stream = ListSource::Stream(Box::new(file));
                    return Self::open_with(stream, sheet, plan);
                }
                let text = Text::of(file, sheet.as_deref())?;
                let plan = plan(&Preview::read(text.reader)?)?;
                let size = Some(metadata.len());
                let origin = text.workbook.map_or(ListOrigin::File(path), ListOrigin::Workbook);
                Ok(Self { plan: Arc::new(plan), sheet, origin, bytes, size })
            }
            ListSource::Stream(stream) => {
                let counted = Counted { inner: stream, bytes: bytes.clone() };
                let mut text = Text::of(counted, sheet.as_deref())?;
                let preview = Preview::read(&mut text.reader)?;
                let plan = plan(&preview)?;
                let whole = Cursor::new(preview.bytes().to_vec()).chain(text.reader);
                let origin = ListOrigin::Stream(Some(Box::new(BufReader::new(whole))));
                Ok(Self { plan: Arc::new(plan), sheet, origin, bytes, size: None })
            }
        }
    }

    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Its length in bytes, if that is known.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// How many bytes of it were read in this pass.
    pub(super) fn bytes_read(&self) -> Arc<AtomicU64> {
        self.bytes.clone()
    }

    /// Makes the list readable more than once: one from a pipe is copied to a file without a name.
    ///
    /// # Errors
    /// The disk is full, or the pipe cannot be read.
    pub fn spool_to_disk(&mut self) -> io::Result<()> {
        let ListOrigin::Stream(stream) = &mut self.origin else { return Ok(()) };
        let mut file = tempfile::tempfile()?;
        if let Some(mut stream) = stream.take() {
            io::copy(&mut stream, &mut file)?;
        }
        self.size = Some(file.stream_position()?);
        self.origin = ListOrigin::Spooled(file);
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
            ListOrigin::File(path) => {
                let file = counted(File::open(path)?, &self.bytes);
                Ok(Text::of(file, self.sheet.as_deref())?.reader)
            }
            ListOrigin::Workbook(workbook) => {
                self.bytes.store(self.size.unwrap_or(0), Ordering::Relaxed);
                Ok(workbook.text()?)
            }
            ListOrigin::Stream(stream) => stream.take().ok_or_else(|| {
                FileError::Io(io::Error::other("what comes through a pipe can be read only once"))
            }),
            ListOrigin::Spooled(file) => {
                let mut file = file.try_clone()?;
                file.seek(SeekFrom::Start(0))?;
                // It is the decompressed text already.
                Ok(Box::new(BufReader::new(counted(file, &self.bytes))))
            }
        }
    }
}

/// Counts the bytes read.
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
