//! Asking the DNS: the trait that the pipeline knows, and what stands behind it.
//!
//! [`hickory`] is the one place that knows the resolver crate. [`zone`] is a fake fed with zone text.

mod find;
mod hedge;
pub mod hickory;
mod metered;
mod system;
pub mod zone;

pub use find::{can_be_asked_again, find_route, second_opinion, without_opinion};
pub use metered::MeteredDns;
pub use system::ResolvConf;

use std::net::IpAddr;

use futures_util::future::BoxFuture;

pub use crate::route::{Answered, ServerId};
use crate::route::{Family, HostName, Mx};

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

    /// Whether a question would wait for others to end before it is sent.
    fn is_full(&self) -> bool;
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
