//! Values that need more than TOML's own types to be right, and how they are read and shown.
//!
//! Each type is read from its text ([`FromStr`]) and shown as one ([`fmt::Display`]); the modules and functions
//! below do that for serde. No error repeats the text: it may be an address or a secret.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;
use serde::Deserialize;
use serde::de::{self, Deserializer};
use strum::VariantNames;

/// The address of a DNS server: an IP address, with port 53 unless another one is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DnsServer(pub SocketAddr);

const DNS_PORT: u16 = 53;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no IP address with a port, such as 192.0.2.1:53 or [2001:db8::1]:53")]
pub struct DnsServerError;

impl FromStr for DnsServer {
    type Err = DnsServerError;

    fn from_str(text: &str) -> Result<Self, DnsServerError> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self(address));
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Self((ip, DNS_PORT).into()));
        }
        let port = match text.strip_prefix("localhost").ok_or(DnsServerError)? {
            "" => Some(DNS_PORT),
            port => port.strip_prefix(':').and_then(|port| port.parse().ok()),
        };
        port.map(|port| Self((Ipv4Addr::LOCALHOST, port).into())).ok_or(DnsServerError)
    }
}

impl fmt::Display for DnsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Where to listen: an IP address, or `localhost`, with a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen(pub SocketAddr);

impl Listen {
    /// Whether both need the same port of the same address.
    pub fn collides_with(self, other: Self) -> bool {
        let (ip, other_ip) = (self.0.ip(), other.0.ip());
        let is_same = ip == other_ip || ip.is_unspecified() || other_ip.is_unspecified();
        is_same && self.0.port() == other.0.port() && self.0.port() != 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an IP address or localhost with a port, such as 127.0.0.1:8080")]
pub struct ListenError;

impl FromStr for Listen {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, ListenError> {
        let localhost = || text.strip_prefix("localhost:")?.parse().ok();
        let local = || localhost().map(|port: u16| (Ipv4Addr::LOCALHOST, port).into());
        text.parse().ok().or_else(local).map(Self).ok_or(ListenError)
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A password or the like, shown as `***`. `secrecy` would do the same, without the comparison that a
/// configuration needs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    pub fn new(secret: impl Into<Box<str>>) -> Self {
        Self(secret.into())
    }

    /// The secret itself, for the peer that it is meant for.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A confidence as a number from 0 to 1.
pub(super) mod confidence {
    use super::*;
    use crate::typo::Confidence;

    pub(in crate::config) fn serialize<S: serde::Serializer>(
        confidence: &Confidence,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(confidence.probability())
    }

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Confidence, D::Error> {
        Confidence::from_probability(f64::deserialize(deserializer)?)
            .ok_or_else(|| de::Error::custom("not a number from 0 to 1"))
    }
}

/// A value as its text.
pub(super) mod text {
    use super::*;

    pub(in crate::config) fn serialize<S: serde::Serializer, T: fmt::Display>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(in crate::config) fn deserialize<'de, D, T>(deserializer: D) -> Result<T, D::Error>
    where
        D: Deserializer<'de>,
        T: FromStr<Err: fmt::Display>,
    {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A value that may be absent, as its text; an empty text stands for that.
pub(super) mod optional {
    use super::*;

    pub(in crate::config) fn serialize<S: serde::Serializer, T: fmt::Display>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_str(""),
        }
    }

    pub(in crate::config) fn deserialize<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        D: Deserializer<'de>,
        T: FromStr<Err: fmt::Display>,
    {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(de::Error::custom)
    }
}

/// A list of values as their texts.
pub(super) mod texts {
    use super::*;

    pub(in crate::config) fn serialize<S: serde::Serializer, T: fmt::Display>(
        values: &[T],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(ToString::to_string))
    }

    pub(in crate::config) fn deserialize<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
    where
        D: Deserializer<'de>,
        T: FromStr<Err: fmt::Display>,
    {
        list(deserializer)
    }
}

/// A list of values that serde shows by itself.
pub(super) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    parsed_list(deserializer, str::parse)
}

/// A list of networks; an IP address is a network of its own.
pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    parsed_list(deserializer, |text| {
        let network = text.parse().or_else(|_| text.parse().map(|ip: IpAddr| ip.into()));
        network.map_err(|_| "no network or IP address, such as 192.0.2.0/24 or 192.0.2.1")
    })
}

pub(super) fn ips<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpAddr>, D::Error> {
    parsed_list(deserializer, |text| {
        text.parse().map_err(|_| "no IP address, such as 192.0.2.1 or 2001:db8::1")
    })
}

/// A list, or, as the environment has it, its elements in one string with commas between.
fn parsed_list<'de, D, T, E>(
    deserializer: D,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    E: fmt::Display,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Texts {
        Separated(String),
        List(Vec<String>),
    }

    let parse = |text: &str| parse(text).map_err(de::Error::custom);
    match Texts::deserialize(deserializer)? {
        Texts::Separated(text) => {
            let elements = text.split(',').map(str::trim).filter(|element| !element.is_empty());
            elements.map(parse).collect()
        }
        Texts::List(elements) => elements.iter().map(|element| parse(element)).collect(),
    }
}

/// An error that begins with this goes on from the key: "`log.level` has to be …". Any other follows a colon.
pub(super) const HAS_TO_BE: &str = "has to be";

/// What the value of an enum has to be.
pub(super) fn one_of(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("one of {}", names.join(", "))
}

/// One of the names of an enum.
pub(super) fn name<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr + VariantNames,
{
    String::deserialize(deserializer)?
        .parse()
        .map_err(|_| de::Error::custom(format_args!("{HAS_TO_BE} {}", one_of(T::VARIANTS))))
}
