//! The lists in force, and what follows from them.

use crate::address::Domain;
use crate::catalog::Catalog;
use crate::typo::Suggester;

/// A catalog, and the suggester that suggests its domains. They change together.
pub struct ActiveLists {
    pub(super) catalog: Catalog,
    pub(super) suggester: Suggester,
}

impl ActiveLists {
    /// What follows from a catalog.
    pub fn new(catalog: Catalog) -> Self {
        Self::with_own_domains(catalog, &[])
    }

    /// What follows from a catalog and the domains of the operator's own.
    pub fn with_own_domains(catalog: Catalog, own: &[Domain]) -> Self {
        Self { suggester: Suggester::with_own(catalog.provider_domains(), own), catalog }
    }
}
