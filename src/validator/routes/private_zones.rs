//! Domains that only the operator may ask about, with all names below them (`[dns] private_zones`).

use std::sync::Arc;

use super::rate_limit::Client;
use crate::address::{Domain, and_parents};
use crate::route::HostName;

/// The private zones. Clones share them.
#[derive(Clone)]
pub(super) struct PrivateZones(Arc<[Domain]>);

impl PrivateZones {
    pub(super) fn new(zones: Vec<Domain>) -> Self {
        Self(zones.into())
    }

    pub(super) fn contain(&self, name: &HostName) -> bool {
        and_parents(name.as_str()).any(|name| self.0.iter().any(|zone| zone.ascii() == name))
    }

    /// Whether this client may ask about the name.
    pub(super) fn open_to(&self, client: Client, name: &HostName) -> bool {
        client == Client::Operator || !self.contain(name)
    }
}
