//! The command line: one file a command. [`run`] reads the arguments, then the configuration, then runs the
//! command on a runtime, and returns its exit status.

mod bounded_lines;
mod check;
mod clean;
mod completions;
mod config;
mod config_file;
mod console;
mod exit;
mod forget;
mod manual;
mod reload;
mod reply;
mod serve;
mod settings;
mod signals;
mod sockets;
mod system;
mod tasks;
mod values;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use crate::config::{Config, DnsServer, LogFormat};
use crate::report::ServerText;
use crate::telemetry::{self, Logging};
use crate::typo::Locale;
use crate::validator::{Network, Strictness};

pub use exit::Exit;
use exit::{CliError, ExitContext};
use settings::Settings;

/// Tells whether mail to an address is likely to arrive, why, and what was probably meant.
#[derive(Parser)]
#[command(name = "mailvet", version, propagate_version = true, after_long_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

const EXAMPLES: &str = "Examples:
  mailvet check joe@gmal.com someone@gmail.com
  mailvet check --offline --json - < addresses.txt
  mailvet clean list.csv -o cleaned.csv --report report.html
  mailvet serve --listen 127.0.0.1:8080
  mailvet reply '550 5.7.1 Client host blocked using zen.spamhaus.org'
  mailvet config --config mailvet.toml

Exit status: 0 done, 1 an address is undeliverable, 2 wrong use or configuration,
3 stopped part-way, 4 the machine or mailvet failed.";

#[derive(Subcommand)]
enum Command {
    /// Check one or a few addresses
    Check(check::CheckArgs),
    /// Clean a list: write it again with a verdict in each row
    Clean(Box<clean::CleanArgs>),
    /// Run the service: POST /v1/validate
    Serve(serve::ServeArgs),
    /// Explain what a mail server's reply means
    Reply(reply::ReplyArgs),
    /// Show the configuration in force, where each value comes from, and the lists
    Config(config::ConfigArgs),
    /// Erase what is stored of an address
    Forget(forget::ForgetArgs),
    /// Write a script that completes command lines in a shell
    Completions(completions::CompletionsArgs),
    /// Write the manual pages
    Man(manual::ManArgs),
}

/// The arguments of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Everywhere")]
struct Global {
    /// Read the configuration from this file (TOML)
    ///
    /// Without it: the file that `MAILVET_CONFIG` names (empty: none), else mailvet/mailvet.toml in
    /// `XDG_CONFIG_HOME` (unset: ~/.config), else /etc/mailvet/mailvet.toml, else none. `mailvet config` says
    /// which.
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,
    /// Use no network: judge by the text and the lists alone
    #[arg(long, global = true)]
    offline: bool,
    /// Ask this DNS server instead of the system's
    ///
    /// An IP address, or localhost, with a port [default: 53]. It can be repeated.
    #[arg(long, global = true, value_name = "HOST:PORT", value_hint = ValueHint::Other)]
    dns: Vec<DnsServer>,
    /// Reject an address with anything pasted around it, instead of taking that away
    #[arg(long, global = true)]
    strict: bool,
    /// The language of the people who typed the addresses, such as `fr` or `pt-BR`
    ///
    /// It helps to choose between suggestions.
    #[arg(long, global = true, value_name = "TAG", value_hint = ValueHint::Other)]
    locale: Option<Locale>,
    /// Also show what mail servers said, in their own words (check, reply)
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

impl From<LogFormatArg> for LogFormat {
    fn from(format: LogFormatArg) -> Self {
        match format {
            LogFormatArg::Text => Self::Text,
            LogFormatArg::Json => Self::Json,
        }
    }
}

/// Runs the command that the arguments name, in this environment.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> ExitCode {
    hide_panics();
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            console::print(error);
            return exit.into();
        }
    };
    match cli.run(environment) {
        Ok(exit) => exit.into(),
        Err(stopped) => {
            console::note(format_args!("{:#}", stopped.why));
            stopped.exit.into()
        }
    }
}

/// Restricts the message of a panic to its location, because the rest may quote an address.
fn hide_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map_or_else(String::new, ToString::to_string);
        // Where standard error is closed, there is nowhere to report it.
        let _ = io::Write::write_fmt(
            &mut io::stderr(),
            format_args!("mailvet: internal error at {location}; please report it\n"),
        );
    }));
}

impl Cli {
    fn run(
        self,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Exit, CliError> {
        // A core dump would hold addresses.
        system::forbid_core_dumps();
        let settings = Settings::new(self.global.clone(), environment);
        let global = &self.global;
        match &self.command {
            Command::Config(arguments) => config::run(arguments, settings),
            Command::Completions(arguments) => completions::run(arguments),
            Command::Man(arguments) => manual::run(arguments),
            Command::Check(arguments) => {
                let (config, _) = settings.read().or_usage()?;
                let _log = log(&config)?;
                on_runtime(check::run(arguments, global, &config, &settings))
            }
            Command::Clean(arguments) => {
                let (config, _) = settings.read().or_usage()?;
                let _log = log(&config)?;
                on_runtime(clean::run(arguments, global, &config, &settings))
            }
            Command::Reply(arguments) => {
                let (config, _) = settings.read().or_usage()?;
                reply::run(arguments, global, &config)
            }
            Command::Forget(arguments) => {
                let (config, _) = settings.read().or_usage()?;
                let _log = log(&config)?;
                on_runtime(forget::run(arguments, &settings, &config))
            }
            Command::Serve(arguments) => {
                let (config, _) = settings.read().or_usage()?;
                let passed_in = sockets::passed_in(&settings);
                let _log = log(&config)?;
                on_runtime(serve::run(arguments, global, config, settings, passed_in))
            }
        }
    }
}

fn log(config: &Config) -> Result<Logging, CliError> {
    telemetry::start(config.log).context("cannot start the log").or_failure()
}

fn on_runtime(command: impl Future<Output = Result<Exit, CliError>>) -> Result<Exit, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
        .or_failure()?;
    let ended = runtime.block_on(command);
    // Abandoned look-ups must not keep the command from ending.
    runtime.shutdown_background();
    ended
}

/// Writes and flushes. A closed pipe is no error.
fn written_to<W: io::Write>(
    mut out: W,
    write: impl FnOnce(&mut W) -> io::Result<()>,
) -> Result<Pipe, CliError> {
    match write(&mut out).and_then(|()| out.flush()) {
        Ok(()) => Ok(Pipe::Open),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Pipe::Closed),
        Err(error) => Err(error).context("cannot write").or_failure(),
    }
}

/// Whether standard output still has a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pipe {
    Open,
    Closed,
}

impl Global {
    fn network(&self) -> Network {
        if self.offline { Network::Offline } else { Network::Online }
    }

    /// A mail server's own words are shown with `--verbose` alone.
    fn server_text(&self) -> ServerText {
        if self.verbose { ServerText::Shown } else { ServerText::Hidden }
    }

    fn strictness(&self) -> Strictness {
        if self.strict { Strictness::Strict } else { Strictness::Lenient }
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
