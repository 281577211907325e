//! `mailvet clean`: a list in, the same list out with the truth about each row.

mod arguments;
mod console;
mod journal;
mod paths;
mod reports;
mod sample;
mod stopping;
mod watch;
mod work;

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use jiff::Timestamp;

use super::Global;
use super::depth::DepthArg;
use super::exit::{CliError, Exit, ExitContext};
use super::settings::Settings;
use super::signals::Interrupts;
use crate::batch::summary::{Listing, Summary, Tally};
use crate::batch::{Filter, List, ListOptions, ListSource, Progress, RowFormat, Run, Sink, Stop};
use crate::config::Config;
use crate::report::Column;
use crate::roster::{DedupeKey, FormulaEscaping, OutputFormat, ReadOptions, Shape};
use crate::typo::Confidence;
use crate::validator::Validator;
pub(super) use arguments::CleanArgs;
use arguments::{Columns, ReadingArgs, WritingArgs};
use console::Console;
use journal::{EarlierJournal, JournalPlace};
use stopping::{is_no_room, stopped};
use watch::{Watched, watch};
use work::CleanWork;

pub(super) async fn run(
    arguments: &CleanArgs,
    global: &Global,
    config: &Config,
    settings: &Settings,
) -> Result<Exit, CliError> {
    let voice = Console::of(arguments);
    arguments.looking.depth.check(global.network()).or_usage()?;
    reports::check(arguments).or_usage()?;
    if arguments.looking.wait && arguments.looking.depth != DepthArg::Mailbox {
        return Err(anyhow!("--wait is for mail servers: give --depth mailbox too")).or_usage();
    }
    let target = paths::target(&arguments.writing).or_usage()?;
    let list = open(arguments).or_usage()?;
    paths::check(arguments, list.plan(), target).or_usage()?;
    let fix_at = config.typo.fix_at;
    let form = form(arguments, list.plan().shape(), target, fix_at);
    paths::check_replaced(arguments, list.plan(), target, voice).or_usage()?;
    voice.tell_of(&list, &form);
    let prepare = |journal: &JournalPlace| {
        CleanWork::prepare(arguments, global, config, settings, &list, &form, journal)
    };
    if let Some(rows) = arguments.looking.sample {
        return sample::run(rows, prepare(&JournalPlace::nowhere())?, list).await;
    }
    paths::make_folder(&arguments.writing).map_err(fitting)?;
    let journal = JournalPlace::of(arguments).or_usage()?;
    if arguments.writing.resume && journal.earlier() == EarlierJournal::None {
        voice.say("there is nothing to go on with: this run begins at the beginning");
    }
    let work = prepare(&journal)?;
    if journal.earlier() == EarlierJournal::GoesOn {
        work.journal.forget_unanswered().await;
    }
    let sink = match sink(arguments, &list, form, target) {
        Ok(sink) => sink,
        Err(error) => {
            if journal.earlier() != EarlierJournal::GoesOn {
                // Nothing is in it that anybody could go on with.
                let _ = work.journal.finish();
            }
            return Err(fitting(error));
        }
    };
    let ended = at_work(list, sink, &work, voice).await?;
    match ended {
        Ok(summary) => {
            let written = reports::write(arguments, &summary, Timestamp::now());
            voice.sum_up(&summary);
            if let Some(complaint) = work.validator.dns_complaint() {
                voice.say(complaint);
            }
            if let Err(error) = written {
                work.journal.close();
                return Err(fitting(error));
            }
            // Not before everything is there that was wished for.
            work.journal.finish().or_failure()?;
            Ok(Exit::Done)
        }
        Err(stop) => {
            forget_lies(&work.validator).await;
            work.journal.close();
            stopped(&stop, arguments, &journal)
        }
    }
}

/// Whatever ended the work: what the DNS said last is kept only where it can be believed.
async fn forget_lies(validator: &Validator) {
    const TIMEOUT: Duration = Duration::from_secs(5);
    // What comes of it is in the journal.
    let _ = tokio::time::timeout(TIMEOUT, validator.last_test()).await;
}

