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
use crate::route::{Answer, Failure, Family, HostName, Mx, Routed, Search};

/// Somebody who can be asked. Every question ends within a bound of the implementation's own, which begins
/// when the question is sent: how long it waits for that depends on how many others do.
pub trait Dns: Send + Sync + 'static {
    /// The MX records of a name, in any order.
    fn mx<'a>(&'a self, name: &'a HostName) -> BoxFuture<'a, MxAnswer>;

    /// The addresses of a name.
    fn addresses<'a>(
        &'a self,
        name: &'a HostName,
        family: Family,
    ) -> BoxFuture<'a, Result<Answer<IpAddr>, Failure>>;

    /// The MX records of a name once more, from another server than the one that answered; none where
    /// there is no other.
    fn second_opinion<'a>(&'a self, name: &'a HostName) -> BoxFuture<'a, Option<MxAnswer>>;
}

/// What comes of asking for MX records.
pub type MxAnswer = Result<Answer<Mx>, Failure>;

/// Finds where a domain's mail goes: asks what [`Search`] wants to know until it is done. The addresses of
/// names that may not be asked for stay unknown.
pub async fn find_route(
    dns: &dyn Dns,
    domain: HostName,
    policy: &ReachPolicy,
    may_ask: impl Fn(&HostName) -> bool,
) -> Routed {
    let mut search = Search::start(domain, policy);
    loop {
        search = match search {
            Search::Done(routed) => return routed,
            Search::AskMx(ask) => {
                let answer = dns.mx(ask.name()).await;
                ask.answer(answer)
            }
            Search::AskAddresses(ask) => {
                let answer = if may_ask(ask.name()) {
                    dns.addresses(ask.name(), ask.family()).await
                } else {
                    Err(Failure::Refused)
                };
                ask.answer(answer)
            }
        };
    }
}
