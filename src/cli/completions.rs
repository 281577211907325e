//! `mailvet completions`: scripts by which a shell completes command lines.

use std::io;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::exit::{CliError, Exit};
use super::{Cli, written_to};

const EXAMPLES: &str = "Examples:
  mailvet completions bash > /etc/bash_completion.d/mailvet
  mailvet completions zsh > ~/.zfunc/_mailvet
  mailvet completions fish > ~/.config/fish/completions/mailvet.fish";

/// The arguments of `mailvet completions`.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(super) fn run(arguments: &CompletionsArgs) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "mailvet", &mut script);
    written_to(io::stdout().lock(), |out| io::Write::write_all(out, &script))?;
    Ok(Exit::Done)
}
