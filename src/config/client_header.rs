//! The header in which a trusted proxy names its client.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

/// The longest name of a header here.
const LONGEST: usize = 64;

/// The name of a header that holds IP addresses, with commas between where there are several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHeader(Box<str>);

impl ClientHeader {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ClientHeader {
    fn default() -> Self {
        Self("X-Forwarded-For".into())
    }
}

impl FromStr for ClientHeader {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        // RFC 9110 §5.6.2
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if text.is_empty() || text.len() > LONGEST || !text.bytes().all(is_token) {
            return Err("no name of a header, such as X-Forwarded-For or X-Real-IP");
        }
        // RFC 7239 has a syntax of its own; `Via` names proxies, not clients.
        if text.eq_ignore_ascii_case("Forwarded") || text.eq_ignore_ascii_case("Via") {
            return Err(
                "no header of plain IP addresses; have the proxy set X-Forwarded-For or X-Real-IP",
            );
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for ClientHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for ClientHeader {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ClientHeader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_headers() {
        let cases = [
            ("X-Forwarded-For", true),
            ("x-real-ip", true),
            ("CF-Connecting-IP", true),
            ("", false),
            ("X Forwarded", false),
            ("X-Forwarded-For:", false),
            ("forwarded", false),
            ("Via", false),
        ];
        for (text, is_right) in cases {
            assert_eq!(text.parse::<ClientHeader>().is_ok(), is_right, "{text}");
        }
        assert!("x".repeat(LONGEST + 1).parse::<ClientHeader>().is_err());
    }
}
