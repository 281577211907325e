//! The journal of `mailvet clean`: where it is, what an earlier run has left in it, and what is said where
//! it cannot be used.

use std::path::{Path, PathBuf};

use anyhow::{anyhow, ensure};

use super::arguments::CleanArgs;
use super::paths;
use crate::cli::exit::{CliError, Exit};
use crate::files::{meant_by, with_ending};
use crate::store::{Journal, StoreError};

/// What the name of a journal ends with.
const JOURNAL: &str = ".mailvet-journal";

/// Where the journal is.
pub(super) struct JournalPlace {
    /// The file; none where nobody could go on with it.
    path: Option<PathBuf>,
    earlier: EarlierJournal,
}

/// What becomes of what an earlier run has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EarlierJournal {
    /// There is nothing.
    None,
    /// This run goes on with it.
    GoesOn,
    /// It is to be forgotten.
    IsForgotten,
}

impl JournalPlace {
    /// For what nobody can go on with.
    pub(super) fn nowhere() -> Self {
        Self { path: None, earlier: EarlierJournal::None }
    }

    /// Sees to it that an earlier run that was stopped is neither forgotten nor mixed up with this one.
    pub(super) fn of(arguments: &CleanArgs) -> anyhow::Result<Self> {
        let writing = &arguments.writing;
        let Some(path) = Self::path(arguments) else {
            ensure!(
                !writing.resume,
                "--resume goes on with a list in a file and an output in another: name INPUT and -o OUTPUT"
            );
            return Ok(Self::nowhere());
        };
        let earlier = match (Journal::exists(&path), writing.resume, writing.restart) {
            (false, _, _) => EarlierJournal::None,
            (true, true, _) => EarlierJournal::GoesOn,
            (true, false, true) => EarlierJournal::IsForgotten,
            (true, false, false) => return Err(not_asked_for(&path)),
        };
        Ok(Self { path: Some(path), earlier })
    }

    /// The file of the journal; none where nobody could go on with it.
    pub(super) fn path(arguments: &CleanArgs) -> Option<PathBuf> {
        paths::input(arguments).filter(|path| paths::is_ordinary(path))?;
        let writing = &arguments.writing;
        match (paths::output(writing), &writing.split) {
            (Some(path), _) if paths::is_ordinary(path) => {
                Some(with_ending(&meant_by(path), JOURNAL))
            }
            (None, Some(folder)) if writing.output.is_none() => Some(folder.join(&JOURNAL[1..])),
            _ => None,
        }
    }

    /// Whether a run can go on with it.
    pub(super) fn is_somewhere(&self) -> bool {
        self.path.is_some()
    }

    /// What becomes of what an earlier run has left.
    pub(super) fn earlier(&self) -> EarlierJournal {
        self.earlier
    }

    /// Opens the journal, or begins one.
    pub(super) fn open(&self) -> Result<Journal, CliError> {
        let opened = match &self.path {
            None => Journal::temporary(),
            Some(path) if self.earlier == EarlierJournal::IsForgotten => {
                Journal::delete(path).and_then(|()| Journal::open(path))
            }
            Some(path) => Journal::open(path),
        };
        opened.map_err(|error| CliError { exit: exit_of(&error), why: anyhow!(said(&error)) })
    }
}

/// There is a journal, and nothing was said of it.
fn not_asked_for(path: &Path) -> anyhow::Error {
    match Journal::open(path) {
        Err(error @ (StoreError::Locked { .. } | StoreError::Unusable { .. })) => {
            anyhow!(said(&error))
        }
        opened => {
            // It was only looked at.
            opened.iter().for_each(Journal::close);
            anyhow!(
                "an earlier run for this output was stopped before its end: give --resume to go on with \
                 it, or --restart to begin anew"
            )
        }
    }
}

/// Where it cannot be made, or is somebody else's, the command line is to blame.
fn exit_of(error: &StoreError) -> Exit {
    match error {
        StoreError::Unusable { .. }
        | StoreError::Locked { .. }
        | StoreError::NotAJournal { .. }
        | StoreError::NotOurs { .. }
        | StoreError::Newer { .. } => Exit::Usage,
        StoreError::Damaged { .. }
        | StoreError::Full { .. }
        | StoreError::BackingOff
        | StoreError::Internal => Exit::Failure,
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
