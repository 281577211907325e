//! How a command ends, as a number.

use std::process::ExitCode;

/// The exit status of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Done, and something was found: at least one undeliverable address.
    Findings,
    /// The command line or the configuration is wrong.
    Usage,
    /// Stopped before everything was done.
    Partial,
    /// A failure of our own: a port in use, a disk that is full.
    Failure,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
            Exit::Partial => 3,
            Exit::Failure => 4,
        })
    }
}

/// A command that could not do its work: why, and how it ends.
#[derive(Debug)]
pub(super) struct CliError {
    pub(super) exit: Exit,
    pub(super) why: anyhow::Error,
}

/// Sorts errors into those of the caller and those of our own.
pub(super) trait ExitContext<T> {
    /// The command line or the configuration is to blame.
    fn or_usage(self) -> Result<T, CliError>;
    /// The machine or mailvet itself is to blame.
    fn or_failure(self) -> Result<T, CliError>;
}

impl<T, E: Into<anyhow::Error>> ExitContext<T> for Result<T, E> {
    fn or_usage(self) -> Result<T, CliError> {
        self.map_err(|why| CliError { exit: Exit::Usage, why: why.into() })
    }

    fn or_failure(self) -> Result<T, CliError> {
        self.map_err(|why| CliError { exit: Exit::Failure, why: why.into() })
    }
}
