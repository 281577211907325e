//! Who may ask a service without keys: programs on the same machine. Not web pages from elsewhere, and
//! not the clients of a proxy that publishes the service without being asked to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::App;
use super::forwarded::{ClientHeaderError, ForwardedClient, Proxies};
use super::host::RequestHost;
use super::problem::{Problem, ProblemKind};
use crate::config::{AllowedHost, HttpConfig};
use crate::validator::Client;

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Only programs on this machine, which name it as the host. A page whose own name was pointed at
    /// 127.0.0.1 (DNS rebinding) names itself.
    LocalHost,
    /// Anybody who can connect.
    Open,
}

/// Tells who asks, and turns away who may not.
pub struct Guard {
    access: Access,
    allowed_hosts: Vec<AllowedHost>,
    proxies: Proxies,
    /// Whether it was logged that a proxy is not trusted.
    has_warned: AtomicBool,
}

/// What to do about a request that was refused, where it was meant to be answered.
const REMEDY: &str = "If a proxy forwards requests to this service, name it in `[http] \
                      trusted_proxies`; to let everybody ask who can connect, start it with `--open`.";

impl Guard {
    /// A guard for this configuration.
    ///
    /// # Errors
    /// `client_header` cannot be used.
    pub fn new(access: Access, config: &HttpConfig) -> Result<Self, ClientHeaderError> {
        Ok(Self {
            access,
            allowed_hosts: config.allowed_hosts.clone(),
            proxies: Proxies::new(config.trusted_proxies.clone(), &config.client_header)?,
            has_warned: AtomicBool::new(false),
        })
    }

    /// Who asks, from this address and with this head. To be called for those who may.
    pub(super) fn caller(&self, peer: SocketAddr, head: &Parts) -> Client {
        match self.access {
            Access::LocalHost => Client::Local,
            Access::Open => match self.proxies.client(peer.ip(), &head.headers) {
                // A proxy that adds no header, as nginx does unless told otherwise: no program of today
                // speaks this version.
                ForwardedClient::Known(ip)
                    if ip.is_loopback() && head.version < Version::HTTP_11 =>
                {
                    self.warn();
                    Client::Remote(ip)
                }
                // What stands in front of the service on the same machine speaks for many.
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
                 together may ask as much as one"
            );
        }
    }

    /// Whether a request with this peer and head may be answered.
    fn check(
        &self,
        peer: SocketAddr,
        version: Version,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<(), Problem> {
        if headers.get_all(header::HOST).iter().nth(1).is_some() {
            // RFC 9112 §3.2. Whoever stands before us may have looked at the other one.
            let detail = "The header `Host` may be there once only.";
            return Err(Problem::new(ProblemKind::BadRequest, detail));
        }
        match self.access {
            Access::LocalHost => self.check_local(peer, version, uri, headers),
            Access::Open => Ok(()),
        }
    }

    fn check_local(
        &self,
        peer: SocketAddr,
        version: Version,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<(), Problem> {
        // The version that nginx speaks to a service before 1.29.7, unless told otherwise. No program of
        // today does.
        if version < Version::HTTP_11 {
            return Err(refused(
                "Without keys the service does not answer HTTP/1.0, which proxies speak that are not told \
                 otherwise (nginx: `proxy_http_version 1.1;`).",
            ));
        }
        let host = RequestHost::of(uri, headers).filter(|host| host.is_ours(&self.allowed_hosts));
        let Some(host) = host else {
            return Err(refused(
                "Without keys the service answers only requests whose header `Host` is localhost, \
                 127.0.0.1, [::1] or in `[http] allowed_hosts`.",
            ));
        };
        let mut origins = headers.get_all(header::ORIGIN).iter();
        if !origins.all(|origin| origin.to_str().is_ok_and(|origin| host.is_origin(origin))) {
            return Err(refused(
                "Without keys the service does not answer web pages from elsewhere: the header `Origin` is \
                 not the host and port in `Host`.",
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
                 comes from elsewhere. Have a proxy decide who may ask, and start the service with \
                 `--open`.",
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

/// Turns away who may not ask.
pub(super) async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let checked = match peer {
        Some(&ConnectInfo(peer)) => {
            app.guard.check(peer, request.version(), request.uri(), request.headers())
        }
        // Every connection has one.
        None => Err(Problem::internal()),
    };
    match checked {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}
