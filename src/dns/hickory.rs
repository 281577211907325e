//! The real DNS, by hickory-resolver. No other file knows that crate.

mod server;

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::{DnsError, NetError, NoRecords};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use tokio::sync::{Semaphore, SemaphorePermit};

use self::server::Server;
use super::hedge::{HedgeTiming, hedged};
use super::system::system_servers;
use super::{Answered, Dns, ServerId, Servers};
use crate::route::{Answer, Failure, Family, HostName, Mx};

/// How many questions may be under way at once. Each holds a socket for every try that is listened for, at most
/// [`LISTENED`](super::hedge::LISTENED).
const MAX_OPEN_QUESTIONS: usize = 256;
/// A second opinion gets fewer tries: the answer stands without it.
const OPINION_TRIES: usize = 3;

/// Which servers to ask, and how often.
#[derive(Clone, Debug)]
pub struct DnsSettings {
    /// The servers to ask; none: those of the system.
    pub servers: Vec<SocketAddr>,
    /// An answer that is so late is asked for again, of the next server where there is one.
    pub repeat: Duration,
    /// How long the answer to the last try is waited for.
    pub timeout: Duration,
    /// How often a question is sent before it counts as unanswered; at least once.
    pub tries: usize,
}

/// A resolver that asks real servers, over UDP and, for long answers, TCP.
#[derive(Debug)]
pub struct HickoryDns {
    /// Each has a resolver of its own. With several servers in one resolver hickory (0.26) takes the next in turn
    /// for all questions together, so that a question can get the server that failed it again and again.
    servers: Vec<Server>,
    /// The server that is asked first: the one that answered last, so that a server that is down delays only the
    /// first questions. All questions share it, so it does not say which server answered one of them.
    first: AtomicUsize,
    pace: HedgeTiming,
    open_questions: Semaphore,
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
        let mut servers = settings.servers.clone();
        if servers.is_empty() {
            servers = system_servers();
        }
        // A server that is named twice is one server.
        let mut seen = HashSet::new();
        servers.retain(|server| seen.insert(*server));
        let pace = HedgeTiming::new(settings.repeat, settings.timeout, settings.tries);
        let servers = servers.into_iter();
        let servers = servers.map(|server| Server::new(server, pace.longest()));
        Ok(Self {
            servers: servers.collect::<Result<_, _>>()?,
            first: AtomicUsize::new(0),
            pace,
            open_questions: Semaphore::new(MAX_OPEN_QUESTIONS),
        })
    }

    /// Asks these servers in turn, first the one that answered last.
    async fn ask<T: Send>(
        &self,
        name: &HostName,
        kind: RecordType,
        of: Servers,
        record: fn(&RData) -> Option<T>,
    ) -> Answered<T> {
        // An absolute name, or the system's search list would be appended; ASCII, or hickory would
        // convert it by rules of its own.
        let Ok(name) = Name::from_ascii(format!("{}.", name.as_str())) else {
            return Answered::by_none(Failure::Malformed);
        };
        let _permit = self.permit().await;
        let pace = match of {
            Servers::InUse | Servers::Only(_) => self.pace,
            Servers::Except(_) => self.pace.at_most(OPINION_TRIES),
        };
        let first = self.first.load(Ordering::Relaxed);
        let next = |from| self.next(from, of);
        let name = &name;
        let send = |server, nth| self.ask_one(server, nth, name, kind, record);
        let answered = hedged(pace, first, next, send).await;
        if of == Servers::InUse {
            match (&answered.result, answered.by) {
                (Ok(_), Some(ServerId(server))) => self.first.store(server, Ordering::Relaxed),
                // The next question begins where this one ended: else the servers after it would never be asked.
                _ if pace.tries() < self.servers.len() => {
                    let next = (first + pace.tries()) % self.servers.len();
                    self.first.store(next, Ordering::Relaxed);
                }
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

    /// A permit for one question. All questions under way have a deadline, so the wait ends; the deadline of a
    /// question begins after it.
    async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.open_questions.acquire().await.ok()
    }

    async fn ask_one<T>(
        &self,
        server: usize,
        nth: usize,
        name: &Name,
        kind: RecordType,
        record: fn(&RData) -> Option<T>,
    ) -> Result<Answer<T>, Failure> {
        let server = &self.servers[server];
        match server.look_up(nth, name.clone(), kind).await {
            Ok(lookup) => found(&lookup, record),
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
                if may_be_alias_limit(&none) && is_alias(server, nth, none.query.name()).await? {
                    return Err(Failure::Malformed);
                }
                no_records(&none, name)
            }
            Err(error) => Err(failure(&error)),
        }
    }
}

async fn is_alias(server: &Server, nth: usize, name: &Name) -> Result<bool, Failure> {
    match server.look_up(nth, name.clone(), RecordType::CNAME).await {
        Ok(lookup) => {
            let mut answers = lookup.answers().iter();
            Ok(answers.any(|answer| answer.record_type() == RecordType::CNAME))
        }
        Err(NetError::Dns(DnsError::NoRecordsFound(_))) => Ok(false),
        Err(error) => Err(failure(&error)),
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

    fn is_full(&self) -> bool {
        self.open_questions.available_permits() == 0
    }
}

/// The records of an answer. Aliases come along with what they lead to, and do not count.
fn found<T>(lookup: &Lookup, record: fn(&RData) -> Option<T>) -> Result<Answer<T>, Failure> {
    let answers = lookup.answers();
    let ttl = answers.iter().map(|answer| answer.ttl).min().unwrap_or(0);
    let ttl = Duration::from_secs(u64::from(ttl));
    let records: Vec<T> = answers.iter().filter_map(|answer| record(&answer.data)).collect();
    // A server that sends the records beside its answer, and not as the answer, names other servers instead of
    // resolving for us.
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

/// Whether this empty answer may mean that hickory hit its limit of aliases (eight, or the same few again and
/// again), which looks like NODATA without SOA.
fn may_be_alias_limit(none: &NoRecords) -> bool {
    none.response_code == ResponseCode::NoError && none.authorities.is_none()
}

/// Distinguishes "there is none" from "could not find out", which hickory reports alike as errors.
fn no_records<T>(none: &NoRecords, asked: &Name) -> Result<Answer<T>, Failure> {
    let ttl = Duration::from_secs(none.negative_ttl.unwrap_or(0).into());
    match none.response_code {
        // After aliases hickory names the last name, which is the one that is missing.
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
