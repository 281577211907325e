//! Files that appear when they are complete: written under another name and renamed at the end. Only their owner
//! may access them.

use std::fs::{File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};

use super::private::{NotPrivate, check_owned, without_waiting};

/// The extension of a file that is not complete.
const PARTIAL: &str = ".mailvet-partial";
/// The size of the write buffer.
const BUFFER_BYTES: usize = 256 * 1024;

/// An output file that is being written.
pub struct OutputFile {
    sink: OutputSink,
    location: OutputLocation,
}

enum OutputSink {
    Plain(BufWriter<File>),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
}

enum OutputLocation {
    /// Written to `partial`, which is renamed to `path`.
    Renamed { path: PathBuf, partial: PathBuf },
    /// A device or a pipe, which is written directly.
    Direct,
}

/// The path of a file while it is not complete.
pub fn partial_path(path: &Path) -> PathBuf {
    with_ending(path, PARTIAL)
}

/// The path with `ending` appended to the name, for a file that belongs to another one.
pub fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The most links that are followed, as in Linux (`path_resolution(7)`).
const MAX_LINKS: usize = 40;

/// The file that a path means: for a link its target, so that the link stays. The target need not exist, as with
/// the shell's `>`.
pub fn meant_by(path: &Path) -> PathBuf {
    let mut meant = path.to_owned();
    for _ in 0..MAX_LINKS {
        if let Ok(file) = std::fs::canonicalize(&meant) {
            return file;
        }
        let Ok(target) = std::fs::read_link(&meant) else { return meant };
        // The target is relative to the folder of the link.
        meant = meant.parent().unwrap_or_else(|| Path::new("")).join(target);
    }
    path.to_owned()
}

/// Whether the name of a file ends with `.gz`.
fn is_gzip(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
}

impl OutputFile {
    /// Begins a file. It is compressed if its name, or that of a link to it, ends with `.gz`. An incomplete file of an
    /// earlier run is overwritten; the file itself is not touched before [`Self::finish`].
    ///
    /// # Errors
    /// Those of the system, and [`io::ErrorKind::ResourceBusy`] where another process is writing it.
    pub fn create(path: &Path) -> io::Result<Self> {
        let is_gzipped = is_gzip(path);
        let path = meant_by(path);
        if path.is_symlink() {
            // A cycle of links: the system's error.
            std::fs::metadata(&path)?;
        }
        let is_special =
            std::fs::metadata(&path).is_ok_and(|there| !there.is_file() && !there.is_dir());
        let is_gzipped = is_gzipped || is_gzip(&path);
        let (file, location) = if is_special {
            (File::options().write(true).open(&path)?, OutputLocation::Direct)
        } else {
            if path.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            let partial = partial_path(&path);
            (create_partial(&partial)?, OutputLocation::Renamed { path, partial })
        };
        let file = BufWriter::with_capacity(BUFFER_BYTES, file);
        let sink = if is_gzipped {
            // Without a time and a name, so that equal rows give equal bytes.
            let gzip = GzBuilder::new().write(file, Compression::default());
            OutputSink::Gzip(Box::new(gzip))
        } else {
            OutputSink::Plain(file)
        };
        Ok(Self { sink, location })
    }

    /// Removes the incomplete file.
    pub fn discard(self) {
        if let OutputLocation::Renamed { partial, .. } = &self.location {
            // If it cannot be removed, its name says that it is incomplete.
            let _ = std::fs::remove_file(partial);
        }
    }

    /// Completes the file: it appears under its name, and is on the disk even after a power cut.
    ///
    /// # Errors
    /// Those of the system. The incomplete file stays.
    pub fn finish(self) -> io::Result<()> {
        let file = match self.sink {
            OutputSink::Plain(file) => file,
            OutputSink::Gzip(gzip) => gzip.finish()?,
        };
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        let OutputLocation::Renamed { path, partial } = self.location else { return Ok(()) };
        file.sync_all()?;
        std::fs::rename(partial, &path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        // Some file systems cannot sync a folder; the file is complete all the same.
        let _ = File::open(folder.unwrap_or_else(|| Path::new(".")))
            .and_then(|folder| folder.sync_all());
        Ok(())
    }
}

/// Creates the incomplete file and locks it until it is closed. Without the lock, the first of two processes that
/// write the same file would rename what the second has begun.
fn create_partial(partial: &Path) -> io::Result<File> {
    match std::fs::symlink_metadata(partial) {
        Ok(there) => check_owned(&there).map_err(|why| in_the_way(partial, why))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut options = File::options();
    // A file that may not be read may still be removed.
    if let Ok(there) = options.read(true).custom_flags(without_waiting()).open(partial) {
        lock(&there)?;
    }
    // The mode applies only to a new file, and no other process may have this one open.
    match std::fs::remove_file(partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = File::options().write(true).create_new(true).mode(0o600).open(partial)?;
    lock(&file)?;
    Ok(file)
}

/// The error where the path of the incomplete file is taken.
fn in_the_way(partial: &Path, why: NotPrivate) -> io::Error {
    let why = format!("{} is in the way: {why}", partial.display());
    io::Error::new(io::ErrorKind::PermissionDenied, why)
}

fn lock(file: &File) -> io::Result<()> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            let why = "another run is at work on this file";
            Err(io::Error::new(io::ErrorKind::ResourceBusy, why))
        }
        // Some file systems have no locks.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            OutputSink::Plain(file) => file.write(bytes),
            OutputSink::Gzip(gzip) => gzip.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            OutputSink::Plain(file) => file.flush(),
            OutputSink::Gzip(gzip) => gzip.flush(),
        }
    }
}
