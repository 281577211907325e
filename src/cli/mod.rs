//! The command line: one file a command. Nothing below this room knows of it.

mod check;
mod clean;
mod completions;
mod config;
mod config_file;
mod console;
mod depth;
mod exit;
mod forget;
mod lines;
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
3 stopped part-way, 4 a failure of our own.";

#[derive(Subcommand)]
enum Command {
    /// Look at one or a few addresses
    Check(check::CheckArgs),
    /// Clean a list: the same list again, with what was found out in each row
    Clean(Box<clean::CleanArgs>),
    /// Run the service: POST /v1/validate
    Serve(serve::ServeArgs),
    /// Explain what a mail server's reply means
    Reply(reply::ReplyArgs),
    /// Show the configuration in force, where each value comes from, and the lists
    Config(config::ConfigArgs),
    /// Erase what is kept of an address
    Forget(forget::ForgetArgs),
    /// Write a script that completes command lines in a shell
    Completions(completions::CompletionsArgs),
    /// Write the manual pages
    Man(manual::ManArgs),
}

/// What every command takes.
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
    /// Ask nobody: judge the text and what the lists know of it
    #[arg(long, global = true)]
    offline: bool,
    /// Ask this DNS server instead of the system's
    ///
    /// An IP address, or localhost, with a port [default: 53]. It can be repeated.
    #[arg(long, global = true, value_name = "HOST:PORT", value_hint = ValueHint::Other)]
    dns: Vec<DnsServer>,
    /// Refuse what is pasted around an address instead of taking it away
    #[arg(long, global = true)]
    strict: bool,
    /// The language of those who typed the addresses, such as `fr` or `pt-BR`
    ///
    /// It decides between suggestions.
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

/// Runs the command that the arguments name, in this environment, and tells how it ended.
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

/// A panic says where it happened and nothing else: its message may quote an address.
fn hide_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        // Standard error may be closed; nobody is left to tell then.
        let _ = io::Write::write_fmt(
            &mut io::stderr(),
            format_args!("mailvet: a fault of ours at {place}\n"),
        );
    }));
}

impl Cli {
    fn run(
        self,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Exit, CliError> {
        // Memory is full of addresses.
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
    // Look-ups that nobody waits for any more must not keep the command from ending.
    runtime.shutdown_background();
    ended
}

/// Writes, and sends off what was written. Nobody reading any more is no error: it is how a pipe ends.
fn written_to<W: io::Write>(
    mut out: W,
    write: impl FnOnce(&mut W) -> io::Result<()>,
) -> io::Result<Reader> {
    match write(&mut out).and_then(|()| out.flush()) {
        Ok(()) => Ok(Reader::Listening),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(error),
    }
}

/// Whether there is anybody left to write for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    Listening,
    Gone,
}

impl Global {
    fn network(&self) -> Network {
        if self.offline { Network::Offline } else { Network::Online }
    }

    /// What a mail server said is for who asks for more.
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
