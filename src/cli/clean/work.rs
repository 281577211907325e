//! What works on a list, put together from the arguments and the configuration.

use std::sync::Arc;

use anyhow::{Context, ensure};
use jiff::Timestamp;

use super::arguments::CleanArgs;
use super::console::Console;
use super::journal::JournalPlace;
use super::paths;
use crate::batch::{
    Asking, Judge, JudgeSettings, List, ListSource, Recheck, RowFormat, Suppressed,
};
use crate::cli::Global;
use crate::cli::depth::DepthArg;
use crate::cli::exit::{CliError, ExitContext};
use crate::cli::settings::Settings;
use crate::cli::system;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::report::{Column, PROBE_OFF_HINT};
use crate::roster::Note;
use crate::store::Journal;
use crate::validator::{ListModeSettings, ListValidator, Network, RetryPlan, Validator};
use crate::verdict::Depth;

/// What works on a list.
pub(super) struct CleanWork {
    pub(super) validator: Arc<Validator>,
    pub(super) judge: Arc<Judge>,
    pub(super) journal: Journal,
    pub(super) depth: Depth,
    pub(super) asking: Asking,
}

impl CleanWork {
    /// Puts it together. The journal is made or opened last, when nothing else is wrong.
    pub(super) fn prepare(
        arguments: &CleanArgs,
        global: &Global,
        config: &Config,
        settings: &Settings,
        list: &List,
        form: &RowFormat,
        journal: &JournalPlace,
    ) -> Result<Self, CliError> {
        let looking = &arguments.looking;
        let network = global.network();
        let depth = match network {
            Network::Offline => Depth::Syntax,
            Network::Online => looking.depth.into(),
        };
        let state = settings.state_folder(config);
        let parts = ListValidator::from_config(config, network, state.as_deref()).or_usage()?;
        let suppressed =
            suppressed(arguments, parts.validator(), Console::of(arguments)).or_usage()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let recheck = recheck(arguments, list, form, depth, clock.now()).or_usage()?;
        let asking = match depth {
            Depth::Mailbox if parts.validator().can_probe() => Asking::First,
            Depth::Syntax | Depth::Domain | Depth::Mailbox => Asking::Never,
        };
        if looking.depth == DepthArg::Mailbox && asking == Asking::Never {
            Console::of(arguments)
                .say(format_args!("mail servers are not asked: {PROBE_OFF_HINT}"));
        }
        let journal = journal.open()?;
        let validator = Arc::new(parts.at_work(ListModeSettings {
            journal: journal.clone(),
            concurrency: looking.concurrency.get(),
            open_files: system::raise_open_files(),
            rate: looking.rate,
            retry_plan: if looking.wait { RetryPlan::ForGreylisting } else { RetryPlan::Never },
        }));
        let settings = JudgeSettings {
            depth,
            strictness: global.strictness(),
            locale: global.locale.clone(),
            dedupe_key: looking.dedupe.into(),
            suppressed,
            recheck,
        };
        let judge = Judge::new(validator.clone(), clock, list.plan().clone(), settings);
        Ok(Self { validator, judge: Arc::new(judge), journal, depth, asking })
    }
}

/// Everybody who is not to be written to.
fn suppressed(
    arguments: &CleanArgs,
    validator: &Validator,
    voice: Console,
) -> anyhow::Result<Suppressed> {
    let mut suppressed = Suppressed::default();
    for path in &arguments.looking.suppress {
        let added = suppressed
            .add(ListSource::File(path.clone()), validator)
            .with_context(|| format!("cannot use {}", path.display()))?;
        let path = path.display();
        for note in &added.notes {
            match note {
                Note::EncodingAssumed(encoding) => voice.say(format_args!(
                    "{path} does not say how it is encoded: read as {}; if that is wrong, save it as UTF-8",
                    encoding.code()
                )),
                Note::NotAllUtf8 => {
                    voice.say(format_args!("{path}: some bytes are not UTF-8"));
                }
                Note::HeaderGuessed => voice.say(format_args!(
                    "{path}: the first row is taken for the header; if it is somebody's, put `email` above it"
                )),
                Note::SeparatorLine(_) | Note::DuplicateNames(_) => {
                    voice.say(format_args!("{path}: {note}"));
                }
                // Of the output, in which this list does not appear.
                Note::WrittenAsUtf8(_) | Note::ColumnsReplaced(_) | Note::NoHeader => {}
            }
        }
        if added.entries == 0 {
            voice.say(format_args!("{path}: there is nobody in it, so nobody is left out for it"));
        }
        match added.useless {
            0 => {}
            1 => voice.say(format_args!("{path}: one entry is neither an address nor a domain")),
            useless => voice
                .say(format_args!("{path}: {useless} entries are neither an address nor a domain")),
        }
    }
    Ok(suppressed)
}

/// Which verdicts of an earlier run still hold.
fn recheck(
    arguments: &CleanArgs,
    list: &List,
    form: &RowFormat,
    depth: Depth,
    now: Timestamp,
) -> anyhow::Result<Option<Recheck>> {
    let Some(age) = arguments.looking.recheck_after else { return Ok(None) };
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
        columns: form.columns.clone(),
        depth,
        fix_at: form.fix_at,
    };
    let missing: Vec<&str> = recheck.missing(names).into_iter().map(Column::name).collect();
    if !missing.is_empty() {
        Console::of(arguments).say(format_args!(
            "all rows are looked at again: the list has no column {}",
            missing.join(", ")
        ));
    }
    Ok(Some(recheck))
}
