//! A fake DNS for tests, written as zone text. It refuses names that it was not told of, so that a
//! test cannot rest on an answer that nobody wrote down.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture};

use super::{Dns, MxAnswer};
use crate::route::{Answer, Failure, Family, HostName, Mx};

/// The TTL of everything in the zone.
pub const TTL: Duration = Duration::from_secs(300);

/// The fake. See [`Zone::parse`].
#[derive(Debug, Default)]
pub struct Zone {
    names: RwLock<HashMap<HostName, Name>>,
    asked: AtomicUsize,
    other: Option<Box<Self>>,
}

#[derive(Debug, Default)]
struct Name {
    mx: Vec<Mx>,
    addresses: Vec<IpAddr>,
    trouble: Option<Trouble>,
}

#[derive(Clone, Copy, Debug)]
enum Trouble {
    NoName,
    NoTarget,
    Failure(Failure),
    /// The question is never answered.
    Hang,
}

impl Zone {
    /// Reads lines such as `gmail.com MX 5 mx.example`, `mx.example A 192.0.2.1`, `x.example AAAA ::1`,
    /// `gone.example NXDOMAIN`, `alias.example NOTARGET` (an alias of nothing), `bad.example SERVFAIL` (or `REFUSED`, `TIMEOUT`), `slow.example HANG`,
    /// and `empty.example NODATA` for a name without records. `;` starts a comment.
    ///
    /// # Panics
    /// If a line makes no sense: the test is wrong then.
    pub fn parse(text: &str) -> Self {
        let zone = Self::default();
        zone.change(text);
        zone
    }

    /// Reads more lines, which take the place of all that was said of the same names.
    ///
    /// # Panics
    /// If a line makes no sense.
    pub fn change(&self, text: &str) {
        let mut changed: HashMap<HostName, Name> = HashMap::new();
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

    /// The same with a second server, which has another zone.
    #[must_use]
    pub fn with_second_server(self, other: Self) -> Self {
        Self { other: Some(Box::new(other)), ..self }
    }

    /// How many questions were asked so far.
    pub fn questions(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn answer<T: Send + 'static>(
        &self,
        name: &HostName,
        records: impl Fn(&Name) -> Vec<T>,
    ) -> BoxFuture<'static, Result<Answer<T>, Failure>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
        let Some(name) = names.get(name) else {
            return future::ready(Err(Failure::Refused)).boxed();
        };
        let answer = match name.trouble {
            Some(Trouble::Hang) => return future::pending().boxed(),
            Some(Trouble::NoName) => Ok(Answer::NoName { ttl: TTL }),
            Some(Trouble::NoTarget) => Ok(Answer::NoTarget { ttl: TTL }),
            Some(Trouble::Failure(failure)) => Err(failure),
            None => match records(name) {
                records if records.is_empty() => Ok(Answer::NoData { ttl: TTL }),
                records => Ok(Answer::Found { records, ttl: TTL }),
            },
        };
        future::ready(answer).boxed()
    }
}

impl Name {
    fn add(&mut self, record: &[&str]) -> Option<()> {
        match *record {
            ["MX", preference, host] => {
                let mx = Mx { preference: preference.parse().ok()?, host: HostName::new(host) };
                self.mx.push(mx);
            }
            ["A" | "AAAA", ip] => self.addresses.push(ip.parse().ok()?),
            ["NODATA"] => {}
            ["NXDOMAIN"] => self.trouble = Some(Trouble::NoName),
            ["NOTARGET"] => self.trouble = Some(Trouble::NoTarget),
            ["SERVFAIL"] => self.trouble = Some(Trouble::Failure(Failure::ServFail)),
            ["REFUSED"] => self.trouble = Some(Trouble::Failure(Failure::Refused)),
            ["TIMEOUT"] => self.trouble = Some(Trouble::Failure(Failure::Timeout)),
            ["HANG"] => self.trouble = Some(Trouble::Hang),
            _ => return None,
        }
        Some(())
    }
}

impl Dns for Zone {
    fn mx<'a>(&'a self, name: &'a HostName) -> BoxFuture<'a, MxAnswer> {
        self.answer(name, |name| name.mx.clone())
    }

    fn second_opinion<'a>(&'a self, name: &'a HostName) -> BoxFuture<'a, Option<MxAnswer>> {
        match &self.other {
            Some(other) => other.mx(name).map(Some).boxed(),
            None => future::ready(None).boxed(),
        }
    }

    fn addresses<'a>(
        &'a self,
        name: &'a HostName,
        family: Family,
    ) -> BoxFuture<'a, Result<Answer<IpAddr>, Failure>> {
        let of_family = move |ip: &IpAddr| match family {
            Family::V4 => ip.is_ipv4(),
            Family::V6 => ip.is_ipv6(),
        };
        self.answer(name, move |name| name.addresses.iter().copied().filter(of_family).collect())
    }
}
