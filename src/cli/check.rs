//! `mailvet check`: one or a few addresses, for people or, with `--json`, for programs.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use futures_util::{StreamExt, pin_mut, stream};
use tokio::sync::mpsc;

use super::depth::DepthArg;
use super::exit::{Exit, OrStop, Stopped};
use super::lines::Lines;
use super::settings::Settings;
use super::signals::Interrupts;
use super::{Global, Reader, written_to};
use crate::config::Config;
use crate::report::{Form, Report, visible_json};
use crate::validator::{Caller, Request, Urgency, Validator};
use crate::verdict::Verdict;

/// How many addresses are looked at side by side.
const SIDE_BY_SIDE: usize = 32;
/// How long one address may take: longer than a DNS that answers at all needs.
const BUDGET: Duration = Duration::from_secs(15);
/// The same where mail servers are asked, which takes its time where many wait for the same one.
const MAILBOX_BUDGET: Duration = Duration::from_secs(120);

const EXAMPLES: &str = "Examples:
  mailvet check joe@gmal.com someone@gmail.com
  mailvet check --offline --json 'Joe@Example.org'
  mailvet check - < addresses.txt";

/// The arguments of `mailvet check`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CheckArgs {
    /// The addresses; `-` reads them from standard input, one a line
    #[arg(required = true, value_name = "ADDRESS")]
    addresses: Vec<String>,
    /// Write one JSON object a line
    #[arg(long)]
    json: bool,
    /// How deep to look
    #[arg(long, value_name = "DEPTH", default_value = "domain")]
    depth: DepthArg,
}

pub(super) async fn run(
    arguments: &CheckArgs,
    global: &Global,
    config: &Config,
    settings: &Settings,
) -> Result<Exit, Stopped> {
    let state = settings.state_folder(config);
    let validator =
        Validator::from_config(config, global.connection(), state.as_deref()).or_usage()?;
    let mut interrupts = Interrupts::new().context("cannot wait for signals").or_failure()?;
    let ended = tokio::select! {
        ended = look_at_all(arguments, global, &validator) => ended,
        // Servers that are being asked are taken leave of all the same.
        () = interrupts.next() => Ok(Exit::Partial),
    };
    tokio::select! {
        () = validator.wind_up() => {}
        // Who sends a second signal cannot wait for that.
        () = interrupts.next() => {}
    }
    ended
}

async fn look_at_all(
    arguments: &CheckArgs,
    global: &Global,
    validator: &Validator,
) -> Result<Exit, Stopped> {
    let budget = match arguments.depth {
        DepthArg::Syntax | DepthArg::Domain => BUDGET,
        DepthArg::Mailbox => MAILBOX_BUDGET,
    };
    let mut texts = texts(arguments.addresses.clone());
    let looked_at = stream::poll_fn(move |context| texts.poll_recv(context))
        .map(async |text| {
            let text = text?;
            let request = Request {
                text: &text,
                depth: arguments.depth.into(),
                manner: global.manner(),
                budget,
                caller: Caller::Operator,
                urgency: Urgency::Now,
                locale: global.locale.as_ref(),
            };
            io::Result::Ok(validator.validate(&request).await)
        })
        .buffered(SIDE_BY_SIDE);
    pin_mut!(looked_at);
    let mut exit = Exit::Done;
    let mut gap = "";
    while let Some(report) = looked_at.next().await {
        let report = report.context("cannot read standard input").or_failure()?;
        if report.judgement.verdict == Verdict::Undeliverable {
            exit = Exit::Findings;
        }
        let written =
            write(&report, arguments, global, gap).context("cannot write").or_failure()?;
        if written == Reader::Gone {
            return Ok(Exit::Done);
        }
        gap = "\n";
    }
    Ok(exit)
}

/// The text of each argument, or of every line of standard input. Bytes that are no text become marks
/// that no address can have. They are read on a thread of their own: whoever waits for an answer before
/// writing the next line gets it.
fn texts(addresses: Vec<String>) -> mpsc::Receiver<io::Result<String>> {
    let (sender, receiver) = mpsc::channel(SIDE_BY_SIDE);
    tokio::task::spawn_blocking(move || {
        for address in addresses {
            let texts: Box<dyn Iterator<Item = io::Result<String>>> = if address == "-" {
                Box::new(Lines::new(io::stdin().lock()))
            } else {
                Box::new(std::iter::once(Ok(address)))
            };
            for text in texts {
                if sender.blocking_send(text).is_err() {
                    // Nobody wants to know any more.
                    return;
                }
            }
        }
    });
    receiver
}

fn write(report: &Report, arguments: &CheckArgs, global: &Global, gap: &str) -> io::Result<Reader> {
    if arguments.json {
        let mut line = visible_json(&report.json(Form::Full))?;
        line.push(b'\n');
        // Not through anstream, which leaves out what it takes for no text.
        return written_to(io::stdout().lock(), |out| out.write_all(&line));
    }
    written_to(anstream::stdout().lock(), |out| {
        write!(out, "{gap}{}", report.text(global.wording()))
    })
}
