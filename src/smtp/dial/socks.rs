//! The way by a SOCKS5 proxy (RFC 1928, RFC 1929).

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use tokio::net::TcpStream;
use tokio_socks::Error;
use tokio_socks::tcp::Socks5Stream;

use super::{Connection, DialError, Target};

/// A SOCKS5 proxy. It is told IP addresses only: what is looked up and what may be contacted is ours to
/// decide.
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

/// A text that names no SOCKS5 proxy. It never repeats the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Socks5Error {
    /// The scheme is missing, or another one.
    #[error("a proxy begins with socks5://, such as socks5://192.0.2.1:1080")]
    Scheme,
    /// What follows is no IP address with a port.
    #[error("a proxy is an IP address with a port, such as 192.0.2.1:1080 or [2001:db8::1]:1080")]
    Address,
    /// The name or the password is missing, or too long.
    #[error(
        "a proxy's user and password have 1 to 255 bytes each: socks5://user:password@192.0.2.1:1080"
    )]
    Login,
}

impl FromStr for Socks5 {
    type Err = Socks5Error;

    /// Reads `socks5://192.0.2.1:1080` or `socks5://user:password@192.0.2.1:1080`, both taken as they
    /// stand: a password may hold any character.
    fn from_str(text: &str) -> Result<Self, Socks5Error> {
        let rest = text.strip_prefix("socks5://").ok_or(Socks5Error::Scheme)?;
        let (login, proxy) = match rest.rsplit_once('@') {
            Some((login, proxy)) => (Some(login.parse()?), proxy),
            None => (None, rest),
        };
        let proxy: SocketAddr =
            proxy.trim_end_matches('/').parse().map_err(|_| Socks5Error::Address)?;
        Ok(Self { proxy: (proxy.ip().to_string().into(), proxy.port()), login })
    }
}

impl FromStr for Login {
    type Err = Socks5Error;

    fn from_str(text: &str) -> Result<Self, Socks5Error> {
        let (user, password) = text.split_once(':').ok_or(Socks5Error::Login)?;
        if [user, password].iter().all(|part| (1..=255).contains(&part.len())) {
            Ok(Self { user: user.into(), password: password.into() })
        } else {
            Err(Socks5Error::Login)
        }
    }
}

/// Hides the password.
impl fmt::Debug for Socks5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socks5").field("proxy", &self.proxy).finish_non_exhaustive()
    }
}

impl Socks5 {
    /// The proxy at an IP address or under a name that the system knows, with a login where it wants one.
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

/// What the proxy says of the server, if it is of the server that it speaks.
fn refusal(error: &Error) -> DialError {
    match error {
        Error::ConnectionRefused => DialError::Refused,
        Error::HostUnreachable | Error::NetworkUnreachable => DialError::NoRoute,
        Error::TtlExpired => DialError::TimedOut,
        _ => DialError::ProxyFailed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies() {
        let long = format!("socks5://{}:p@192.0.2.1:1080", "u".repeat(256));
        let cases = [
            ("socks5://192.0.2.1:1080", Ok(("192.0.2.1:1080", ""))),
            ("socks5://192.0.2.1:1080/", Ok(("192.0.2.1:1080", ""))),
            ("socks5://[2001:db8::1]:1080", Ok(("[2001:db8::1]:1080", ""))),
            ("socks5://joe:secret@192.0.2.1:1080", Ok(("192.0.2.1:1080", "joe/secret"))),
            ("socks5://joe:a:b@c@192.0.2.1:1080", Ok(("192.0.2.1:1080", "joe/a:b@c"))),
            ("192.0.2.1:1080", Err(Socks5Error::Scheme)),
            ("http://192.0.2.1:1080", Err(Socks5Error::Scheme)),
            ("socks5://192.0.2.1", Err(Socks5Error::Address)),
            ("socks5://proxy.test:1080", Err(Socks5Error::Address)),
            ("socks5://joe@192.0.2.1:1080", Err(Socks5Error::Login)),
            ("socks5://:secret@192.0.2.1:1080", Err(Socks5Error::Login)),
            ("socks5://joe:@192.0.2.1:1080", Err(Socks5Error::Login)),
            (&long, Err(Socks5Error::Login)),
        ];
        for (text, expected) in cases {
            let read = text.parse::<Socks5>().map(|socks| {
                let login =
                    socks.login.as_ref().map(|login| format!("{}/{}", login.user, login.password));
                assert!(!format!("{socks:?}").contains("secret"), "{text}");
                (format!("{}:{}", socks.proxy.0, socks.proxy.1), login.unwrap_or_default())
            });
            let expected = expected.map(|(proxy, login)| (proxy.to_owned(), login.to_owned()));
            assert_eq!(read, expected, "{text}");
        }
    }
}
