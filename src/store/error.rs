//! Why the store cannot be used, and what to do about it.

use std::io::ErrorKind;
use std::path::PathBuf;

use rusqlite::ErrorCode;

/// The store cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The folder or a file in it cannot be made, read or written.
    #[error("cannot use {}: {why}", .path.display())]
    Unusable {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The content of the file is invalid.
    #[error(
        "the store {path} is damaged ({why}): delete {path}, {path}-wal and {path}-shm, and the next \
         run begins a new one",
        path = .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        why: String,
    },
    /// The file belongs to another program.
    #[error("{} is no store of mailvet: choose another folder (`state.dir`)", .path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// The file is no journal of this version of mailvet.
    #[error(
        "{} is no journal of this version of mailvet; to begin anew, delete it or give --restart",
        .path.display()
    )]
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// A newer mailvet has changed the form of the file.
    #[error("the store {} was made by a newer mailvet: use that one, or another folder", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// The disk is full, or the file has reached its bound.
    #[error(
        "the disk is full, or `state.max_mib` is reached: there is no room for more in the store {}",
        .path.display()
    )]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Another process keeps it locked.
    #[error("another process keeps the store {} locked", .path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// It failed a moment ago and is not tried for a while.
    #[error("the store failed a moment ago")]
    BackingOff,
    /// A panic in our code.
    #[error("internal error in the store; please report it")]
    Internal,
}

impl StoreError {
    pub(super) fn unusable(path: impl Into<PathBuf>, error: &std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full { path: path.into() },
            ErrorKind::ResourceBusy => Self::Locked { path: path.into() },
            _ => Self::Unusable { path: path.into(), why: error.to_string() },
        }
    }

    /// An error of SQLite, which never quotes the content of a file.
    pub(super) fn of(error: &rusqlite::Error, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { path, why: error.to_string() }
            }
            Some(_) => Self::Unusable { path, why: error.to_string() },
            // Not from SQLite: a value of a type that we never write.
            None => Self::Damaged { path, why: "a value of the wrong kind".to_owned() },
        }
    }
}
