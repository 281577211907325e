//! Routes of domains, for the pipeline.
//!
//! [`RouteSource`] is what the stages know. [`Routes`] is the live one, for the service and single checks:
//!
//! ```text
//! find ── cache: current ────────────────────────────────────────► DomainEvidence
//!   │  └─ a parent that does not exist (RFC 8020) ───────────────►
//!   └─ join: one look-up a domain (single flight), within limits
//!        leader: RouteLookup::ask → believed → once_trusted → cache
//!        followers and leader wait ──── done, or the first server's answer ─►
//!                                  └─── 1 s with a stale route ──► stale (RFC 8767)
//! ```
//!
//! The journaled one is for lists: `list_mode::JournaledRoutes`.

mod belief;
mod canaries;
mod lookup;
mod origin;
mod private_zones;
mod progress;
mod rate_limit;
mod trust;
mod unconfirmed;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout_at};

use super::single_flight::{Flight, Role, SingleFlight};
use crate::address::and_parents;
use crate::cache::{LearnedRoute, Timing};
use crate::clock::Clock;
use crate::dns::Dns;
use crate::report::DomainEvidence;
use crate::route::{Failure, HostName, MailRoute, RouteWithTtl};
use rate_limit::LookupLimiter;

pub(super) use belief::{DnsAnswer, PopularityOf};
pub use canaries::Canaries;
pub use lookup::RouteSettings;
pub(super) use lookup::{MAX_QUESTIONS, RouteLookup, permits};
pub(super) use origin::RouteOrigin;
pub(super) use progress::{CountedLookup, LookupProgress, WaitOutcome, wait};
pub use rate_limit::{Client, LookupLimits, Priority};
pub use trust::DnsComplaint;
pub(super) use trust::{HINT_TO_SWITCH_OFF_CANARIES, TestOutcome};

/// The longest wait for a newer route while there is a stale one.
const STALE_AFTER: Duration = Duration::from_secs(1);
/// The longest wait, whatever the budget: a day, which the clock can still add.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);
/// After a refresh failed, the next one waits this long (RFC 8767 §5 asks for a pause).
const REFRESH_PAUSE: Duration = Duration::from_secs(5);

/// A question for the route of a domain.
#[derive(Clone, Copy)]
pub(super) struct RouteQuery<'a> {
    pub(super) domain: &'a HostName,
    pub(super) client: Client,
    pub(super) priority: Priority,
    /// When to answer with what is known by then.
    pub(super) budget: Duration,
}

/// Where the pipeline gets routes from.
pub(super) trait RouteSource: Send + Sync {
    /// What is known of a domain, or can be found out in the time. A look-up that was begun goes on when the time
    /// is over, or when the caller stops waiting. The journaled source ignores the budget: a row waits until the
    /// look-up ends.
    fn find<'a>(&'a self, query: RouteQuery<'a>) -> BoxFuture<'a, DomainEvidence>;

    /// How many domains are being looked up.
    fn lookups_under_way(&self) -> usize;

    /// The DNS behind it, with what is known of its servers.
    fn lookup(&self) -> &RouteLookup;
}

/// Finds routes and keeps them. Clones share the cache.
#[derive(Clone)]
pub struct Routes {
    lookup: RouteLookup,
    flights: SingleFlight<HostName, LookupProgress>,
    /// Permits for background look-ups: half of the total.
    background_permits: Arc<Semaphore>,
    limiter: LookupLimiter,
}

/// Why a caller has no look-up to wait for.
enum JoinError {
    OutOfTime,
    /// One more would be too many.
    Refused,
}

impl RouteSource for Routes {
    fn find<'a>(&'a self, query: RouteQuery<'a>) -> BoxFuture<'a, DomainEvidence> {
        async move {
            if !self.lookup.is_open_to(query.client, query.domain) {
                return DomainEvidence::NotAsked;
            }
            let (found, origin) = self.find_open(query).await;
            origin.count();
            found
        }
        .boxed()
    }

    fn lookups_under_way(&self) -> usize {
        self.flights.count()
    }

    fn lookup(&self) -> &RouteLookup {
        &self.lookup
    }
}

impl Routes {
    /// Routes from this DNS, with an empty cache.
    pub fn new(dns: Arc<dyn Dns>, clock: Arc<dyn Clock>, settings: RouteSettings) -> Self {
        let limits = settings.limits;
        Self {
            lookup: RouteLookup::new(dns, clock, settings),
            flights: SingleFlight::new(limits.lookups),
            background_permits: permits(limits.lookups / 2),
            limiter: LookupLimiter::new(limits),
        }
    }

    /// The same, with domains of providers that are known to have mail servers.
    #[must_use]
    pub(super) fn with_popularity(self, popularity: PopularityOf) -> Self {
        Self { lookup: self.lookup.with_popularity(popularity), ..self }
    }

    /// The same, tested with canaries: answers wait for the first test, which
    /// [`Validator::watch_dns`](super::Validator::watch_dns) runs.
    #[must_use]
    pub fn tested_with(self, canaries: Canaries) -> Self {
        Self { lookup: self.lookup.tested_with(canaries), ..self }
    }

