//! The real DNS, by hickory-resolver. No other file knows that crate.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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

use super::{Answered, Dns, ServerId, Servers};
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
    /// The server that is asked first: the one that answered last, so that one that is down costs only
    /// the first who meet it. All questions share it, so it does not tell who answered one of them.
    first: AtomicUsize,
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
    out_of_use: AtomicBool,
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
            first: AtomicUsize::new(0),
            tries,
            in_flight: Semaphore::new(MAX_IN_FLIGHT),
            deadline,
        })
    }

    /// Asks these servers in turn, beginning with the one that answered last.
    async fn ask<T>(
        &self,
        name: &HostName,
        kind: RecordType,
        of: Servers,
        record: impl Fn(&RData) -> Option<T>,
    ) -> Answered<T> {
        let _turn = self.turn().await;
        let tries = match of {
            Servers::InUse | Servers::Only(_) => self.tries,
            Servers::Except(_) => 1,
        };
        let mut next = self.first.load(Ordering::Relaxed);
        let lookup = async {
            let mut answered = Answered::by_none(Failure::Unreachable);
            for _ in 0..tries {
                let Some(server) = self.next(next, of) else { break };
                next = server + 1;
                let result = self.ask_one(server, name, kind, &record).await;
                answered = Answered { by: who(server, &result), result };
                if answered.result.is_ok() {
                    break;
                }
            }
            answered
        };
        let answered = tokio::time::timeout(self.deadline, lookup).await;
        let answered = answered.unwrap_or_else(|_| Answered::by_none(Failure::Timeout));
        if of == Servers::InUse {
            match (&answered.result, answered.by) {
                (Ok(_), Some(ServerId(server))) => self.first.store(server, Ordering::Relaxed),
                // The next question begins where this one ended: else the servers beyond would never be
                // asked.
                _ if self.tries < self.servers.len() => self.first.store(next, Ordering::Relaxed),
                _ => {}
            }
        }
        answered
    }

    /// The first of these servers from this one on, in turn.
    fn next(&self, from: usize, of: Servers) -> Option<usize> {
        let count = self.servers.len();
        let mut in_turn = (0..count).map(|step| (from + step) % count);
        let in_use = |server: usize| !self.servers[server].out_of_use.load(Ordering::Relaxed);
        match of {
            Servers::InUse => in_turn.find(|server| in_use(*server)),
            Servers::Except(ServerId(not)) => {
                in_turn.find(|server| *server != not && in_use(*server))
            }
            Servers::Only(ServerId(only)) => in_turn.find(|server| *server == only),
        }
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
        Ok(Self { config, timeout, resolver, out_of_use: AtomicBool::new(false) })
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

/// The server that a result is from; a try that timed out is from none.
fn who<T>(server: usize, result: &Result<Answer<T>, Failure>) -> Option<ServerId> {
    match result {
        Err(Failure::Timeout | Failure::Unreachable | Failure::Overloaded) => None,
        Ok(_) | Err(_) => Some(ServerId(server)),
    }
}

impl Dns for HickoryDns {
    fn mx<'a>(&'a self, name: &'a HostName, of: Servers) -> BoxFuture<'a, Answered<Mx>> {
        self.ask(name, RecordType::MX, of, mx).boxed()
    }

    fn addresses<'a>(
        &'a self,
        name: &'a HostName,
        family: Family,
        of: Servers,
    ) -> BoxFuture<'a, Answered<IpAddr>> {
        let kind = match family {
            Family::V4 => RecordType::A,
            Family::V6 => RecordType::AAAA,
        };
        self.ask(name, kind, of, |data| match data {
            RData::A(ip) => Some(IpAddr::V4(ip.0)),
            RData::AAAA(ip) => Some(IpAddr::V6(ip.0)),
            _ => None,
        })
        .boxed()
    }

    fn servers(&self) -> Vec<ServerId> {
        (0..self.servers.len()).map(ServerId).collect()
    }

    fn set_in_use(&self, servers: &[ServerId]) {
        for (number, server) in self.servers.iter().enumerate() {
            let is_out = !servers.is_empty() && !servers.contains(&ServerId(number));
            server.out_of_use.store(is_out, Ordering::Relaxed);
        }
    }

    fn has_other(&self, server: ServerId) -> bool {
        self.next(0, Servers::Except(server)).is_some()
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
