//! The part after the `@` when it is an IP address in square brackets (RFC 5321 §4.1.3).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::error::{SyntaxCode, SyntaxError};

/// An address literal. `Display` writes its brackets, IPv6 in the short form of RFC 5952.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Literal(IpAddr);

impl Literal {
    /// Reads `[192.0.2.1]` or `[IPv6:2001:db8::1]`, brackets included. No other tag is registered.
    pub(super) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let wrong = |at| SyntaxError::new(SyntaxCode::BadLiteral, at);
        let inside = text.strip_prefix('[').ok_or_else(|| wrong(0))?;
        let (inside, after) = inside.split_once(']').ok_or_else(|| wrong(text.len()))?;
        let ip = match inside.split_at_checked("IPv6:".len()) {
            Some((tag, v6)) if tag.eq_ignore_ascii_case("IPv6:") => {
                v6.parse::<Ipv6Addr>().map(IpAddr::V6).ok()
            }
            _ => inside.parse::<Ipv4Addr>().map(IpAddr::V4).ok(),
        };
        let ip = ip.ok_or_else(|| wrong(1))?;
        if !after.is_empty() {
            return Err(wrong(text.len() - after.len()));
        }
        Ok(Self(ip))
    }

    pub fn ip(self) -> IpAddr {
        self.0
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(ip) => write!(f, "[{ip}]"),
            IpAddr::V6(ip) => write!(f, "[IPv6:{ip}]"),
        }
    }
}

impl fmt::Debug for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Literal").finish_non_exhaustive()
    }
}
