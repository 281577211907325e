//! `mailvet config`: the configuration in force, where each value comes from, and the lists.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::Context;

use super::exit::{Exit, OrStop, Stopped};
use super::settings::Settings;
use super::written_to;
use crate::catalog::ListInForce;
use crate::config::{Config, Origins};
use crate::validator::{Connection, Validator};

/// Prints a configuration that could be saved and used as it is.
pub(super) fn run(settings: &Settings) -> Result<Exit, Stopped> {
    let (config, origins) = settings.read().or_usage()?;
    let validator = Validator::from_config(&config, Connection::Offline).or_usage()?;
    let mut text = values(&config, &origins);
    text.push_str(&lists(&validator.lists_in_force()));
    written_to(anstream::stdout().lock(), |out| out.write_all(text.as_bytes()))
        .context("cannot write")
        .or_failure()?;
    Ok(Exit::Done)
}

/// Every value under its table, with its origin behind it.
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
        let _ = writeln!(text, "{name} = {value}  # {}", origins.of(&key));
    }
    text
}

fn lists(lists: &[ListInForce]) -> String {
    let mut text = String::from("\n# Lists in force, later ones over earlier ones:\n");
    let _ = writeln!(text, "# {:<17} {:>8}  {:<10}  source", "list", "entries", "date");
    for list in lists {
        let (kind, date) = (list.kind.code(), list.date.as_deref().unwrap_or("-"));
        let _ = writeln!(text, "# {kind:<17} {:>8}  {date:<10}  {}", list.entries, list.source);
    }
    text
}
