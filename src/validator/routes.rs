//! Routes of domains: from memory where they still hold, else from the DNS, one flight a domain, within
//! bounds. Where nothing new can be had in time, what was found before stands in (RFC 8767).

mod belief;
mod progress;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use metrics::counter;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use super::canaries::{Canaries, ResolverTrust};
use super::list_mode::{Halt, ListMode};
use super::rate_limit::{Client, LookupLimiter, LookupLimits, Priority};
use super::single_flight::{Flight, Role, SingleFlight};
use crate::address::{Domain, and_parents};
use crate::cache::{A_WHOLE_RUN, LearnedRoute, RouteCache, Timing};
use crate::catalog::Popularity;
use crate::clock::Clock;
use crate::dns::{
    Answered, Dns, Servers, can_be_asked_again, find_route, second_opinion, without_opinion,
};
use crate::reach::ReachPolicy;
use crate::route::{
    Answer, Credence, Failure, HostName, MailRoute, RouteOutcome, Routed, ServerId, Trust,
};
use crate::store::{JournalClosed, NotedRoute};
use belief::Denials;
use progress::{CountedLookup, LookupProgress, WaitOutcome};

/// Longer than this nobody waits for a newer answer while there is one that may stand in.
const TIMEOUT_WITH_STALE: Duration = Duration::from_secs(1);
/// Nobody waits longer than this, whatever they say: a day, which the clock can still add.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 3600);
/// After a refresh failed, the next one waits this long (RFC 8767 §5 asks for a pause).
const REFRESH_PAUSE: Duration = Duration::from_secs(5);

/// How many flights ask at the same time. A question holds a socket, and the buffer of a name server's socket
/// holds no more than about so many questions as Linux makes it (212,992 bytes, 768 for a packet): what comes
/// beyond is lost.
pub(super) const MAX_QUESTIONS: usize = 256;

/// How routes are asked for and remembered.
#[derive(Clone, Debug)]
pub struct RouteSettings {
    /// Which addresses of mail servers count.
    pub reach: ReachPolicy,
    /// Domains that only the operator may ask about, with all below them.
    pub private_zones: Vec<Domain>,
    /// How much may be asked.
    pub limits: LookupLimits,
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
    flights: SingleFlight<HostName, LookupProgress>,
    /// The flights that those may start who are not in a hurry.
    background_permits: Arc<Semaphore>,
    /// The flights that may ask at the same time, each one question after the other.
    questions: Arc<Semaphore>,
    guard: LookupLimiter,
    trust: ResolverTrust,
    canaries: Arc<Canaries>,
    popularity: Popularities,
    denials: Denials,
    /// The work on a list that all of it is for.
    list_mode: Option<ListMode>,
}

/// Tells how popular the domain of a listed provider is.
pub(super) type Popularities = Arc<dyn Fn(&HostName) -> Option<Popularity> + Send + Sync>;

/// What came of looking for a route.
pub enum FoundRoute {
    /// The route.
    Learned(Arc<LearnedRoute>, Timing),
    /// The time was over before there was one.
    OutOfTime,
    /// Whoever asks may not ask about this domain.
    Private,
}

/// What came of asking.
struct Asked {
    routed: Routed,
    /// The server that named the mail servers, or said that there are none.
    by: Option<ServerId>,
    /// Whether another one says the same.
    agreed: bool,
}

