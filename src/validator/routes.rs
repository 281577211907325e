//! Routes of domains: from memory where they still hold, else from the DNS, one flight a domain, within
//! bounds. Where nothing new can be had in time, what was found before stands in (RFC 8767).

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use metrics::counter;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use super::bulk::{Bulk, Halt};
use super::canaries::ResolverTrust;
use super::flights::{self, Boarding, Flight, Flights, Progress, Waited};
use super::flood::{Caller, FloodGuard, FloodLimits, Urgency};
use crate::address::{Domain, and_parents};
use crate::cache::{Freshness, LearnedRoute, RouteCache};
use crate::clock::Clock;
use crate::dns::{Dns, can_be_asked_again, find_route, second_opinion, without_opinion};
use crate::reach::ReachPolicy;
use crate::route::{Failure, HostName, MailRoute, Outcome, Routed, Trust};
use crate::store::{Closed, NotedRoute};

/// Longer than this nobody waits for a newer answer while there is one that may stand in.
const PATIENCE_WITH_STALE: Duration = Duration::from_secs(1);
/// Nobody waits longer than this, whatever they say: a day, which the clock can still add.
const LONGEST_PATIENCE: Duration = Duration::from_secs(24 * 3600);
/// After a refresh failed, the next one waits this long (RFC 8767 §5 asks for a pause).
const REFRESH_PAUSE: Duration = Duration::from_secs(5);

/// How routes are asked for and remembered.
#[derive(Clone, Debug)]
pub struct RouteSettings {
    /// Which addresses of mail servers count.
    pub reach: ReachPolicy,
    /// Domains that only the operator may ask about, with all below them.
    pub private_zones: Vec<Domain>,
    /// How much may be asked.
    pub limits: FloodLimits,
    /// When a flight is given up, whatever the DNS does.
    pub flight_deadline: Duration,
    /// Who stops waiting after the DNS left a question unanswered for so long is told that it is the DNS.
    pub dns_timeout: Duration,
    /// How many bytes of routes are remembered.
    pub cache_bytes: u64,
}

/// Finds routes and remembers them. Clones share the memory.
#[derive(Clone)]
pub struct Routes {
    dns: Arc<dyn Dns>,
    clock: Arc<dyn Clock>,
    settings: Arc<RouteSettings>,
    cache: RouteCache,
    flights: Flights,
    /// The flights that those may start who are not in a hurry.
    unhurried: Arc<Semaphore>,
    guard: FloodGuard,
    trust: ResolverTrust,
    /// The work on a list that all of it is for.
    bulk: Option<Bulk>,
}

/// What came of looking for a route.
pub enum Found {
    /// The route.
    Learned(Arc<LearnedRoute>, Freshness),
    /// The time was over before there was one.
    OutOfTime,
    /// Whoever asks may not ask about this domain.
    Private,
}

/// Where an answer came from, for the metrics.
#[derive(Clone, Copy)]
enum Source {
    Cache,
    Parent,
    Flight(Boarding),
    Stale,
    Refused,
    Untrusted,
    OutOfTime,
}

impl Routes {
    /// Routes from this DNS, with an empty memory.
    pub fn new(dns: Arc<dyn Dns>, clock: Arc<dyn Clock>, settings: RouteSettings) -> Self {
        Self {
            dns,
            clock,
            cache: RouteCache::new(settings.cache_bytes),
            flights: Flights::default(),
            unhurried: Arc::new(Semaphore::new(unhurried(settings.limits))),
            guard: FloodGuard::new(settings.limits),
            settings: Arc::new(settings),
            trust: ResolverTrust::default(),
            bulk: None,
        }
    }

    /// The same for the work on a list, and for nothing else: as many flights at once as it wants.
    #[must_use]
    pub(super) fn in_bulk(self, bulk: Bulk) -> Self {
        let flights = bulk.look_ups().clamp(1, Semaphore::MAX_PERMITS);
        // The second look of a flight's caller is a flight too.
        let limits = FloodLimits { flights: flights.saturating_mul(2), ..self.settings.limits };
        let unhurried = Arc::new(Semaphore::new(flights));
        Self { unhurried, guard: FloodGuard::new(limits), bulk: Some(bulk), ..self }
    }

