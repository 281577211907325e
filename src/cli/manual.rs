//! `mailvet man`: the manual pages, generated from the same definitions as the help.

use std::io;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory, ValueHint};
use clap_mangen::Man;

use super::exit::{CliError, Exit, ExitContext};
use super::{Cli, written_to};

const EXAMPLES: &str = "Examples:
  mailvet man | man -l -
  mailvet man --dir /usr/local/share/man/man1";

/// The arguments of `mailvet man`.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct ManArgs {
    /// Write a page for mailvet and one for each command into this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    dir: Option<PathBuf>,
}

pub(super) fn run(arguments: &ManArgs) -> Result<Exit, CliError> {
    match &arguments.dir {
        Some(dir) => clap_mangen::generate_to(Cli::command(), dir)
            .with_context(|| format!("cannot write the pages into {}", dir.display()))
            .or_failure()?,
        None => {
            let mut page = Vec::new();
            Man::new(Cli::command())
                .render(&mut page)
                .context("cannot make the page")
                .or_failure()?;
            written_to(io::stdout().lock(), |out| io::Write::write_all(out, &page))?;
        }
    }
    Ok(Exit::Done)
}
