//! How a command ends: its exit status, and the error that it may end with.

use std::process::ExitCode;

/// The exit status of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    /// Done, and at least one address is undeliverable.
    Findings = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// Stopped before everything was done.
    Partial = 3,
    /// The machine or mailvet failed: a port in use, a full disk.
    Failure = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not do its work, and how it ends.
#[derive(Debug)]
pub(super) struct CliError {
    pub(super) exit: Exit,
    pub(super) why: anyhow::Error,
}

/// Sorts errors by whose they are.
pub(super) trait ExitContext<T> {
    /// The command line or the configuration is wrong.
    fn or_usage(self) -> Result<T, CliError>;
    /// The machine or mailvet failed.
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
