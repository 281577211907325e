//! `mailvet forget`: erases what is stored of addresses.

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

/// An address to forget.
struct ForgottenAddress {
    address: Address,
    /// The keys under which evidence of its mailbox may be stored.
    keys: Vec<Canonical>,
}

pub(super) async fn run(
    arguments: &ForgetArgs,
    settings: &Settings,
    config: &Config,
) -> Result<Exit, CliError> {
    let catalog = catalog(config).or_usage()?;
    // All are read before anything is erased.
    let read = |(index, text): (usize, &String)| ForgottenAddress::read(index, text, &catalog);
    let forgotten: anyhow::Result<Vec<_>> = (1..).zip(&arguments.addresses).map(read).collect();
    let forgotten = forgotten.or_usage()?;
    let answer = match settings.state_folder(config) {
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
    let answer = format!("{}\n", visible(&answer));
    written_to(anstream::stdout().lock(), |out| std::io::Write::write_all(out, answer.as_bytes()))?;
    Ok(Exit::Done)
}

fn catalog(config: &Config) -> anyhow::Result<Catalog> {
    Ok(Catalog::from_lists(&config.catalog.lists()?)?)
}

async fn erase(store: &Store, forgotten: &[ForgottenAddress]) -> Result<String, CliError> {
    let mut entries = 0;
    for ForgottenAddress { address, keys } in forgotten {
        let domain = match address.host() {
            Host::Domain(domain) => Some(domain),
            Host::Literal(_) => None,
        };
        entries += store.forget(keys, domain).await.or_failure()?;
    }
    Ok(match entries {
        0 => "nothing, for nothing was there".to_owned(),
        1 => "1 entry".to_owned(),
        _ => format!("{entries} entries"),
    })
}

impl ForgottenAddress {
    /// Reads an address. The error does not repeat it, because standard error may be logged.
    fn read(index: usize, text: &str, catalog: &Catalog) -> anyhow::Result<Self> {
        let pasted = Pasted::clean(text);
        let is_special_use = |label: &str| catalog.is_special_use(label);
        let address = Address::parse(pasted.text(), SingleLabels::AcceptedIf(&is_special_use))
            .with_context(|| format!("argument {index} is no address"))?;
        let known = match address.host() {
            Host::Domain(domain) => catalog.look_up(domain),
            Host::Literal(_) => Knowledge::default(),
        };
        // Also as it was stored while the provider was not listed yet.
        let [known, unknown] =
            [known, Knowledge::default()].map(|known| catalog.canonical(&address, &known));
        let at_domain = match address.host() {
            Host::Domain(domain) => Some(known.at(domain)),
            Host::Literal(_) => None,
        };
        let keys = [known, unknown].into_iter().chain(at_domain).collect();
        Ok(Self { address, keys })
    }
}
