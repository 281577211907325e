//! A request to probe a mailbox.

use std::collections::HashMap;
use std::sync::Arc;

use crate::address::{Address, Domain};
use crate::cache::LearnedRoute;
use crate::catalog::{Canonical, ProbeBehaviour};
use crate::route::{HostName, MailRoute};

/// A mailbox to probe, and what is known of its domain.
pub(in crate::validator) struct ProbeRequest {
    pub(in crate::validator) address: Address,
    /// The name that its evidence is kept under.
    pub(in crate::validator) mailbox: Canonical,
    pub(in crate::validator) domain: Domain,
    /// The id of the provider whose domain it is.
    pub(in crate::validator) provider: Option<Box<str>>,
    /// What replies of the provider's mail servers are known to be worth.
    pub(in crate::validator) behaviour: Option<ProbeBehaviour>,
    pub(in crate::validator) route: Arc<LearnedRoute>,
    /// The ids of the providers that run its mail servers, where they are known: the limits apply to them.
    pub(in crate::validator) operators: HashMap<HostName, Box<str>>,
}

impl ProbeRequest {
    /// The names of the mail servers.
    pub(super) fn hosts(&self) -> Vec<HostName> {
        match &self.route.route {
            MailRoute::Exchangers(exchangers) => {
                exchangers.hosts.iter().map(|exchanger| exchanger.host.clone()).collect()
            }
            MailRoute::Implicit(_) => HostName::new(self.domain.ascii()).into_iter().collect(),
            MailRoute::Null
            | MailRoute::NoService
            | MailRoute::NoDomain
            | MailRoute::NoTarget
            | MailRoute::Unusable
            | MailRoute::Unresolved(_) => Vec::new(),
        }
    }

    /// The names of the mail servers with the best preference.
    pub(super) fn first_hosts(&self) -> Vec<HostName> {
        let MailRoute::Exchangers(exchangers) = &self.route.route else { return self.hosts() };
        let best = exchangers.hosts.iter().map(|exchanger| exchanger.preference).min();
        let first = exchangers.hosts.iter().filter(|exchanger| Some(exchanger.preference) == best);
        first.map(|exchanger| exchanger.host.clone()).collect()
    }

    /// The id of the provider that runs this mail server.
    pub(super) fn operator(&self, host: &HostName) -> Option<&str> {
        self.operators.get(host).map(|id| &**id)
    }
}
