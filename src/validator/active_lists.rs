//! The lists in force, and the suggester made from them.

use crate::address::Domain;
use crate::catalog::Catalog;
use crate::typo::Suggester;

/// A catalog, and the suggester that suggests its domains. They are replaced together.
pub struct ActiveLists {
    pub(super) catalog: Catalog,
    pub(super) suggester: Suggester,
}

impl ActiveLists {
    #[cfg(feature = "testing")]
    pub fn new(catalog: Catalog) -> Self {
        Self::with_own_domains(catalog, &[])
    }

    /// With the operator's own domains, which are suggested too.
    pub fn with_own_domains(catalog: Catalog, own: &[Domain]) -> Self {
        Self { suggester: Suggester::with_own(catalog.provider_domains(), own), catalog }
    }
}
