//! Finding out DNS servers that lie, before their lies become verdicts.

use std::convert::Infallible;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use metrics::gauge;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use super::Routes;
use crate::dns::{Dns, Servers};
use crate::route::{
    CanaryOutcome, Distrust, Family, HostName, MadeUp, Record, RowOutcome, ServerId, Trust,
    standing,
};

/// How many providers' domains that a server denied it is asked for again with each test.
const MOST_ASKED_AGAIN: usize = 8;

/// How the resolver is tested.
#[derive(Clone, Debug, Default)]
pub struct Canaries {
    /// Domains that have mail servers; none: nothing is tested.
    pub domains: Vec<HostName>,
    /// How often each server is asked for them.
    pub interval: Duration,
}

/// What a person is to be told of the DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsComplaint {
    /// The resolver is not believed.
    Distrusted(Distrust),
    /// It denied the domain of a big provider, which was not believed.
    ProviderDenied(Distrust),
}

impl fmt::Display for DnsComplaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Distrusted(distrust) => write!(f, "{distrust} ({FOR_LABS})"),
            Self::ProviderDenied(distrust) => distrust.fmt(f),
        }
    }
}

/// What to do where the resolver is right, and knows nothing of the internet.
pub(super) const FOR_LABS: &str =
    "a lab or an intranet without these domains: MAILVET_DNS__CANARIES=[]";

/// What came of a test of all servers.
#[derive(Debug)]
pub(super) enum Tested {
    /// A server passes; none fails that was believed before.
    Sound,
    /// A server passes; this one fails, which was believed before.
    Lost(Distrust),
    /// None passes.
    Distrusted(Distrust),
    /// None says anything.
    Silent,
}

/// What changed with what became known.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing that matters for what was learned before.
    Nothing,
    /// A server that was believed is not any more: what was learned since it passed may be a lie.
    Lost {
        /// Why it is not believed.
        distrust: Distrust,
        /// When all servers that were believed last passed.
        since: Instant,
    },
}

/// What is known of the resolver's honesty, shared by all who ask it.
#[derive(Clone)]
pub(super) struct ResolverTrust {
    shared: Arc<CanariesInner>,
}

struct CanariesInner {
    /// None until the first test ended; without canaries nothing is ever tested.
    now: watch::Sender<Option<Trust>>,
    /// Never locked across an await.
    state: Mutex<State>,
}

struct State {
    /// Of each server, once it was tested.
    records: Vec<(ServerId, Record)>,
    distrust: Option<Distrust>,
    /// A provider's domain that was denied.
    denied: Option<Distrust>,
    last_sound: Instant,
}

impl Default for ResolverTrust {
    fn default() -> Self {
        let state =
            State { records: Vec::new(), distrust: None, denied: None, last_sound: Instant::now() };
        let now = watch::Sender::new(Some(Trust::Sound));
        Self { shared: Arc::new(CanariesInner { now, state: Mutex::new(state) }) }
    }
}

impl ResolverTrust {
    fn lock(&self) -> MutexGuard<'_, State> {
        // What is left half changed by a panic is put right by the next test.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers wait for the first test.
    pub(super) fn await_test(&self) {
        self.shared.now.send_replace(None);
    }

    /// What is known, if it is known within this time.
    pub(super) async fn settled(&self, timeouts: Duration) -> Option<Trust> {
        let mut now = self.shared.now.subscribe();
        let settled = tokio::time::timeout(timeouts, now.wait_for(Option::is_some)).await;
        // The sender lives as long as `self`.
        settled.ok().and_then(Result::ok).and_then(|trust| *trust)
    }

    /// What is known now.
    pub(super) fn now(&self) -> Option<Trust> {
        *self.shared.now.borrow()
    }

    /// What a person is to be told.
    pub(super) fn complaint(&self) -> Option<DnsComplaint> {
        let state = self.lock();
        let distrusted = state.distrust.clone().map(DnsComplaint::Distrusted);
        distrusted.or_else(|| state.denied.clone().map(DnsComplaint::ProviderDenied))
    }

