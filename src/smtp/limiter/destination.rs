//! Mail servers as destinations, and the parties that the limits apply to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::reach::unwrapped;
use crate::route::HostName;

/// Neighbouring IPv4 addresses often belong to the same mail servers.
const V4_PREFIX: u8 = 24;
/// The IPv6 prefix of one site (RFC 6177).
const V6_PREFIX: u8 = 48;

/// A party that the limits apply to.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Party {
    /// The operator of the mail servers: a provider's id, else their registrable domain.
    Organisation(Box<str>),
    /// A /24 of IPv4, a /48 of IPv6.
    Network(IpNet),
}

/// A mail server at one of its IP addresses.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    host: HostName,
    ip: IpAddr,
    parties: [Party; 2],
}

impl Party {
    /// The organisation that runs a mail server: a provider's id in the catalog, else from the server's name.
    pub fn running(host: &HostName, provider: Option<&str>) -> Self {
        Self::Organisation(match provider {
            Some(id) => id.into(),
            None => organisation(host),
        })
    }
}

impl Destination {
    /// `provider` is the id in the catalog, `ip` the address to dial: the server's own, also through a proxy.
    pub fn new(host: HostName, provider: Option<&str>, ip: IpAddr) -> Self {
        let ip = unwrapped(ip);
        let parties = [Party::running(&host, provider), Party::Network(network(ip))];
        Self { host, ip, parties }
    }

    pub fn host(&self) -> &HostName {
        &self.host
    }

    /// The IP address; an IPv4 address mapped into IPv6 is unwrapped.
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    /// The organisation and the network. Destinations that share one share its limits.
    pub fn parties(&self) -> &[Party; 2] {
        &self.parties
    }
}

/// The registrable domain; the name itself where there is none, as for an IP address or an intranet's
/// short name.
fn organisation(host: &HostName) -> Box<str> {
    let name = host.as_str();
    match host.as_literal() {
        Some(ip) => unwrapped(ip).to_string().into(),
        None => psl::domain_str(name).unwrap_or(name).into(),
    }
}

fn network(ip: IpAddr) -> IpNet {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), V4_PREFIX))
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), V6_PREFIX))
        }
    }
}

/// Hides the name: the domain of a mail server may be a person's own.
impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Organisation(_) => "Organisation",
            Self::Network(_) => "Network",
        };
        f.debug_struct(kind).finish_non_exhaustive()
    }
}

/// Hides the name and the address.
impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Destination").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parties(host: &str, provider: Option<&str>, ip: &str) -> (String, String) {
        let host = HostName::new(host).unwrap();
        let destination = Destination::new(host, provider, ip.parse().unwrap());
        match destination.parties() {
            [Party::Organisation(name), Party::Network(network)] => {
                (name.to_string(), network.to_string())
            }
            _ => panic!("an organisation, then a network"),
        }
    }

    #[test]
    fn servers_of_one_organisation_or_network_are_one() {
        // Host, provider, address; organisation, network.
        let cases = [
            ("mx1.example.com", None, "192.0.2.7", "example.com", "192.0.2.0/24"),
            ("a.b.example.co.uk", None, "192.0.2.255", "example.co.uk", "192.0.2.0/24"),
            ("mx.fritz.github.io", None, "198.51.100.1", "fritz.github.io", "198.51.100.0/24"),
            ("alt1.gmail-smtp-in.l.google.com", Some("gmail"), "1.2.3.4", "gmail", "1.2.3.0/24"),
            ("mail", None, "10.0.0.1", "mail", "10.0.0.0/24"),
            ("co.uk", None, "10.0.0.1", "co.uk", "10.0.0.0/24"),
            ("192.0.2.7", None, "192.0.2.7", "192.0.2.7", "192.0.2.0/24"),
            ("[192.0.2.7]", None, "192.0.2.7", "192.0.2.7", "192.0.2.0/24"),
            ("mx.example.net", None, "2001:db8:1:2::3", "example.net", "2001:db8:1::/48"),
            ("mx.example.net", None, "::ffff:192.0.2.7", "example.net", "192.0.2.0/24"),
            ("mx.example.net", None, "64:ff9b::192.0.2.7", "example.net", "192.0.2.0/24"),
        ];
        for (host, provider, ip, organisation, network) in cases {
            let expected = (organisation.to_owned(), network.to_owned());
            assert_eq!(parties(host, provider, ip), expected, "{host} {ip}");
        }
    }
}
