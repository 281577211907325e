//! `mailvet reply`: what a mail server's reply means.

use std::fmt;
use std::io::{self, BufRead, Write};

use anstyle::{AnsiColor, Style};
use anyhow::{Context, anyhow};
use clap::{Args, ValueHint};
use serde::Serialize;

use super::bounded_lines::BoundedLines;
use super::exit::{CliError, Exit, ExitContext};
use super::values::OneOf;
use super::{Global, Pipe, console, written_to};
use crate::catalog::Catalog;
use crate::config::Config;
use crate::did_you_mean::{did_you_mean, nearest_name};
use crate::reply::{
    About, MailboxDetail, Meaning, Reply, ReplyError, ReplyRules, Stage, classify, links,
    stage_in_log_line,
};
use crate::report::{ServerText, beginning, visible, visible_json};

const EXAMPLES: &str = "Examples:
  mailvet reply '550 5.1.1 <joe@example.com>: Recipient address rejected: User unknown'
  mailvet reply --stage connect '554 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org'
  mailvet reply --provider gmx '550 Requested action not taken: mailbox unavailable'
  grep -o 'said: .*' /var/log/mail.log | mailvet reply --json -

A line of a log or a bounce that quotes the reply will do as well. From standard input each line is a
reply; lines of one reply (550-…) and indented ones belong together.";

/// The arguments of `mailvet reply`.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct ReplyArgs {
    /// The reply, as the server sent it or as a log quotes it; `-` reads replies from standard input
    #[arg(required = true, value_name = "TEXT", value_hint = ValueHint::Other)]
    text: Vec<String>,
    /// The command that it answers [default: the one that the text names, else `rcpt_to`]
    #[arg(
        long,
        value_name = "STAGE",
        value_parser = OneOf::<Stage>::new(Stage::ALL.map(Stage::code))
    )]
    stage: Option<Stage>,
    /// The provider whose server it is, such as `gmail`: some replies mean more from some
    #[arg(long, value_name = "PROVIDER", value_hint = ValueHint::Other)]
    provider: Option<String>,
    /// Write one JSON object a reply, each in a line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(
    arguments: &ReplyArgs,
    global: &Global,
    config: &Config,
) -> Result<Exit, CliError> {
    let rules = ReplyRules::from_sources(&config.catalog.replies().or_usage()?).or_usage()?;
    let provider = arguments.provider.as_deref();
    if let Some(provider) = provider {
        check_provider(provider, config, &rules)?;
    }
    let explainer =
        Explainer { arguments, server_text: global.server_text(), provider, rules: &rules };
    match arguments.text.as_slice() {
        [dash] if dash == "-" => explainer.explain_all(io::stdin().lock()),
        words => {
            // Without quotes the shell hands over a word at a time.
            let explained = explainer.explain(&words.join(" ")).or_usage()?;
            explainer.write(&explained, "")?;
            Ok(Exit::Done)
        }
    }
}

fn check_provider(provider: &str, config: &Config, rules: &ReplyRules) -> Result<(), CliError> {
    let catalog = Catalog::from_lists(&config.catalog.lists().or_usage()?).or_usage()?;
    let listed = || catalog.providers().map(|provider| &*provider.id);
    if listed().chain(rules.providers()).any(|known| known == provider) {
        return Ok(());
    }
    let nearest = nearest_name(provider, listed(), 3);
    Err(anyhow!("--provider: there is no provider `{provider}`{}", did_you_mean(&nearest)))
        .or_usage()
}

struct Explainer<'a> {
    arguments: &'a ReplyArgs,
    server_text: ServerText,
    provider: Option<&'a str>,
    rules: &'a ReplyRules,
}

/// A reply and its meaning.
struct Explained<'p> {
    reply: Reply,
    meaning: Meaning<'p>,
    server_text: ServerText,
}

impl<'a> Explainer<'a> {
    fn explain(&self, text: &str) -> Result<Explained<'a>, ReplyError> {
        let reply = Reply::parse(text)?;
        let stage =
            self.arguments.stage.or_else(|| stage_in_log_line(text)).unwrap_or(Stage::RcptTo);
        let meaning = classify(stage, &reply, self.provider, self.rules);
        Ok(Explained { reply, meaning, server_text: self.server_text })
    }

    /// Explains every reply of an input. A line that is no reply is reported by its number, and the rest are
    /// explained all the same.
    fn explain_all(&self, input: impl BufRead) -> Result<Exit, CliError> {
        let mut exit = Exit::Done;
        let mut gap = "";
        for numbered in Replies::new(BoundedLines::new(input)) {
            let (line, text) = numbered.context("cannot read standard input").or_failure()?;
            match self.explain(&text) {
                Ok(explained) => {
                    if self.write(&explained, gap)? == Pipe::Closed {
                        return Ok(Exit::Done);
                    }
                    gap = "\n";
                }
                Err(error) => {
                    exit = Exit::Usage;
                    console::note(format_args!("line {line}: {error}"));
                }
            }
        }
        Ok(exit)
    }

    fn write(&self, explained: &Explained<'_>, gap: &str) -> Result<Pipe, CliError> {
        if self.arguments.json {
            let mut line = visible_json(&explained.json()).context("cannot write").or_failure()?;
            line.push(b'\n');
            // Not through anstream, which strips what it does not take for text.
            written_to(io::stdout().lock(), |out| out.write_all(&line))
        } else {
            written_to(anstream::stdout().lock(), |out| write!(out, "{gap}{explained}"))
        }
    }
}

