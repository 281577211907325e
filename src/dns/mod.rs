//! Asking the DNS: the trait that the pipeline knows, and what stands behind it.
//!
//! [`hickory`] is the one place that knows the resolver crate. [`zone`] is a fake fed with zone text.

pub mod hickory;
mod metered;
pub mod zone;

pub use metered::Metered;

use std::net::IpAddr;

use futures_util::future::BoxFuture;

use crate::reach::ReachPolicy;
pub use crate::route::{Answered, ServerId};
use crate::route::{Failure, Family, HostName, Mx, Routed, Search};

/// Somebody who can be asked. Every question ends within a bound of the implementation's own, which begins
/// when the question is sent: how long it waits for that depends on how many others do.
pub trait Dns: Send + Sync + 'static {
    /// The MX records of a name, in any order.
    fn mx<'a>(&'a self, name: &'a HostName, of: Servers) -> BoxFuture<'a, Answered<Mx>>;

    /// The addresses of a name.
    fn addresses<'a>(
        &'a self,
        name: &'a HostName,
        family: Family,
        of: Servers,
    ) -> BoxFuture<'a, Answered<IpAddr>>;

    /// All servers, in use or not.
    fn servers(&self) -> Vec<ServerId>;

    /// Takes these servers into use and the others out of use. At the start all are in use; they also are
    /// where this names none, because a question needs a server.
    fn set_in_use(&self, servers: &[ServerId]);

    /// Whether [`Servers::Except`] this server leaves one to ask.
    fn has_other(&self, server: ServerId) -> bool;
}

/// Which servers may be asked a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Servers {
    /// Those in use; after a failure the next one.
    InUse,
    /// Those in use except this one, for a second opinion on what it said.
    Except(ServerId),
    /// This one, in use or not.
    Only(ServerId),
}

/// Finds where a domain's mail goes: asks what [`Search`] wants to know until it is done. The addresses of
/// names that may not be asked for stay unknown.
pub async fn find_route(
    dns: &dyn Dns,
    domain: HostName,
    policy: &ReachPolicy,
    may_ask: impl Fn(&HostName) -> bool,
) -> (Routed, Option<ServerId>) {
    let mut search = Search::start(domain, policy);
    let mut mx_by = None;
    loop {
        search = match search {
            Search::Done(routed) => return (routed, mx_by),
            Search::AskMx(ask) => {
                let answered = dns.mx(ask.name(), Servers::InUse).await;
                mx_by = answered.by;
                ask.answer(answered.result)
            }
            Search::AskAddresses(ask) => {
                let answer = if may_ask(ask.name()) {
                    dns.addresses(ask.name(), ask.family(), Servers::InUse).await.result
                } else {
                    Err(Failure::Refused)
                };
                ask.answer(answer)
            }
        };
    }
}
