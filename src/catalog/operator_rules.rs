//! The operator's lists of addresses, domains and mail servers to allow or deny, whatever the other lists say.

use std::borrow::Cow;
use std::collections::HashMap;

use super::list::{ListError, ListProblem, ListRow, SourceText};
use super::{Canonical, OperatorDecision};
use crate::address::{Address, Domain, Host, SingleLabels, and_parents};

/// The operator's decisions.
///
/// An entry with `@` is an address, in every spelling of the same mailbox; with a tag in it, that tag alone.
/// Any other entry is a domain with all below it, and the mail server of that very name. `mx:` before a
/// name restricts it to mail servers, that name and all below it.
#[derive(Default)]
pub(super) struct OperatorRules {
    /// By [`key`].
    addresses: HashMap<Box<str>, OperatorDecision>,
    domains: HashMap<Box<str>, OperatorDecision>,
    mail_servers: HashMap<Box<str>, OperatorDecision>,
}

impl OperatorRules {
    /// Reads a list and returns the number of its entries. Denials are read last: they win where both lists
    /// have the same entry.
    pub(super) fn read(
        &mut self,
        source: &SourceText<'_>,
        decision: OperatorDecision,
        canonical: impl Fn(&Address) -> Canonical,
    ) -> Result<usize, ListError> {
        let mut entries = 0;
        for row in source.rows() {
            let text = row.first();
            let (rules, key) = if let Some(name) = text.strip_prefix("mx:") {
                (&mut self.mail_servers, row.domain(name.trim())?)
            } else if text.contains('@') {
                (&mut self.addresses, key(&canonical(&address(&row, text)?)).into())
            } else {
                (&mut self.domains, row.domain(text)?)
            };
            // Such lists are often exports: the same entry twice does no harm.
            rules.insert(key, decision);
            entries += 1;
        }
        Ok(entries)
    }

    /// The decision on an address, as far as its mail servers need not be known.
    pub(super) fn of_address(
        &self,
        address: &Address,
        canonical: &Canonical,
    ) -> Option<OperatorDecision> {
        if self.addresses.is_empty() && self.domains.is_empty() {
            return None;
        }
        let by_address = || {
            let with_tag = self.addresses.get(&*key(canonical));
            with_tag.or_else(|| self.addresses.get(canonical.key.as_str())).copied()
        };
        let by_domain = || match address.host() {
            Host::Domain(domain) => self.of_domain(domain),
            Host::Literal(_) => None,
        };
        by_address().or_else(by_domain)
    }

    /// The nearest entry decides: that of `mail.example.org` before that of `example.org`.
    fn of_domain(&self, domain: &Domain) -> Option<OperatorDecision> {
        domain.and_parents().find_map(|name| self.domains.get(name)).copied()
    }

    /// The decision on a domain's mail servers; a denied one decides over an allowed one.
    pub(super) fn of_mail_servers<'h>(
        &self,
        hosts: impl Iterator<Item = &'h str>,
    ) -> Option<OperatorDecision> {
        if self.mail_servers.is_empty() && self.domains.is_empty() {
            return None;
        }
        let decision = |host| {
            let itself = self.domains.get(host).max(self.mail_servers.get(host));
            let above = || and_parents(host).skip(1).find_map(|name| self.mail_servers.get(name));
            itself.or_else(above).copied()
        };
        hosts.filter_map(decision).max()
    }
}

fn address(row: &ListRow<'_>, text: &str) -> Result<Address, ListError> {
    Address::parse(text, SingleLabels::AcceptedIf(&|_| true))
        .map_err(|error| row.error(ListProblem::Address(error.code)))
}

/// The key of an address: its mailbox, then its tag if it has one. No domain contains the blank between.
fn key(canonical: &Canonical) -> Cow<'_, str> {
    match &canonical.tag {
        None => Cow::Borrowed(&canonical.key),
        Some(tag) => Cow::Owned(format!("{} {tag}", canonical.key)),
    }
}
