//! The journal file of `mailvet clean`, and what is done with that of an earlier run.

use std::path::{Path, PathBuf};

use anyhow::{anyhow, ensure};

use super::arguments::CleanArgs;
use super::paths;
use crate::cli::exit::{CliError, Exit};
use crate::files::{meant_by, with_ending};
use crate::store::{Journal, StoreError};

/// The extension of a journal.
const JOURNAL: &str = ".mailvet-journal";

/// The journal file of this run.
pub(super) struct ListJournal {
    /// None where the run cannot be resumed.
    path: Option<PathBuf>,
    earlier: EarlierJournal,
}

/// What is done with the journal of an earlier run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EarlierJournal {
    /// There is none.
    None,
    Resumed,
    Discarded,
}

impl ListJournal {
    /// For a run that cannot be resumed.
    pub(super) fn temporary() -> Self {
        Self { path: None, earlier: EarlierJournal::None }
    }

    /// Decides what is done with the journal of a stopped run.
    ///
    /// # Errors
    /// There is one, and neither `--resume` nor `--restart` was given.
    pub(super) fn of(arguments: &CleanArgs) -> anyhow::Result<Self> {
        let writing = &arguments.writing;
        let Some(path) = Self::path(arguments) else {
            ensure!(
                !writing.resume,
                "--resume goes on with a list in a file and an output in another: name INPUT and -o OUTPUT"
            );
            return Ok(Self::temporary());
        };
        let earlier = match (Journal::exists(&path), writing.resume, writing.restart) {
            (false, _, _) => EarlierJournal::None,
            (true, true, _) => EarlierJournal::Resumed,
            (true, false, true) => EarlierJournal::Discarded,
            (true, false, false) => return Err(neither_resumed_nor_restarted(&path)),
        };
        Ok(Self { path: Some(path), earlier })
    }

    /// The path of the journal; none where the run cannot be resumed.
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

    /// Whether the run can be resumed.
    pub(super) fn can_resume(&self) -> bool {
        self.path.is_some()
    }

    pub(super) fn earlier(&self) -> EarlierJournal {
        self.earlier
    }

    /// Opens or creates the journal.
    pub(super) fn open(&self) -> Result<Journal, CliError> {
        let opened = match &self.path {
            None => Journal::temporary(),
            Some(path) if self.earlier == EarlierJournal::Discarded => {
                Journal::delete(path).and_then(|()| Journal::open(path))
            }
            Some(path) => Journal::open(path),
        };
        opened.map_err(|error| CliError { exit: exit_of(&error), why: anyhow!(message(&error)) })
    }
}

/// The error where there is a journal, but neither `--resume` nor `--restart`.
fn neither_resumed_nor_restarted(path: &Path) -> anyhow::Error {
    match Journal::open(path) {
        Err(error @ (StoreError::Locked { .. } | StoreError::Unusable { .. })) => {
            anyhow!(message(&error))
        }
        opened => {
            opened.iter().for_each(Journal::close);
            anyhow!(
                "an earlier run for this output was stopped before its end: give --resume to go on with \
                 it, or --restart to begin anew"
            )
        }
    }
}

/// A journal that cannot be created or is another program's is wrong use.
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

/// The message for an error. Unlike other stores a journal has no settings, but a run to resume.
pub(super) fn message(error: &StoreError) -> String {
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