    /// The work on a list, if it is for that.
    pub(super) fn bulk(&self) -> Option<&Bulk> {
        self.bulk.as_ref()
    }

    /// How many domains are being asked about.
    pub(super) fn under_way(&self) -> usize {
        self.flights.count()
    }

    /// The DNS behind the routes, to be asked for other things.
    pub(super) fn shared_dns(&self) -> Arc<dyn Dns> {
        self.dns.clone()
    }

    /// The DNS behind the routes.
    pub(super) fn dns(&self) -> &dyn Dns {
        &*self.dns
    }

    /// Whether the DNS can be believed.
    pub(super) fn trust(&self) -> &ResolverTrust {
        &self.trust
    }

    /// Forgets what was learned since then.
    pub(super) fn forget_since(&self, since: Instant) {
        self.cache.forget_since(since);
    }

    /// The route of a domain, in this time. What was begun goes on when the time is over, or when the
    /// caller does not wait for it.
    pub async fn of(
        &self,
        domain: &HostName,
        caller: Caller,
        urgency: Urgency,
        patience: Duration,
    ) -> Found {
        if caller != Caller::Operator && self.is_private(domain) {
            return Found::Private;
        }
        let patience = patience.min(LONGEST_PATIENCE);
        let (found, source) = self.look_for(domain, caller, urgency, patience).await;
        counter!("mailvet_routes_total", "source" => source.code()).increment(1);
        found
    }

    async fn look_for(
        &self,
        domain: &HostName,
        caller: Caller,
        urgency: Urgency,
        patience: Duration,
    ) -> (Found, Source) {
        let known = self.cache.get(domain).await;
        if let Some(known) = known.as_ref().filter(|known| known.is_current()) {
            return (Found::Learned(known.clone(), Freshness::Cached), Source::Cache);
        }
        let deadline = Instant::now() + patience;
        let stale = known.filter(|known| known.may_stand_in());
        if let Some(Trust::Invents | Trust::Denies) = self.trust.now() {
            let found = stale.map_or_else(
                || self.unresolved(Failure::Untrusted),
                |stale| Found::Learned(stale, Freshness::Cached),
            );
            return (found, Source::Untrusted);
        }
        // Not so for a list, of which nobody knows what is asked first: its output has to be the same each
        // time, also where a name server denies a domain and has one below it.
        if self.bulk.is_none()
            && let Some(absent) = self.absent_parent(domain).await
        {
            return (Found::Learned(absent, Freshness::Cached), Source::Parent);
        }
        let Ok(place) = self.place(domain, urgency, stale.as_deref(), deadline).await else {
            return stale.map_or((Found::OutOfTime, Source::OutOfTime), |stale| {
                (Found::Learned(stale, Freshness::Cached), Source::Stale)
            });
        };
        match self.board(domain, caller, stale.clone(), place) {
            Some((flight, boarding)) => {
                let patience = deadline.saturating_duration_since(Instant::now());
                self.wait(flight, boarding, stale, patience).await
            }
            None => match stale {
                Some(stale) => (Found::Learned(stale, Freshness::Cached), Source::Stale),
                None => (self.unresolved(Failure::Overloaded), Source::Refused),
            },
        }
    }

    fn is_private(&self, domain: &HostName) -> bool {
        let zones = &self.settings.private_zones;
        and_parents(domain.as_str()).any(|name| zones.iter().any(|zone| zone.ascii() == name))
    }

    /// A domain above this one that is known not to exist: then nothing below it does (RFC 8020).
    async fn absent_parent(&self, domain: &HostName) -> Option<Arc<LearnedRoute>> {
        for name in and_parents(domain.as_str()).skip(1) {
            let parent = self.cache.get(&HostName::new(name)?).await;
            let absent =
                parent.filter(|known| known.is_current() && known.route == MailRoute::NoDomain);
            if absent.is_some() {
                return absent;
            }
        }
        None
    }

