//! `mailvet clean`: writes a list again, with a verdict for each row.
//!
//! How a run stops early, step by step:
//!
//! | step | takes at most |
//! |---|---|
//! | A signal comes: [`Stop::Interrupted`]. Other reasons to stop ([`Stop`]) go the same way. | |
//! | Rows that are judged already are written (`batch::run`, `WRITE_TIMEOUT`). In the first pass there are none. | 3 s |
//! | Conversations with mail servers end with QUIT ([`Validator::shut_down`]). A second signal skips this step, and no other. | 10 s |
//! | The DNS is tested ([`Validator::last_test`]). If that fails, the answers since the last test are deleted from the journal. If there is no time for it, they stay, marked as untested, and `--resume` asks again about some of them and compares. | 5 s |
//! | The journal is closed. | |
//! | The message is printed (`stop_report`). After a signal the exit status is [`Exit::Partial`]. The same command with `--resume` goes on. | |

mod arguments;
mod console;
mod journal;
mod output_format;
mod outputs;
mod paths;
mod reports;
mod sample;
mod stop_report;
mod watch;
mod work;

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use jiff::Timestamp;

use super::Global;
use super::exit::{CliError, Exit, ExitContext};
use super::settings::Settings;
use super::signals::Interrupts;
use super::values::DepthArg;
use crate::batch::summary::{Listing, Summary, Tally};
use crate::batch::{
    Filter, List, ListOptions, ListSource, Run, RunProgress, Sink, Stop, WriteOptions,
};
use crate::config::Config;
use crate::report::Column;
use crate::roster::{DedupeKey, FormulaEscaping, InputFormat, OutputFormat, ReadOptions};
use crate::typo::Confidence;
use crate::validator::Validator;
pub(super) use arguments::CleanArgs;
use arguments::{Columns, ReadingArgs, WritingArgs};
use console::Console;
use journal::{EarlierJournal, ListJournal};
use stop_report::{is_disk_full, stopped};
use watch::{ProgressSource, watch};
use work::CleanWork;

pub(super) async fn run(
    arguments: &CleanArgs,
    global: &Global,
    config: &Config,
    settings: &Settings,
) -> Result<Exit, CliError> {
    let console = Console::of(arguments);
    arguments.checking.depth.check(global.network()).or_usage()?;
    reports::check(arguments).or_usage()?;
    if arguments.checking.wait && arguments.checking.depth != DepthArg::Mailbox {
        return Err(anyhow!("--wait is for mail servers: give --depth mailbox too")).or_usage();
    }
    let format = output_format::chosen(&arguments.writing).or_usage()?;
    let list = open(arguments).or_usage()?;
    outputs::check(arguments, list.plan(), format).or_usage()?;
    let fix_at = config.typo.fix_at;
    let write_options = write_options(arguments, list.plan().format(), format, fix_at);
    outputs::check_replaced(arguments, list.plan(), format, console).or_usage()?;
    console.describe(&list, &write_options);
    let prepare = |journal: &ListJournal| {
        CleanWork::prepare(arguments, global, config, settings, &list, &write_options, journal)
    };
    if let Some(rows) = arguments.checking.sample {
        return sample::run(rows, prepare(&ListJournal::temporary())?, list).await;
    }
    outputs::make_folder(&arguments.writing).map_err(output_error)?;
    let journal = ListJournal::of(arguments).or_usage()?;
    if arguments.writing.resume && journal.earlier() == EarlierJournal::None {
        console.note("there is nothing to go on with: this run begins at the beginning");
    }
    let work = prepare(&journal)?;
    if journal.earlier() == EarlierJournal::Resumed {
        work.journal.forget_unanswered().await;
    }
    let sink = match sink(arguments, &list, write_options, format) {
        Ok(sink) => sink,
        Err(error) => {
            if journal.earlier() != EarlierJournal::Resumed {
                // The journal is empty.
                let _ = work.journal.finish();
            }
            return Err(output_error(error));
        }
    };
    let ended = run_to_end(list, sink, &work, console).await?;
    match ended {
        Ok(summary) => {
            let written = reports::write(arguments, &summary, Timestamp::now());
            console.summary(&summary);
            if let Some(complaint) = work.validator.dns_complaint() {
                console.note(complaint);
            }
            if let Err(error) = written {
                work.journal.close();
                return Err(output_error(error));
            }
            // Only when all outputs are complete.
            work.journal.finish().or_failure()?;
            Ok(Exit::Done)
        }
        Err(stop) => {
            await_last_test(&work.validator).await;
            work.journal.close();
            stopped(&stop, arguments, &journal)
        }
    }
}

