//! The DNS: the trait [`Dns`] that the pipeline uses, and its implementations.
//!
//! ```text
//! find_route ──► RouteResolver (route/search.rs: which question next)
//!     │
//!     └─► Dns = MeteredDns ──► HickoryDns ──► hedge (tries) ──► Server (one packet) ──► hickory
//! ```
//!
//! [`hickory`] is the only file that knows the resolver crate. `zone` is a fake that tests feed with zone text.
//!
//! # What happens when the DNS does not answer
//!
//! With the defaults of `[dns]`, for one question:
//!
//! | time | what happens |
//! |---|---|
//! | 0 | the question waits for a permit (256 at the same time), then is sent to the server that answered last |
//! | every 300 ms (`repeat_ms`) | it is sent again, to the next server; the latest 3 tries are still listened for |
//! | a failure (SERVFAIL, REFUSED) | the next server is asked at once; one server may fail twice |
//! | 2.4 s | the ninth and last try (`tries`) is sent |
//! | 3.4 s (`timeout_ms` after the last try) | the answer is [`Failure::Timeout`](crate::route::Failure) |
//!
//! The look-up of a domain is several questions, one after the other. It ends after 15 s (`lookup_timeout_ms`) with
//! [`MailRoute::Unresolved`](crate::route::MailRoute), which is kept for 5 s. A timeout never becomes "no such
//! domain".
//!
//! The caller does not wait that long. When its budget (1.5 s by default, less 20 ms) is over it gets, in this order:
//! a stale route (already after 1 s, RFC 8767); the first server's answer, where only the second opinion is missing;
//! `dns_timeout`, where the DNS has left a question unanswered for `timeout_ms` and no other questions were in the
//! way; else `time_budget_spent`. The look-up goes on, and its result serves the next request.
//!
//! In a list run (`validator::list_mode`) a row waits until the look-up ends. The failure is noted in the journal, the
//! row is `unknown`, and `--resume` does not ask again. A resolver that is silent when its canaries are tested ends the
//! run (`Halt::Silent`); what was noted since the last test that it passed is forgotten, and `--resume` asks about it
//! again.

mod find;
mod hedge;
pub mod hickory;
mod metered;
mod system;
#[cfg(any(test, feature = "testing"))]
pub mod zone;

pub use find::{can_be_asked_again, find_route, second_opinion, without_opinion};
pub use metered::MeteredDns;
pub use system::ResolvConf;

use std::net::IpAddr;

use futures_util::future::BoxFuture;

pub use crate::route::{Answered, ServerId};
use crate::route::{Family, HostName, Mx};

/// A resolver. Every question ends within a bound of the implementation's own. The bound begins when the question
/// is sent; how long it waits before that depends on how many others do.
pub trait Dns: Send + Sync + 'static {
    /// The MX records of a name, in any order.
    fn mx<'a>(&'a self, name: &'a HostName, of: Servers) -> BoxFuture<'a, Answered<Mx>>;

    fn addresses<'a>(
        &'a self,
        name: &'a HostName,
        family: Family,
        of: Servers,
    ) -> BoxFuture<'a, Answered<IpAddr>>;

    /// All servers, in use or not.
    fn servers(&self) -> Vec<ServerId>;

    /// Takes these servers into use and all others out of use. At the start all are in use, and also when this
    /// names none: a question needs a server.
    fn set_in_use(&self, servers: &[ServerId]);

    /// Whether [`Servers::Except`] this server leaves a server to ask.
    fn has_other(&self, server: ServerId) -> bool;

    /// Whether a question would wait for others to end before it is sent.
    fn is_full(&self) -> bool;
}

/// Which servers may be asked a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Servers {
    /// Those in use; after a failure the next one.
    InUse,
    /// Those in use except this one, for a second opinion on its answer.
    Except(ServerId),
    /// This one, in use or not.
    Only(ServerId),
}
