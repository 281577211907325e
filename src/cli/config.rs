//! `mailvet config`: the configuration in force, where each value comes from, and the lists.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use toml::{Table, Value};

use super::exit::{CliError, Exit, ExitContext};
use super::settings::Settings;
use super::sockets::{differ, needing_open};
use super::written_to;
use crate::catalog::ListInForce;
use crate::config::{Config, Origins};
use crate::reply::{ReplyRules, RuleFileInForce};
use crate::report::visible;
use crate::validator::{Network, Validator};

const EXAMPLES: &str = "Examples:
  mailvet config
  mailvet config --config mailvet.toml
  mailvet config --check mailvet.toml";

/// The arguments of `mailvet config`.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct ConfigArgs {
    /// Only check whether this file can be used, together with the environment and the flags
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "config")]
    check: Option<PathBuf>,
}

pub(super) fn run(arguments: &ConfigArgs, settings: Settings) -> Result<Exit, CliError> {
    let text = match &arguments.check {
        Some(file) => {
            let EffectiveConfig { config, .. } = in_force(&settings.with_file(file.clone()))?;
            let notes = needing_open(&config.http);
            format!("{}: the configuration can be used\n{notes}", visible(&file.to_string_lossy()))
        }
        None => {
            let EffectiveConfig { config, origins, validator, rules } = in_force(&settings)?;
            let mut text = format!("# Configuration file: {}\n\n", settings.file());
            text.push_str(&values(&config, &origins));
            text.push_str(&lists(&validator.lists_in_force()));
            text.push_str(&replies(rules.in_force()));
            text
        }
    };
    written_to(anstream::stdout().lock(), |out| out.write_all(text.as_bytes()))?;
    Ok(Exit::Done)
}

/// A configuration with all that is built from it, which proves that it can be used.
struct EffectiveConfig {
    config: Config,
    origins: Origins,
    validator: Validator,
    rules: ReplyRules,
}

fn in_force(settings: &Settings) -> Result<EffectiveConfig, CliError> {
    let (config, origins) = settings.read().or_usage()?;
    if let Some(admin_listen) = config.http.admin_listen {
        differ(config.http.listen, admin_listen).or_usage()?;
    }
    let validator = Validator::from_config(&config, Network::Offline, None).or_usage()?;
    let rules = ReplyRules::from_sources(&config.catalog.replies().or_usage()?).or_usage()?;
    Ok(EffectiveConfig { config, origins, validator, rules })
}

/// Every value under its table, each with its origin in a comment.
fn values(config: &Config, origins: &Origins) -> String {
    let mut text = String::new();
    let mut current = String::new();
    for (key, value) in config.values() {
        let (table, name) = key.rsplit_once('.').unwrap_or(("", &key));
        if value == "{}" {
            // A table without entries.
            continue;
        }
        if table != current {
            let gap = if text.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}[{table}]");
            table.clone_into(&mut current);
        }
        let _ = writeln!(text, "{name} = {}  # {}", shown(&value), visible(origins.of(&key)));
    }
    text
}

/// A value as TOML writes it, with invisible characters escaped.
fn shown(value: &str) -> Cow<'_, str> {
    if visible(value) == value {
        return Cow::Borrowed(value);
    }
    let read = format!("value = {value}").parse::<Table>();
    let read = read.ok().and_then(|mut table| table.remove("value"));
    read.map_or_else(|| visible(value), |value| Cow::Owned(escaped(&value)))
}

fn escaped(value: &Value) -> String {
    match value {
        Value::String(text) => {
            let mut escaped = String::from("\"");
            for c in text.chars() {
                match c {
                    '"' | '\\' => escaped.extend(['\\', c]),
                    c if visible(c.encode_utf8(&mut [0; 4])).chars().count() == 1 => {
                        escaped.push(c);
                    }
                    c => {
                        let _ = write!(escaped, "\\U{:08x}", u32::from(c));
                    }
                }
            }
            escaped.push('"');
            escaped
        }
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(escaped).collect();
            format!("[{}]", values.join(", "))
        }
        value => value.to_string(),
    }
}

fn lists(lists: &[ListInForce]) -> String {
    let mut text = String::from("\n# Lists in force, later ones over earlier ones:\n");
    let _ = writeln!(text, "# {:<17} {:>8}  {:<10}  source", "list", "entries", "date");
    for list in lists {
        text.push_str(&row(list.kind.code(), list.entries, list.date.as_deref(), &list.source));
    }
    text
}

fn replies(files: &[RuleFileInForce]) -> String {
    let rows =
        files.iter().map(|file| row("replies", file.rules, file.date.as_deref(), &file.source));
    rows.collect()
}

fn row(list: &str, entries: usize, date: Option<&str>, source: &str) -> String {
    let (date, source) = (visible(date.unwrap_or("-")), visible(source));
    format!("# {list:<17} {entries:>8}  {date:<10}  {source}\n")
}
