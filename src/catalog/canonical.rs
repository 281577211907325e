//! The canonical form of an address: the key under which one person is found twice.

use super::{Catalog, Knowledge, Provider};
use crate::address::{Address, Domain, Host, Quoting};

/// The version of the rules by which keys are made. Change it with the rules: what is stored under keys of
/// other rules cannot be found or erased any more.
pub const CANONICAL_RULES: i64 = 2;

/// The key of a mailbox, and the tag that its owner put after the name.
#[derive(Clone, PartialEq, Eq)]
pub struct Canonical {
    /// A key to compare, never an address to send to.
    pub key: String,
    /// What followed the provider's tag character, such as `shop` in `joe+shop@gmail.com`.
    pub tag: Option<String>,
}

impl Canonical {
    /// The same mailbox name at this very domain. A provider's domains need not share their mailboxes: some
    /// people have theirs at one of them alone.
    #[must_use]
    pub fn at(&self, domain: &Domain) -> Self {
        let name = self.key.rsplit_once('@').map_or(self.key.as_str(), |(name, _)| name);
        Self { key: format!("{name}@{}", domain.ascii()), tag: self.tag.clone() }
    }
}

impl Catalog {
    /// Folds what the address's provider ignores: case, tags, dots and the like, other names of the same
    /// domain, and the subdomain of a single mailbox (`shop@joe.fastmail.com` is `joe@fastmail.com`).
    /// Where the provider is unknown only case is folded: no server in use distinguishes `Joe` from `joe`
    /// (RFC 5321 §2.4 allows and discourages it).
    pub fn canonical(&self, address: &Address, known: &Knowledge<'_>) -> Canonical {
        let local = address.local();
        let domain = match address.host() {
            Host::Domain(domain) => {
                known.canonical_domain.unwrap_or_else(|| domain.ascii()).to_owned()
            }
            Host::Literal(literal) => literal.to_string(),
        };
        if local.quoting() == Quoting::Quoted && local.as_str().starts_with('"') {
            // No provider is known to fold tags or dots inside quotes.
            let key = format!("{}@{domain}", folded(local.as_str()));
            return Canonical { key, tag: None };
        }
        let folded = folded(local.as_str());
        let below = |parent: &str| domain.strip_suffix(parent)?.strip_suffix('.');
        if let Some(parent) = known.mailbox_domain
            && let Some(name) = below(parent.domain)
        {
            let key = format!("{}@{}", without_tag(parent.provider, name).0, parent.canonical);
            return Canonical { key, tag: Some(folded) };
        }
        let Some(provider) = known.provider else {
            return Canonical { key: format!("{folded}@{domain}"), tag: None };
        };
        let (name, tag) = without_tag(provider, &folded);
        Canonical { key: format!("{name}@{domain}"), tag }
    }
}

/// A lower-case local part in its provider's form, and the tag after it.
fn without_tag(provider: &Provider, local: &str) -> (String, Option<String>) {
    let tag_at = local.char_indices().skip(1).find(|(_, c)| provider.tag.contains(*c));
    let (name, tag) = match tag_at {
        Some((at, c)) => (&local[..at], Some(local[at + c.len_utf8()..].to_owned())),
        None => (local, None),
    };
    (provider.local_parts.folded(name), tag)
}

/// The text in lower case. The two small forms of sigma count as one.
fn folded(text: &str) -> String {
    let lower = text.to_lowercase();
    if lower.contains('ς') { lower.replace('ς', "σ") } else { lower }
}
