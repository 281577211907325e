//! `[http]`: where the service listens, and its bounds.

use std::net::{Ipv4Addr, SocketAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::NumberRange;
use super::allowed_host::AllowedHost;
use super::client_header::ClientHeader;
use super::value::{self, Listen};

/// `[http]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Where the service listens. Without keys it must be a loopback address.
    #[serde(with = "value::text")]
    pub listen: Listen,
    /// The only place where readiness and metrics are served; none: where the service listens.
    #[serde(with = "value::optional")]
    pub admin_listen: Option<Listen>,
    /// Whether every client that can connect may ask.
    pub open: bool,
    /// Names in `Host` that are this service's own, besides those of this machine.
    #[serde(with = "value::texts")]
    pub allowed_hosts: Vec<AllowedHost>,
    /// Networks of the proxies whose word on their clients is trusted.
    #[serde(deserialize_with = "value::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which they name the client.
    #[serde(with = "value::text")]
    pub client_header: ClientHeader,
    pub limits: HttpLimits,
}

/// `[http.limits]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpLimits {
    /// Connections at once; a further one is refused as `overloaded`.
    pub max_connections: usize,
    /// Requests under way at once; a further one is refused as `overloaded`.
    pub max_requests: usize,
    /// Of these, batches.
    pub max_batches: usize,
    /// Addresses of one batch that are checked at the same time.
    pub batch_side_by_side: usize,
    /// Addresses of all batches together that are checked at the same time.
    pub batches_side_by_side: usize,
    /// How long a batch may take; an address that is not checked by then is answered as out of time.
    pub batch_timeout_ms: u64,
    /// The body of a request for one address.
    pub max_body_kib: usize,
    /// The body of a batch.
    pub max_batch_body_kib: usize,
    /// How long a client may take to send the head of a request, and how long an unused connection is
    /// kept.
    pub head_timeout_ms: u64,
    /// How long a client may take to send a body.
    pub body_timeout_ms: u64,
    /// How long a client may read nothing of its answer.
    pub write_timeout_ms: u64,
    /// How long requests under way may go on during a graceful shutdown.
    pub drain_timeout_ms: u64,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: Listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
            admin_listen: None,
            open: false,
            allowed_hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            client_header: ClientHeader::default(),
            limits: HttpLimits::default(),
        }
    }
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            max_connections: 1_024,
            max_requests: 512,
            max_batches: 16,
            batch_side_by_side: 32,
            batches_side_by_side: 128,
            batch_timeout_ms: 600_000,
            // An address has 254 bytes; the rest is for what people paste around it.
            max_body_kib: 16,
            max_batch_body_kib: 1_024,
            head_timeout_ms: 10_000,
            body_timeout_ms: 10_000,
            write_timeout_ms: 10_000,
            drain_timeout_ms: 20_000,
        }
    }
}

impl HttpLimits {
    /// Each number, with the range in which the service still works.
    pub(super) fn ranges(&self) -> [NumberRange; 12] {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let (some, time) = (1..=1_000_000, 1..=3_600_000);
        [
            ("http.limits.max_connections", count(self.max_connections), some.clone()),
            ("http.limits.max_requests", count(self.max_requests), some.clone()),
            ("http.limits.max_batches", count(self.max_batches), 0..=1_000_000),
            ("http.limits.batch_side_by_side", count(self.batch_side_by_side), some.clone()),
            ("http.limits.batches_side_by_side", count(self.batches_side_by_side), some),
            ("http.limits.batch_timeout_ms", self.batch_timeout_ms, time.clone()),
            ("http.limits.max_body_kib", count(self.max_body_kib), 1..=65_536),
            ("http.limits.max_batch_body_kib", count(self.max_batch_body_kib), 1..=65_536),
            ("http.limits.head_timeout_ms", self.head_timeout_ms, time.clone()),
            ("http.limits.body_timeout_ms", self.body_timeout_ms, time.clone()),
            ("http.limits.write_timeout_ms", self.write_timeout_ms, time.clone()),
            ("http.limits.drain_timeout_ms", self.drain_timeout_ms, time),
        ]
    }
}
