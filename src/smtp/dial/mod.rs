//! Connections to mail servers, and to nothing else.
//!
//! An address record can point anywhere. A [`Guard`] turns the addresses of a host into [`Target`]s, after
//! the name was resolved and for the very address that is dialled then; a [`Dialer`] takes nothing else,
//! so that no way leads around it.

mod connector;
mod guard;
mod socks;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

pub use connector::{Egress, SourceAddress};
pub use guard::{Guard, MAX_ADDRESSES, SMTP_PORT, Target};
pub use socks::Socks5;

/// What bytes go through, both ways.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection, whatever it is made of.
pub type Connection = Box<dyn Stream>;

/// Somebody who makes connections. The time that it may take is bounded by whoever asks.
///
/// Every connection to a mail server is asked for here, the second one after a failed encryption too:
/// whoever counts or spaces them stands in between.
pub trait Dialer: Send + Sync + 'static {
    /// Connects to this very address.
    fn dial(&self, target: Target) -> BoxFuture<'_, Result<Connection, DialError>>;
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum DialError {
    /// None of the addresses may be contacted, or there is none.
    #[error("no address that may be contacted")]
    NoTarget,
    /// Nobody listens there.
    #[error("connection refused")]
    Refused,
    /// No way leads there.
    #[error("no route to the server")]
    NoRoute,
    /// Nobody answered in time, as where port 25 is blocked on the way.
    #[error("no connection in time")]
    TimedOut,
    /// The source address that the operator named is not one of this machine's.
    #[error("the source address cannot be used")]
    BadSource,
    /// The proxy could not be used.
    #[error("the proxy failed")]
    ProxyFailed,
    /// Something else, such as too many open files.
    #[error("the connection failed")]
    Failed,
}

impl DialError {
    /// A short name for metrics and logs.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoTarget => "no_target",
            Self::Refused => "refused",
            Self::NoRoute => "no_route",
            Self::TimedOut => "timed_out",
            Self::BadSource => "bad_source",
            Self::ProxyFailed => "proxy_failed",
            Self::Failed => "failed",
        }
    }
}
