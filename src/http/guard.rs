//! Refuses clients that may not use a service without keys: those on other machines, web pages of other
//! origins, and the clients of a proxy that publishes the service unintentionally.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::App;
use super::forwarded::{ForwardedClient, InvalidClientHeader, Proxies};
use super::host::RequestHost;
use super::problem::{Problem, ProblemKind};
use crate::config::{AllowedHost, HttpConfig};
use crate::validator::Client;

/// Which clients may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Programs on this machine that name it in `Host`. A web page whose name was pointed at 127.0.0.1 (DNS
    /// rebinding) sends its own name.
    LocalHost,
    /// All that can connect.
    Open,
}

/// Identifies clients, and refuses those that may not ask.
pub struct ClientGuard {
    access: Access,
    allowed_hosts: Vec<AllowedHost>,
    proxies: Proxies,
    /// Whether the warning about an untrusted proxy was logged.
    has_warned: AtomicBool,
}

/// What the operator can do if the refused request should be answered.
const REMEDY: &str = "If a proxy forwards requests to this service, name it in `[http] trusted_proxies`; to \
                      answer every client that can connect, start it with `--open`.";

impl ClientGuard {
    /// # Errors
    /// `client_header` is no header name.
    pub fn new(access: Access, config: &HttpConfig) -> Result<Self, InvalidClientHeader> {
        Ok(Self {
            access,
            allowed_hosts: config.allowed_hosts.clone(),
            proxies: Proxies::new(config.trusted_proxies.clone(), &config.client_header)?,
            has_warned: AtomicBool::new(false),
        })
    }

    /// The client of a request that passed [`check`].
    pub(super) fn client(&self, peer: SocketAddr, head: &Parts) -> Client {
        match self.access {
            Access::LocalHost => Client::Local,
            Access::Open => match self.proxies.client(peer.ip(), &head.headers) {
                // A proxy that adds no header, as nginx does by default: current clients do not speak
                // HTTP/1.0.
                ForwardedClient::Known(ip)
                    if ip.is_loopback() && head.version < Version::HTTP_11 =>
                {
                    self.warn();
                    Client::Remote(ip)
                }
                ForwardedClient::Known(ip) if ip.is_loopback() => Client::Local,
                ForwardedClient::Known(ip) | ForwardedClient::Behind(ip) => Client::Remote(ip),
                ForwardedClient::Unconfirmed(ip, _) => {
                    self.warn();
                    Client::Remote(ip)
                }
            },
        }
    }

    /// Logs once that a proxy is not trusted.
    fn warn(&self) {
        if !self.has_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "requests come through a proxy that [http] trusted_proxies does not name: all its clients \
                 share the bounds of one client"
            );
        }
    }

    /// Whether a request from this peer may be answered.
    fn check(&self, peer: SocketAddr, request: &Request) -> Result<(), Problem> {
        if request.headers().get_all(header::HOST).iter().nth(1).is_some() {
            // RFC 9112 §3.2. A proxy in front of the service may have used the other one.
            let detail = "The header `Host` may be there once only.";
            return Err(Problem::new(ProblemKind::BadRequest, detail));
        }
        match self.access {
            Access::LocalHost => self.check_local(peer, request),
            Access::Open => Ok(()),
        }
    }

    fn check_local(&self, peer: SocketAddr, request: &Request) -> Result<(), Problem> {
        // By default nginx before 1.29.7 speaks HTTP/1.0 to the service. Current clients do not.
        if request.version() < Version::HTTP_11 {
            return Err(refused(
                "Without keys the service does not answer HTTP/1.0, which proxies speak by default \
                 (nginx: `proxy_http_version 1.1;`).",
            ));
        }
        let headers = request.headers();
        let host = RequestHost::of(request.uri(), headers);
        let Some(host) = host.filter(|host| host.is_allowed(&self.allowed_hosts)) else {
            return Err(refused(
                "Without keys the service answers only requests whose header `Host` is localhost, \
                 127.0.0.1, [::1] or in `[http] allowed_hosts`.",
            ));
        };
        let mut origins = headers.get_all(header::ORIGIN).iter();
        if !origins.all(|origin| origin.to_str().is_ok_and(|origin| host.is_origin(origin))) {
            return Err(refused(
                "Without keys the service does not answer web pages of other origins: the header `Origin` does \
                 not have the host and port of `Host`.",
            ));
        }
        match self.proxies.client(peer.ip(), headers) {
            ForwardedClient::Known(ip) if ip.is_loopback() => Ok(()),
            ForwardedClient::Unconfirmed(_, header) => Err(refused(&format!(
                "Without keys the service does not answer requests that were forwarded: the header \
                 `{header}` is not from one of the `[http] trusted_proxies`.",
            ))),
            ForwardedClient::Known(_) => Err(Problem::new(
                ProblemKind::MissingKey,
                "Without keys the service answers only programs on its own machine, and this request \
                 comes from another. Have a proxy decide which clients may ask, and start the service \
                 with `--open`.",
            )),
            ForwardedClient::Behind(_) => Err(Problem::new(
                ProblemKind::MissingKey,
                "Without keys the service answers only programs on its own machine, and the proxy does \
                 not say where this request comes from. Have it name the client in the header that \
                 `[http] client_header` names.",
            )),
        }
    }
}

fn refused(why: &str) -> Problem {
    Problem::new(ProblemKind::OriginNotAllowed, format!("{why} {REMEDY}"))
}

/// The layer that refuses clients which may not ask.
pub(super) async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let checked = match peer {
        Some(&ConnectInfo(peer)) => app.guard.check(peer, &request),
        // Never: `serve_connection` adds it to each request.
        None => Err(Problem::internal()),
    };
    match checked {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}
