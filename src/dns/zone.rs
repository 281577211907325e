//! A fake DNS for tests, written as zone text. It refuses names that the text does not have, so that a test cannot
//! rest on an answer that is not written down.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture};

use super::{Answered, Dns, ServerId, Servers};
use crate::route::{Answer, Failure, Family, HostName, Mx};

/// The TTL of everything in the zone.
pub const TTL: Duration = Duration::from_secs(300);

/// One DNS server, or several. See [`Zone::parse`].
#[derive(Debug, Default)]
pub struct Zone {
    names: RwLock<HashMap<HostName, ZoneName>>,
    asked: AtomicUsize,
    out_of_use: AtomicBool,
    others: Vec<Self>,
}

#[derive(Debug, Default)]
struct ZoneName {
    mx: Vec<Mx>,
    addresses: Vec<IpAddr>,
    fault: Option<ZoneFault>,
}

#[derive(Clone, Copy, Debug)]
enum ZoneFault {
    NoName,
    NoTarget,
    Failure(Failure),
    /// The question is never answered.
    Hang,
}

impl Zone {
    /// Reads lines such as `gmail.com MX 5 mx.example`, `mx.example A 192.0.2.1`, `x.example AAAA ::1`,
    /// `gone.example NXDOMAIN`, `alias.example NOTARGET` (an alias of nothing), `bad.example SERVFAIL` (or
    /// `REFUSED`, `TIMEOUT`), `slow.example HANG`, and `empty.example NODATA` for a name without records. `;` starts
    /// a comment.
    ///
    /// # Panics
    /// If a line cannot be parsed.
    pub fn parse(text: &str) -> Self {
        let zone = Self::default();
        zone.change(text);
        zone
    }

    /// Reads more lines, which replace all earlier lines of the same names.
    ///
    /// # Panics
    /// If a line cannot be parsed.
    pub fn change(&self, text: &str) {
        let mut changed: HashMap<HostName, ZoneName> = HashMap::new();
        for line in text.lines() {
            let line = line.split(';').next().unwrap_or_default();
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                [] => {}
                [name, ref record @ ..] => {
                    let name = HostName::new(name).unwrap_or_else(|| panic!("no name: {line}"));
                    let name = changed.entry(name).or_default();
                    name.add(record).unwrap_or_else(|| panic!("no record: {line}"));
                }
            }
        }
        self.names.write().unwrap_or_else(PoisonError::into_inner).extend(changed);
    }

    /// The same with one more server, which has a zone of its own.
    #[must_use]
    pub fn with_second_server(mut self, other: Self) -> Self {
        self.others.push(other);
        self
    }

    /// The zone of one server.
    pub fn server(&self, server: ServerId) -> Option<&Self> {
        match server.0.checked_sub(1) {
            None => Some(self),
            Some(number) => self.others.get(number),
        }
    }

    /// The server to ask: the first that is in use and may be asked. When it fails no other is asked.
    fn chosen(&self, of: Servers) -> Option<(ServerId, &Self)> {
        let server = match of {
            Servers::Only(server) => Some(server),
            Servers::InUse => self.in_use().next(),
            Servers::Except(server) => self.in_use().find(|other| *other != server),
        }?;
        Some((server, self.server(server)?))
    }

    fn in_use(&self) -> impl Iterator<Item = ServerId> {
        let zones = std::iter::once(self).chain(&self.others).enumerate();
        zones
            .filter(|(_, zone)| !zone.out_of_use.load(Ordering::Relaxed))
            .map(|(number, _)| ServerId(number))
    }

    /// How many questions this server was asked.
    pub fn questions(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn answer<T: Send + 'static>(
        &self,
        name: &HostName,
        of: Servers,
        records: impl Fn(&ZoneName) -> Vec<T>,
    ) -> BoxFuture<'static, Answered<T>> {
        let Some((server, zone)) = self.chosen(of) else {
            return future::ready(Answered::by_none(Failure::Unreachable)).boxed();
        };
        zone.asked.fetch_add(1, Ordering::Relaxed);
        let names = zone.names.read().unwrap_or_else(PoisonError::into_inner);
        let Some(name) = names.get(name) else {
            return future::ready(Answered::by(server, Err(Failure::Refused))).boxed();
        };
        let answer = match name.fault {
            Some(ZoneFault::Hang) => return future::pending().boxed(),
            Some(ZoneFault::NoName) => Ok(Answer::NoName { ttl: TTL }),
            Some(ZoneFault::NoTarget) => Ok(Answer::NoTarget { ttl: TTL }),
            Some(ZoneFault::Failure(failure)) => Err(failure),
            None => match records(name) {
                records if records.is_empty() => Ok(Answer::NoData { ttl: TTL }),
                records => Ok(Answer::Found { records, ttl: TTL }),
            },
        };
        future::ready(Answered::by(server, answer)).boxed()
    }
}

impl ZoneName {
    fn add(&mut self, record: &[&str]) -> Option<()> {
        match *record {
            ["MX", preference, host] => {
                let mx = Mx { preference: preference.parse().ok()?, host: HostName::new(host) };
                self.mx.push(mx);
            }
            ["A" | "AAAA", ip] => self.addresses.push(ip.parse().ok()?),
            ["NODATA"] => {}
            ["NXDOMAIN"] => self.fault = Some(ZoneFault::NoName),
            ["NOTARGET"] => self.fault = Some(ZoneFault::NoTarget),
            ["SERVFAIL"] => self.fault = Some(ZoneFault::Failure(Failure::ServFail)),
            ["REFUSED"] => self.fault = Some(ZoneFault::Failure(Failure::Refused)),
            ["TIMEOUT"] => self.fault = Some(ZoneFault::Failure(Failure::Timeout)),
            ["HANG"] => self.fault = Some(ZoneFault::Hang),
            _ => return None,
        }
        Some(())
    }
}

impl Dns for Zone {
    fn mx<'a>(&'a self, name: &'a HostName, of: Servers) -> BoxFuture<'a, Answered<Mx>> {
        self.answer(name, of, |name| name.mx.clone())
    }

    fn addresses<'a>(
        &'a self,
        name: &'a HostName,
        family: Family,
        of: Servers,
    ) -> BoxFuture<'a, Answered<IpAddr>> {
        let of_family = move |ip: &IpAddr| match family {
            Family::V4 => ip.is_ipv4(),
            Family::V6 => ip.is_ipv6(),
        };
        self.answer(name, of, move |name| {
            name.addresses.iter().copied().filter(of_family).collect()
        })
    }

    fn servers(&self) -> Vec<ServerId> {
        (0..=self.others.len()).map(ServerId).collect()
    }

    fn set_in_use(&self, servers: &[ServerId]) {
        for server in self.servers() {
            if let Some(zone) = self.server(server) {
                let is_out = !servers.is_empty() && !servers.contains(&server);
                zone.out_of_use.store(is_out, Ordering::Relaxed);
            }
        }
    }

    fn has_other(&self, server: ServerId) -> bool {
        self.chosen(Servers::Except(server)).is_some()
    }

    fn is_full(&self) -> bool {
        false
    }
}
