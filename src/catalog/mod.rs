//! What the lists know of a domain or a local part, without asking anybody.
//!
//! ```text
//! data/*.tsv, *.txt ─ Lists::builtin ─┐
//! operator's files  ─ Lists::extend  ─┴─> Catalog::from_lists ─> look_up(&Domain) -> Knowledge
//! ```
//!
//! A [`Catalog`] is built once, at start and on reload. One look-up then answers everything about a domain:
//! its [`Provider`], whether it is disposable, a relay, free, known to be real, or reserved.
//!
//! To add a provider: a row in `data/providers.tsv` (id, name, MX organisations, tag characters, kind), one in
//! `data/provider_domains.tsv` for each of its domains, and, where the provider documents it, one in
//! `data/local_parts.tsv`. If its servers are known to answer probes truthfully, or uselessly, add a row to
//! `data/probing.tsv`. `cargo test --test it data::` checks the files against each other.
//!
//! To add a list: a file under `data/`, a [`ListKind`], its line in `lists.rs`, and its match arm in
//! [`Catalog::from_lists`].

mod canonical;
mod list;
mod lists;
mod operator_rules;
mod probe_behaviour;
mod provider;

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;

use crate::address::{Address, Domain, Host, LocalPart, Quoting, and_parents};

pub use canonical::{CANONICAL_RULES, Canonical};
use list::ListEntries;
pub use list::{ListError, ListKind, ListProblem, SourceText};
pub use lists::Lists;
use operator_rules::OperatorRules;
pub use probe_behaviour::ProbeBehaviour;
use probe_behaviour::ProbeBehaviours;
pub use provider::{LocalPartRules, Popularity, Provider, ProviderKind, Subdomains};

/// What the operator's own list says. The stricter decision is the greater one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OperatorDecision {
    Allowed,
    Denied,
}

/// One source of a list that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListInForce {
    pub kind: ListKind,
    /// Its file's name.
    pub source: String,
    /// Its date, where a comment in it gives one.
    pub date: Option<String>,
    pub entries: usize,
}

/// Everything the lists say, indexed by domain.
pub struct Catalog {
    providers: Vec<Provider>,
    domains: HashMap<Box<str>, DomainEntry>,
    /// Indices of providers by the names below which their mail servers are found.
    mail_servers: HashMap<Box<str>, usize>,
    roles: HashSet<Box<str>>,
    allow_reserved: HashSet<Box<str>>,
    probe_behaviours: ProbeBehaviours,
    operator_rules: OperatorRules,
    in_force: Vec<ListInForce>,
}

/// What the lists say of one name.
#[derive(Debug, Default)]
struct DomainEntry {
    provider: Option<ProviderDomain>,
    disposable: Option<SourceNumber>,
    relay: Option<SourceNumber>,
    free: Option<SourceNumber>,
    real: Option<SourceNumber>,
    special_use: Option<SourceNumber>,
}

/// The last source that lists a name, counted from 1 over all lists. A source that lists it twice has an error.
type SourceNumber = NonZeroU32;

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
    /// The domain above it, where that makes it the domain of a single mailbox.
    mailbox_domain: Option<MailboxParent<'a>>,
    /// Its mailboxes, or those of a domain above it, are throw-away ones.
    pub disposable: bool,
    /// It, or a domain above it, forwards to people who keep their own address private.
    pub relay: bool,
    /// Its mailboxes are free for anybody.
    pub free: bool,
    /// See [`Knowledge::is_known_real`].
    real: bool,
    /// It is a special-use name, or below one, that the operator has not allowed.
    pub reserved: bool,
}

/// A provider's domain below which each name is a mailbox.
#[derive(Clone, Copy, Debug)]
struct MailboxParent<'a> {
    provider: &'a Provider,
    domain: &'a str,
    /// The domain under which the provider keeps the same mailboxes.
    canonical: &'a str,
}

impl Knowledge<'_> {
    /// Whether the domain is known to be meant as it is typed, so that it is never corrected: a provider's, a
    /// relay's, one of free mailboxes, or a listed real domain or below one. A disposable domain is never known
    /// to be real: some exist to receive the mistyped mail of others.
    pub fn is_known_real(&self) -> bool {
        self.real
    }
}

impl Catalog {
    /// The catalog of the lists compiled in.
    ///
    /// # Panics
    /// Never: a test reads the same lists.
    #[cfg(feature = "testing")]
    pub fn builtin() -> Self {
        Self::from_lists(&Lists::builtin()).expect("a test reads the same lists")
    }

