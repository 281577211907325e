//! `mailvet check`: one or a few addresses, for people or, with `--json`, for programs.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueHint};
use futures_util::{StreamExt, pin_mut, stream};
use tokio::sync::mpsc;

use super::bounded_lines::BoundedLines;
use super::exit::{CliError, Exit, ExitContext};
use super::settings::Settings;
use super::signals::Interrupts;
use super::values::DepthArg;
use super::{Global, Pipe, console, written_to};
use crate::address::SyntaxCode;
use crate::config::Config;
use crate::report::{JsonForm, Report, ServerText, visible_json};
use crate::validator::{Client, Priority, Request, Validator};
use crate::verdict::Verdict;

/// How many addresses are checked at the same time.
const SIDE_BY_SIDE: usize = 32;
/// For one address: longer than a DNS that answers at all needs.
const BUDGET: Duration = Duration::from_secs(15);
/// For one address at depth mailbox, where many may wait for the same mail server.
const MAILBOX_BUDGET: Duration = Duration::from_secs(120);

const EXAMPLES: &str = "Examples:
  mailvet check joe@gmal.com someone@gmail.com
  mailvet check --offline --json 'Joe@Example.org'
  mailvet check - < addresses.txt";

/// The arguments of `mailvet check`.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct CheckArgs {
    /// The addresses; `-` reads them from standard input, one a line
    ///
    /// In standard input, blank lines and comments are skipped. A comment is `#` alone on a line, or a line that
    /// begins with `#` and a blank.
    #[arg(required = true, value_name = "ADDRESS", value_hint = ValueHint::Other)]
    addresses: Vec<String>,
    /// Write one JSON object a line
    #[arg(long)]
    json: bool,
    /// How deep to check
    #[arg(long, value_name = "DEPTH", default_value = "domain")]
    depth: DepthArg,
}

pub(super) async fn run(
    arguments: &CheckArgs,
    global: &Global,
    config: &Config,
    settings: &Settings,
) -> Result<Exit, CliError> {
    arguments.depth.check(global.network()).or_usage()?;
    let state = settings.state_folder(config);
    let validator =
        Validator::from_config(config, global.network(), state.as_deref()).or_usage()?;
    let mut interrupts = Interrupts::new().context("cannot wait for signals").or_failure()?;
    let ended = tokio::select! {
        ended = check_all(arguments, global, &validator) => ended,
        never = validator.watch_dns() => match never {},
        // Connections to mail servers are still closed in order, below.
        () = interrupts.next() => {
            console::note("interrupted: addresses without an answer were not checked");
            Ok(Exit::Partial)
        }
    };
    if let Some(complaint) = validator.dns_complaint() {
        console::note(complaint);
    }
    tokio::select! {
        () = validator.shut_down() => {}
        // A second signal ends that wait.
        () = interrupts.next() => {}
    }
    ended
}

async fn check_all(
    arguments: &CheckArgs,
    global: &Global,
    validator: &Validator,
) -> Result<Exit, CliError> {
    let budget = match arguments.depth {
        DepthArg::Syntax | DepthArg::Domain => BUDGET,
        DepthArg::Mailbox => MAILBOX_BUDGET,
    };
    let mut texts = texts(arguments.addresses.clone());
    let reports = stream::poll_fn(move |context| texts.poll_recv(context))
        .map(async |text| {
            let text = text?;
            let request = Request {
                text: &text,
                depth: arguments.depth.into(),
                strictness: global.strictness(),
                budget,
                client: Client::Operator,
                priority: Priority::Now,
                locale: global.locale.as_ref(),
            };
            io::Result::Ok(validator.validate(&request).await)
        })
        .buffered(SIDE_BY_SIDE);
    pin_mut!(reports);
    let mut exit = Exit::Done;
    let mut gap = "";
    while let Some(report) = reports.next().await {
        let report = report.context("cannot read standard input").or_failure()?;
        if report.judgement.verdict == Verdict::Undeliverable {
            exit = Exit::Findings;
        }
        if write(&report, arguments, global, gap)? == Pipe::Closed {
            return Ok(Exit::Done);
        }
        if let Some(hint) = file_hint(&report) {
            console::note(hint);
        }
        gap = "\n";
    }
    Ok(exit)
}