    /// Waits for the turn of somebody who is not in a hurry; who is, or can join a flight, needs no place.
    async fn place(
        &self,
        domain: &HostName,
        urgency: Urgency,
        stale: Option<&LearnedRoute>,
        deadline: Instant,
    ) -> Result<Option<OwnedSemaphorePermit>, Elapsed> {
        if urgency == Urgency::Now || self.flights.under_way(domain).is_some() {
            return Ok(None);
        }
        let deadline =
            stale.map_or(deadline, |_| deadline.min(Instant::now() + PATIENCE_WITH_STALE));
        let place = timeout_at(deadline, self.unhurried.clone().acquire_owned()).await?;
        // The semaphore is never closed.
        Ok(place.ok())
    }

    /// Joins or starts the flight for a domain, which keeps its place until it has landed; none where that
    /// would be too much.
    fn board(
        &self,
        domain: &HostName,
        caller: Caller,
        stale: Option<Arc<LearnedRoute>>,
        place: Option<OwnedSemaphorePermit>,
    ) -> Option<(Flight, Boarding)> {
        if let Some(flight) = self.flights.under_way(domain) {
            return Some((flight, Boarding::Joined));
        }
        if !self.guard.admits(self.flights.count(), caller, domain) {
            return None;
        }
        let ask = |tell| {
            let learn = self.clone().learn(domain.clone(), caller, stale, tell);
            async move {
                learn.await;
                drop(place);
            }
        };
        Some(self.flights.board(domain, ask))
    }

    /// One flight: asks, remembers, tells.
    async fn learn(
        self,
        domain: HostName,
        caller: Caller,
        stale: Option<Arc<LearnedRoute>>,
        tell: watch::Sender<Progress>,
    ) {
        // Between our caller's look into the memory and this flight another one may have landed.
        if let Some(known) = self.cache.get(&domain).await.filter(|known| known.is_current()) {
            tell.send_replace(Progress::Landed(known));
            return;
        }
        if let Some(bulk) = &self.bulk {
            let learned = self.learn_in_bulk(bulk, &domain, caller, &tell).await;
            tell.send_replace(Progress::Landed(learned));
            return;
        }
        let deadline = Instant::now() + self.settings.flight_deadline;
        let routed = self.ask(&domain, caller, deadline, &tell).await;
        // Nothing is told before it is known whether the resolver can be believed.
        let routed = match self.trust.settled(self.settings.flight_deadline).await {
            Some(Trust::Sound) => routed,
            Some(Trust::Invents | Trust::Denies) => unresolved(Failure::Untrusted),
            None => unresolved(Failure::Timeout),
        };
        let learned = match (&routed.route, stale) {
            // What was known stays known, and is asked for again soon.
            (MailRoute::Unresolved(_), Some(stale)) => Arc::new(stale.kept_for(REFRESH_PAUSE)),
            _ => self.learned(routed),
        };
        self.cache.insert(domain, learned.clone()).await;
        tell.send_replace(Progress::Landed(learned));
    }

    /// One flight for a list: what is noted is not asked, what was asked is noted.
    async fn learn_in_bulk(
        &self,
        bulk: &Bulk,
        domain: &HostName,
        caller: Caller,
        tell: &watch::Sender<Progress>,
    ) -> Arc<LearnedRoute> {
        let learned = match bulk.recall(domain).await {
            Ok(Some(noted)) if bulk.doubts(domain).await => {
                let heard = self.ask_in_turn(bulk, domain, caller, tell).await;
                let compared = match &heard {
                    Ok(heard) => bulk.compare(&noted.route, &heard.route).await,
                    Err(halt) => Err(*halt),
                };
                if compared.is_err() {
                    return self.learned(unresolved(Failure::Untrusted));
                }
                noted
            }
            Ok(Some(noted)) => noted,
            // The work ends here; whatever is said now counts for nothing.
            Err(Closed) => return self.learned(unresolved(Failure::Untrusted)),
            Ok(None) => {
                let Ok(routed) = self.ask_in_turn(bulk, domain, caller, tell).await else {
                    // Here too.
                    return self.learned(unresolved(Failure::Untrusted));
                };
                let noted = NotedRoute { routed, asked_at: self.now() };
                bulk.note(domain, &noted).await;
                LearnedRoute::for_a_run(noted.routed, noted.asked_at)
            }
        };
        let learned = Arc::new(learned);
        self.cache.insert(domain.clone(), learned.clone()).await;
        learned
    }

