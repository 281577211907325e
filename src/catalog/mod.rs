//! What is known of a domain or a local part without asking anybody.
//!
//! The knowledge stands in the lists under `data/`, which are compiled in. A [`Catalog`] is built
//! from them once; after that one look-up answers everything about a domain.

mod canonical;
mod list;
mod provider;

use std::collections::{HashMap, HashSet};

use crate::address::{Domain, LocalPart, Quoting, and_parents};

pub use canonical::Canonical;
pub use list::{ListError, ListProblem, Source};
pub use provider::{Dots, Kind, Popularity, Provider};

/// The texts that a catalog is built from.
#[derive(Clone, Copy, Debug)]
pub struct Lists<'a> {
    /// Mailbox providers: id, name, MX organisations, tag characters, dots, kind.
    pub providers: Source<'a>,
    /// Their domains: domain, provider id, popularity, canonical domain or `-`.
    pub provider_domains: Source<'a>,
    /// Domains of mailboxes made to be thrown away, one a line.
    pub disposable: Source<'a>,
    /// Domains of forwarding services: domain, service.
    pub relays: Source<'a>,
    /// Further domains of free mailboxes, one a line.
    pub free: Source<'a>,
    /// Local parts of functions rather than people, one a line.
    pub roles: Source<'a>,
    /// Special-use domain names: name, source.
    pub special_use: Source<'a>,
}

impl Lists<'static> {
    /// The lists compiled in.
    pub const BUILTIN: Self = Self {
        providers: Source {
            name: "data/providers.tsv",
            text: include_str!("../../data/providers.tsv"),
        },
        provider_domains: Source {
            name: "data/provider_domains.tsv",
            text: include_str!("../../data/provider_domains.tsv"),
        },
        disposable: Source {
            name: "data/disposable.txt",
            text: include_str!("../../data/disposable.txt"),
        },
        relays: Source { name: "data/relays.tsv", text: include_str!("../../data/relays.tsv") },
        free: Source { name: "data/free.txt", text: include_str!("../../data/free.txt") },
        roles: Source { name: "data/roles.txt", text: include_str!("../../data/roles.txt") },
        special_use: Source {
            name: "data/special_use.tsv",
            text: include_str!("../../data/special_use.tsv"),
        },
    };
}

/// Everything the lists say, indexed by domain.
#[derive(Debug)]
pub struct Catalog {
    providers: Vec<Provider>,
    domains: HashMap<Box<str>, Entry>,
    roles: HashSet<Box<str>>,
    allow_reserved: HashSet<Box<str>>,
}

/// What the lists say of one name.
#[derive(Debug, Default)]
struct Entry {
    provider: Option<ProviderDomain>,
    disposable: bool,
    relay: bool,
    free: bool,
    special_use: bool,
}

#[derive(Debug)]
struct ProviderDomain {
    provider: usize,
    popularity: Popularity,
    canonical: Option<Box<str>>,
}

/// What is known of one domain.
#[derive(Clone, Copy, Debug, Default)]
pub struct Knowledge<'a> {
    /// The provider whose domain it is.
    pub provider: Option<&'a Provider>,
    /// The domain under which the provider keeps the same mailboxes.
    canonical_domain: Option<&'a str>,
    /// Its mailboxes, or those of a domain above it, are made to be thrown away.
    pub disposable: bool,
    /// It, or a domain above it, forwards to people who keep their own address private.
    pub relay: bool,
    /// Its mailboxes are free for anybody.
    pub free: bool,
    /// It is a special-use name, or below one, that the operator has not allowed.
    pub reserved: bool,
}

impl Knowledge<'_> {
    /// Whether the domain is known to be meant as it is typed, so that it is never corrected.
    /// Disposable domains are not: some live off the slips of others.
    pub fn is_known_real(&self) -> bool {
        self.provider.is_some() || self.relay || self.free
    }
}

impl Catalog {
    /// The catalog of the lists compiled in.
    ///
    /// # Panics
    /// Never: the test `builtin_lists_are_sound` reads the same lists.
    pub fn builtin() -> Self {
        Self::from_lists(&Lists::BUILTIN).expect("a test reads the same lists")
    }

    /// Builds a catalog.
    ///
    /// # Errors
    /// The first line that cannot be used.
    pub fn from_lists(lists: &Lists<'_>) -> Result<Self, ListError> {
        let mut catalog = Self {
            providers: Vec::new(),
            domains: HashMap::new(),
            roles: HashSet::new(),
            allow_reserved: HashSet::new(),
        };
        catalog.read_providers(lists.providers, lists.provider_domains)?;
        catalog.mark(lists.disposable, |[domain]| domain, |entry| &mut entry.disposable)?;
        catalog.mark(lists.relays, |[domain, _service]| domain, |entry| &mut entry.relay)?;
        catalog.mark(lists.free, |[domain]| domain, |entry| &mut entry.free)?;
        catalog.mark(lists.special_use, |[name, _source]| name, |entry| &mut entry.special_use)?;
        for row in lists.roles.rows() {
            let [role] = row.columns()?;
            if !catalog.roles.insert(role.into()) {
                return Err(row.error(ListProblem::Duplicate));
            }
        }
        Ok(catalog)
    }