/// Works on the list, watched by whoever is there, until it ends or somebody wishes it to stop.
async fn at_work(
    list: List,
    sink: Sink,
    work: &CleanWork,
    voice: Console,
) -> Result<Result<Summary, Stop>, CliError> {
    let progress = Arc::new(Progress::default());
    let watched = Watched {
        progress: progress.clone(),
        size: list.size(),
        validator: work.validator.clone(),
    };
    let run = Run {
        list,
        judge: work.judge.clone(),
        journal: work.journal.clone(),
        sink,
        progress,
        depth: work.depth,
        asking: work.asking,
    };
    let mut interrupts = Interrupts::new().context("cannot wait for signals").or_failure()?;
    let ended = {
        let run = run.run(interrupts.next());
        tokio::select! {
            ended = run => ended,
            never = watch(&watched), if voice == Console::Loud => match never {},
        }
    };
    tokio::select! {
        () = work.validator.shut_down() => {}
        // Whoever cannot wait for mail servers says it twice.
        () = interrupts.next() => {}
    }
    Ok(ended)
}

/// Looks at the beginning of the list.
fn open(arguments: &CleanArgs) -> anyhow::Result<List> {
    let reading = reading(&arguments.reading);
    match paths::input(arguments) {
        Some(path) => List::open(ListSource::File(path.to_owned()), &reading)
            .with_context(|| format!("cannot use {}", path.display())),
        None => {
            if io::stdin().is_terminal() {
                bail!("name a list, or let one come through standard input; --help has examples");
            }
            List::open(ListSource::Stream(Box::new(io::stdin())), &reading)
                .context("cannot use standard input")
        }
    }
}

fn reading(arguments: &ReadingArgs) -> ListOptions {
    ListOptions {
        wish: ReadOptions {
            encoding: arguments.encoding,
            format: arguments.from,
            delimiter: arguments.delimiter,
            header: arguments.header.map(Into::into),
            columns: arguments.column.clone(),
        },
        sheet: arguments.sheet.clone(),
    }
}

fn sink(
    arguments: &CleanArgs,
    list: &List,
    form: RowFormat,
    target: Option<OutputFormat>,
) -> anyhow::Result<Sink> {
    let WritingArgs { only, drop, .. } = &arguments.writing;
    let filter = Filter { only: only.clone(), drop: drop.clone() };
    let listing =
        if arguments.telling.report_addresses { Listing::Addresses } else { Listing::Numbers };
    let outputs = paths::outputs(arguments, list.plan(), target)?;
    let sink = Sink::new(list.plan(), form, filter, outputs, Tally::new(listing));
    Ok(match Option::<DedupeKey>::from(arguments.looking.dedupe) {
        Some(_) => sink.telling_duplicates(),
        None => sink,
    })
}

/// How rows are written. JSON has room for the whole report.
fn form(
    arguments: &CleanArgs,
    shape: Shape,
    target: Option<OutputFormat>,
    fix_at: Confidence,
) -> RowFormat {
    let WritingArgs { fields, fix, raw, .. } = &arguments.writing;
    let is_json = match (target, shape) {
        (Some(target), _) => target == OutputFormat::JsonLines,
        (None, Shape::JsonLines | Shape::Json) => true,
        (None, Shape::Delimited(_) | Shape::Lines | Shape::Mailman) => false,
    };
    let mut columns = match fields {
        Some(Columns(columns)) => columns.clone(),
        None => Column::USUAL.into_iter().chain(is_json.then_some(Column::Report)).collect(),
    };
    let further = [
        fix.then_some(Column::Fixed),
        // Without it the next run would take all rows to be as new as this output.
        arguments.looking.recheck_after.map(|_| Column::CheckedAt),
    ];
    for column in further.into_iter().flatten() {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    let formulas = if *raw { FormulaEscaping::Raw } else { FormulaEscaping::On };
    RowFormat { columns, target, formulas, fix_at }
}

/// No room is a failure of the machine; that a file cannot be made where it is wished for is the caller's.
fn fitting(error: anyhow::Error) -> CliError {
    let is_full =
        error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(is_no_room));
    CliError { exit: if is_full { Exit::Failure } else { Exit::Usage }, why: error }
}