    /// Whether a server is found to lie.
    pub(super) fn fails(&self, server: ServerId) -> bool {
        let state = self.lock();
        let mut records = state.records.iter().filter(|(known, _)| *known == server);
        records.any(|(_, record)| record.distrust().is_some())
    }

    /// A server has said this of the domain of a big provider.
    pub(super) fn said_of_provider(
        &self,
        dns: &dyn Dns,
        domain: &HostName,
        said: RowOutcome,
        by: Option<ServerId>,
    ) -> Change {
        let mut state = self.lock();
        if let RowOutcome::Denied(denial) = said {
            state.denied = Some(Distrust::Denies(domain.clone(), denial));
        }
        // Until the first test is over nothing is told anyway, and one answer settles nothing.
        let (Some(by), Some(_)) = (by, self.now()) else { return Change::Nothing };
        self.learn(dns, &mut state, |records| {
            if let Some((_, record)) = records.iter_mut().find(|(server, _)| *server == by) {
                record.said_of_provider(domain, said);
            }
        })
    }

    /// Takes in what became known of servers, and what follows from it.
    fn learn(
        &self,
        dns: &dyn Dns,
        state: &mut State,
        take_in: impl FnOnce(&mut Vec<(ServerId, Record)>),
    ) -> Change {
        let failed = |state: &State| -> Vec<ServerId> {
            let records = state.records.iter();
            records
                .filter(|(_, record)| record.distrust().is_some())
                .map(|(server, _)| *server)
                .collect()
        };
        let before = failed(state);
        take_in(&mut state.records);
        let after = failed(state);
        if before != after {
            let CanaryOutcome { in_use, .. } = standing(&state.records);
            let left_out = state.records.len() - in_use.len();
            gauge!("mailvet_dns_servers_left_out").set(left_out as f64);
            if left_out > 0 {
                tracing::warn!(left_out, "DNS servers that cannot be believed are left out");
            }
            dns.set_in_use(&in_use);
        }
        let lost = state
            .records
            .iter()
            .find(|(server, record)| record.distrust().is_some() && !before.contains(server));
        let lost = lost.and_then(|(_, record)| record.distrust());
        self.settle(state);
        match lost {
            Some(distrust) => Change::Lost { distrust, since: state.last_sound },
            None => Change::Nothing,
        }
    }

    /// Lets everybody know what follows from the records.
    fn settle(&self, state: &mut State) {
        let CanaryOutcome { trust, distrust, .. } = standing(&state.records);
        state.distrust = distrust;
        let Some(trust) = trust else { return };
        let before = self.now();
        if before == Some(trust) {
            return;
        }
        self.shared.now.send_replace(Some(trust));
        gauge!("mailvet_dns_trusted").set(if trust == Trust::Sound { 1.0 } else { 0.0 });
        match (before, trust) {
            (None | Some(Trust::Sound), Trust::Invents | Trust::Denies) => tracing::error!(
                reason = trust.code(),
                "the DNS resolver cannot be believed: answers are unknown until it can; {FOR_LABS}"
            ),
            (Some(Trust::Invents | Trust::Denies), Trust::Sound) => {
                tracing::info!("the DNS resolver can be believed again");
            }
            _ => {}
        }
    }
}

/// What a server said in a test.
struct ReplyInterpreter {
    server: ServerId,
    made_up: MadeUp,
    canaries: Vec<(HostName, RowOutcome)>,
    providers: Vec<(HostName, RowOutcome)>,
}

impl ReplyInterpreter {
    fn is_silent(&self) -> bool {
        self.made_up == MadeUp::Silent
            && self.canaries.iter().all(|(_, said)| *said == RowOutcome::Silent)
    }
}

