//! Routes for the work on a list: what the journal holds is not asked, what was asked is noted.
//!
//! It differs from the live [`Routes`](crate::validator::Routes) in four ways: a look-up waits for a
//! permit (`concurrency`) and for its turn, and the limits for each zone and client do not apply; a row waits for its route however long that takes; a name below a domain that does not exist
//! is asked for all the same, because the output must not depend on the order of the rows; and where the resolver
//! is found to lie, the work ends.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, watch};

use super::{Halt, ListRun};
use crate::cache::{LONGEST_RUN, LearnedRoute, Timing};
use crate::report::DomainEvidence;
use crate::route::{Failure, HostName, RouteWithTtl};
use crate::store::{JournalClosed, NotedRoute};
use crate::validator::routes::{
    Client, CountedLookup, DnsAnswer, LookupProgress, MAX_QUESTIONS, RouteLookup, RouteOrigin,
    RouteQuery, RouteSource, WaitOutcome, permits, wait,
};
use crate::validator::single_flight::{Flight, Role, SingleFlight};

/// Why a look-up brought nothing: the work has ended, and whatever is said now counts for nothing.
struct WorkEnded;

/// Routes from the journal of a list, else from the DNS.
pub(in crate::validator) struct JournaledRoutes {
    lookup: RouteLookup,
    flights: SingleFlight<HostName, LookupProgress>,
    /// Permits of the look-ups at the same time. Each flight holds one.
    permits: Arc<Semaphore>,
    list: ListRun,
}

impl RouteSource for JournaledRoutes {
    fn find<'a>(&'a self, query: RouteQuery<'a>) -> BoxFuture<'a, DomainEvidence> {
        async move {
            if !self.lookup.is_open_to(query.client, query.domain) {
                return DomainEvidence::NotAsked;
            }
            let (found, origin) = self.find_open(query.domain, query.client).await;
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

impl JournaledRoutes {
    pub(in crate::validator) fn new(lookup: RouteLookup, list: ListRun) -> Self {
        Self {
            lookup: lookup.with_questions(questions_within(list.inner.settings.open_files)),
            // The permits are their bound.
            flights: SingleFlight::new(usize::MAX),
            permits: permits(list.inner.settings.concurrency),
            list,
        }
    }

    async fn find_open(&self, domain: &HostName, client: Client) -> (DomainEvidence, RouteOrigin) {
        if let Some(known) = self.lookup.current(domain).await {
            return (DomainEvidence::Learned(known, Timing::Cached), RouteOrigin::Cache);
        }
        if self.lookup.trust().is_lost() {
            return (self.lookup.unresolved(Failure::Untrusted), RouteOrigin::Untrusted);
        }
        let Some((flight, role)) = self.join(domain, client).await else {
            return (self.lookup.unresolved(Failure::Overloaded), RouteOrigin::Refused);
        };
        match wait(flight, LONGEST_RUN).await {
            WaitOutcome::Done(learned) | WaitOutcome::Provisional(learned) => {
                (DomainEvidence::Learned(learned, Timing::Asked), RouteOrigin::Lookup(role))
            }
            WaitOutcome::TimedOut { .. } | WaitOutcome::BrokenOff => {
                (self.lookup.unresolved(Failure::Overloaded), RouteOrigin::Refused)
            }
        }
    }

    /// Joins the look-up of a domain, or starts one when there is a permit.
    async fn join(
        &self,
        domain: &HostName,
        client: Client,
    ) -> Option<(Flight<LookupProgress>, Role)> {
        if let Some(flight) = self.flights.under_way(domain) {
            return Some((flight, Role::Follower));
        }
        // The semaphore is never closed.
        let permit = self.permits.clone().acquire_owned().await.ok();
        let lead = |progress| {
            let counted = CountedLookup::begin();
            let (lookup, list) = (self.lookup.clone(), self.list.clone());
            let domain = domain.clone();
            async move {
                let _held = (counted, permit);
                let learned = learn(&lookup, &list, &domain, client, &progress).await;
                progress.send_replace(LookupProgress::Done(learned));
            }
        };
        self.flights.join(domain.clone(), LookupProgress::START, lead)
    }
}

/// How many look-ups can ask at the same time where so many files may be open. A question that is sent again, or
/// whose answer is too long for a packet, takes one more socket; the lists, the journal and the output need some
/// files as well.
fn questions_within(open_files: Option<u64>) -> usize {
    const RESERVE: u64 = 40;
    const SOCKETS: u64 = 3;
    let sockets = open_files.map_or(u64::MAX, |files| files.saturating_sub(RESERVE));
    usize::try_from(sockets / SOCKETS).map_or(MAX_QUESTIONS, |most| most.clamp(1, MAX_QUESTIONS))
}

/// The task of a look-up.
async fn learn(
    lookup: &RouteLookup,
    list: &ListRun,
    domain: &HostName,
    client: Client,
    progress: &watch::Sender<LookupProgress>,
) -> Arc<LearnedRoute> {
    // Between the leader's look into the cache and this one another look-up may have ended.
    if let Some(known) = lookup.current(domain).await {
        return known;
    }
    match recall_or_ask(lookup, list, domain, client, progress).await {
        Ok(learned) => {
            let learned = Arc::new(learned);
            lookup.remember(domain.clone(), learned.clone()).await;
            learned
        }
        Err(WorkEnded) => lookup.learned(RouteWithTtl::unresolved(Failure::Untrusted)),
    }
}

async fn recall_or_ask(
    lookup: &RouteLookup,
    list: &ListRun,
    domain: &HostName,
    client: Client,
    progress: &watch::Sender<LookupProgress>,
) -> Result<LearnedRoute, WorkEnded> {
    let ask_in_turn = async || -> Result<DnsAnswer, WorkEnded> {
        list.wait_turn(lookup).await.map_err(|_: Halt| WorkEnded)?;
        Ok(lookup.ask(domain, client, progress).await)
    };
    let noted = list.recall(domain).await.map_err(|JournalClosed| WorkEnded)?;
    if let Some(noted) = noted {
        if list.needs_recheck(domain).await {
            let _comparing = list.comparing();
            let answer = ask_in_turn().await?;
            let compared = list.compare(&noted.route, &answer.routed.route).await;
            compared.map_err(|_: Halt| WorkEnded)?;
        }
        return Ok(noted);
    }
    let answer = ask_in_turn().await?;
    let routed = match lookup.believed(domain, answer) {
        Ok(routed) => routed,
        Err(distrust) => {
            list.halt(Halt::Untrusted(distrust)).await;
            return Err(WorkEnded);
        }
    };
    let noted = NotedRoute { routed, asked_at: lookup.now() };
    list.note(domain, &noted).await;
    Ok(LearnedRoute::for_a_run(noted.routed, noted.asked_at))
}
