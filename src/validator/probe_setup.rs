//! The probe, built from the configuration.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{BuildError, Probing, ProbingParts};
use crate::cache::MailboxCache;
use crate::clock::Clock;
use crate::config::{Config, ProbeConfig, Proxy, ProxyHost};
use crate::dns::Dns;
use crate::reach::ReachPolicy;
use crate::reply::ReplyRules;
use crate::smtp::dial::{DialGuard, Egress, Socks5, SourceAddress};
use crate::smtp::limiter::{LimitStore, ProbeLimiter};
use crate::smtp::{Identity, SmtpClient, Timeouts};
use crate::store::Store;

/// Memory for evidence.
const MAILBOX_CACHE_BYTES: u64 = 16 << 20;

/// The probe; none where it is switched off. `state` is the folder of the store, if there is one.
pub(super) fn probing(
    config: &Config,
    dns: Arc<dyn Dns>,
    clock: Arc<dyn Clock>,
    state: Option<&Path>,
) -> Result<Option<Probing>, BuildError> {
    let Some(identity) = identity(&config.probe) else { return Ok(None) };
    let rules = rules(config)?;
    let store = state.map(|folder| open(folder, config.state.max_mib, clock.clone()));
    let limit_store = store.clone().map(|store| Arc::new(store) as Arc<dyn LimitStore>);
    let probe = &config.probe;
    Ok(Some(Probing::new(ProbingParts {
        dns,
        client: SmtpClient::new(identity, timeouts(probe))?,
        dialer: Arc::new(egress(probe)),
        guard: DialGuard::new(ReachPolicy::allowing(config.network.allow.clone()), probe.port),
        limiter: ProbeLimiter::new(probe.limits(), probe.never_list(), clock.clone(), limit_store),
        rules,
        cache: MailboxCache::new(MAILBOX_CACHE_BYTES),
        store,
        clock,
    })))
}

fn rules(config: &Config) -> Result<ReplyRules, BuildError> {
    Ok(ReplyRules::from_sources(&config.catalog.replies()?)?)
}

/// The names in HELO and MAIL FROM; none where the probe is off.
fn identity(probe: &ProbeConfig) -> Option<Identity> {
    let (true, Some(helo), Some(sender)) = (probe.enabled, &probe.helo, &probe.mail_from) else {
        return None;
    };
    Some(Identity { helo: helo.clone(), sender: sender.clone() })
}

fn timeouts(probe: &ProbeConfig) -> Timeouts {
    let reply = Duration::from_millis(probe.reply_timeout_ms);
    Timeouts {
        connect: Duration::from_millis(probe.connect_timeout_ms),
        banner: reply,
        reply,
        whole: Duration::from_millis(probe.conversation_timeout_ms),
    }
}

fn egress(probe: &ProbeConfig) -> Egress {
    match &probe.proxy {
        Some(proxy) => Egress::Proxy(socks5(proxy)),
        None => Egress::Direct(source(&probe.source)),
    }
}

fn socks5(proxy: &Proxy) -> Socks5 {
    let login = proxy.login.as_ref().map(|login| (&*login.user, login.password.reveal()));
    match &proxy.host {
        ProxyHost::Ip(ip) => Socks5::new(&ip.to_string(), proxy.port, login),
        ProxyHost::Name(name) => Socks5::new(name.ascii(), proxy.port, login),
    }
}

fn source(addresses: &[IpAddr]) -> SourceAddress {
    if addresses.is_empty() {
        return SourceAddress::System;
    }
    let v4 = addresses.iter().find_map(|ip| match ip {
        IpAddr::V4(ip) => Some(*ip),
        IpAddr::V6(_) => None,
    });
    let v6 = addresses.iter().find_map(|ip| match ip {
        IpAddr::V4(_) => None,
        IpAddr::V6(ip) => Some(*ip),
    });
    SourceAddress::Fixed { v4, v6 }
}

/// The store. If it cannot be used now, that is logged and tried again later.
fn open(folder: &Path, max_mib: u64, clock: Arc<dyn Clock>) -> Store {
    let (store, error) = Store::open_or_retry(folder, max_mib, clock);
    if let Some(error) = error {
        tracing::warn!("what mail servers say is not kept for now: {error}");
    }
    store
}
