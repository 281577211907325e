//! The host that a request names, and the origin of the web page that sent it.

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};

use crate::config::AllowedHost;

/// Names of this machine.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// A host and port as requests name them: `name`, `name:port`, `[address]:port`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RequestHost<'a> {
    name: &'a str,
    port: Option<u16>,
}

impl<'a> RequestHost<'a> {
    /// The host of an absolute URI, else of the header (RFC 9112 §3.2.2).
    pub(super) fn of(uri: &'a Uri, headers: &'a HeaderMap) -> Option<Self> {
        let header = || headers.get(header::HOST)?.to_str().ok();
        Self::parse(uri.authority().map(Authority::as_str).or_else(header)?)
    }

    fn parse(text: &'a str) -> Option<Self> {
        let after_name = match text.strip_prefix('[') {
            Some(address) => address.find(']')? + 2,
            None => text.find(':').unwrap_or(text.len()),
        };
        let (name, port) = text.split_at(after_name);
        let port = match port.strip_prefix(':') {
            None if !port.is_empty() => return None,
            None | Some("") => None,
            // `u16::from_str` would accept `+80`.
            Some(port) if !port.bytes().all(|b| b.is_ascii_digit()) => return None,
            Some(port) => Some(port.parse().ok()?),
        };
        Some(Self { name, port })
    }

    /// Whether the name is one of this machine's, or an allowed one.
    pub(super) fn is_allowed(self, allowed: &[AllowedHost]) -> bool {
        LOCAL.iter().any(|name| name.eq_ignore_ascii_case(self.name))
            || allowed.iter().any(|host| host.matches(self.name))
    }

    /// Whether this origin (RFC 6454 §7) has this host and port.
    pub(super) fn is_origin(self, origin: &str) -> bool {
        // The opaque origin `null` has no scheme.
        let Some((scheme, authority)) = origin.split_once("://") else { return false };
        let default_port = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return false,
        };
        RequestHost::parse(authority).is_some_and(|origin| {
            origin.name.eq_ignore_ascii_case(self.name)
                // Behind a proxy that speaks TLS, both leave the port out: 443.
                && origin.port.unwrap_or(default_port) == self.port.unwrap_or(default_port)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let allowed = ["mailvet.example".parse().unwrap()];
        let cases = [
            ("localhost", true),
            ("LOCALHOST:8080", true),
            ("localhost:", true),
            ("127.0.0.1", true),
            ("127.0.0.1:8080", true),
            ("[::1]:8080", true),
            ("[::1]", true),
            ("mailvet.example", true),
            ("Mailvet.Example:8443", true),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example:80", false),
            ("localhost:80@evil.example", false),
            ("localhost:+80", false),
            ("localhost:99999", false),
            ("[::1]evil.example", false),
            ("[::1", false),
            ("[", false),
            ("", false),
        ];
        for (host, is_allowed) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            let uri = Uri::from_static("/");
            let host_is_allowed =
                RequestHost::of(&uri, &headers).is_some_and(|host| host.is_allowed(&allowed));
            assert_eq!(host_is_allowed, is_allowed, "{host}");
        }
        assert_eq!(RequestHost::of(&Uri::from_static("/"), &HeaderMap::new()), None);
    }

    #[test]
    fn origins() {
        // The host, the origin, whether they are the same.
        let cases = [
            ("localhost:8080", "http://localhost:8080", true),
            ("LocalHost:8080", "http://localhost:8080", true),
            ("localhost", "http://localhost", true),
            ("localhost:80", "http://localhost", true),
            ("localhost", "https://localhost:443", true),
            ("[::1]:8080", "http://[::1]:8080", true),
            ("mailvet.example", "https://mailvet.example", true),
            ("localhost:8080", "http://localhost:3000", false),
            ("localhost:8080", "http://localhost", false),
            ("localhost", "https://localhost:80", false),
            ("localhost:8080", "http://127.0.0.1:8080", false),
            ("localhost:8080", "https://shop.example", false),
            ("localhost:8080", "http://localhost:8080.evil.example", false),
            ("localhost:8080", "chrome-extension://localhost:8080", false),
            ("localhost:8080", "localhost:8080", false),
            ("localhost:8080", "null", false),
            ("localhost:8080", "", false),
        ];
        for (host, origin, expected) in cases {
            let parsed = RequestHost::parse(host).unwrap();
            assert_eq!(parsed.is_origin(origin), expected, "{host} {origin}");
        }
    }
}
