//! Dialling through a SOCKS5 proxy (RFC 1928, RFC 1929).

use std::fmt;

use tokio::net::TcpStream;
use tokio_socks::Error;
use tokio_socks::tcp::Socks5Stream;

use super::{Connection, DialError, Target};

/// A SOCKS5 proxy. It gets IP addresses only, so that names are resolved and checked here.
#[derive(Clone, PartialEq, Eq)]
pub struct Socks5 {
    /// Its address or name, and the port.
    proxy: (Box<str>, u16),
    login: Option<Login>,
}

#[derive(Clone, PartialEq, Eq)]
struct Login {
    user: Box<str>,
    password: Box<str>,
}

/// Hides the password.
impl fmt::Debug for Socks5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socks5").field("proxy", &self.proxy).finish_non_exhaustive()
    }
}

impl Socks5 {
    /// `host` is an IP address or a name that the system can resolve.
    pub fn new(host: &str, port: u16, login: Option<(&str, &str)>) -> Self {
        let login =
            login.map(|(user, password)| Login { user: user.into(), password: password.into() });
        Self { proxy: (host.into(), port), login }
    }

    pub(super) async fn dial(&self, target: Target) -> Result<Connection, DialError> {
        let (host, port) = &self.proxy;
        let to_proxy = TcpStream::connect((&**host, *port)).await;
        let to_proxy = to_proxy.map_err(|_| DialError::ProxyFailed)?;
        let address = target.address();
        let connected = match &self.login {
            None => Socks5Stream::connect_with_socket(to_proxy, address).await,
            Some(Login { user, password }) => {
                Socks5Stream::connect_with_password_and_socket(to_proxy, address, user, password)
                    .await
            }
        };
        connected.map(|stream| Box::new(stream) as Connection).map_err(|error| refusal(&error))
    }
}

/// The proxy's error, if it is about the server.
fn refusal(error: &Error) -> DialError {
    match error {
        Error::ConnectionRefused => DialError::Refused,
        Error::HostUnreachable | Error::NetworkUnreachable => DialError::NoRoute,
        Error::TtlExpired => DialError::TimedOut,
        _ => DialError::ProxyFailed,
    }
}