    /// Builds a catalog.
    ///
    /// # Errors
    /// The first line that cannot be used.
    pub fn from_lists(lists: &Lists<'_>) -> Result<Self, ListError> {
        let mut catalog = Self {
            providers: Vec::new(),
            domains: HashMap::new(),
            mail_servers: HashMap::new(),
            roles: HashSet::new(),
            allow_reserved: HashSet::new(),
            probe_behaviours: ProbeBehaviours::default(),
            operator_rules: OperatorRules::default(),
            in_force: Vec::new(),
        };
        let mut ids = HashMap::new();
        for kind in ListKind::ALL {
            for source in lists.of(kind) {
                let entries = match kind {
                    ListKind::Providers => catalog.read_providers(source, &mut ids)?,
                    ListKind::LocalParts => catalog.read_local_parts(source, &ids)?,
                    ListKind::ProviderDomains => catalog.read_provider_domains(source, &ids)?,
                    ListKind::Disposable => {
                        catalog.read_marks(source, |entry| &mut entry.disposable)?
                    }
                    ListKind::Relays => catalog.read_marks(source, |entry| &mut entry.relay)?,
                    ListKind::Free => catalog.read_marks(source, |entry| &mut entry.free)?,
                    ListKind::Real => catalog.read_marks(source, |entry| &mut entry.real)?,
                    ListKind::SpecialUse => {
                        catalog.read_marks(source, |entry| &mut entry.special_use)?
                    }
                    ListKind::Roles => catalog.read_roles(source)?,
                    ListKind::Probing => catalog.probe_behaviours.read(source)?,
                    ListKind::Allow => catalog.read_rules(source, OperatorDecision::Allowed)?,
                    ListKind::Deny => catalog.read_rules(source, OperatorDecision::Denied)?,
                };
                catalog.in_force.push(ListInForce {
                    kind,
                    source: source.name.clone().into_owned(),
                    date: source.date().map(str::to_owned),
                    entries,
                });
            }
        }
        for (at, provider) in catalog.providers.iter().enumerate() {
            for name in &provider.mx {
                // Where several providers share one operator, the first stands for all.
                catalog.mail_servers.entry(name.clone()).or_insert(at);
            }
        }
        Ok(catalog)
    }

    /// The lists that the catalog was built from.
    pub fn in_force(&self) -> &[ListInForce] {
        &self.in_force
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
        let mut allowed = false;
        let mut listed_real = false;
        for (labels_up, name) in domain.and_parents().enumerate() {
            allowed |= self.allow_reserved.contains(name);
            let Some(entry) = self.domains.get(name) else { continue };
            if !known.disposable && !known.relay {
                // The nearest entry decides: a relay may be below a disposable domain.
                known.relay = entry.relay.is_some();
                known.disposable = entry.disposable.is_some() && !known.relay;
            }
            known.reserved |= entry.special_use.is_some();
            listed_real |= entry.real.is_some();
            if labels_up == 1 {
                known.mailbox_domain = self.mailbox_domain(name);
            }
            if labels_up > 0 {
                // What follows does not hold for names below.
                continue;
            }
            known.free = entry.free.is_some();
            if let Some(of) = &entry.provider {
                let provider = &self.providers[of.provider];
                known.provider = Some(provider);
                known.canonical_domain = of.canonical.as_deref();
                known.free |= provider.kind == ProviderKind::Free;
            }
        }
        known.reserved &= !allowed;
        let takes_real_mail = known.provider.is_some() || known.relay || known.free;
        known.real = takes_real_mail || (!known.disposable && listed_real);
        known
    }

