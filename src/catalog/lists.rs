//! The texts that a catalog is built from: the lists compiled in, and the operator's over them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::list::{ListKind, SourceText};

/// The sources of each list, in the order in which they are read; later ones correct earlier ones.
#[derive(Clone)]
pub struct Lists<'a> {
    sources: BTreeMap<ListKind, Vec<SourceText<'a>>>,
}

macro_rules! compiled_in {
    ($($kind:ident $file:literal,)*) => {
        [$((ListKind::$kind, $file, include_str!(concat!("../../", $file)))),*]
    };
}

const BUILTIN: [(ListKind, &str, &str); 10] = compiled_in! {
    Providers "data/providers.tsv",
    LocalParts "data/local_parts.tsv",
    ProviderDomains "data/provider_domains.tsv",
    Disposable "data/disposable.txt",
    Relays "data/relays.tsv",
    Free "data/free.txt",
    Real "data/real.txt",
    Roles "data/roles.txt",
    SpecialUse "data/special_use.tsv",
    Probing "data/probing.tsv",
};

impl<'a> Lists<'a> {
    /// The lists compiled in.
    pub fn builtin() -> Self {
        let sources = BUILTIN.map(|(kind, name, text)| {
            (kind, vec![SourceText { name: Cow::Borrowed(name), text: Cow::Borrowed(text) }])
        });
        Self { sources: BTreeMap::from(sources) }
    }

    /// Adds a source to a list.
    pub fn extend(&mut self, kind: ListKind, source: SourceText<'a>) {
        self.sources.entry(kind).or_default().push(source);
    }

    /// Empties a list.
    pub fn clear(&mut self, kind: ListKind) {
        self.sources.remove(&kind);
    }

    /// The sources of one list.
    pub fn of(&self, kind: ListKind) -> &[SourceText<'a>] {
        self.sources.get(&kind).map_or(&[], Vec::as_slice)
    }
}