    /// The same catalog with special-use names that are mail domains here, such as `test` in a lab;
    /// the names below them are allowed as well.
    #[must_use]
    pub fn allowing_reserved<'a>(mut self, names: impl IntoIterator<Item = &'a Domain>) -> Self {
        self.allow_reserved.extend(names.into_iter().map(|name| Box::from(name.ascii())));
        self
    }

    /// Everything known of a domain.
    pub fn look_up(&self, domain: &Domain) -> Knowledge<'_> {
        let mut known = Knowledge::default();
        if let Some(entry) = self.domains.get(domain.ascii()) {
            known.free = entry.free;
            if let Some(of) = &entry.provider {
                let provider = &self.providers[of.provider];
                known.provider = Some(provider);
                known.canonical_domain = of.canonical.as_deref();
                known.free |= provider.kind == Kind::Free;
            }
        }
        let mut allowed = false;
        for name in domain.and_parents() {
            allowed |= self.allow_reserved.contains(name);
            if let Some(entry) = self.domains.get(name) {
                known.disposable |= entry.disposable;
                known.relay |= entry.relay;
                known.reserved |= entry.special_use;
            }
        }
        known.reserved &= !allowed;
        known
    }

    /// Whether a name is a special-use name by itself, so that it may stand without a dot
    /// (`localhost`). Takes a lower-case A-label.
    pub fn is_special_use(&self, name: &str) -> bool {
        self.domains.get(name).is_some_and(|entry| entry.special_use)
    }

    /// Whether a mailbox of this name belongs to a function rather than to a person (RFC 2142).
    /// A tag behind it changes nothing.
    pub fn is_role(&self, local: &LocalPart) -> bool {
        if local.quoting() == Quoting::Quoted {
            return false;
        }
        let name = local.as_str().split('+').next().unwrap_or_default();
        self.roles.contains(name) || self.roles.contains(name.to_lowercase().as_str())
    }

    /// The domains of listed providers, for who looks for the one that was meant.
    pub fn provider_domains(&self) -> impl Iterator<Item = (&str, Popularity)> {
        self.domains
            .iter()
            .filter_map(|(name, entry)| Some((&**name, entry.provider.as_ref()?.popularity)))
    }

    fn read_providers(
        &mut self,
        providers: Source<'_>,
        domains: Source<'_>,
    ) -> Result<(), ListError> {
        let mut by_id = HashMap::new();
        for row in providers.rows() {
            let provider = Provider::parse(&row)?;
            if by_id.insert(provider.id.clone(), self.providers.len()).is_some() {
                return Err(row.error(ListProblem::Duplicate));
            }
            self.providers.push(provider);
        }
        for row in domains.rows() {
            let [domain, id, popularity, canonical] = row.columns()?;
            let provider = *by_id.get(id).ok_or_else(|| row.error(ListProblem::UnknownProvider))?;
            let canonical = match canonical {
                "-" => None,
                canonical => Some(row.domain(canonical)?.into()),
            };
            let popularity = Popularity::parse(&row, popularity)?;
            let entry = self.entry(row.domain(domain)?);
            let of = ProviderDomain { provider, popularity, canonical };
            if entry.provider.replace(of).is_some() {
                return Err(row.error(ListProblem::Duplicate));
            }
        }
        Ok(())
    }

    /// Sets one mark on each domain of a list.
    fn mark<const N: usize>(
        &mut self,
        source: Source<'_>,
        key: impl for<'r> Fn([&'r str; N]) -> &'r str,
        mark: impl Fn(&mut Entry) -> &mut bool,
    ) -> Result<(), ListError> {
        for row in source.rows() {
            let name = row.domain(key(row.columns()?))?;
            if std::mem::replace(mark(self.entry(name)), true) {
                return Err(row.error(ListProblem::Duplicate));
            }
        }
        Ok(())
    }

    fn entry(&mut self, name: &str) -> &mut Entry {
        self.domains.entry(name.into()).or_default()
    }
}

/// Whether `name` is `parent` or below it.
pub fn is_at_or_below(name: &str, parent: &str) -> bool {
    and_parents(name).any(|name| name == parent)
}

#[cfg(test)]
mod tests;
