//! The real DNS, by hickory-resolver. No other file knows that crate.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError, NoRecords};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Resolver, TokioResolver, system_conf};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{Dns, MxAnswer};
use crate::route::{Answer, Failure, Family, HostName, Mx};

/// How many questions may be in flight at once. Each holds a socket of its own, and another one each time
/// that hickory sends it again to a silent server.
const MAX_IN_FLIGHT: usize = 256;

/// What to ask, and how patiently.
#[derive(Clone, Debug)]
pub struct DnsSettings {
    /// The servers to ask; none: those of the system.
    pub servers: Vec<SocketAddr>,
    /// How long one try may take. Short: it is also what a lost packet costs.
    pub timeout: Duration,
    /// How often a question is sent before it counts as unanswered, at least once.
    pub tries: usize,
}

/// A resolver that asks real servers, over UDP and, for long answers, TCP.
#[derive(Debug)]
pub struct HickoryDns {
    /// One for each server. Of several servers in one resolver hickory (0.26) takes the next in turn for
    /// all questions together, so that a question can get the server that failed it again and again.
    servers: Vec<Server>,
    /// The server that answered last: asked first, so that one that is down costs only the first who
    /// meet it.
    answered_last: AtomicUsize,
    tries: usize,
    in_flight: Semaphore,
    deadline: Duration,
}

/// One server, and the resolver that asks it alone.
#[derive(Debug)]
struct Server {
    config: NameServerConfig,
    timeout: Duration,
    resolver: ArcSwap<TokioResolver>,
}

/// The resolver could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the DNS resolver: {0}")]
pub struct SetupError(#[from] NetError);

impl HickoryDns {
    /// Sets up a resolver. Nothing is sent yet.
    ///
    /// # Errors
    /// The resolver refuses its configuration.
    pub fn new(settings: &DnsSettings) -> Result<Self, SetupError> {
        let servers = if settings.servers.is_empty() {
            system_servers()
        } else {
            settings.servers.iter().copied().map(server).collect()
        };
        let tries = settings.tries.max(1);
        // The resolver's own bound is one per try; this one holds whatever it does.
        let times = u32::try_from(tries).unwrap_or(u32::MAX);
        let deadline = settings.timeout.saturating_mul(times).saturating_add(settings.timeout / 2);
        let servers = servers.into_iter().map(|server| Server::new(server, settings.timeout));
        Ok(Self {
            servers: servers.collect::<Result<_, _>>()?,
            answered_last: AtomicUsize::new(0),
            tries,
            in_flight: Semaphore::new(MAX_IN_FLIGHT),
            deadline,
        })
    }

    /// Asks the servers in turn, beginning with the one that answered last.
    async fn ask<T>(
        &self,
        name: &HostName,
        kind: RecordType,
        record: impl Fn(&RData) -> Option<T>,
    ) -> Result<Answer<T>, Failure> {
        let _turn = self.turn().await;
        let first = self.answered_last.load(Ordering::Relaxed);
        let lookup = async {
            let mut answer = Err(Failure::Unreachable);
            for turn in 0..self.tries {
                let server = (first + turn) % self.servers.len();
                answer = self.ask_one(server, name, kind, &record).await;
                if answer.is_ok() {
                    self.answered_last.store(server, Ordering::Relaxed);
                    break;
                }
            }
            answer
        };
        let answer = tokio::time::timeout(self.deadline, lookup).await;
        let answer = answer.unwrap_or(Err(Failure::Timeout));
        if answer.is_err() && self.tries < self.servers.len() {
            // The next question begins where this one ended: else the servers beyond would never be asked.
            let next = (first + self.tries) % self.servers.len();
            self.answered_last.store(next, Ordering::Relaxed);
        }
        answer
    }

    /// A place among the questions in flight. Each of those has its deadline, so the wait has an end; that of
    /// a question begins after it.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.in_flight.acquire().await.ok()
    }

    async fn ask_one<T>(
        &self,
        server: usize,
        name: &HostName,
        kind: RecordType,
        record: impl Fn(&RData) -> Option<T>,
    ) -> Result<Answer<T>, Failure> {
        // An absolute name, or the system's search list would be appended; ASCII, or hickory would
        // convert it by rules of its own.
        let name =
            Name::from_ascii(format!("{}.", name.as_str())).map_err(|_| Failure::Malformed)?;
        let asked = name.clone();
        match self.servers[server].look_up(name, kind).await {
            Ok(lookup) => found(&lookup, record),
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
                if may_be_given_up(&none) && self.is_alias(server, none.query.name()).await? {
                    return Err(Failure::Malformed);
                }
                no_records(&none, &asked)
            }
            Err(error) => Err(failure(&error)),
        }
    }

    async fn is_alias(&self, server: usize, name: &Name) -> Result<bool, Failure> {
        match self.servers[server].look_up(name.clone(), RecordType::CNAME).await {
            Ok(lookup) => {
                let mut answers = lookup.answers().iter();
                Ok(answers.any(|answer| answer.record_type() == RecordType::CNAME))
            }
            Err(NetError::Dns(DnsError::NoRecordsFound(_))) => Ok(false),
            Err(error) => Err(failure(&error)),
        }
    }
}

impl Server {
    fn new(config: NameServerConfig, timeout: Duration) -> Result<Self, SetupError> {
        let resolver = ArcSwap::from_pointee(resolver(config.clone(), timeout)?);
        Ok(Self { config, timeout, resolver })
    }

