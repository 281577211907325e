//! The paths in the arguments of `mailvet clean`.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::arguments::{CleanArgs, WritingArgs};
use crate::files::meant_by;

/// The file with the list; none for standard input.
pub(super) fn input(arguments: &CleanArgs) -> Option<&Path> {
    arguments.input.as_deref().filter(|path| *path != Path::new("-"))
}

/// The output file; none for standard output.
pub(super) fn output(writing: &WritingArgs) -> Option<&Path> {
    writing.output.as_deref().filter(|path| *path != Path::new("-"))
}

/// Whether a file can be written under another name and renamed: it is no device and no pipe.
pub(super) fn is_ordinary(path: &Path) -> bool {
    std::fs::metadata(path).map_or(true, |there| there.is_file())
}

/// The path of a file, or of a file to be created, however it is written: the same for the same file.
pub(super) fn identity(path: &Path) -> PathBuf {
    match path.file_name() {
        Some(name) if !path.exists() => meant_by(&absolute(folder_of(path))).join(name),
        _ => meant_by(path),
    }
}

pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.dev(), metadata.ino()))
    };
    identity(one).is_some() && identity(one) == identity(other)
}
