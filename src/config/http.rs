//! `[http]`: where the service listens, and its bounds.

use std::net::{Ipv4Addr, SocketAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::Range;
use super::allowed_host::AllowedHost;
use super::client_header::ClientHeader;
use super::value::{self, Listen, Setting};

/// `[http]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Where the service listens. Without keys only loopback addresses will do.
    pub listen: Listen,
    /// Where readiness and metrics are, and nowhere else.
    pub admin_listen: Setting<Listen>,
    /// Whether everybody who can connect may ask.
    pub open: bool,
    /// Names in `Host` that are this service's own, besides those of this machine.
    #[serde(deserialize_with = "value::list")]
    pub allowed_hosts: Vec<AllowedHost>,
    /// Networks of the proxies that are believed about their clients.
    #[serde(deserialize_with = "value::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which they name the client.
    pub client_header: ClientHeader,
    /// Its bounds.
    pub limits: Limits,
}

/// `[http.limits]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections at once; a further one is told that the service is overloaded.
    pub max_connections: usize,
    /// Requests under way at once; the same.
    pub max_requests: usize,
    /// Of these, batches.
    pub max_batches: usize,
    /// Addresses of one batch that are looked at side by side.
    pub batch_side_by_side: usize,
    /// Addresses of all batches together that are looked at side by side.
    pub batches_side_by_side: usize,
    /// How long a batch may take; what is not known by then is said without waiting for it.
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
    /// How long a client may take no part of its answer.
    pub write_timeout_ms: u64,
    /// How long requests under way may go on once the service is told to stop.
    pub drain_timeout_ms: u64,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: Listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
            admin_listen: Setting::default(),
            open: false,
            allowed_hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            client_header: ClientHeader::default(),
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
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

impl Limits {
    /// Each number, with the range in which the service still serves.
    pub(super) fn ranges(&self) -> [Range; 12] {
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