    /// This domain, if each name directly below it is a mailbox.
    fn mailbox_domain(&self, name: &str) -> Option<MailboxParent<'_>> {
        let (domain, entry) = self.domains.get_key_value(name)?;
        let of = entry.provider.as_ref()?;
        let provider = &self.providers[of.provider];
        let canonical = of.canonical.as_deref().unwrap_or(domain);
        let are_mailboxes = provider.local_parts.subdomains == Subdomains::Mailboxes;
        are_mailboxes.then_some(MailboxParent { provider, domain, canonical })
    }

    /// Whether a name is a special-use name by itself, so that it may stand without a dot
    /// (`localhost`). Takes a lower-case A-label.
    pub fn is_special_use(&self, name: &str) -> bool {
        self.domains.get(name).is_some_and(|entry| entry.special_use.is_some())
    }

    /// Whether a mailbox of this name belongs to a function rather than to a person (RFC 2142). A tag after it
    /// changes nothing.
    pub fn is_role(&self, local: &LocalPart) -> bool {
        if local.quoting() == Quoting::Quoted {
            return false;
        }
        let name = local.as_str().split('+').next().unwrap_or_default();
        self.roles.contains(name) || self.roles.contains(name.to_lowercase().as_str())
    }

    /// The operator's decision on an address, as far as its mail servers need not be known. An entry for the
    /// address decides before one for its domain.
    pub fn decision_on_address(
        &self,
        address: &Address,
        canonical: &Canonical,
    ) -> Option<OperatorDecision> {
        self.operator_rules.of_address(address, canonical)
    }

    /// The operator's decision on mail servers, which counts where there is none on the address.
    pub fn decision_on_mail_servers<'h>(
        &self,
        hosts: impl Iterator<Item = &'h str>,
    ) -> Option<OperatorDecision> {
        self.operator_rules.of_mail_servers(hosts)
    }

    /// How these mail servers answer a probe of a domain of this provider, where that is known.
    pub fn probe_behaviour<'h>(
        &self,
        provider: Option<&Provider>,
        mail_servers: impl Iterator<Item = &'h str>,
    ) -> Option<ProbeBehaviour> {
        self.probe_behaviours.of(provider, mail_servers)
    }

    /// The listed provider that runs a mail server of this name.
    pub fn operator_of(&self, mail_server: &str) -> Option<&Provider> {
        let at = and_parents(mail_server).find_map(|name| self.mail_servers.get(name))?;
        self.providers.get(*at)
    }

    pub fn providers(&self) -> impl Iterator<Item = &Provider> {
        self.providers.iter()
    }

    /// How popular the domain of a listed provider is. Takes a lower-case A-label name.
    pub fn popularity(&self, name: &str) -> Option<Popularity> {
        Some(self.domains.get(name)?.provider.as_ref()?.popularity)
    }

    /// The domains of listed providers.
    pub fn provider_domains(&self) -> impl Iterator<Item = (&str, Popularity)> {
        self.domains
            .iter()
            .filter_map(|(name, entry)| Some((&**name, entry.provider.as_ref()?.popularity)))
    }

    fn read_providers(
        &mut self,
        source: &SourceText<'_>,
        ids: &mut HashMap<Box<str>, usize>,
    ) -> Result<usize, ListError> {
        let mut entries = ListEntries::default();
        for row in source.rows() {
            let provider = Provider::parse(&row)?;
            entries.add(&row, &provider.id)?;
            match ids.get(&provider.id) {
                Some(index) => self.providers[*index] = provider,
                None => {
                    ids.insert(provider.id.clone(), self.providers.len());
                    self.providers.push(provider);
                }
            }
        }
        Ok(entries.count())
    }

    fn read_local_parts(
        &mut self,
        source: &SourceText<'_>,
        ids: &HashMap<Box<str>, usize>,
    ) -> Result<usize, ListError> {
        let mut entries = ListEntries::default();
        for row in source.rows() {
            let [id, ignored, taken_for, subdomains, _source] = row.columns()?;
            let provider = *ids.get(id).ok_or_else(|| row.error(ListProblem::UnknownProvider))?;
            entries.add(&row, id)?;
            let rules = LocalPartRules::parse(&row, [ignored, taken_for, subdomains])?;
            self.providers[provider].local_parts = rules;
        }
        Ok(entries.count())
    }

    fn read_provider_domains(
        &mut self,
        source: &SourceText<'_>,
        ids: &HashMap<Box<str>, usize>,
    ) -> Result<usize, ListError> {
        let mut entries = ListEntries::default();
        for row in source.rows() {
            let [domain, id, popularity, canonical] = row.columns()?;
            let provider = *ids.get(id).ok_or_else(|| row.error(ListProblem::UnknownProvider))?;
            let canonical = match canonical {
                "-" => None,
                canonical => Some(row.domain(canonical)?),
            };
            let popularity = Popularity::parse(&row, popularity)?;
            let domain = row.domain(domain)?;
            entries.add(&row, &domain)?;
            let of = ProviderDomain { provider, popularity, canonical };
            self.domains.entry(domain).or_default().provider = Some(of);
        }
        Ok(entries.count())
    }

    fn read_roles(&mut self, source: &SourceText<'_>) -> Result<usize, ListError> {
        let mut entries = ListEntries::default();
        for row in source.rows() {
            let role = row.local_part(row.first())?.as_str().to_lowercase();
            entries.add(&row, &role)?;
            self.roles.insert(role.into());
        }
        Ok(entries.count())
    }

    fn read_rules(
        &mut self,
        source: &SourceText<'_>,
        decision: OperatorDecision,
    ) -> Result<usize, ListError> {
        // Taken out meanwhile, because the canonical form borrows the lists read before.
        let mut rules = std::mem::take(&mut self.operator_rules);
        let entries = rules.read(source, decision, |address| {
            let known = match address.host() {
                Host::Domain(domain) => self.look_up(domain),
                Host::Literal(_) => Knowledge::default(),
            };
            self.canonical(address, &known)
        });
        self.operator_rules = rules;
        entries
    }

    /// Sets one mark on each domain of a list.
    fn read_marks(
        &mut self,
        source: &SourceText<'_>,
        mark: impl Fn(&mut DomainEntry) -> &mut Option<SourceNumber>,
    ) -> Result<usize, ListError> {
        let number = u32::try_from(self.in_force.len()).unwrap_or(u32::MAX);
        let number = SourceNumber::MIN.saturating_add(number);
        let mut entries = 0;
        for row in source.rows() {
            let entry = self.domains.entry(row.domain(row.first())?).or_default();
            if mark(entry).replace(number) == Some(number) {
                return Err(row.error(ListProblem::Duplicate));
            }
            entries += 1;
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests;
