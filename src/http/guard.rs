//! Who may ask a service without keys: programs on the same machine, not web pages from elsewhere.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ipnet::IpNet;

use super::App;
use super::forwarded::{self, Client};
use super::problem::{Problem, ProblemKind};
use crate::validator::Caller;

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Only who names this machine as the host. A page whose own name was pointed at 127.0.0.1 (DNS
    /// rebinding) names itself.
    LocalHost,
    /// Anybody who can connect.
    Open,
}

/// Tells who asks, and turns away who may not.
pub struct Guard {
    /// Who may ask.
    pub access: Access,
    /// The proxies that are believed about whom they ask for.
    pub trusted_proxies: Vec<IpNet>,
}

impl Guard {
    /// Who asks, from this address and with these headers.
    pub(super) fn caller(&self, peer: SocketAddr, headers: &HeaderMap) -> Caller {
        match self.access {
            Access::LocalHost => Caller::Local,
            Access::Open => {
                match forwarded::client(peer.ip(), headers, &self.trusted_proxies) {
                    // What stands in front of the service on the same machine speaks for many.
                    Client::Known(ip) if ip.is_loopback() => Caller::Local,
                    Client::Known(ip) | Client::Behind(ip) => Caller::Stranger(ip),
                }
            }
        }
    }
}

/// Turns away requests for a host that is not this one, or for two.
pub(super) async fn check_host(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    if request.headers().get_all(header::HOST).iter().nth(1).is_some() {
        // RFC 9112 §3.2. Whoever stands before us may have looked at the other one.
        let detail = "The header `Host` may be there once only.";
        return Problem::new(ProblemKind::BadRequest, detail).into_response();
    }
    match app.guard.access {
        Access::LocalHost if !names_this_machine(request.uri(), request.headers()) => {
            let detail = "Without keys the service answers only requests whose header `Host` is \
                          localhost, 127.0.0.1 or [::1].";
            Problem::new(ProblemKind::OriginNotAllowed, detail).into_response()
        }
        Access::LocalHost | Access::Open => next.run(request).await,
    }
}

fn names_this_machine(uri: &Uri, headers: &HeaderMap) -> bool {
    let header = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(host) = uri.authority().map(Authority::as_str).or(header) else {
        return false;
    };
    let without_port = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| without_port.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let cases = [
            ("localhost", true),
            ("LOCALHOST:8080", true),
            ("127.0.0.1", true),
            ("127.0.0.1:8080", true),
            ("[::1]:8080", true),
            ("[::1]", true),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example:80", false),
            ("localhost:80@evil.example", false),
            ("", false),
        ];
        for (host, allowed) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            assert_eq!(names_this_machine(&Uri::from_static("/"), &headers), allowed, "{host}");
        }
        assert!(!names_this_machine(&Uri::from_static("/"), &HeaderMap::new()));
    }
}