impl Routes {
    /// Tests the servers at once and then every interval, for ever.
    pub async fn watch_canaries(&self) -> Infallible {
        let Canaries { domains, interval } = self.canaries();
        if domains.is_empty() {
            return std::future::pending().await;
        }
        let mut times = tokio::time::interval(*interval);
        times.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            times.tick().await;
            self.test(domains).await;
        }
    }

    /// Tests every server by itself.
    pub(super) async fn test(&self, canaries: &[HostName]) -> Tested {
        let began = Instant::now();
        let Some(made_up) = made_up_name() else { return Tested::Silent };
        let servers = self.dns().servers();
        let interpreters = servers.iter().map(|server| self.hear(*server, &made_up, canaries));
        let interpreters = join_all(interpreters).await;
        let is_silent = interpreters.iter().all(ReplyInterpreter::is_silent);
        let change = {
            let trust = self.trust();
            let mut state = trust.lock();
            let change =
                trust.learn(self.dns(), &mut state, |records| take_in(records, interpreters));
            if trust.now().is_none() {
                // Nothing is known against a resolver that is down from the start.
                trust.shared.now.send_replace(Some(Trust::Sound));
            }
            if !is_silent && state.distrust.is_none() {
                state.last_sound = began;
            }
            match (&state.distrust, change) {
                _ if is_silent => return Tested::Silent,
                (Some(distrust), change) => {
                    let distrust = distrust.clone();
                    drop(state);
                    self.forget_lies(&change);
                    return Tested::Distrusted(distrust);
                }
                (None, change) => change,
            }
        };
        self.forget_lies(&change);
        match change {
            Change::Nothing => Tested::Sound,
            Change::Lost { distrust, .. } => Tested::Lost(distrust),
        }
    }

    /// When a server began to lie nobody knows; what was learned since it last told the truth may be a lie.
    pub(super) fn forget_lies(&self, change: &Change) {
        match change {
            Change::Nothing => {}
            Change::Lost { since, .. } => self.forget_since(*since),
        }
    }

    /// What a server says of the canaries, of a made-up name, and of providers that it denied before.
    async fn hear(
        &self,
        server: ServerId,
        made_up: &HostName,
        canaries: &[HostName],
    ) -> ReplyInterpreter {
        let this = Servers::Only(server);
        let providers = self.trust().denied_providers(server);
        let ask = async |domains: &[HostName]| {
            let asked = domains.iter().map(async |domain| {
                (domain.clone(), RowOutcome::of(&self.dns().mx(domain, this).await.result))
            });
            join_all(asked).await
        };
        let (canaries, providers, mx, addresses) = tokio::join!(
            ask(canaries),
            ask(&providers),
            self.dns().mx(made_up, this),
            self.dns().addresses(made_up, Family::V4, this),
        );
        let made_up = MadeUp::of(&mx.result).and(MadeUp::of(&addresses.result));
        ReplyInterpreter { server, made_up, canaries, providers }
    }
}

impl ResolverTrust {
    /// Some of the providers' domains that a server denied.
    fn denied_providers(&self, server: ServerId) -> Vec<HostName> {
        let state = self.lock();
        let mut records = state.records.iter();
        let record = records.find(|(known, _)| *known == server);
        let denied = record.into_iter().flat_map(|(_, record)| record.denied_providers());
        denied.take(MOST_ASKED_AGAIN).cloned().collect()
    }
}

fn take_in(records: &mut Vec<(ServerId, Record)>, interpreters: Vec<ReplyInterpreter>) {
    for ReplyInterpreter { server, made_up, canaries, providers } in interpreters {
        let at = match records.iter().position(|(known, _)| *known == server) {
            Some(at) => at,
            None => {
                records.push((server, Record::default()));
                records.len() - 1
            }
        };
        let (_, record) = &mut records[at];
        record.tested(made_up, canaries);
        for (domain, said) in providers {
            record.said_of_provider(&domain, said);
        }
    }
}

/// A name that nobody has registered, as far as 64 random bits can tell.
fn made_up_name() -> Option<HostName> {
    let random = RandomState::new().build_hasher().finish();
    HostName::new(&format!("mailvet-{random:016x}.com"))
}
