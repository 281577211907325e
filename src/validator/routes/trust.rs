//! What is known of the DNS servers' honesty, and what follows where one lies.
//!
//! The tests with canaries ([`canaries`](super::canaries)) and the answers about big providers' domains are
//! recorded by server; [`judge_servers`] judges the records. A server that fails is taken out of use as long as
//! another passes, and everything learned since all servers last passed is forgotten: when a server began to lie
//! is not known.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::gauge;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::unconfirmed::UnconfirmedDenials;
use crate::cache::RouteCache;
use crate::dns::Dns;
use crate::route::{
    CanaryAnswer, Distrust, HostName, RandomNameAnswer, ResolverJudgement, ServerId, ServerRecord,
    Trust, judge_servers,
};

/// How many of the providers' domains that a server denied are asked for again in each test.
const MAX_ASKED_AGAIN: usize = 8;
/// What to do where the resolver is right and knows nothing of the internet.
pub(in crate::validator) const HINT_TO_SWITCH_OFF_CANARIES: &str =
    "a lab or an intranet without these domains: MAILVET_DNS__CANARIES=[]";

/// What the operator has to know about the DNS.
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
            Self::Distrusted(distrust) => write!(f, "{distrust} ({HINT_TO_SWITCH_OFF_CANARIES})"),
            Self::ProviderDenied(distrust) => distrust.fmt(f),
        }
    }
}

/// What one server answered in a test.
pub(super) struct ServerTest {
    pub(super) server: ServerId,
    pub(super) random_name: RandomNameAnswer,
    pub(super) canaries: Vec<(HostName, CanaryAnswer)>,
    pub(super) providers: Vec<(HostName, CanaryAnswer)>,
}

impl ServerTest {
    fn is_silent(&self) -> bool {
        self.random_name == RandomNameAnswer::Silent
            && self.canaries.iter().all(|(_, answer)| *answer == CanaryAnswer::Silent)
    }
}

/// The outcome of a test of all servers.
#[derive(Debug)]
pub(in crate::validator) enum TestOutcome {
    /// A server passes; none fails that was believed before.
    Sound,
    /// A server passes; another fails that was believed before.
    Lost(Distrust),
    /// No server passes.
    Distrusted(Distrust),
    /// No server answers anything.
    Silent,
}

/// A server that was believed is not any more: what was learned since it passed may be a lie.
struct LostTrust {
    distrust: Distrust,
    /// When all servers that were believed last passed.
    since: Instant,
}

/// What is known of the resolver's honesty. Clones share it.
#[derive(Clone)]
pub(in crate::validator) struct ResolverTrust {
    inner: Arc<TrustInner>,
}

struct TrustInner {
    dns: Arc<dyn Dns>,
    /// Forgets what may be a lie.
    cache: RouteCache,
    /// Likewise.
    unconfirmed: UnconfirmedDenials,
    /// None until the first test ended; without canaries nothing is ever tested.
    now: watch::Sender<Option<Trust>>,
    /// Never locked across an await.
    state: Mutex<TrustState>,
}

struct TrustState {
    /// Of each server that was tested.
    records: Vec<(ServerId, ServerRecord)>,
    distrust: Option<Distrust>,
    /// The last big provider's domain that was denied.
    denied: Option<Distrust>,
    last_sound: Instant,
}

impl TrustState {
    fn record(&mut self, server: ServerId) -> Option<&mut ServerRecord> {
        self.records.iter_mut().find(|(known, _)| *known == server).map(|(_, record)| record)
    }

    fn failed(&self) -> Vec<ServerId> {
        let failed = self.records.iter().filter(|(_, record)| record.distrust().is_some());
        failed.map(|(server, _)| *server).collect()
    }
}

impl ResolverTrust {
    /// Believes the servers until a test or an answer shows that they lie.
    pub(super) fn new(dns: Arc<dyn Dns>, cache: RouteCache) -> Self {
        let state = TrustState {
            records: Vec::new(),
            distrust: None,
            denied: None,
            last_sound: Instant::now(),
        };
        let inner = TrustInner {
            dns,
            cache,
            unconfirmed: UnconfirmedDenials::default(),
            now: watch::Sender::new(Some(Trust::Sound)),
            state: Mutex::new(state),
        };
        Self { inner: Arc::new(inner) }
    }

    fn lock(&self) -> MutexGuard<'_, TrustState> {
        // The next test repairs what a panic left half changed.
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn dns(&self) -> &dyn Dns {
        &*self.inner.dns
    }

    pub(super) fn unconfirmed_denials(&self) -> &UnconfirmedDenials {
        &self.inner.unconfirmed
    }

    /// Lets answers wait for the first test.
    pub(super) fn await_test(&self) {
        self.inner.now.send_replace(None);
    }

    /// Whether the resolver can be believed, as soon as that is known; none where it takes longer than this.
    pub(super) async fn once_trusted(&self, longest: Duration) -> Option<Trust> {
        let mut now = self.inner.now.subscribe();
        let known = timeout(longest, now.wait_for(Option::is_some)).await;
        // The sender lives as long as `self`.
        known.ok().and_then(Result::ok).and_then(|trust| *trust)
    }

    /// Whether the resolver can be believed; none until the first test ended.
    pub(in crate::validator) fn now(&self) -> Option<Trust> {
        *self.inner.now.borrow()
    }

    /// Whether the resolver is known to lie.
    pub(in crate::validator) fn is_lost(&self) -> bool {
        matches!(self.now(), Some(Trust::Invents | Trust::Denies))
    }

