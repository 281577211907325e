//! Bounds on what a stranger can make us ask.
//!
//! Every address at a new domain costs questions, and whoever makes domains up can cause as many as they
//! like, for us and for the name servers of whoever they choose. What is beyond a bound is not asked and
//! stays unknown.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::cache::Tally;
use crate::route::HostName;

/// The window in which names and flights are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// The most zones and callers that are kept in mind.
const MOST_KEYS: u64 = 100_000;

/// Who wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// The operator, at the command line.
    Operator,
    /// A program on the same machine, on behalf of whoever uses it.
    Local,
    /// Anybody, from this address.
    Remote(IpAddr),
}

/// How urgently somebody wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Somebody waits for this very answer.
    Now,
    /// It is one of many, which leave half of the flights to those who are in a hurry.
    InTurn,
}

/// How much may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookupLimits {
    /// Flights under way at once.
    pub flights: usize,
    /// New names below one registrable domain in a minute.
    pub names_per_zone: u32,
    /// Flights that one stranger starts in a minute.
    pub flights_per_stranger: u32,
}

/// Counts what is asked, and says when it is too much.
#[derive(Clone)]
pub(super) struct LookupLimiter {
    limits: LookupLimits,
    zones: Tally<Box<str>>,
    strangers: Tally<IpAddr>,
}

impl LookupLimiter {
    pub(super) fn new(limits: LookupLimits) -> Self {
        let (zones, strangers) = (Tally::new(WINDOW, MOST_KEYS), Tally::new(WINDOW, MOST_KEYS));
        Self { limits, zones, strangers }
    }

    /// Whether one more flight may start. Counts it if so.
    pub(super) fn admits(&self, under_way: usize, caller: Client, domain: &HostName) -> bool {
        if under_way >= self.limits.flights {
            return false;
        }
        if let Client::Remote(ip) = caller
            && self.strangers.count(&network_of(ip)) > self.limits.flights_per_stranger
        {
            return false;
        }
        match zone_above(domain.as_str()) {
            Some(zone) if caller != Client::Operator => {
                self.zones.count(&zone.into()) <= self.limits.names_per_zone
            }
            _ => true,
        }
    }
}

/// The registrable domain that a name is below; none where it is one itself. Below the domains of hosting
/// companies (`github.io`) anybody can make names up, so those count as one zone each.
fn zone_above(name: &str) -> Option<&str> {
    let suffix = psl::suffix(name.as_bytes())?;
    let zone = match suffix.typ() {
        Some(psl::Type::Private) => name.get(name.len() - suffix.as_bytes().len()..)?,
        Some(psl::Type::Icann) | None => psl::domain_str(name)?,
    };
    (zone.len() < name.len()).then_some(zone)
}

/// Who has one IPv6 address has the whole /64.
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
        LookupLimits { flights: 10, names_per_zone: 2, flights_per_stranger: 3 };

    fn name(text: &str) -> HostName {
        HostName::new(text).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn random_names_below_one_zone_are_bounded() {
        let guard = LookupLimiter::new(LIMITS);
        let admits = |domain| guard.admits(0, Client::Local, &name(domain));
        assert!(admits("a.example.co.uk") && admits("b.example.co.uk"));
        assert!(!admits("c.example.co.uk"));
        assert!(!admits("d.e.example.co.uk"));
        assert!(admits("example.co.uk"), "the registrable domain itself is no random name");
        assert!(admits("a.other.co.uk"), "another zone");
        assert!(admits("a.github.io") && admits("b.github.io"));
        assert!(!admits("c.github.io"), "names below a hosting company's domain");
        assert!(guard.admits(0, Client::Operator, &name("c.github.io")), "the operator is free");
        tokio::time::advance(WINDOW).await;
        assert!(admits("c.example.co.uk"), "a new window");
    }

    #[tokio::test(start_paused = true)]
    async fn one_stranger_is_bounded_and_others_are_not() {
        let guard = LookupLimiter::new(LIMITS);
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
            assert_eq!(guard.admits(0, from(caller), &name("x.de")), admitted, "{caller}");
        }
        assert!((0..100).all(|_| guard.admits(0, Client::Local, &name("x.de"))));
    }

    #[tokio::test(start_paused = true)]
    async fn all_together_are_bounded() {
        let guard = LookupLimiter::new(LIMITS);
        assert!(guard.admits(9, Client::Operator, &name("x.de")));
        assert!(!guard.admits(10, Client::Operator, &name("x.de")));
    }
}
