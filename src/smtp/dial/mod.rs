//! Connections to mail servers, and to nothing else.
//!
//! An address record can point anywhere. A [`DialGuard`] checks each IP address after resolution and turns it into a
//! [`Target`]; a [`Dialer`] dials targets only, so that no unchecked address can be dialled.

mod connector;
mod guard;
mod socks;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

pub use connector::{Egress, SourceAddress};
#[cfg(feature = "testing")]
pub use guard::SMTP_PORT;
pub use guard::{DialGuard, MAX_ADDRESSES, Target};
pub use socks::Socks5;

/// A stream of bytes in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection of any kind.
pub type Connection = Box<dyn Stream>;

/// Opens connections. The caller bounds the time. Every connection to a mail server goes through here.
pub trait Dialer: Send + Sync + 'static {
    fn dial(&self, target: Target) -> BoxFuture<'_, Result<Connection, DialError>>;
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum DialError {
    /// None of the addresses may be dialled, or there is none.
    #[error("no address that may be contacted")]
    NoTarget,
    /// Connection refused.
    #[error("connection refused")]
    Refused,
    /// No route to the address.
    #[error("no route to the server")]
    NoRoute,
    /// No answer in time, as where port 25 is blocked on the way.
    #[error("no connection in time")]
    TimedOut,
    /// The configured source address is not one of this machine's.
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
