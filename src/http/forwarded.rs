//! Who asks, where proxies stand in between.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// What each proxy writes the address of its client behind.
const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// Who is behind a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// Whoever is at this address.
    Known(IpAddr),
    /// Somebody whom this trusted proxy names in a way that says nothing to us.
    Behind(IpAddr),
}

/// The client: the last address that no trusted proxy has, read from our side. What stands further out
/// anybody could have made up.
pub(super) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Client {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.contains(&ip));
    let mut client = peer.to_canonical();
    let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
    let hops = lines.flat_map(|line| line.to_str().unwrap_or(UNREADABLE).rsplit(','));
    for hop in hops.map(str::trim).filter(|hop| !hop.is_empty()) {
        if !is_trusted(client) {
            break;
        }
        match address(hop) {
            Some(hop) => client = hop,
            None => return Client::Behind(client),
        }
    }
    Client::Known(client)
}

/// Stands for a line that is no text: no address.
const UNREADABLE: &str = "?";

/// `192.0.2.1`, `2001:db8::1`, `[2001:db8::1]`, each also with a port.
fn address(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    hop.parse().ok().or_else(with_port).or_else(bracketed).map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn who_asks() {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "127.0.0.1/32".parse().unwrap()];
        // Peer, the headers, the client.
        let cases: [(&str, &[&str], &str); 18] = [
            ("192.0.2.1", &[], "192.0.2.1"),
            ("192.0.2.1", &["198.51.100.7"], "192.0.2.1"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("::ffff:127.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7"),
            ("127.0.0.1", &["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            ("127.0.0.1", &["203.0.113.9, 198.51.100.7, 10.1.1.1"], "198.51.100.7"),
            ("127.0.0.1", &["203.0.113.9", "198.51.100.7,10.1.1.1"], "198.51.100.7"),
            ("127.0.0.1", &["198.51.100.7:4711"], "198.51.100.7"),
            ("127.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("127.0.0.1", &["[2001:db8::1]"], "2001:db8::1"),
            ("127.0.0.1", &["198.51.100.7, unknown"], "behind 127.0.0.1"),
            ("127.0.0.1", &["198.51.100.7, unknown, 10.1.1.1"], "behind 10.1.1.1"),
            ("127.0.0.1", &["unknown, 198.51.100.7"], "198.51.100.7"),
            ("192.0.2.1", &["unknown"], "192.0.2.1"),
            ("127.0.0.1", &["198.51.100.7", "\u{fc}"], "behind 127.0.0.1"),
            ("127.0.0.1", &["198.51.100.7, , ", "", ","], "198.51.100.7"),
            ("127.0.0.1", &["10.1.1.1"], "10.1.1.1"),
        ];
        for (peer, lines, expected) in cases {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(X_FORWARDED_FOR, HeaderValue::from_bytes(line.as_bytes()).unwrap());
            }
            let client = match client(peer.parse().unwrap(), &headers, &trusted) {
                Client::Known(ip) => ip.to_string(),
                Client::Behind(proxy) => format!("behind {proxy}"),
            };
            assert_eq!(client, expected, "{peer} {lines:?}");
        }
    }
}
