//! The proxy through which mail servers are contacted.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use percent_encoding::percent_decode_str;

use super::Secret;
use crate::address::Domain;

/// The port of SOCKS (RFC 1928 §3).
const SOCKS_PORT: u16 = 1080;
/// Of a name or a password (RFC 1929 §2).
const MAX_LOGIN_OCTETS: usize = 255;

/// A SOCKS5 proxy: `socks5://user:secret@host:port`; login and port are optional. The secret is never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    pub host: ProxyHost,
    pub port: u16,
    pub login: Option<ProxyLogin>,
}

/// Where a proxy is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyHost {
    Ip(IpAddr),
    /// Resolved by the system.
    Name(Domain),
}

/// A name and a password (RFC 1929).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyLogin {
    pub user: Box<str>,
    pub password: Secret,
}

/// A text that is no proxy. The message does not repeat the text, which may have a secret in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a proxy, such as socks5://192.0.2.1:1080 or socks5://user:secret@proxy.example.org:1080"
)]
pub struct ProxyError;

impl FromStr for Proxy {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let rest = text.strip_prefix("socks5://").ok_or(ProxyError)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        // At the last @: a password may have one in it, a host may not.
        let (login, place) = match rest.rsplit_once('@') {
            Some((login, place)) => (Some(login.parse()?), place),
            None => (None, rest),
        };
        let (host, port) = host_and_port(place)?;
        Ok(Self { host, port, login })
    }
}

fn host_and_port(place: &str) -> Result<(ProxyHost, u16), ProxyError> {
    if let Ok(socket) = place.parse::<SocketAddr>() {
        return Ok((ProxyHost::Ip(socket.ip()), socket.port()));
    }
    let bare = place.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(place);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok((ProxyHost::Ip(ip), SOCKS_PORT));
    }
    let (name, port) = match place.split_once(':') {
        Some((name, port)) => (name, port.parse().map_err(|_| ProxyError)?),
        None => (place, SOCKS_PORT),
    };
    let name = Domain::parse_name(name).map_err(|_| ProxyError)?;
    Ok((ProxyHost::Name(name), port))
}

impl FromStr for ProxyLogin {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let (user, password) = text.split_once(':').ok_or(ProxyError)?;
        let decoded = |part: &str| {
            let part = percent_decode_str(part).decode_utf8().map_err(|_| ProxyError)?;
            let fits = (1..=MAX_LOGIN_OCTETS).contains(&part.len());
            fits.then(|| Box::from(&*part)).ok_or(ProxyError)
        };
        Ok(Self { user: decoded(user)?, password: Secret::new(decoded(password)?) })
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("socks5://")?;
        if let Some(ProxyLogin { user, password }) = &self.login {
            write!(f, "{user}:{password}@")?;
        }
        match &self.host {
            ProxyHost::Ip(ip) => write!(f, "{}", SocketAddr::new(*ip, self.port)),
            ProxyHost::Name(name) => write!(f, "{}:{}", name.ascii(), self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies() {
        // As configured, as shown, the login.
        let cases = [
            ("socks5://192.0.2.1:9050", "socks5://192.0.2.1:9050", None),
            ("socks5://192.0.2.1", "socks5://192.0.2.1:1080", None),
            ("socks5://[2001:db8::1]:1", "socks5://[2001:db8::1]:1", None),
            ("socks5://[2001:db8::1]", "socks5://[2001:db8::1]:1080", None),
            ("socks5://tor", "socks5://tor:1080", None),
            ("socks5://Proxy.Example.org:8/", "socks5://proxy.example.org:8", None),
            ("socks5://joe:pa:ss@tor:1", "socks5://joe:***@tor:1", Some(("joe", "pa:ss"))),
            ("socks5://j%40e:p@ss%2F@tor:1", "socks5://j@e:***@tor:1", Some(("j@e", "p@ss/"))),
        ];
        for (text, shown, login) in cases {
            let proxy: Proxy = text.parse().unwrap();
            assert_eq!(proxy.to_string(), shown, "{text}");
            let read = proxy.login.as_ref().map(|login| (&*login.user, login.password.reveal()));
            assert_eq!(read, login, "{text}");
            let secret = login.map_or("no secret", |(_, password)| password);
            assert!(!format!("{proxy:?}{proxy}").contains(secret), "{text}");
        }
    }

    #[test]
    fn what_is_no_proxy() {
        for text in [
            "tor:1080",
            "http://tor",
            "socks5://",
            "socks5://@tor",
            "socks5://joe@tor",
            "socks5://joe:@tor",
            "socks5://tor:99999",
            "socks5://tor:1080/path",
            "socks5://joe:%ff@tor",
        ] {
            assert_eq!(text.parse::<Proxy>(), Err(ProxyError), "{text}");
        }
    }
}