/// Waits for the last test of the DNS: if it fails, the last answers are removed from the journal.
async fn await_last_test(validator: &Validator) {
    const TIMEOUT: Duration = Duration::from_secs(5);
    let _ = tokio::time::timeout(TIMEOUT, validator.last_test()).await;
}

/// Runs over the list, with a progress display, until it ends or a signal stops it.
async fn run_to_end(
    list: List,
    sink: Sink,
    work: &CleanWork,
    console: Console,
) -> Result<Result<Summary, Stop>, CliError> {
    let progress = Arc::new(RunProgress::default());
    let progress_source = ProgressSource {
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
        probe_pass: work.probe_pass,
    };
    let mut interrupts = Interrupts::new().context("cannot wait for signals").or_failure()?;
    let ended = {
        let run = run.run(interrupts.next());
        tokio::select! {
            ended = run => ended,
            never = watch(&progress_source), if console == Console::Loud => match never {},
        }
    };
    tokio::select! {
        () = work.validator.shut_down() => {}
        // A second signal does not wait for mail servers.
        () = interrupts.next() => {}
    }
    Ok(ended)
}

fn open(arguments: &CleanArgs) -> anyhow::Result<List> {
    let options = list_options(&arguments.reading);
    match paths::input(arguments) {
        Some(path) => List::open(ListSource::File(path.to_owned()), &options)
            .with_context(|| format!("cannot use {}", path.display())),
        None => {
            if io::stdin().is_terminal() {
                bail!("name a list, or let one come through standard input; --help has examples");
            }
            List::open(ListSource::Stream(Box::new(io::stdin())), &options)
                .context("cannot use standard input")
        }
    }
}

fn list_options(arguments: &ReadingArgs) -> ListOptions {
    ListOptions {
        read: ReadOptions {
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
    write_options: WriteOptions,
    format: Option<OutputFormat>,
) -> anyhow::Result<Sink> {
    let WritingArgs { only, drop, .. } = &arguments.writing;
    let filter = Filter { only: only.clone(), drop: drop.clone() };
    let listing =
        if arguments.reporting.report_addresses { Listing::Addresses } else { Listing::Numbers };
    let outputs = outputs::create(arguments, list.plan(), format)?;
    let sink = Sink::new(list.plan(), write_options, filter, outputs, Tally::new(listing));
    Ok(match Option::<DedupeKey>::from(arguments.checking.dedupe) {
        Some(_) => sink.marking_duplicates(),
        None => sink,
    })
}

/// How rows are written. JSON has a column for the whole report.
fn write_options(
    arguments: &CleanArgs,
    list_format: InputFormat,
    format: Option<OutputFormat>,
    fix_at: Confidence,
) -> WriteOptions {
    let WritingArgs { fields, fix, raw, .. } = &arguments.writing;
    let is_json =
        format.unwrap_or_else(|| OutputFormat::extending(list_format)) == OutputFormat::JsonLines;
    let mut columns = match fields {
        Some(Columns(columns)) => columns.clone(),
        None => Column::USUAL.into_iter().chain(is_json.then_some(Column::Report)).collect(),
    };
    let further = [
        fix.then_some(Column::Fixed),
        // Without it the next run would take the date of the file for all rows.
        arguments.checking.recheck_after.map(|_| Column::CheckedAt),
    ];
    for column in further.into_iter().flatten() {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    let formulas = if *raw { FormulaEscaping::Raw } else { FormulaEscaping::On };
    WriteOptions { columns, format, formulas, fix_at }
}

/// A full disk is a failure of the machine; a file that cannot be created where it is asked for is wrong use.
fn output_error(error: anyhow::Error) -> CliError {
    let is_full =
        error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(is_disk_full));
    CliError { exit: if is_full { Exit::Failure } else { Exit::Usage }, why: error }
}
