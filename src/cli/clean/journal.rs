//! The journal of `mailvet clean`, and what is said where it cannot be used.

use std::path::Path;

use anyhow::anyhow;

use crate::cli::exit::{Exit, Stopped};
use crate::store::{Journal, StoreError};

/// Opens the journal in this file, or begins one; without a file, one that nobody can go on with.
pub(super) fn open(path: Option<&Path>) -> Result<Journal, Stopped> {
    let opened = path.map_or_else(Journal::temporary, Journal::open);
    opened.map_err(|error| Stopped { exit: exit_of(&error), why: anyhow!(said(&error)) })
}

/// Where it cannot be made, or is somebody else's, the command line is to blame.
fn exit_of(error: &StoreError) -> Exit {
    match error {
        StoreError::Unusable { .. }
        | StoreError::Locked { .. }
        | StoreError::NotAJournal { .. }
        | StoreError::NotOurs { .. }
        | StoreError::Newer { .. } => Exit::Usage,
        StoreError::Damaged { .. } | StoreError::Full { .. } | StoreError::Resting => Exit::Failure,
    }
}

/// What is wrong. Stores have settings that journals have not, and no run that goes on.
pub(super) fn said(error: &StoreError) -> String {
    match error {
        StoreError::Locked { .. } => "another run is at work on this output".to_owned(),
        StoreError::Full { .. } => "the disk is full".to_owned(),
        StoreError::Damaged { path, why } => format!(
            "the journal {} is damaged ({why}): nothing of it can be used, and --restart begins anew",
            path.display()
        ),
        error => error.to_string(),
    }
}
