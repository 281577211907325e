//! `mailvet forget`: erases what is kept of addresses.

use std::sync::Arc;

use anyhow::Context;
use clap::{Args, ValueHint};

use super::exit::{CliError, Exit, ExitContext};
use super::settings::Settings;
use super::written_to;
use crate::address::{Address, Host, Pasted, SingleLabels};
use crate::catalog::{Canonical, Catalog, Knowledge};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::report::visible;
use crate::store::Store;

const EXAMPLES: &str = "Examples:
  mailvet forget joe@example.org
  mailvet forget --config mailvet.toml joe@example.org sue@example.net";

/// The arguments of `mailvet forget`.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct ForgetArgs {
    /// The addresses
    #[arg(required = true, value_name = "ADDRESS", value_hint = ValueHint::Other)]
    addresses: Vec<String>,
}

/// Somebody to forget.
struct Forgotten {
    address: Address,
    names: Vec<Canonical>,
}

pub(super) async fn run(
    arguments: &ForgetArgs,
    settings: &Settings,
    config: &Config,
) -> Result<Exit, CliError> {
    let catalog = catalog(config).or_usage()?;
    // All of them, before anything is erased.
    let read = |(index, text): (usize, &String)| Forgotten::read(index, text, &catalog);
    let forgotten: anyhow::Result<Vec<_>> = (1..).zip(&arguments.addresses).map(read).collect();
    let forgotten = forgotten.or_usage()?;
    let told = match settings.state_folder(config) {
        None => "Nothing is kept: there is no folder for it (`state.dir`).".to_owned(),
        Some(folder) => {
            let store = Store::open_existing(&folder, config.state.max_mib, Arc::new(SystemClock));
            match store.or_failure()? {
                None => format!("Nothing is kept: there is no store in {}.", folder.display()),
                Some(store) => {
                    let erased = erase(&store, &forgotten).await?;
                    format!("Erased from the store in {}: {erased}.", folder.display())
                }
            }
        }
    };
    let told = format!("{}\n", visible(&told));
    written_to(anstream::stdout().lock(), |out| std::io::Write::write_all(out, told.as_bytes()))
        .context("cannot write")
        .or_failure()?;
    Ok(Exit::Done)
}

fn catalog(config: &Config) -> anyhow::Result<Catalog> {
    Ok(Catalog::from_lists(&config.catalog.lists()?)?)
}

async fn erase(store: &Store, forgotten: &[Forgotten]) -> Result<String, CliError> {
    let mut entries = 0;
    for Forgotten { address, names } in forgotten {
        let domain = match address.host() {
            Host::Domain(domain) => Some(domain),
            Host::Literal(_) => None,
        };
        entries += store.forget(names, domain).await.or_failure()?;
    }
    Ok(match entries {
        0 => "nothing, for nothing was there".to_owned(),
        1 => "1 entry".to_owned(),
        _ => format!("{entries} entries"),
    })
}

impl Forgotten {
    /// Reads an address. The error does not repeat it: standard error may be kept by somebody.
    fn read(index: usize, text: &str, catalog: &Catalog) -> anyhow::Result<Self> {
        let pasted = Pasted::clean(text);
        let is_special_use = |label: &str| catalog.is_special_use(label);
        let address = Address::parse(pasted.text(), SingleLabels::AcceptedIf(&is_special_use))
            .with_context(|| format!("argument {index} is no address"))?;
        let known = match address.host() {
            Host::Domain(domain) => catalog.look_up(domain),
            Host::Literal(_) => Knowledge::default(),
        };
        // Also as somebody would have kept it who did not know the provider yet.
        let names = [known, Knowledge::default()].map(|known| catalog.canonical(&address, &known));
        let mut names = Vec::from(names);
        if let Host::Domain(domain) = address.host() {
            names.push(names[0].at(domain));
        }
        Ok(Self { address, names })
    }
}
