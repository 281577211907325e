//! The command line: one file a command. Nothing below this room knows of it.

mod check;
mod exit;
mod serve;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{Config, Layers, Server};
use crate::telemetry::{self, LogFormat, Verbosity};
use crate::validator::{Connection, Manner};

pub use exit::Exit;
use exit::{OrStop, Stopped};

/// Tells whether mail to an address is likely to arrive, why, and what was probably meant.
#[derive(Debug, Parser)]
#[command(name = "mailvet", version, propagate_version = true, after_help = EXIT_STATUS)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

const EXIT_STATUS: &str = "Exit status: 0 done, 1 an address is undeliverable, 2 wrong use or \
configuration, 3 stopped part-way, 4 a failure of our own.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Look at one or a few addresses
    Check(check::CheckArgs),
    /// Run the service: POST /v1/validate
    Serve(serve::ServeArgs),
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
struct Global {
    /// Read the configuration from this file (TOML)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Ask nobody: judge the text and what the lists know of it
    #[arg(long, global = true)]
    offline: bool,
    /// Ask this DNS server instead of the system's; can be repeated
    #[arg(long, global = true, value_name = "HOST:PORT")]
    dns: Vec<Server>,
    /// Refuse what is pasted around an address instead of taking it away
    #[arg(long, global = true)]
    strict: bool,
    /// Log more
    #[arg(short, long, global = true)]
    verbose: bool,
    /// The form of the log [default: text on a terminal, JSON elsewhere]
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<LogFormatArg>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormatArg {
    Text,
    Json,
}

/// Runs the command that the arguments name, in this environment, and tells how it ended.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            // Nobody is left to tell when this fails.
            let _ = error.print();
            return exit.into();
        }
    };
    match cli.run(environment) {
        Ok(exit) => exit.into(),
        Err(stopped) => {
            // Standard error may be closed; the exit status still tells.
            let _ = std::io::Write::write_fmt(
                &mut anstream::stderr(),
                format_args!("mailvet: {:#}\n", stopped.why),
            );
            stopped.exit.into()
        }
    }
}

impl Cli {
    fn run(
        self,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Exit, Stopped> {
        self.global.start_log();
        let config = self.global.config(environment).or_usage()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("cannot start the runtime")
            .or_failure()?;
        let ended = runtime.block_on(async {
            match &self.command {
                Command::Check(arguments) => check::run(arguments, &self.global, &config).await,
                Command::Serve(arguments) => serve::run(arguments, &self.global, &config).await,
            }
        });
        // Look-ups that nobody waits for any more must not keep the command from ending.
        runtime.shutdown_background();
        ended
    }
}

impl Global {
    fn start_log(&self) {
        let format = match self.log_format {
            Some(LogFormatArg::Text) => LogFormat::Text,
            Some(LogFormatArg::Json) => LogFormat::Json,
            None => LogFormat::for_stderr(),
        };
        telemetry::start(format, if self.verbose { Verbosity::Verbose } else { Verbosity::Normal });
    }

    /// File, then environment, then the flags that every command has.
    fn config(
        &self,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> anyhow::Result<Config> {
        let mut layers = Layers::default();
        if let Some(path) = &self.config {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the configuration {}", path.display()))?;
            layers = layers.file(&path.display().to_string(), &text)?;
        }
        // What is not Unicode is not ours.
        let unicode = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let mut config =
            layers.environment(environment.into_iter().filter_map(unicode))?.resolve()?;
        if let Some(folder) = self.config.as_deref().and_then(Path::parent) {
            config.catalog.files.resolve_in(folder);
        }
        if !self.dns.is_empty() {
            config.dns.servers.clone_from(&self.dns);
        }
        Ok(config)
    }

    fn connection(&self) -> Connection {
        if self.offline { Connection::Offline } else { Connection::Online }
    }

    fn manner(&self) -> Manner {
        if self.strict { Manner::Strict } else { Manner::Lenient }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definitions_are_sound() {
        Cli::command().debug_assert();
    }
}
