//! Values that need more than TOML's own types to be right.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// The address of a DNS server: an IP address, with port 53 unless another one is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server(pub SocketAddr);

/// The port of the DNS.
const DNS_PORT: u16 = 53;

/// A text names no DNS server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no IP address with a port, such as 192.0.2.1:53 or [2001:db8::1]:53")]
pub struct ServerError;

impl FromStr for Server {
    type Err = ServerError;

    fn from_str(text: &str) -> Result<Self, ServerError> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self(address));
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Self((ip, DNS_PORT).into()));
        }
        let localhost = |port| Self((Ipv4Addr::LOCALHOST, port).into());
        match text.strip_prefix("localhost") {
            Some("") => Some(localhost(DNS_PORT)),
            Some(port) => port.strip_prefix(':').and_then(|port| port.parse().ok()).map(localhost),
            None => None,
        }
        .ok_or(ServerError)
    }
}

impl Serialize for Server {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Server {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Where to listen: an IP address, or `localhost`, with a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen(pub SocketAddr);

impl Listen {
    /// Whether both want the same port of the same address.
    pub fn collides_with(self, other: Self) -> bool {
        let (ip, its_ip) = (self.0.ip(), other.0.ip());
        let is_same = ip == its_ip || ip.is_unspecified() || its_ip.is_unspecified();
        is_same && self.0.port() == other.0.port() && self.0.port() != 0
    }
}

/// A text does not say where to listen.
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

impl Serialize for Listen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A network; an address alone is one by itself.
struct Network(IpNet);

/// A text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no network or IP address, such as 192.0.2.0/24 or 192.0.2.1")]
pub struct NetworkError;

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let alone = |ip: IpAddr| IpNet::from(ip);
        let network = text.parse().or_else(|_| text.parse().map(alone));
        network.map(Self).map_err(|_| NetworkError)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A list of networks.
pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let networks: Vec<Network> = list(deserializer)?;
    Ok(networks.into_iter().map(|Network(network)| network).collect())
}

/// An IP address, with an error in our own words.
struct Ip(IpAddr);

/// A text is no IP address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no IP address, such as 192.0.2.1 or 2001:db8::1")]
pub(super) struct IpError;

impl FromStr for Ip {
    type Err = IpError;

    fn from_str(text: &str) -> Result<Self, IpError> {
        text.parse().map(Self).map_err(|_| IpError)
    }
}

impl<'de> Deserialize<'de> for Ip {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A list of IP addresses.
pub(super) fn ips<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpAddr>, D::Error> {
    let ips: Vec<Ip> = list(deserializer)?;
    Ok(ips.into_iter().map(|Ip(ip)| ip).collect())
}

/// A probability from 0 to 1, in hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probability {
    percent: u8,
}

impl Probability {
    /// From hundredths, at most 100.
    pub(super) const fn from_percent(percent: u8) -> Self {
        Self { percent }
    }

    /// In hundredths.
    pub fn percent(self) -> u8 {
        self.percent
    }
}

impl Serialize for Probability {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.percent) / 100.0)
    }
}

impl<'de> Deserialize<'de> for Probability {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        if (0.0..=1.0).contains(&value) {
            // The range check bounds the product to 0..=100.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            Ok(Self { percent: (value * 100.0).round() as u8 })
        } else {
            Err(de::Error::custom("not a number from 0 to 1"))
        }
    }
}

/// A value that need not be there; an empty text stands for that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T>(Option<T>);

impl<T> Setting<T> {
    /// The value, if there is one.
    pub fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

impl<T> Default for Setting<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: fmt::Display> Serialize for Setting<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_str(""),
        }
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Setting<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(Self(None));
        }
        text.parse().map(|value| Self(Some(value))).map_err(de::Error::custom)
    }
}

/// A password or the like. Wherever it is written it shows as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// Keeps a secret.
    pub fn new(secret: impl Into<Box<str>>) -> Self {
        Self(secret.into())
    }

    /// The secret itself, for whoever it is meant for.
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

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A list, or, as the environment has it, its elements in one string with commas between.
pub(super) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + FromStr<Err: fmt::Display>,
{
    struct List<T>(std::marker::PhantomData<T>);

    impl<'de, T: Deserialize<'de> + FromStr<Err: fmt::Display>> Visitor<'de> for List<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
            let elements = text.split(',').map(str::trim).filter(|element| !element.is_empty());
            elements.map(|element| element.parse().map_err(E::custom)).collect()
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(element) = elements.next_element()? {
                list.push(element);
            }
            Ok(list)
        }
    }

    deserializer.deserialize_any(List(std::marker::PhantomData))
}