/// The replies of an input with the number of the line where each begins. A line is a reply; `550-` continues
/// in the next line that begins with the same code, and an indented line continues the one before (as in
/// header fields of a bounce). Empty lines are skipped.
struct Replies<L> {
    lines: L,
    lines_read: usize,
    /// The first line of the next reply, already read.
    pending: Option<(usize, String)>,
}

/// Further lines of one reply are left out.
const MAX_LINES: usize = 100;

impl<L: Iterator<Item = io::Result<String>>> Replies<L> {
    fn new(lines: L) -> Self {
        Self { lines, lines_read: 0, pending: None }
    }

    fn line(&mut self) -> Option<io::Result<(usize, String)>> {
        self.pending.take().map(Ok).or_else(|| {
            let line = self.lines.next()?;
            self.lines_read += 1;
            Some(line.map(|line| (self.lines_read, line)))
        })
    }
}

impl<L: Iterator<Item = io::Result<String>>> Iterator for Replies<L> {
    type Item = io::Result<(usize, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut reply: Option<(usize, String)> = None;
        let mut last = String::new();
        let mut kept = 0;
        while let Some(line) = self.line() {
            let (number, line) = match line {
                Ok(line) => line,
                Err(error) => return Some(Err(error)),
            };
            match &mut reply {
                None if line.trim().is_empty() => continue,
                None => reply = Some((number, line.clone())),
                Some((_, text)) if continues(&last, &line) => {
                    if kept < MAX_LINES {
                        text.push('\n');
                        text.push_str(&line);
                    }
                }
                Some(_) => {
                    self.pending = Some((number, line));
                    break;
                }
            }
            kept += 1;
            last = line;
        }
        reply.map(Ok)
    }
}

/// Whether a line belongs to the reply of the line before.
fn continues(last: &str, line: &str) -> bool {
    let is_indented = line.starts_with([' ', '\t']) && !line.trim().is_empty();
    let more = last.trim_start().split_once('-').map(|(code, _)| code);
    let is_same = |code: &str| {
        code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()) && line.starts_with(code)
    };
    is_indented || more.is_some_and(is_same)
}

/// For programs.
#[derive(Serialize)]
struct ExplainedJson<'p> {
    about: &'static str,
    status: &'static str,
    detail: &'static str,
    rule: &'p str,
    explanation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'p str>,
}

impl<'p> Explained<'p> {
    /// The server's own words, with `-v`.
    fn words(&self) -> Option<&str> {
        match self.server_text {
            ServerText::Shown => Some(beginning(&self.reply.text)),
            ServerText::Hidden => None,
        }
    }

    fn json(&self) -> ExplainedJson<'_> {
        let Meaning { about, rule } = self.meaning;
        ExplainedJson {
            text: self.words(),
            about: about.code(),
            status: about.status(),
            detail: about.detail(),
            rule,
            explanation: about.explanation(),
        }
    }
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
/// Links in the server's text that are shown.
const MAX_LINKS: usize = 3;

/// For people.
impl fmt::Display for Explained<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = self.meaning.about;
        let (sign, style) = style_of(about);
        let speaks_of = match about {
            About::Mailbox(_) => "the mailbox",
            About::Us(_) => "the client that asks, not the mailbox",
            About::Now(_) => "the moment, not the mailbox",
        };
        write!(f, "{style}{sign} {}{style:#}  {BOLD}{}", about.status(), self.reply.code)?;
        if let Some(enhanced) = self.reply.enhanced {
            write!(f, " {enhanced}")?;
        }
        writeln!(f, "{BOLD:#}  speaks of {speaks_of}")?;
        writeln!(f, "  {}", about.explanation())?;
        writeln!(f, "  What to do: {}", about.remedy())?;
        if let Some(words) = self.words() {
            writeln!(f, "  The server said: {}", visible(words))?;
        }
        let mut named = Vec::new();
        for link in links(&self.reply.text) {
            if !named.contains(&link) && named.len() < MAX_LINKS {
                named.push(link);
                writeln!(f, "  The server names a page: {}", visible(link))?;
            }
        }
        writeln!(f, "  {DIM}{}; rule {}{DIM:#}", about.detail(), visible(self.meaning.rule))
    }
}

fn style_of(about: About) -> (&'static str, Style) {
    let colour = |colour: AnsiColor| Style::new().bold().fg_color(Some(colour.into()));
    match about {
        About::Mailbox(
            MailboxDetail::Accepted | MailboxDetail::Forwarded | MailboxDetail::NotVerified,
        ) => ("✓", colour(AnsiColor::Green)),
        About::Mailbox(MailboxDetail::Full) => ("!", colour(AnsiColor::Yellow)),
        About::Mailbox(
            MailboxDetail::NoSuchMailbox
            | MailboxDetail::Moved
            | MailboxDetail::BadAddress
            | MailboxDetail::NoSuchDomain
            | MailboxDetail::Disabled,
        ) => ("✗", colour(AnsiColor::Red)),
        About::Us(_) | About::Now(_) => ("?", colour(AnsiColor::Cyan)),
    }
}
