//! The texts that a catalog is built from: ours, and the operator's over them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::list::{ListKind, Source};

/// The sources of each list, in the order in which they are read; later ones correct earlier ones.
#[derive(Clone)]
pub struct Lists<'a> {
    sources: BTreeMap<ListKind, Vec<Source<'a>>>,
}

/// The lists compiled in.
const BUILTIN: [(ListKind, &str, &str); 10] = [
    (ListKind::Providers, "data/providers.tsv", include_str!("../../data/providers.tsv")),
    (ListKind::LocalParts, "data/local_parts.tsv", include_str!("../../data/local_parts.tsv")),
    (
        ListKind::ProviderDomains,
        "data/provider_domains.tsv",
        include_str!("../../data/provider_domains.tsv"),
    ),
    (ListKind::Disposable, "data/disposable.txt", include_str!("../../data/disposable.txt")),
    (ListKind::Relays, "data/relays.tsv", include_str!("../../data/relays.tsv")),
    (ListKind::Free, "data/free.txt", include_str!("../../data/free.txt")),
    (ListKind::Real, "data/real.txt", include_str!("../../data/real.txt")),
    (ListKind::Roles, "data/roles.txt", include_str!("../../data/roles.txt")),
    (ListKind::SpecialUse, "data/special_use.tsv", include_str!("../../data/special_use.tsv")),
    (ListKind::Probing, "data/probing.tsv", include_str!("../../data/probing.tsv")),
];

impl<'a> Lists<'a> {
    /// The lists compiled in.
    pub fn builtin() -> Self {
        let source = |(kind, name, text)| {
            let source = Source { name: Cow::Borrowed(name), text: Cow::Borrowed(text) };
            (kind, vec![source])
        };
        let sources = BTreeMap::from(BUILTIN.map(source));
        Self { sources }
    }

    /// Adds to a list.
    pub fn extend(&mut self, kind: ListKind, source: Source<'a>) {
        self.sources.entry(kind).or_default().push(source);
    }

    /// Empties a list.
    pub fn clear(&mut self, kind: ListKind) {
        self.sources.remove(&kind);
    }

    /// The sources of one list.
    pub fn of(&self, kind: ListKind) -> &[Source<'a>] {
        self.sources.get(&kind).map_or(&[], Vec::as_slice)
    }
}
