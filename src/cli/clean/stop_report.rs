//! The exit status and message of `mailvet clean` when a run is stopped.

use std::io;

use anyhow::anyhow;

use super::arguments::CleanArgs;
use super::journal::{self, ListJournal};
use super::paths;
use crate::batch::{Stop, WriteError};
use crate::cli::exit::{CliError, Exit};
use crate::files::{meant_by, partial_path};
use crate::store::StoreError;

/// The exit status of a stopped run, or an error that says why it ended, where the rows written so far are, and how
/// to resume.
pub(super) fn stopped(
    stop: &Stop,
    arguments: &CleanArgs,
    journal: &ListJournal,
) -> Result<Exit, CliError> {
    if is_pipe_closed(stop) && !wants_files(arguments) {
        // The reader of the output needs no more.
        return Ok(Exit::Done);
    }
    let exit = exit_of(stop);
    let mut why = match stop {
        Stop::Noting(error) => {
            format!("cannot note what was found out: {}", journal::message(error))
        }
        stop => stop.to_string(),
    };
    if is_full(stop) {
        why.push_str("; make room first");
    }
    if let Some(output) = paths::output(&arguments.writing) {
        let partial = partial_path(&meant_by(output));
        if partial.exists() {
            why.push_str(&format!("; what is written so far is in {}", partial.display()));
        }
    }
    why.push_str(match (stop, journal.can_resume()) {
        // The message says so already, or resuming is of no use.
        (Stop::Noting(StoreError::Damaged { .. }) | Stop::RowsLost { .. } | Stop::Broken, _) => "",
        (Stop::Reading(_), true) => {
            "; once the list can be read to its end, the same command with --resume goes on"
        }
        (_, true) => "; the same command with --resume goes on",
        (_, false) => "; only with a list in a file and -o OUTPUT can --resume go on",
    });
    Err(CliError { exit, why: anyhow!(why) })
}

fn is_pipe_closed(stop: &Stop) -> bool {
    match stop {
        Stop::Writing(WriteError { error, .. }) => error.kind() == io::ErrorKind::BrokenPipe,
        _ => false,
    }
}

/// Whether there are outputs other than standard output.
fn wants_files(arguments: &CleanArgs) -> bool {
    let writing = &arguments.writing;
    writing.split.is_some() || writing.rejects.is_some() || !arguments.reporting.report.is_empty()
}

/// The exit status of a stopped run.
pub(super) fn exit_of(stop: &Stop) -> Exit {
    match stop {
        Stop::Interrupted | Stop::Halted(_) => Exit::Partial,
        stop if is_pipe_closed(stop) => Exit::Partial,
        Stop::SampleTooLarge => Exit::Usage,
        Stop::Reading(_)
        | Stop::Writing(_)
        | Stop::Noting(_)
        | Stop::RowsLost { .. }
        | Stop::Broken => Exit::Failure,
    }
}

fn is_full(stop: &Stop) -> bool {
    match stop {
        Stop::Writing(WriteError { error, .. }) => is_disk_full(error),
        Stop::Noting(StoreError::Full { .. }) => true,
        _ => false,
    }
}

/// Whether the disk or the quota is full.
pub(super) fn is_disk_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}
