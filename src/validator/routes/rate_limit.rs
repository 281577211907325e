//! Limits on what an unknown client can make us ask.
//!
//! Every address at a new domain costs questions, and a client that makes domains up can cause any number of them, for us
//! and for the name servers of a victim. What is beyond a limit is not asked and stays unknown.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::cache::WindowCounts;
use crate::route::HostName;

/// The window in which names and look-ups are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// The most zones and clients that are counted at the same time.
const MAX_KEYS: u64 = 100_000;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// The operator, at the command line.
    Operator,
    /// A program on the same machine, for its users.
    Local,
    /// An unknown client with this address.
    Remote(IpAddr),
}

/// How urgent a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// A person waits for this very answer.
    Now,
    /// One of many, which leave half of the look-ups to requests with priority.
    InTurn,
}

/// How much may be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookupLimits {
    /// Look-ups at the same time.
    pub lookups: usize,
    /// New names below one registrable domain in a minute.
    pub names_per_zone: u32,
    /// Look-ups that one unknown client starts in a minute.
    pub lookups_per_client: u32,
}

/// Counts look-ups by zone and client.
#[derive(Clone)]
pub(super) struct LookupLimiter {
    limits: LookupLimits,
    zones: WindowCounts<Box<str>>,
    clients: WindowCounts<IpAddr>,
}

impl LookupLimiter {
    pub(super) fn new(limits: LookupLimits) -> Self {
        let (zones, clients) =
            (WindowCounts::new(WINDOW, MAX_KEYS), WindowCounts::new(WINDOW, MAX_KEYS));
        Self { limits, zones, clients }
    }

    /// Whether this client may start one more look-up. Counts it.
    pub(super) fn admits(&self, client: Client, domain: &HostName) -> bool {
        if let Client::Remote(ip) = client
            && self.clients.count(&network_of(ip)) > self.limits.lookups_per_client
        {
            return false;
        }
        match zone_above(domain.as_str()) {
            Some(zone) if client != Client::Operator => {
                self.zones.count(&zone.into()) <= self.limits.names_per_zone
            }
            _ => true,
        }
    }
}

/// The registrable domain that a name is below; none for a registrable domain itself. Below a hosting company's
/// domain (`github.io`) anybody can register names, so that domain is one zone.
fn zone_above(name: &str) -> Option<&str> {
    let suffix = psl::suffix(name.as_bytes())?;
    let zone = match suffix.typ() {
        Some(psl::Type::Private) => name.get(name.len() - suffix.as_bytes().len()..)?,
        Some(psl::Type::Icann) | None => psl::domain_str(name)?,
    };
    (zone.len() < name.len()).then_some(zone)
}

/// A client with one IPv6 address has the whole /64.
fn network_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: LookupLimits =
        LookupLimits { lookups: 10, names_per_zone: 2, lookups_per_client: 3 };

    fn name(text: &str) -> HostName {
        HostName::new(text).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn random_names_below_one_zone_are_bounded() {
        let limiter = LookupLimiter::new(LIMITS);
        let admits = |domain| limiter.admits(Client::Local, &name(domain));
        assert!(admits("a.example.co.uk") && admits("b.example.co.uk"));
        assert!(!admits("c.example.co.uk"));
        assert!(!admits("d.e.example.co.uk"));
        assert!(admits("example.co.uk"), "the registrable domain itself is no random name");
        assert!(admits("a.other.co.uk"), "another zone");
        assert!(admits("a.github.io") && admits("b.github.io"));
        assert!(!admits("c.github.io"), "names below a hosting company's domain");
        assert!(limiter.admits(Client::Operator, &name("c.github.io")), "the operator is free");
        tokio::time::advance(WINDOW).await;
        assert!(admits("c.example.co.uk"), "a new window");
    }

    #[tokio::test(start_paused = true)]
    async fn one_client_is_bounded_and_others_are_not() {
        let limiter = LookupLimiter::new(LIMITS);
        let from = |ip: &str| Client::Remote(ip.parse().unwrap());
        for (caller, admitted) in [
            ("192.0.2.1", true),
            ("::ffff:192.0.2.1", true),
            ("192.0.2.1", true),
            ("192.0.2.1", false),
            ("192.0.2.2", true),
            ("2001:db8::1", true),
            ("2001:db8::2", true),
            ("2001:db8::3", true),
            ("2001:db8::4", false),
            ("2001:db8:0:1::1", true),
        ] {
            assert_eq!(limiter.admits(from(caller), &name("x.de")), admitted, "{caller}");
        }
        assert!((0..100).all(|_| limiter.admits(Client::Local, &name("x.de"))));
    }
}
