//! Files that are there when they are complete, and not before: written aside under a name that tells so,
//! and renamed at the end. They are for their owner alone.

use std::fs::{File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};

use super::private::{NotPrivate, check_owned, without_waiting};

/// What the name of a file ends with while it is written.
const PARTIAL: &str = ".mailvet-partial";
/// Bytes written at once.
const PIECE_BYTES: usize = 256 * 1024;

/// A file in writing.
pub struct OutputFile {
    sink: Packing,
    place: OutputPlace,
}

/// What is written is packed as the name of the file says.
enum Packing {
    Plain(BufWriter<File>),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
}

enum OutputPlace {
    /// Written aside.
    Aside { path: PathBuf, partial: PathBuf },
    /// A device or a pipe, which has no aside.
    Itself,
}

/// Where a file is while it is not complete.
pub fn partial_path(path: &Path) -> PathBuf {
    with_ending(path, PARTIAL)
}

/// The path of a file that belongs to another one: its name with something behind it.
pub fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The most links that are followed one after another, as Linux does (`path_resolution(7)`).
const MAX_LINKS: usize = 40;

/// The file that is meant by a path: where it is a link, what that leads to, so that the link stays. What
/// it leads to need not be there yet, as with the shell's `>`.
pub fn meant_by(path: &Path) -> PathBuf {
    let mut meant = path.to_owned();
    for _ in 0..MAX_LINKS {
        if let Ok(file) = std::fs::canonicalize(&meant) {
            return file;
        }
        let Ok(target) = std::fs::read_link(&meant) else { return meant };
        // From the folder of the link on.
        meant = meant.parent().unwrap_or_else(|| Path::new("")).join(target);
    }
    path.to_owned()
}

/// Whether the name of a file says that it is packed with gzip.
fn is_gzip(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
}

impl OutputFile {
    /// Begins a file. One whose name, or that of a link to it, ends with `.gz` is packed. What is left of an earlier try is
    /// overwritten; the file itself is not touched before [`Self::finish`].
    ///
    /// # Errors
    /// Those of the system, and [`io::ErrorKind::ResourceBusy`] where another process is writing it.
    pub fn create(path: &Path) -> io::Result<Self> {
        let is_packed = is_gzip(path);
        let path = meant_by(path);
        if path.is_symlink() {
            // Links that lead nowhere but to each other.
            std::fs::metadata(&path)?;
        }
        let is_special =
            std::fs::metadata(&path).is_ok_and(|there| !there.is_file() && !there.is_dir());
        let is_packed = is_packed || is_gzip(&path);
        let (file, place) = if is_special {
            (File::options().write(true).open(&path)?, OutputPlace::Itself)
        } else {
            if path.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            let partial = partial_path(&path);
            (begun(&partial)?, OutputPlace::Aside { path, partial })
        };
        let file = BufWriter::with_capacity(PIECE_BYTES, file);
        let sink = if is_packed {
            // Without a time and a name, so that equal rows give equal bytes.
            let packing = GzBuilder::new().write(file, Compression::default());
            Packing::Gzip(Box::new(packing))
        } else {
            Packing::Plain(file)
        };
        Ok(Self { sink, place })
    }

    /// It is not wanted after all.
    pub fn discard(self) {
        if let OutputPlace::Aside { partial, .. } = &self.place {
            // What cannot be removed is marked as what it is.
            let _ = std::fs::remove_file(partial);
        }
    }

    /// The file is complete, and appears under its name. It is on the disk then, whatever happens to
    /// the power.
    ///
    /// # Errors
    /// Those of the system. What was written stays where it is.
    pub fn finish(self) -> io::Result<()> {
        let file = match self.sink {
            Packing::Plain(file) => file,
            Packing::Gzip(packing) => packing.finish()?,
        };
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        let OutputPlace::Aside { path, partial } = self.place else { return Ok(()) };
        file.sync_all()?;
        std::fs::rename(partial, &path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        // Some file systems cannot do that; the file is complete all the same.
        let _ = File::open(folder.unwrap_or_else(|| Path::new(".")))
            .and_then(|folder| folder.sync_all());
        Ok(())
    }
}

/// Makes the file of this name anew, for this process alone until it is closed: of two that write to one
/// file the first would give its name to what the second has begun.
fn begun(partial: &Path) -> io::Result<File> {
    match std::fs::symlink_metadata(partial) {
        Ok(there) => check_owned(&there).map_err(|why| in_the_way(partial, why))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut options = File::options();
    // Who may not read it may yet remove it.
    if let Ok(there) = options.read(true).custom_flags(without_waiting()).open(partial) {
        lock(&there)?;
    }
    // A mode counts only for a file that is made, and nobody may have this one open already.
    match std::fs::remove_file(partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = File::options().write(true).create_new(true).mode(0o600).open(partial)?;
    lock(&file)?;
    Ok(file)
}

/// What stands where a file is written aside cannot be replaced.
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
            Packing::Plain(file) => file.write(bytes),
            Packing::Gzip(packing) => packing.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Packing::Plain(file) => file.flush(),
            Packing::Gzip(packing) => packing.flush(),
        }
    }
}