    pub(in crate::validator) fn complaint(&self) -> Option<DnsComplaint> {
        let state = self.lock();
        let distrusted = state.distrust.clone().map(DnsComplaint::Distrusted);
        distrusted.or_else(|| state.denied.clone().map(DnsComplaint::ProviderDenied))
    }

    /// Whether a server is known to lie.
    pub(super) fn fails(&self, server: ServerId) -> bool {
        self.lock().record(server).is_some_and(|record| record.distrust().is_some())
    }

    /// Some of the providers' domains that a server denied.
    pub(super) fn denied_providers(&self, server: ServerId) -> Vec<HostName> {
        let mut state = self.lock();
        let denied = state.record(server).into_iter().flat_map(|record| record.denied_providers());
        denied.take(MAX_ASKED_AGAIN).cloned().collect()
    }

    /// Counts what a server answered about the domain of a big provider.
    ///
    /// # Errors
    /// The server was believed before, and is not any more.
    pub(super) fn count_provider(
        &self,
        domain: &HostName,
        answer: CanaryAnswer,
        by: Option<ServerId>,
    ) -> Result<(), Distrust> {
        let lost = {
            let mut state = self.lock();
            if let CanaryAnswer::Denied(denial) = answer {
                state.denied = Some(Distrust::Denies(domain.clone(), denial));
            }
            // Until the first test is over no answer is given anyway, and one answer decides nothing.
            let (Some(by), Some(_)) = (by, self.now()) else { return Ok(()) };
            self.learn(&mut state, |state| {
                if let Some(record) = state.record(by) {
                    record.note_provider(domain, answer);
                }
            })
        };
        self.forget_since(lost)
    }

    /// Takes in a test of all servers that began at this time.
    pub(super) fn take_test(&self, tests: Vec<ServerTest>, began: Instant) -> TestOutcome {
        let is_silent = tests.iter().all(ServerTest::is_silent);
        let (lost, distrust) = {
            let mut state = self.lock();
            let lost = self.learn(&mut state, |state| {
                for test in tests {
                    take_server_test(state, test);
                }
            });
            if self.now().is_none() {
                // Nothing is known against a resolver that is down from the start.
                self.inner.now.send_replace(Some(Trust::Sound));
            }
            if !is_silent && state.distrust.is_none() {
                state.last_sound = began;
            }
            (lost, state.distrust.clone())
        };
        let lost = self.forget_since(lost);
        match (distrust, lost) {
            _ if is_silent => TestOutcome::Silent,
            (Some(distrust), _) => TestOutcome::Distrusted(distrust),
            (None, Err(distrust)) => TestOutcome::Lost(distrust),
            (None, Ok(())) => TestOutcome::Sound,
        }
    }

    /// Changes the records, and what follows from them. Returns the first server that is not believed any more.
    fn learn(
        &self,
        state: &mut TrustState,
        change: impl FnOnce(&mut TrustState),
    ) -> Option<LostTrust> {
        let before = state.failed();
        change(state);
        let judgement = judge_servers(&state.records);
        if before != state.failed() {
            let left_out = state.records.len() - judgement.in_use.len();
            gauge!("mailvet_dns_servers_left_out").set(left_out as f64);
            if left_out > 0 {
                tracing::warn!(left_out, "DNS servers that cannot be believed are left out");
            }
            self.dns().set_in_use(&judgement.in_use);
        }
        let lost = state.records.iter().filter(|(server, _)| !before.contains(server));
        let lost = lost.filter_map(|(_, record)| record.distrust()).next();
        self.publish(state, judgement);
        lost.map(|distrust| LostTrust { distrust, since: state.last_sound })
    }

    /// Publishes what follows from the records.
    fn publish(&self, state: &mut TrustState, judgement: ResolverJudgement) {
        state.distrust = judgement.distrust;
        let Some(trust) = judgement.trust else { return };
        let before = self.now();
        if before == Some(trust) {
            return;
        }
        self.inner.now.send_replace(Some(trust));
        gauge!("mailvet_dns_trusted").set(if trust == Trust::Sound { 1.0 } else { 0.0 });
        match (before, trust) {
            (None | Some(Trust::Sound), Trust::Invents | Trust::Denies) => tracing::error!(
                reason = trust.code(),
                "the DNS resolver cannot be believed: answers are unknown until it can; {HINT_TO_SWITCH_OFF_CANARIES}"
            ),
            (Some(Trust::Invents | Trust::Denies), Trust::Sound) => {
                tracing::info!("the DNS resolver can be believed again");
            }
            _ => {}
        }
    }

    /// Forgets what may be a lie.
    ///
    /// # Errors
    /// There was something to forget, for this reason.
    fn forget_since(&self, lost: Option<LostTrust>) -> Result<(), Distrust> {
        let Some(LostTrust { distrust, since }) = lost else { return Ok(()) };
        self.inner.cache.forget_since(since);
        self.inner.unconfirmed.forget_all();
        Err(distrust)
    }
}

fn take_server_test(state: &mut TrustState, test: ServerTest) {
    let ServerTest { server, random_name, canaries, providers } = test;
    if state.record(server).is_none() {
        state.records.push((server, ServerRecord::default()));
    }
    let Some(record) = state.record(server) else { return };
    record.take_test(random_name, canaries);
    for (domain, answer) in providers {
        record.note_provider(&domain, answer);
    }
}