    async fn ask_in_turn(
        &self,
        bulk: &Bulk,
        domain: &HostName,
        caller: Caller,
        tell: &watch::Sender<Progress>,
    ) -> Result<Routed, Halt> {
        bulk.turn(self).await?;
        let deadline = Instant::now() + self.settings.flight_deadline;
        Ok(self.ask(domain, caller, deadline, tell).await)
    }

    async fn ask(
        &self,
        domain: &HostName,
        caller: Caller,
        deadline: Instant,
        tell: &watch::Sender<Progress>,
    ) -> Routed {
        // A stranger's domain may name mail servers in a private zone; those are not asked for either.
        let may_ask = |name: &HostName| caller == Caller::Operator || !self.is_private(name);
        let reach = &self.settings.reach;
        let asking = || flights::note_question(tell);
        let outcome = find_route(&*self.dns, domain.clone(), reach, may_ask, asking);
        let outcome = timeout_at(deadline, outcome).await;
        flights::note_answer(tell);
        let outcome = outcome.unwrap_or_else(|_| Outcome {
            routed: unresolved(Failure::Timeout),
            denials: Vec::new(),
        });
        // That mail goes nowhere is the gravest answer: where there is another server, it is asked too. Who
        // cannot wait for it has the answer of the first, unless that needs to be confirmed.
        let first = without_opinion(&outcome);
        if !can_be_asked_again(&*self.dns, &outcome) {
            return first;
        }
        if self.trust.now() == Some(Trust::Sound) {
            tell.send_replace(Progress::Provisional(self.learned(first.clone())));
        }
        let opinion = second_opinion(&*self.dns, outcome, reach);
        timeout_at(deadline, opinion).await.unwrap_or(first)
    }

    /// Waits for a flight as long as that makes sense.
    async fn wait(
        &self,
        flight: Flight,
        boarding: Boarding,
        stale: Option<Arc<LearnedRoute>>,
        patience: Duration,
    ) -> (Found, Source) {
        let patience = match stale {
            Some(_) => patience.min(PATIENCE_WITH_STALE.saturating_sub(flight.age())),
            None => patience,
        };
        match (flight.wait(patience).await, stale) {
            (Waited::Landed(learned), Some(stale)) if learned.is_of_same_lookup(&stale) => {
                (Found::Learned(learned, Freshness::Cached), Source::Stale)
            }
            (Waited::Landed(learned) | Waited::Provisional(learned), _) => {
                (Found::Learned(learned, Freshness::Asked), Source::Flight(boarding))
            }
            (Waited::OutOfPatience { .. } | Waited::Lost, Some(stale)) => {
                (Found::Learned(stale, Freshness::Cached), Source::Stale)
            }
            (Waited::OutOfPatience { unanswered_for }, None) => {
                let is_silent = unanswered_for >= self.settings.dns_timeout && !self.dns.is_full();
                let found = match is_silent {
                    true => self.unresolved(Failure::Timeout),
                    false => Found::OutOfTime,
                };
                (found, Source::OutOfTime)
            }
            (Waited::Lost, None) => (self.unresolved(Failure::Overloaded), Source::Refused),
        }
    }

    fn learned(&self, routed: Routed) -> Arc<LearnedRoute> {
        Arc::new(LearnedRoute::new(routed, self.now()))
    }

    fn unresolved(&self, failure: Failure) -> Found {
        Found::Learned(self.learned(unresolved(failure)), Freshness::Asked)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// How many flights those may start who are not in a hurry.
fn unhurried(limits: FloodLimits) -> usize {
    (limits.flights / 2).clamp(1, Semaphore::MAX_PERMITS)
}

fn unresolved(failure: Failure) -> Routed {
    Routed { route: MailRoute::Unresolved(failure), ttl: Duration::ZERO }
}

impl Source {
    fn code(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::Parent => "parent",
            Self::Flight(Boarding::Started) => "flight",
            Self::Flight(Boarding::Joined) => "coalesced",
            Self::Stale => "stale",
            Self::Refused => "refused",
            Self::Untrusted => "untrusted",
            Self::OutOfTime => "out_of_time",
        }
    }
}

#[cfg(test)]
mod tests;
