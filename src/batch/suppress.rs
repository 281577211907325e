//! Who is not to be written to: lists of addresses and domains, such as of people who have unsubscribed.

use std::collections::HashSet;

use super::list::{List, ListError, Reading, Source};
use crate::address::{Address, Domain, Host};
use crate::catalog::Canonical;
use crate::roster::{Reader, Seen};
use crate::validator::{Manner, Validator};

/// Everybody who is not to be written to.
// No `Debug`: they are people.
#[derive(Default)]
pub struct Suppressed {
    people: Seen,
    domains: HashSet<Box<str>>,
}

impl Suppressed {
    /// Adds everybody in a list. An entry without an `@`, or with nothing before it, is a domain. Tells how
    /// many entries are neither.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn add(&mut self, source: Source, validator: &Validator) -> Result<u64, ListError> {
        let mut list = List::open(source, &Reading::default())?;
        let plan = list.plan().clone();
        let mut reader = Reader::new(list.text()?, &plan)?;
        let mut useless = 0;
        while let Some(row) = reader.read_row()? {
            for text in row.addresses() {
                useless += u64::from(!self.add_entry(text, validator));
            }
        }
        Ok(useless)
    }

    fn add_entry(&mut self, text: &str, validator: &Validator) -> bool {
        if let Some((_, canonical)) = validator.canonical(text, Manner::Lenient) {
            // Which row it was does not matter.
            self.people.first(&canonical.key, 0);
            return true;
        }
        let domain = text.trim();
        let domain = domain.strip_prefix('@').unwrap_or(domain);
        match Domain::parse(domain) {
            Ok(domain) => {
                self.domains.insert(domain.ascii().into());
                true
            }
            Err(_) => false,
        }
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.people.count() == 0 && self.domains.is_empty()
    }

    /// Whether somebody is among them, in any spelling of their address.
    pub(super) fn has(&self, address: &Address, canonical: &Canonical) -> bool {
        let is_at_domain = match address.host() {
            Host::Domain(domain) => self.domains.contains(domain.ascii()),
            Host::Literal(_) => false,
        };
        is_at_domain || self.people.contains(&canonical.key)
    }
}
