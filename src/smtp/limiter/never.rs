//! The never list: destinations that the operator excludes from the probe (`[probe] never`).

use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::Destination;
use crate::address::{Domain, and_parents};

/// One entry of the never list.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum NeverEntry {
    /// A domain, or mail servers of that name, with all subdomains.
    Name(Domain),
    /// Mail servers in this network.
    Network(IpNet),
}

/// A text that is no entry of the never list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one entry is no domain, mail server or network, such as example.org or 192.0.2.0/24")]
pub struct NeverError;

impl FromStr for NeverEntry {
    type Err = NeverError;

    fn from_str(text: &str) -> Result<Self, NeverError> {
        if let Ok(network) = text.parse::<IpNet>() {
            return Ok(Self::Network(network.trunc()));
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Self::Network(ip.into()));
        }
        Domain::parse_name(text).map(Self::Name).map_err(|_| NeverError)
    }
}

impl TryFrom<String> for NeverEntry {
    type Error = NeverError;

    fn try_from(text: String) -> Result<Self, NeverError> {
        text.parse()
    }
}

impl From<NeverEntry> for String {
    fn from(entry: NeverEntry) -> Self {
        match entry {
            NeverEntry::Name(name) => name.unicode().to_owned(),
            NeverEntry::Network(network) => network.to_string(),
        }
    }
}

/// Hides the entry: it may be a person's own domain.
impl fmt::Debug for NeverEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NeverEntry").finish_non_exhaustive()
    }
}

/// The never list.
#[derive(Clone, Default)]
pub struct NeverList {
    names: HashSet<Box<str>>,
    networks: Vec<IpNet>,
}

impl NeverList {
    pub fn new<'a>(entries: impl IntoIterator<Item = &'a NeverEntry>) -> Self {
        let mut list = Self::default();
        for entry in entries {
            match entry {
                NeverEntry::Name(name) => {
                    list.names.insert(name.ascii().into());
                }
                NeverEntry::Network(network) => list.networks.push(*network),
            }
        }
        list
    }

    /// Whether mailboxes at this domain are never probed.
    pub fn has_domain(&self, domain: &Domain) -> bool {
        self.has_name(domain.ascii())
    }

    /// Whether this mail server is never asked.
    pub fn has_destination(&self, destination: &Destination) -> bool {
        self.has_name(destination.host().as_str())
            || self.networks.iter().any(|network| network.contains(&destination.ip()))
    }

    fn has_name(&self, name: &str) -> bool {
        !self.names.is_empty() && and_parents(name).any(|name| self.names.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::HostName;

    #[test]
    fn names_count_with_all_below_them_and_networks_with_all_in_them() {
        let entries =
            ["Bücher.example.org", "intern", "192.0.2.128/25", "2001:db8::1", "10.1.2.3/8"];
        let entries: Vec<NeverEntry> = entries.iter().map(|entry| entry.parse().unwrap()).collect();
        let list = NeverList::new(&entries);
        for (domain, listed) in [
            ("xn--bcher-kva.example.org", true),
            ("a.bücher.example.org", true),
            ("example.org", false),
            ("bucher.example.org", false),
            ("mail.intern", true),
            ("intern.example.net", false),
        ] {
            assert_eq!(list.has_domain(&Domain::parse(domain).unwrap()), listed, "{domain}");
        }
        for (host, ip, listed) in [
            ("mx.xn--bcher-kva.example.org", "198.51.100.1", true),
            ("intern", "198.51.100.1", true),
            ("mx.example.net", "192.0.2.127", false),
            ("mx.example.net", "192.0.2.128", true),
            ("mx.example.net", "::ffff:192.0.2.128", true),
            ("mx.example.net", "2001:db8::1", true),
            ("mx.example.net", "2001:db8::2", false),
            ("mx.example.net", "10.255.0.1", true),
        ] {
            let host_name = HostName::new(host).unwrap();
            let destination = Destination::new(host_name, None, ip.parse().unwrap());
            assert_eq!(list.has_destination(&destination), listed, "{host} {ip}");
        }
        assert!(!NeverList::default().has_domain(&Domain::parse("a.example").unwrap()));
    }

    #[test]
    fn what_is_no_entry() {
        for text in ["", "joe@example.org", "mx:example.org", "10.0.0.0/99", "a..b", "1.2.3"] {
            assert!(text.parse::<NeverEntry>().is_err(), "{text}");
        }
    }
}
