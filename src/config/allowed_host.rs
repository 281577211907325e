//! A name in `Host` that is the service's own.

use std::fmt;
use std::str::FromStr;

/// The name of a host or an IP address, without a port. Case does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost(Box<str>);

impl AllowedHost {
    /// Whether the name in a `Host` header, its port taken off, is this one.
    pub fn matches(&self, host: &str) -> bool {
        self.0.eq_ignore_ascii_case(host)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no host name without a port, such as mailvet.example.com or [2001:db8::1]")]
pub struct AllowedHostError;

impl FromStr for AllowedHost {
    type Err = AllowedHostError;

    fn from_str(text: &str) -> Result<Self, AllowedHostError> {
        let is_ipv6 = |text: &str| {
            let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
            inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok())
        };
        // Browsers send A-labels for letters beyond ASCII.
        let is_name = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        };
        let is_right = is_name(text) || is_ipv6(text);
        is_right.then(|| Self(text.into())).ok_or(AllowedHostError)
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_hosts() {
        let cases = [
            ("mailvet.example.com", true),
            ("MAILVET", true),
            ("192.0.2.1", true),
            ("[2001:db8::1]", true),
            ("xn--mller-kva.example", true),
            ("", false),
            ("mailvet.example.com:8080", false),
            ("https://mailvet.example.com", false),
            ("mailvet.example.com/", false),
            ("m\u{fc}ller.example", false),
            ("2001:db8::1", false),
            ("[nonsense]", false),
            ("*", false),
        ];
        for (text, is_right) in cases {
            assert_eq!(text.parse::<AllowedHost>().is_ok(), is_right, "{text}");
        }
        let host: AllowedHost = "Mailvet.example".parse().unwrap();
        assert!(host.matches("mailvet.EXAMPLE") && !host.matches("other.example"));
    }
}
