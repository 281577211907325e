//! The cases, and what is suggested for them.

use std::sync::LazyLock;

use mailvet::address::Domain;
use mailvet::catalog::Catalog;
use mailvet::typo::{Locale, Suggester};

pub(crate) static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::builtin);
pub(crate) static SUGGESTER: LazyLock<Suggester> =
    LazyLock::new(|| Suggester::new(CATALOG.provider_domains()));

/// From here on something is suggested, unless it is configured otherwise.
pub(crate) const SUGGEST_AT: f64 = 0.5;

/// A domain typed wrong.
pub(crate) struct Typo<'a> {
    pub(crate) kind: &'a str,
    pub(crate) typed: &'a str,
    pub(crate) meant: &'a str,
}

fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

/// The typos written down.
pub(crate) fn typos() -> Vec<Typo<'static>> {
    rows(include_str!("../../vectors/typos.tsv"))
        .map(|row| match row[..] {
            [kind, typed, meant] => Typo { kind, typed, meant },
            _ => panic!("{row:?}"),
        })
        .collect()
}

/// The domains that have an owner, each with what it is near to.
pub(crate) fn real_domains() -> Vec<(&'static str, &'static str)> {
    rows(include_str!("../../vectors/real_domains.tsv"))
        .map(|row| match row[..] {
            [near, domain] => (near, domain),
            _ => panic!("{row:?}"),
        })
        .collect()
}

/// What is suggested for a domain as long as nobody is asked, and how sure that is.
pub(crate) fn suggested(typed: &str, locale: Option<&str>) -> Option<(String, f64)> {
    let locale = locale.map(|tag| tag.parse::<Locale>().unwrap());
    let domain = Domain::parse(typed).unwrap();
    if CATALOG.look_up(&domain).is_known_real() {
        return None;
    }
    let meant = SUGGESTER.suggest(&domain, locale.as_ref())?;
    Some((meant.domain.into_string(), meant.confidence.probability()))
}
