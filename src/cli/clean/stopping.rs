//! How `mailvet clean` ends where the list does not.

use std::io;

use anyhow::anyhow;

use super::arguments::CleanArgs;
use super::journal::{self, JournalPlace};
use super::paths;
use crate::batch::{Stop, WriteError};
use crate::cli::exit::{CliError, Exit};
use crate::files::{meant_by, partial_path};
use crate::store::StoreError;

/// Says why the work ended, what there is of it, and how to go on.
pub(super) fn stopped(
    stop: &Stop,
    arguments: &CleanArgs,
    journal: &JournalPlace,
) -> Result<Exit, CliError> {
    if is_pipe_closed(stop) && !wants_files(arguments) {
        // Whoever read the output has enough of it.
        return Ok(Exit::Done);
    }
    let exit = exit_of(stop);
    let mut why = match stop {
        Stop::Noting(error) => format!("cannot note what was found out: {}", journal::said(error)),
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
    why.push_str(match (stop, journal.is_somewhere()) {
        // That is said already, or would be of no use.
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

/// Whether there is more to be written than one pipe.
fn wants_files(arguments: &CleanArgs) -> bool {
    let writing = &arguments.writing;
    writing.split.is_some() || writing.rejects.is_some() || !arguments.telling.report.is_empty()
}

/// How a command ends that was stopped.
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
        Stop::Writing(WriteError { error, .. }) => is_no_room(error),
        Stop::Noting(StoreError::Full { .. }) => true,
        _ => false,
    }
}

/// Whether the disk is full, or what one may have of it.
pub(super) fn is_no_room(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}
