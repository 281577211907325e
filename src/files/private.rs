//! Private files: state, keys, journals, and outputs that are not complete.
//!
//! Another user may have put a file where one of ours will be: a pipe, on which opening blocks; a link to another file;
//! one that others can read. Such a file is neither used nor repaired, since its content cannot be trusted. The
//! superuser may use the files of other users, who keep them.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::process::geteuid;

/// The permissions of the group and of others.
const OTHERS: u32 = 0o077;

/// Why a file is not private.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPrivate {
    #[error("it is a symbolic link, which may lead anywhere; remove it")]
    Link,
    #[error("it is a pipe, a device or a folder and no regular file; remove it")]
    NotRegular,
    #[error("it belongs to another user; remove it, or run mailvet as that user")]
    AnotherOwner,
    #[error(
        "other users may access it (mode {0:04o}); remove it, or chmod it to 600 if you trust what is in it"
    )]
    OpenToOthers(u32),
}

impl From<NotPrivate> for io::Error {
    fn from(why: NotPrivate) -> Self {
        Self::new(io::ErrorKind::PermissionDenied, why)
    }
}

/// Checks that a file is private, without opening it. One that does not exist is.
///
/// # Errors
/// [`NotPrivate`], or those of the system.
pub fn check_private(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(there) => Ok(check(&there)?),
    }
}

/// Opens a private file to read and write it, or creates it.
///
/// # Errors
/// [`NotPrivate`], or those of the system.
pub fn open_private(path: &Path) -> io::Result<File> {
    // Before opening, since that may have an effect on a device; and after, since the file may have been replaced.
    check_private(path)?;
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.custom_flags(without_waiting()).open(path)?;
    check(&file.metadata()?)?;
    Ok(file)
}

/// Flags to open without following a link or waiting for the other end of a pipe.
pub(super) fn without_waiting() -> i32 {
    // The bits of the flags are those of the system's `int`.
    (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed()
}

fn check(there: &Metadata) -> Result<(), NotPrivate> {
    check_owned(there)?;
    let mode = there.mode() & 0o7777;
    if mode & OTHERS == 0 { Ok(()) } else { Err(NotPrivate::OpenToOthers(mode)) }
}

/// The same for a file that will be replaced, so that its mode does not matter.
pub(super) fn check_owned(there: &Metadata) -> Result<(), NotPrivate> {
    let user = geteuid();
    if there.is_symlink() {
        Err(NotPrivate::Link)
    } else if !there.is_file() {
        Err(NotPrivate::NotRegular)
    } else if there.uid() != user.as_raw() && !user.is_root() {
        Err(NotPrivate::AnotherOwner)
    } else {
        Ok(())
    }
}
