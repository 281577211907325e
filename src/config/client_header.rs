//! The header in which a trusted proxy names its client.

use std::fmt;
use std::str::FromStr;

const MAX_NAME_OCTETS: usize = 64;

/// The name of a header that holds IP addresses, with commas between where there are several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHeader(Box<str>);

impl ClientHeader {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ClientHeader {
    fn default() -> Self {
        Self("X-Forwarded-For".into())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientHeaderError {
    #[error("no name of a header, such as X-Forwarded-For or X-Real-IP")]
    NotAName,
    #[error("no header of plain IP addresses; have the proxy set X-Forwarded-For or X-Real-IP")]
    NotAddresses,
}

impl FromStr for ClientHeader {
    type Err = ClientHeaderError;

    fn from_str(text: &str) -> Result<Self, ClientHeaderError> {
        // RFC 9110 §5.6.2
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if text.is_empty() || text.len() > MAX_NAME_OCTETS || !text.bytes().all(is_token) {
            return Err(ClientHeaderError::NotAName);
        }
        // RFC 7239 has a syntax of its own; `Via` names proxies, not clients.
        if text.eq_ignore_ascii_case("Forwarded") || text.eq_ignore_ascii_case("Via") {
            return Err(ClientHeaderError::NotAddresses);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for ClientHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
        assert!("x".repeat(MAX_NAME_OCTETS + 1).parse::<ClientHeader>().is_err());
    }
}