    async fn look_up(&self, name: Name, kind: RecordType) -> Result<Lookup, NetError> {
        let answer = self.resolver.load_full().lookup(name, kind).await;
        if answer.is_err() {
            // hickory (0.26) counts it as a failure of the server, NXDOMAIN and NODATA too, and waits longer
            // and longer before it sends a question again: a lost packet would soon cost the whole try. A
            // new resolver has no such memory.
            if let Ok(resolver) = resolver(self.config.clone(), self.timeout) {
                self.resolver.store(Arc::new(resolver));
            }
        }
        answer
    }
}

fn mx(data: &RData) -> Option<Mx> {
    match data {
        RData::MX(mx) => {
            let host = HostName::new(&mx.exchange.to_ascii());
            Some(Mx { preference: mx.preference, host })
        }
        _ => None,
    }
}

impl Dns for HickoryDns {
    fn mx<'a>(&'a self, name: &'a HostName) -> BoxFuture<'a, MxAnswer> {
        self.ask(name, RecordType::MX, mx).boxed()
    }

    fn second_opinion<'a>(&'a self, name: &'a HostName) -> BoxFuture<'a, Option<MxAnswer>> {
        async move {
            let other = (self.answered_last.load(Ordering::Relaxed) + 1) % self.servers.len();
            if self.servers.len() < 2 {
                return None;
            }
            let _turn = self.turn().await;
            let opinion = self.ask_one(other, name, RecordType::MX, mx);
            let opinion = tokio::time::timeout(self.deadline, opinion).await;
            Some(opinion.unwrap_or(Err(Failure::Timeout)))
        }
        .boxed()
    }

    fn addresses<'a>(
        &'a self,
        name: &'a HostName,
        family: Family,
    ) -> BoxFuture<'a, Result<Answer<IpAddr>, Failure>> {
        let kind = match family {
            Family::V4 => RecordType::A,
            Family::V6 => RecordType::AAAA,
        };
        self.ask(name, kind, |data| match data {
            RData::A(ip) => Some(IpAddr::V4(ip.0)),
            RData::AAAA(ip) => Some(IpAddr::V6(ip.0)),
            _ => None,
        })
        .boxed()
    }
}

/// The servers in `/etc/resolv.conf`; without one, this machine itself, as the C library has it.
/// Search domains are left out: an address names its domain in full.
fn system_servers() -> Vec<NameServerConfig> {
    let configured = system_conf::read_system_conf()
        .map(|(config, _)| config.into_parts().2)
        .unwrap_or_default();
    if configured.is_empty() {
        vec![server(SocketAddr::from((Ipv4Addr::LOCALHOST, 53)))]
    } else {
        configured
    }
}

/// A resolver that asks one server once.
fn resolver(server: NameServerConfig, timeout: Duration) -> Result<TokioResolver, SetupError> {
    let config = ResolverConfig::from_name_servers(vec![server]);
    let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
    let options = builder.options_mut();
    options.timeout = timeout;
    options.attempts = 0;
    // Answers are kept as routes, in cache/; hosts files have no MX.
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    Ok(builder.build()?)
}

fn server(address: SocketAddr) -> NameServerConfig {
    let mut udp = ConnectionConfig::udp();
    udp.port = address.port();
    let mut tcp = ConnectionConfig::tcp();
    tcp.port = address.port();
    NameServerConfig::new(address.ip(), true, vec![udp, tcp])
}

/// Aliases come along with what they lead to, and do not count.
fn found<T>(lookup: &Lookup, record: impl Fn(&RData) -> Option<T>) -> Result<Answer<T>, Failure> {
    let answers = lookup.answers();
    let ttl = answers.iter().map(|answer| answer.ttl).min().unwrap_or(0);
    let ttl = Duration::from_secs(u64::from(ttl));
    let records: Vec<T> = answers.iter().filter_map(|answer| record(&answer.data)).collect();
    // A server that gives the records along with its answer, and not as the answer, names other servers
    // instead of resolving for us.
    if records.is_empty() { Err(Failure::Refused) } else { Ok(Answer::Found { records, ttl }) }
}

/// Why there is no answer.
fn failure(error: &NetError) -> Failure {
    match error {
        NetError::Dns(DnsError::ResponseCode(code)) => match *code {
            ResponseCode::ServFail => Failure::ServFail,
            ResponseCode::Refused | ResponseCode::NotAuth | ResponseCode::NotImp => {
                Failure::Refused
            }
            _ => Failure::Malformed,
        },
        NetError::Timeout => Failure::Timeout,
        NetError::NoConnections | NetError::Io(_) => Failure::Unreachable,
        NetError::Busy => Failure::Overloaded,
        _ => Failure::Malformed,
    }
}

/// Whether hickory may have said so for having followed enough aliases (eight, or the same few again and
/// again). Then it shows nothing of what the servers sent beside their answers, but so it does where they
/// sent nothing.
fn may_be_given_up(none: &NoRecords) -> bool {
    none.response_code == ResponseCode::NoError && none.authorities.is_none()
}

/// Tells "there is none" from "could not find out", which hickory reports alike as errors.
fn no_records<T>(none: &NoRecords, asked: &Name) -> Result<Answer<T>, Failure> {
    let ttl = Duration::from_secs(none.negative_ttl.unwrap_or(0).into());
    match none.response_code {
        // Having followed aliases hickory speaks of the last name, which is the one that is missing.
        ResponseCode::NXDomain if none.query.name() != asked => Ok(Answer::NoTarget { ttl }),
        ResponseCode::NXDomain => Ok(Answer::NoName { ttl }),
        // A server that names other servers instead of answering does not resolve for us.
        ResponseCode::NoError if none.soa.is_none() && none.ns.is_some() => Err(Failure::Refused),
        ResponseCode::NoError => Ok(Answer::NoData { ttl }),
        ResponseCode::ServFail => Err(Failure::ServFail),
        ResponseCode::Refused => Err(Failure::Refused),
        _ => Err(Failure::Malformed),
    }
}
