//! The lists in force, and what follows from them.

use crate::catalog::Catalog;
use crate::typo::Speller;

/// A catalog, and the speller that suggests its domains. They change together.
pub struct InForce {
    pub(super) catalog: Catalog,
    pub(super) speller: Speller,
}

impl InForce {
    /// What follows from a catalog.
    pub fn new(catalog: Catalog) -> Self {
        Self { speller: Speller::new(catalog.provider_domains()), catalog }
    }
}