    async fn find_open(&self, query: RouteQuery<'_>) -> (DomainEvidence, RouteOrigin) {
        let known = self.lookup.cached(query.domain).await;
        if let Some(known) = known.as_ref().filter(|known| known.is_current()) {
            return (DomainEvidence::Learned(known.clone(), Timing::Cached), RouteOrigin::Cache);
        }
        let deadline = Instant::now() + query.budget.min(LONGEST_WAIT);
        let stale = known.filter(|known| known.is_usable_stale());
        let from_stale = |stale| DomainEvidence::Learned(stale, Timing::Cached);
        if self.lookup.trust().is_lost() {
            let untrusted = || self.lookup.unresolved(Failure::Untrusted);
            return (stale.map_or_else(untrusted, from_stale), RouteOrigin::Untrusted);
        }
        if let Some(absent) = self.absent_parent(query.domain).await {
            return (DomainEvidence::Learned(absent, Timing::Cached), RouteOrigin::Parent);
        }
        match (self.join(query, stale.clone(), deadline).await, stale) {
            (Ok((flight, role)), stale) => self.wait(flight, role, stale, deadline).await,
            (Err(_), Some(stale)) => (from_stale(stale), RouteOrigin::Stale),
            (Err(JoinError::OutOfTime), None) => {
                (DomainEvidence::OutOfTime, RouteOrigin::OutOfTime)
            }
            (Err(JoinError::Refused), None) => {
                (self.lookup.unresolved(Failure::Overloaded), RouteOrigin::Refused)
            }
        }
    }

    /// A domain above this one that is known not to exist: then nothing below it does (RFC 8020).
    async fn absent_parent(&self, domain: &HostName) -> Option<Arc<LearnedRoute>> {
        for name in and_parents(domain.as_str()).skip(1) {
            let parent = self.lookup.current(&HostName::new(name)?).await;
            let absent = parent.filter(|known| known.route == MailRoute::NoDomain);
            if absent.is_some() {
                return absent;
            }
        }
        None
    }

    /// Joins the look-up of a domain, or starts one. A background look-up first waits for its permit.
    async fn join(
        &self,
        query: RouteQuery<'_>,
        stale: Option<Arc<LearnedRoute>>,
        deadline: Instant,
    ) -> Result<(Flight<LookupProgress>, Role), JoinError> {
        let RouteQuery { domain, client, priority, .. } = query;
        if let Some(flight) = self.flights.under_way(domain) {
            return Ok((flight, Role::Follower));
        }
        let permit = match priority {
            Priority::Now => None,
            Priority::InTurn => {
                let stale_at = stale.as_ref().map(|_| Instant::now() + STALE_AFTER);
                let deadline = stale_at.map_or(deadline, |at| deadline.min(at));
                let permit = timeout_at(deadline, self.background_permits.clone().acquire_owned());
                // The semaphore is never closed.
                permit.await.map_err(|_| JoinError::OutOfTime)?.ok()
            }
        };
        // Another caller may have started it meanwhile.
        if let Some(flight) = self.flights.under_way(domain) {
            return Ok((flight, Role::Follower));
        }
        if self.flights.is_full() || !self.limiter.admits(client, domain) {
            return Err(JoinError::Refused);
        }
        let lead = |progress| {
            let counted = CountedLookup::begin();
            let learn = learn(self.lookup.clone(), domain.clone(), client, stale, progress);
            async move {
                let _held = (counted, permit);
                learn.await;
            }
        };
        let joined = self.flights.join(domain.clone(), LookupProgress::START, lead);
        joined.ok_or(JoinError::Refused)
    }

    /// Waits for a look-up as long as that makes sense.
    async fn wait(
        &self,
        flight: Flight<LookupProgress>,
        role: Role,
        stale: Option<Arc<LearnedRoute>>,
        deadline: Instant,
    ) -> (DomainEvidence, RouteOrigin) {
        let longest = deadline.saturating_duration_since(Instant::now());
        let longest = match stale {
            Some(_) => longest.min(STALE_AFTER.saturating_sub(flight.age())),
            None => longest,
        };
        match (wait(flight, longest).await, stale) {
            (WaitOutcome::Done(learned), Some(stale)) if learned.is_of_same_lookup(&stale) => {
                (DomainEvidence::Learned(learned, Timing::Cached), RouteOrigin::Stale)
            }
            (WaitOutcome::Done(learned) | WaitOutcome::Provisional(learned), _) => {
                (DomainEvidence::Learned(learned, Timing::Asked), RouteOrigin::Lookup(role))
            }
            (WaitOutcome::TimedOut { .. } | WaitOutcome::BrokenOff, Some(stale)) => {
                (DomainEvidence::Learned(stale, Timing::Cached), RouteOrigin::Stale)
            }
            (WaitOutcome::TimedOut { unanswered_for }, None) => {
                let found = if self.lookup.is_silent_after(unanswered_for) {
                    self.lookup.unresolved(Failure::Timeout)
                } else {
                    DomainEvidence::OutOfTime
                };
                (found, RouteOrigin::OutOfTime)
            }
            (WaitOutcome::BrokenOff, None) => {
                (self.lookup.unresolved(Failure::Overloaded), RouteOrigin::Refused)
            }
        }
    }
}

/// The task of a look-up: asks, keeps the route, reports it.
async fn learn(
    lookup: RouteLookup,
    domain: HostName,
    client: Client,
    stale: Option<Arc<LearnedRoute>>,
    progress: watch::Sender<LookupProgress>,
) {
    // Between the leader's look into the cache and this one another look-up may have ended.
    if let Some(known) = lookup.current(&domain).await {
        progress.send_replace(LookupProgress::Done(known));
        return;
    }
    let answer = lookup.ask(&domain, client, &progress).await;
    let routed = lookup.believed(&domain, answer);
    let routed = routed.unwrap_or_else(|_| RouteWithTtl::unresolved(Failure::Untrusted));
    let routed = lookup.once_trusted(routed).await;
    let learned = match (&routed.route, stale) {
        // A route that is known stays known, and is asked for again soon.
        (MailRoute::Unresolved(_), Some(stale)) => Arc::new(stale.kept_for(REFRESH_PAUSE)),
        _ => lookup.learned(routed),
    };
    lookup.remember(domain, learned.clone()).await;
    progress.send_replace(LookupProgress::Done(learned));
}

#[cfg(test)]
mod tests;
