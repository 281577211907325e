//! Builds what a run needs from the arguments and the configuration.

use std::sync::Arc;

use anyhow::{Context, ensure};
use jiff::Timestamp;

use super::arguments::CleanArgs;
use super::console::Console;
use super::journal::ListJournal;
use super::paths;
use crate::batch::{
    Judge, JudgeSettings, List, ListSource, ProbePass, Recheck, Suppressed, WriteOptions,
};
use crate::cli::Global;
use crate::cli::exit::{CliError, ExitContext};
use crate::cli::settings::Settings;
use crate::cli::system;
use crate::cli::values::DepthArg;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::report::{Column, PROBE_OFF_HINT};
use crate::roster::Note;
use crate::store::Journal;
use crate::validator::{ListModeSettings, ListValidator, Network, RetryPlan, Validator};
use crate::verdict::Depth;

pub(super) struct CleanWork {
    pub(super) validator: Arc<Validator>,
    pub(super) judge: Arc<Judge>,
    pub(super) journal: Journal,
    pub(super) depth: Depth,
    pub(super) probe_pass: ProbePass,
}

impl CleanWork {
    /// Builds it. The journal is created or opened last, when everything else is right.
    pub(super) fn prepare(
        arguments: &CleanArgs,
        global: &Global,
        config: &Config,
        settings: &Settings,
        list: &List,
        write_options: &WriteOptions,
        journal: &ListJournal,
    ) -> Result<Self, CliError> {
        let checking = &arguments.checking;
        let network = global.network();
        let depth = match network {
            Network::Offline => Depth::Syntax,
            Network::Online => checking.depth.into(),
        };
        let state = settings.state_folder(config);
        let list_validator =
            ListValidator::from_config(config, network, state.as_deref()).or_usage()?;
        let suppressed =
            suppressed(arguments, list_validator.validator(), Console::of(arguments)).or_usage()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let recheck = recheck(arguments, list, write_options, depth, clock.now()).or_usage()?;
        let probe_pass = match depth {
            Depth::Mailbox if list_validator.validator().can_probe() => ProbePass::First,
            Depth::Syntax | Depth::Domain | Depth::Mailbox => ProbePass::Never,
        };
        if checking.depth == DepthArg::Mailbox && probe_pass == ProbePass::Never {
            Console::of(arguments)
                .note(format_args!("mail servers are not asked: {PROBE_OFF_HINT}"));
        }
        let journal = journal.open()?;
        let validator = Arc::new(list_validator.with_list_mode(ListModeSettings {
            journal: journal.clone(),
            concurrency: checking.concurrency.get(),
            open_files: system::raise_open_files(),
            rate: checking.rate,
            retry_plan: if checking.wait { RetryPlan::ForGreylisting } else { RetryPlan::Never },
        }));
        let settings = JudgeSettings {
            depth,
            strictness: global.strictness(),
            locale: global.locale.clone(),
            dedupe_key: checking.dedupe.into(),
            suppressed,
            recheck,
        };
        let judge = Judge::new(validator.clone(), clock, list.plan().clone(), settings);
        Ok(Self { validator, judge: Arc::new(judge), journal, depth, probe_pass })
    }
}

/// The lists of `--suppress`.
fn suppressed(
    arguments: &CleanArgs,
    validator: &Validator,
    console: Console,
) -> anyhow::Result<Suppressed> {
    let mut suppressed = Suppressed::default();
    for path in &arguments.checking.suppress {
        let added = suppressed
            .add(ListSource::File(path.clone()), validator)
            .with_context(|| format!("cannot use {}", path.display()))?;
        let path = path.display();
        for note in &added.notes {
            match note {
                Note::EncodingAssumed(encoding) => console.note(format_args!(
                    "{path} does not say how it is encoded: read as {}; if that is wrong, save it as UTF-8",
                    encoding.code()
                )),
                Note::NotAllUtf8 => {
                    console.note(format_args!("{path}: some bytes are not UTF-8"));
                }
                Note::HeaderGuessed => console.note(format_args!(
                    "{path}: the first row is taken for the header; if it is a row like the others, put `email` above it"
                )),
                Note::SeparatorLine(_) | Note::DuplicateNames(_) => {
                    console.note(format_args!("{path}: {note}"));
                }
                // About the output, which does not contain this list.
                Note::WrittenAsUtf8(_) | Note::ColumnsReplaced(_) | Note::NoHeader => {}
            }
        }
        if added.entries == 0 {
            console.note(format_args!("{path}: the list is empty, so it leaves nothing out"));
        }
        match added.invalid {
            0 => {}
            1 => console.note(format_args!("{path}: one entry is neither an address nor a domain")),
            invalid => console.note(format_args!(
                "{path}: {invalid} entries are neither an address nor a domain"
            )),
        }
    }
    Ok(suppressed)
}

/// Which verdicts of an earlier run are kept.
fn recheck(
    arguments: &CleanArgs,
    list: &List,
    write_options: &WriteOptions,
    depth: Depth,
    now: Timestamp,
) -> anyhow::Result<Option<Recheck>> {
    let Some(age) = arguments.checking.recheck_after else { return Ok(None) };
    let names = list.plan().names().unwrap_or_default();
    ensure!(
        names.iter().any(|name| name == Column::Verdict.name()),
        "--recheck-after is for the output of an earlier run: there is no column `{}`",
        Column::Verdict.name()
    );
    let has_dates = names.iter().any(|name| name == Column::CheckedAt.name());
    let written_at = match paths::input(arguments) {
        Some(path) => std::fs::metadata(path)
            .and_then(|metadata| metadata.modified())
            .ok()
            .and_then(|time| Timestamp::try_from(time).ok()),
        None => None,
    };
    ensure!(
        has_dates || written_at.is_some(),
        "nothing tells how old the verdicts are: name the file, or keep the column `{}`",
        Column::CheckedAt.name()
    );
    let recheck = Recheck {
        since: now.checked_sub(age).unwrap_or(Timestamp::MIN),
        written_at: written_at.unwrap_or(Timestamp::MIN),
        columns: write_options.columns.clone(),
        depth,
        fix_at: write_options.fix_at,
    };
    let missing: Vec<&str> = recheck.missing(names).into_iter().map(Column::name).collect();
    if !missing.is_empty() {
        Console::of(arguments).note(format_args!(
            "all rows are looked at again: the list has no column {}",
            missing.join(", ")
        ));
    }
    Ok(Some(recheck))
}