/// Each argument, or every line of standard input. Bytes that are not UTF-8 become U+FFFD, which no address can
/// have. A thread of its own reads them, so that a program that writes one line and waits for its answer gets it.
fn texts(addresses: Vec<String>) -> mpsc::Receiver<io::Result<String>> {
    let (sender, receiver) = mpsc::channel(SIDE_BY_SIDE);
    tokio::task::spawn_blocking(move || {
        for address in addresses {
            let texts: Box<dyn Iterator<Item = io::Result<String>>> = if address == "-" {
                let lines = BoundedLines::new(io::stdin().lock());
                Box::new(lines.filter(|line| !line.as_deref().is_ok_and(is_no_address)))
            } else {
                Box::new(std::iter::once(Ok(address)))
            };
            for text in texts {
                if sender.blocking_send(text).is_err() {
                    // The command has ended.
                    return;
                }
            }
        }
    });
    receiver
}

/// Whether a line is blank or a comment. An address may begin with `#`, but not with `#` and a blank.
fn is_no_address(line: &str) -> bool {
    line.trim().is_empty() || line.trim_end() == "#" || line.starts_with("# ")
}

/// Extensions of files that may hold addresses.
const LIST_EXTENSIONS: [&str; 11] =
    ["txt", "csv", "tsv", "tab", "json", "jsonl", "ndjson", "xlsx", "xls", "gz", "lst"];

/// What to do with a text that is no address and may be meant as a file.
fn file_hint(report: &Report) -> Option<String> {
    let no_at = report.syntax_error.is_some_and(|error| error.code == SyntaxCode::NoAt);
    let path = Path::new(&report.email);
    let has_list_extension = || {
        let extension = path.extension()?.to_str()?;
        LIST_EXTENSIONS.iter().find(|list| extension.eq_ignore_ascii_case(list))
    };
    if !no_at || !(has_list_extension().is_some() || path.is_file()) {
        return None;
    }
    let name = quoted(&report.email);
    Some(format!(
        "{name} looks like a file; did you mean `mailvet clean {name}` or `mailvet check - < {name}`?"
    ))
}

/// A text quoted so that a shell takes it as one word.
fn quoted(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./+,=@%".contains(c);
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", text.replace('\'', "'\\''")))
}

fn write(
    report: &Report,
    arguments: &CheckArgs,
    global: &Global,
    gap: &str,
) -> Result<Pipe, CliError> {
    if arguments.json {
        let form = match global.server_text() {
            ServerText::Hidden => JsonForm::Full,
            ServerText::Shown => JsonForm::WithReply,
        };
        let mut line = visible_json(&report.json(form)).context("cannot write").or_failure()?;
        line.push(b'\n');
        // Not through anstream, which strips what it does not take for text.
        return written_to(io::stdout().lock(), |out| out.write_all(&line));
    }
    written_to(anstream::stdout().lock(), |out| {
        write!(out, "{gap}{}", report.text(global.server_text()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_and_comments() {
        let cases = [
            ("", true),
            (" \t", true),
            ("#", true),
            ("# people", true),
            ("#joe@b.io", false),
            (" # joe@b.io", false),
            ("##", false),
            ("joe@b.io", false),
        ];
        for (line, aside) in cases {
            assert_eq!(is_no_address(line), aside, "{line:?}");
        }
    }

    #[test]
    fn names_for_a_shell() {
        for (name, expected) in [
            ("list.txt", "list.txt"),
            ("my list.txt", "'my list.txt'"),
            ("joe's.csv", "'joe'\\''s.csv'"),
            ("a;b", "'a;b'"),
        ] {
            assert_eq!(quoted(name), expected, "{name}");
        }
    }
}