/// What a flight needs beside a caller.
enum Place {
    /// Nothing: its caller is in a hurry.
    NotNeeded,
    /// It is under way already.
    ToJoin,
    /// One of the places for those who are not in a hurry.
    Held(#[expect(dead_code, reason = "given back when it is dropped")] OwnedSemaphorePermit),
}

/// What comes of boarding.
enum Seat {
    /// A seat.
    On(Flight<LookupProgress>, Role),
    /// There is no flight to join any more, and no place to start one.
    NeedsPlace,
    /// One more would be too many.
    Refused,
}

/// Where an answer came from, for the metrics.
#[derive(Clone, Copy)]
enum Source {
    Cache,
    Parent,
    Flight(Role),
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
            flights: SingleFlight::new(usize::MAX),
            background_permits: Arc::new(Semaphore::new(background_permits(settings.limits))),
            questions: Arc::new(Semaphore::new(MAX_QUESTIONS)),
            guard: LookupLimiter::new(settings.limits),
            settings: Arc::new(settings),
            trust: ResolverTrust::default(),
            canaries: Arc::default(),
            popularity: Arc::new(|_| None),
            denials: Denials::default(),
            list_mode: None,
        }
    }

    /// The same, with domains of providers that are known to have mail servers.
    #[must_use]
    pub(super) fn knowing(self, popularity: Popularities) -> Self {
        Self { popularity, ..self }
    }

    /// The same, tested with canaries: answers wait for the first test, which [`Self::watch_canaries`]
    /// runs.
    #[must_use]
    pub fn tested_with(self, canaries: Canaries) -> Self {
        if !canaries.domains.is_empty() {
            self.trust.await_test();
        }
        Self { canaries: Arc::new(canaries), ..self }
    }

    /// How the resolver is tested.
    pub(super) fn canaries(&self) -> &Canaries {
        &self.canaries
    }

    /// The same for the work on a list, and for nothing else: as many flights at once as it wants.
    #[must_use]
    pub(super) fn for_list(self, list_mode: ListMode) -> Self {
        let permits =
            |count: usize| Arc::new(Semaphore::new(count.clamp(1, Semaphore::MAX_PERMITS)));
        // Nothing of a list is refused: it waits for its place.
        let limits = LookupLimits { flights: usize::MAX, ..self.settings.limits };
        Self {
            background_permits: permits(list_mode.look_ups()),
            questions: permits(list_mode.questions()),
            guard: LookupLimiter::new(limits),
            list_mode: Some(list_mode),
            ..self
        }
    }

    /// The work on a list, if it is for that.
    pub(super) fn list_mode(&self) -> Option<&ListMode> {
        self.list_mode.as_ref()
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
        self.denials.forget();
    }

    /// The route of a domain, in this time. What was begun goes on when the time is over, or when the
    /// caller does not wait for it.
    pub async fn of(
        &self,
        domain: &HostName,
        caller: Client,
        urgency: Priority,
        timeouts: Duration,
    ) -> FoundRoute {
        if caller != Client::Operator && self.is_private(domain) {
            return FoundRoute::Private;
        }
        let timeouts = match self.list_mode {
            // No row of a list is given up because others are before it: its flights have an end of their own.
            Some(_) => A_WHOLE_RUN,
            None => timeouts.min(LONGEST_TIMEOUT),
        };
        let (found, source) = self.look_for(domain, caller, urgency, timeouts).await;
        counter!("mailvet_routes_total", "source" => source.code()).increment(1);
        found
    }

    async fn look_for(
        &self,
        domain: &HostName,
        caller: Client,
        urgency: Priority,
        timeouts: Duration,
    ) -> (FoundRoute, Source) {
        let known = self.cache.get(domain).await;
        if let Some(known) = known.as_ref().filter(|known| known.is_current()) {
            return (FoundRoute::Learned(known.clone(), Timing::Cached), Source::Cache);
        }
        let deadline = Instant::now() + timeouts;
        let stale = known.filter(|known| known.is_usable_stale());
        if let Some(Trust::Invents | Trust::Denies) = self.trust.now() {
            let found = stale.map_or_else(
                || self.unresolved(Failure::Untrusted),
                |stale| FoundRoute::Learned(stale, Timing::Cached),
            );
            return (found, Source::Untrusted);
        }
        // Not so for a list, of which nobody knows what is asked first: its output has to be the same each
        // time, also where a name server denies a domain and has one below it.
        if self.list_mode.is_none()
            && let Some(absent) = self.absent_parent(domain).await
        {
            return (FoundRoute::Learned(absent, Timing::Cached), Source::Parent);
        }
        loop {
            let Ok(place) = self.place(domain, urgency, stale.as_deref(), deadline).await else {
                return stale.map_or((FoundRoute::OutOfTime, Source::OutOfTime), |stale| {
                    (FoundRoute::Learned(stale, Timing::Cached), Source::Stale)
                });
            };
            match self.join(domain, caller, stale.clone(), place) {
                Seat::On(flight, boarding) => {
                    let timeouts = deadline.saturating_duration_since(Instant::now());
                    return self.wait(flight, boarding, stale, timeouts).await;
                }
                // The flight that was to be joined has landed meanwhile.
                Seat::NeedsPlace => {}
                Seat::Refused => {
                    return match stale {
                        Some(stale) => (FoundRoute::Learned(stale, Timing::Cached), Source::Stale),
                        None => (self.unresolved(Failure::Overloaded), Source::Refused),
                    };
                }
            }
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

    /// Waits for the turn of somebody who is not in a hurry.
    async fn place(
        &self,
        domain: &HostName,
        urgency: Priority,
        stale: Option<&LearnedRoute>,
        deadline: Instant,
    ) -> Result<Place, Elapsed> {
        if urgency == Priority::Now {
            return Ok(Place::NotNeeded);
        }
        if self.flights.under_way(domain).is_some() {
            return Ok(Place::ToJoin);
        }
        let deadline =
            stale.map_or(deadline, |_| deadline.min(Instant::now() + TIMEOUT_WITH_STALE));
        let place = timeout_at(deadline, self.background_permits.clone().acquire_owned()).await?;
        // The semaphore is never closed.
        Ok(place.map_or(Place::NotNeeded, Place::Held))
    }

    /// Joins or starts the flight for a domain, which keeps its place until it has landed.
    fn join(
        &self,
        domain: &HostName,
        caller: Client,
        stale: Option<Arc<LearnedRoute>>,
        place: Place,
    ) -> Seat {
        if let Some(flight) = self.flights.under_way(domain) {
            return Seat::On(flight, Role::Follower);
        }
        if matches!(place, Place::ToJoin) {
            return Seat::NeedsPlace;
        }
        if !self.guard.admits(self.flights.count(), caller, domain) {
            return Seat::Refused;
        }
        let ask = |tell| {
            let learn = self.clone().learn(domain.clone(), caller, stale, tell);
            let counted = CountedLookup::begin();
            async move {
                let _counted = counted;
                learn.await;
                drop(place);
            }
        };
        match self.flights.join(domain.clone(), LookupProgress::START, ask) {
            Some((flight, role)) => Seat::On(flight, role),
            None => Seat::Refused,
        }
    }

    /// One flight: asks, remembers, tells.
    async fn learn(
        self,
        domain: HostName,
        caller: Client,
        stale: Option<Arc<LearnedRoute>>,
        tell: watch::Sender<LookupProgress>,
    ) {
        // Between our caller's look into the memory and this flight another one may have landed.
        if let Some(known) = self.cache.get(&domain).await.filter(|known| known.is_current()) {
            tell.send_replace(LookupProgress::Done(known));
            return;
        }
        if let Some(list_mode) = &self.list_mode {
            let learned = self.learn_for_list(list_mode, &domain, caller, &tell).await;
            tell.send_replace(LookupProgress::Done(learned));
            return;
        }
        let asked = self.ask(&domain, caller, &tell).await;
        let routed = self.believed(&domain, asked);
        let routed = routed.unwrap_or_else(|_| unresolved(Failure::Untrusted));
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
        tell.send_replace(LookupProgress::Done(learned));
    }

    /// One flight for a list: what is noted is not asked, what was asked is noted.
    async fn learn_for_list(
        &self,
        list_mode: &ListMode,
        domain: &HostName,
        caller: Client,
        tell: &watch::Sender<LookupProgress>,
    ) -> Arc<LearnedRoute> {
        let learned = match list_mode.recall(domain).await {
            Ok(Some(noted)) if list_mode.needs_recheck(domain).await => {
                let _comparing = list_mode.comparing();
                let heard = self.ask_in_turn(list_mode, domain, caller, tell).await;
                let compared = match &heard {
                    Ok(heard) => list_mode.compare(&noted.route, &heard.routed.route).await,
                    Err(halt) => Err(halt.clone()),
                };
                if compared.is_err() {
                    return self.learned(unresolved(Failure::Untrusted));
                }
                noted
            }
            Ok(Some(noted)) => noted,
            // The work ends here; whatever is said now counts for nothing.
            Err(JournalClosed) => return self.learned(unresolved(Failure::Untrusted)),
            Ok(None) => {
                let Ok(asked) = self.ask_in_turn(list_mode, domain, caller, tell).await else {
                    // Here too.
                    return self.learned(unresolved(Failure::Untrusted));
                };
                let routed = match self.believed(domain, asked) {
                    Ok(routed) => routed,
                    Err(distrust) => {
                        list_mode.halt(Halt::Untrusted(distrust)).await;
                        return self.learned(unresolved(Failure::Untrusted));
                    }
                };
                let noted = NotedRoute { routed, asked_at: self.now() };
                list_mode.note(domain, &noted).await;
                LearnedRoute::for_a_run(noted.routed, noted.asked_at)
            }
        };
        let learned = Arc::new(learned);
        self.cache.insert(domain.clone(), learned.clone()).await;
        learned
    }

    async fn ask_in_turn(
        &self,
        list_mode: &ListMode,
        domain: &HostName,
        caller: Client,
        tell: &watch::Sender<LookupProgress>,
    ) -> Result<Asked, Halt> {
        list_mode.turn(self).await?;
        Ok(self.ask(domain, caller, tell).await)
    }

    async fn ask(
        &self,
        domain: &HostName,
        caller: Client,
        tell: &watch::Sender<LookupProgress>,
    ) -> Asked {
        // The time of a flight begins when it may ask: that others ask before it says nothing of the servers.
        let _permit = self.questions.acquire().await;
        let deadline = Instant::now() + self.settings.flight_deadline;
        // A stranger's domain may name mail servers in a private zone; those are not asked for either.
        let may_ask = |name: &HostName| caller == Client::Operator || !self.is_private(name);
        let reach = &self.settings.reach;
        let asking = || progress::note_question(tell);
        let outcome = find_route(&*self.dns, domain.clone(), reach, may_ask, asking);
        let outcome = timeout_at(deadline, outcome).await;
        progress::note_answer(tell);
        let (outcome, by) = outcome.unwrap_or_else(|_| {
            (RouteOutcome { routed: unresolved(Failure::Timeout), denials: Vec::new() }, None)
        });
        let credence = self.credence(domain, &outcome.routed);
        // That mail goes nowhere is the gravest answer: where there is another server, it is asked too. Who
        // cannot wait for it has the answer of the first, unless that needs to be confirmed.
        let first = without_opinion(&outcome);
        if can_be_asked_again(&*self.dns, &outcome) {
            if self.trust.now() == Some(Trust::Sound) && credence == Credence::Believed {
                tell.send_replace(LookupProgress::Provisional(self.learned(first.clone())));
            }
            let opinion = second_opinion(&*self.dns, outcome, reach);
            let (routed, agreed) = timeout_at(deadline, opinion).await.unwrap_or((first, false));
            return Asked { routed, by, agreed };
        }
        // Where mail would go to the domain's own address nothing was denied that could be asked again.
        let Some(other) = by.filter(|by| self.dns.has_other(*by)) else {
            return Asked { routed: first, by, agreed: false };
        };
        if credence != Credence::ToConfirm {
            return Asked { routed: first, by, agreed: false };
        }
        match timeout_at(deadline, self.dns.mx(domain, Servers::Except(other))).await {
            Ok(Answered { result: Ok(Answer::Found { .. }), .. }) => {
                Asked { routed: unresolved(Failure::Contradicted), by, agreed: false }
            }
            Ok(Answered { result: Ok(_), .. }) => Asked { routed: first, by, agreed: true },
            // A server that does not answer contradicts nobody.
            Ok(Answered { result: Err(_), .. }) | Err(_) => {
                Asked { routed: first, by, agreed: false }
            }
        }
    }

    /// Waits for a flight as long as that makes sense.
    async fn wait(
        &self,
        flight: Flight<LookupProgress>,
        boarding: Role,
        stale: Option<Arc<LearnedRoute>>,
        timeouts: Duration,
    ) -> (FoundRoute, Source) {
        let timeouts = match stale {
            Some(_) => timeouts.min(TIMEOUT_WITH_STALE.saturating_sub(flight.age())),
            None => timeouts,
        };
        match (progress::wait(flight, timeouts).await, stale) {
            (WaitOutcome::Done(learned), Some(stale)) if learned.is_of_same_lookup(&stale) => {
                (FoundRoute::Learned(learned, Timing::Cached), Source::Stale)
            }
            (WaitOutcome::Done(learned) | WaitOutcome::Provisional(learned), _) => {
                (FoundRoute::Learned(learned, Timing::Asked), Source::Flight(boarding))
            }
            (WaitOutcome::TimedOut { .. } | WaitOutcome::BrokenOff, Some(stale)) => {
                (FoundRoute::Learned(stale, Timing::Cached), Source::Stale)
            }
            (WaitOutcome::TimedOut { unanswered_for }, None) => {
                let is_silent = unanswered_for >= self.settings.dns_timeout && !self.dns.is_full();
                let found = match is_silent {
                    true => self.unresolved(Failure::Timeout),
                    false => FoundRoute::OutOfTime,
                };
                (found, Source::OutOfTime)
            }
            (WaitOutcome::BrokenOff, None) => {
                (self.unresolved(Failure::Overloaded), Source::Refused)
            }
        }
    }

    fn learned(&self, routed: Routed) -> Arc<LearnedRoute> {
        Arc::new(LearnedRoute::new(routed, self.now()))
    }

    fn unresolved(&self, failure: Failure) -> FoundRoute {
        FoundRoute::Learned(self.learned(unresolved(failure)), Timing::Asked)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// How many flights those may start who are not in a hurry.
fn background_permits(limits: LookupLimits) -> usize {
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
            Self::Flight(Role::Leader) => "flight",
            Self::Flight(Role::Follower) => "coalesced",
            Self::Stale => "stale",
            Self::Refused => "refused",
            Self::Untrusted => "untrusted",
            Self::OutOfTime => "out_of_time",
        }
    }
}

#[cfg(test)]
mod tests;
