//! Finds the client of a request that may have passed proxies.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::config::ClientHeader;

/// The headers that proxies add to requests.
const FORWARDING: [&str; 4] = ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"];

/// The client of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ForwardedClient<'a> {
    /// The client at this address.
    Known(IpAddr),
    /// A client of this trusted proxy, which does not name it, or not by an IP address.
    Behind(IpAddr),
    /// A client at or behind this address, which is no trusted proxy but sends this header of proxies.
    Unconfirmed(IpAddr, &'a str),
}

/// The trusted proxies, and the header in which they name the client.
pub(super) struct Proxies {
    trusted: Vec<IpNet>,
    client: HeaderName,
    /// The headers of proxies, with their names as usually written.
    forwarding: Vec<(HeaderName, Box<str>)>,
}

/// The name of the client header is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`http.client_header` is no header name")]
pub struct InvalidClientHeader;

impl Proxies {
    pub(super) fn new(
        trusted: Vec<IpNet>,
        client: &ClientHeader,
    ) -> Result<Self, InvalidClientHeader> {
        let name = |name: &str| {
            let parsed =
                HeaderName::from_bytes(name.as_bytes()).map_err(|_| InvalidClientHeader)?;
            Ok((parsed, Box::from(name)))
        };
        let (client, _) = name(client.as_str())?;
        let is_another =
            FORWARDING.iter().all(|known| !client.as_str().eq_ignore_ascii_case(known));
        let further = is_another.then_some(client.as_str());
        let forwarding =
            FORWARDING.into_iter().chain(further).map(name).collect::<Result<_, _>>()?;
        Ok(Self { trusted, client, forwarding })
    }

    /// The client: the last address in the header that is no trusted proxy's. Those before it could be made
    /// up.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> ForwardedClient<'_> {
        let peer = peer.to_canonical();
        let mut forwarding = self.forwarding.iter();
        let Some((_, forwarded_by)) = forwarding.find(|(name, _)| headers.contains_key(name))
        else {
            return ForwardedClient::Known(peer);
        };
        if !self.trusts(peer) {
            return ForwardedClient::Unconfirmed(peer, forwarded_by);
        }
        let lines = headers.get_all(&self.client).iter().rev();
        let hops = lines.flat_map(|line| line.to_str().unwrap_or(UNREADABLE).rsplit(','));
        let mut client = ForwardedClient::Behind(peer);
        for hop in hops.map(str::trim).filter(|hop| !hop.is_empty()) {
            match (client, address(hop)) {
                (ForwardedClient::Known(ip), _) if !self.trusts(ip) => break,
                (_, Some(hop)) => client = ForwardedClient::Known(hop),
                (ForwardedClient::Known(ip), None) => return ForwardedClient::Behind(ip),
                (ForwardedClient::Behind(_) | ForwardedClient::Unconfirmed(..), None) => break,
            }
        }
        client
    }

    fn trusts(&self, ip: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&ip))
    }
}

/// Replaces a header line that is no text. It is no address.
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

    fn client(client_header: &str, peer: &str, lines: &[(&str, &str)]) -> String {
        let trusted = vec!["10.0.0.0/8".parse().unwrap(), "127.0.0.1/32".parse().unwrap()];
        let proxies = Proxies::new(trusted, &client_header.parse().unwrap()).unwrap();
        let mut headers = HeaderMap::new();
        for (name, line) in lines {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        match proxies.client(peer.parse().unwrap(), &headers) {
            ForwardedClient::Known(ip) => ip.to_string(),
            ForwardedClient::Behind(proxy) => format!("behind {proxy}"),
            ForwardedClient::Unconfirmed(ip, header) => format!("unconfirmed {ip} {header}"),
        }
    }

    #[test]
    fn who_asks() {
        // Peer, the headers, the client.
        let cases: [(&str, &[&str], &str); 18] = [
            ("192.0.2.1", &[], "192.0.2.1"),
            ("192.0.2.1", &["198.51.100.7"], "unconfirmed 192.0.2.1 X-Forwarded-For"),
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
            ("192.0.2.1", &["unknown"], "unconfirmed 192.0.2.1 X-Forwarded-For"),
            ("127.0.0.1", &["198.51.100.7", "\u{fc}"], "behind 127.0.0.1"),
            ("127.0.0.1", &["198.51.100.7, , ", "", ","], "198.51.100.7"),
            ("127.0.0.1", &["10.1.1.1"], "10.1.1.1"),
        ];
        for (peer, lines, expected) in cases {
            let lines: Vec<_> = lines.iter().map(|line| ("X-Forwarded-For", *line)).collect();
            assert_eq!(client("X-Forwarded-For", peer, &lines), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn one_header_names_the_client() {
        let (for_it, real) = (("X-Forwarded-For", "198.51.100.7"), ("X-Real-IP", "203.0.113.9"));
        let (standard, via) = (("Forwarded", "for=198.51.100.7"), ("Via", "1.1 proxy"));
        let custom = ("CF-Connecting-IP", "198.51.100.7");
        type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str);
        // The header that names the client, the peer, the headers, the client.
        let cases: [Case<'_>; 12] = [
            ("X-Forwarded-For", "127.0.0.1", &[for_it, real, standard, via], "198.51.100.7"),
            ("x-real-ip", "127.0.0.1", &[for_it, real], "203.0.113.9"),
            ("CF-Connecting-IP", "127.0.0.1", &[custom, real], "198.51.100.7"),
            // It forwards, and does not say for whom.
            ("X-Forwarded-For", "127.0.0.1", &[real], "behind 127.0.0.1"),
            ("X-Forwarded-For", "127.0.0.1", &[standard], "behind 127.0.0.1"),
            ("X-Forwarded-For", "127.0.0.1", &[via], "behind 127.0.0.1"),
            ("X-Forwarded-For", "127.0.0.1", &[("X-Forwarded-For", "")], "behind 127.0.0.1"),
            ("X-Forwarded-For", "192.0.2.1", &[real], "unconfirmed 192.0.2.1 X-Real-IP"),
            ("X-Forwarded-For", "192.0.2.1", &[standard], "unconfirmed 192.0.2.1 Forwarded"),
            ("X-Forwarded-For", "192.0.2.1", &[via], "unconfirmed 192.0.2.1 Via"),
            ("CF-Connecting-IP", "192.0.2.1", &[custom], "unconfirmed 192.0.2.1 cf-connecting-ip"),
            ("X-Forwarded-For", "192.0.2.1", &[custom], "192.0.2.1"),
        ];
        for (header, peer, lines, expected) in cases {
            assert_eq!(client(header, peer, lines), expected, "{header} {peer} {lines:?}");
        }
    }
}
