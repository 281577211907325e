//! What the work on a list adds to checking addresses: a journal of what was found out, a rate, tests of the
//! resolver, and retries for mailboxes that were deferred.
//!
//! ```text
//! Validator ── RouteSource ── JournaledRoutes ──► journal, or a turn (RateGate) and the DNS
//!     │                             │                  before each round of look-ups the canaries are tested
//!     │                             └── Halt: the resolver lies or is silent
//!     └── mailbox stage ── ListRun::recall_mailbox / note_mailbox (RetryPlan)
//! ```
//!
//! The service has none of this.

mod halt;
mod journaled;
mod list_validator;
mod rate_gate;
mod retry_plan;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::sleep_until;

use super::domain_stage::accepts_mail;
use super::routes::{RouteLookup, TestOutcome};
use crate::cache::LearnedRoute;
use crate::catalog::Canonical;
use crate::evidence::{Evidence, MailboxStatus};
use crate::report::MailboxFacts;
use crate::route::{HostName, MailRoute};
use crate::store::{Journal, JournalClosed, NotedRoute};
use rate_gate::RateGate;

pub use halt::Halt;
pub(super) use journaled::JournaledRoutes;
pub use list_validator::ListValidator;
pub use retry_plan::RetryPlan;

/// How many of the last answers of a run that ended without a test are asked for again, at most: the run may have
/// ended because the resolver began to lie.
const MAX_RECHECKS: usize = 8;
/// There is one recheck for so many look-ups at the same time.
const LOOKUPS_PER_RECHECK: usize = 8;
/// How many mailboxes are asked about, or wait for it, at the same time.
const MAX_MAILBOXES: usize = 1_000;

/// How a list is worked on.
pub struct ListModeSettings {
    /// What was found out so far, and will be.
    pub journal: Journal,
    /// Domains that are looked up at the same time.
    pub concurrency: usize,
    /// How many files the process may have open; none: no limit.
    pub open_files: Option<u64>,
    /// Domains that are looked up in a second, at most.
    pub rate: Option<NonZeroU32>,
    pub retry_plan: RetryPlan,
}

/// The work on a list. Clones share it.
#[derive(Clone)]
pub(super) struct ListRun {
    inner: Arc<ListRunInner>,
}

struct ListRunInner {
    settings: ListModeSettings,
    /// Domains that have mail servers; none: the resolver is believed.
    canaries: Vec<HostName>,
    gate: RateGate,
    /// How many answers of an earlier run are being compared with new ones.
    comparisons: AtomicUsize,
    halt: watch::Sender<Option<Halt>>,
    mailboxes: Semaphore,
}

/// A comparison under way.
pub(super) struct Comparison<'b>(&'b AtomicUsize);

impl Drop for Comparison<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl ListRun {
    pub(super) fn new(settings: ListModeSettings, canaries: Vec<HostName>) -> Self {
        let inner = ListRunInner {
            gate: RateGate::new(settings.rate, settings.concurrency),
            settings,
            canaries,
            comparisons: AtomicUsize::new(0),
            halt: watch::Sender::new(None),
            mailboxes: Semaphore::new(MAX_MAILBOXES),
        };
        Self { inner: Arc::new(inner) }
    }

    fn journal(&self) -> &Journal {
        &self.inner.settings.journal
    }

    /// How many of the last answers of a run that was killed are asked for again, beside the look-ups that were
    /// under way when it was killed, which begin anew.
    fn rechecks(&self) -> usize {
        if self.inner.canaries.is_empty() {
            return 0;
        }
        (self.inner.settings.concurrency / LOOKUPS_PER_RECHECK).min(MAX_RECHECKS)
    }

    /// What is noted of a domain.
    ///
    /// # Errors
    /// The journal is closed, and the work ends.
    async fn recall(&self, domain: &HostName) -> Result<Option<LearnedRoute>, JournalClosed> {
        let noted = self.journal().route(domain).await?;
        Ok(noted.map(|noted| LearnedRoute::for_a_run(noted.routed, noted.asked_at)))
    }

    /// Whether the DNS is to be asked again about a domain that is noted.
    async fn needs_recheck(&self, domain: &HostName) -> bool {
        let count = self.rechecks();
        count > 0 && self.journal().is_among_last_left(domain, count).await
    }

    /// Compares what is noted with a new answer.
    ///
    /// # Errors
    /// They contradict each other. Everything is forgotten that no test has confirmed.
    async fn compare(&self, noted: &MailRoute, answer: &MailRoute) -> Result<(), Halt> {
        if !contradict(noted, answer) {
            return Ok(());
        }
        self.halt(Halt::Contradicted).await;
        Err(Halt::Contradicted)
    }

    /// Notes what was learned of a domain. The look-up keeps its permit until this is done.
    async fn note(&self, domain: &HostName, noted: &NotedRoute) {
        self.journal().note_route(domain, noted).await;
    }

    /// Keeps tests from confirming what an earlier run has left while it is compared.
    fn comparing(&self) -> Comparison<'_> {
        self.inner.comparisons.fetch_add(1, Ordering::SeqCst);
        Comparison(&self.inner.comparisons)
    }

    /// Waits for a turn to ask about a domain.
    ///
    /// # Errors
    /// The work has ended.
    async fn wait_turn(&self, lookup: &RouteLookup) -> Result<(), Halt> {
        self.check_halt()?;
        let turn = self.inner.gate.draw();
        sleep_until(turn.at).await;
        self.check_halt()?;
        turn.round.tested.get_or_init(|| self.test(lookup, turn.round.number)).await.clone()?;
        self.check_halt()
    }

    /// # Errors
    /// The work has ended.
    fn check_halt(&self) -> Result<(), Halt> {
        self.inner.halt.borrow().clone().map_or(Ok(()), Err)
    }

    /// Tests at the end of the work whether the answers since the last test can be believed.
    ///
    /// # Errors
    /// They cannot, and are forgotten.
    async fn last_test(&self, lookup: &RouteLookup) -> Result<(), Halt> {
        self.check_halt()?;
        if self.inner.canaries.is_empty() || !self.journal().has_unconfirmed().await {
            return Ok(());
        }
        self.test(lookup, self.inner.gate.next_round()).await
    }

    /// Tests the resolver. Where it fails, everything is forgotten that was noted since it last passed.
    async fn test(&self, lookup: &RouteLookup, round: u64) -> Result<(), Halt> {
        let canaries = &self.inner.canaries;
        if canaries.is_empty() {
            return Ok(());
        }
        let checkpoint = self.journal().checkpoint().await;
        let halt = match lookup.trust().test(canaries).await {
            TestOutcome::Sound => None,
            // No domain was asked about before.
            TestOutcome::Lost(_) if round == 0 => None,
            TestOutcome::Lost(distrust) | TestOutcome::Distrusted(distrust) => {
                Some(Halt::Untrusted(distrust))
            }
            TestOutcome::Silent => Some(Halt::Silent),
        };
        if let Some(halt) = halt {
            self.halt(halt.clone()).await;
            return Err(halt);
        }
        // The test says nothing of what an earlier run has left, nor of what is being compared with it. A journal
        // without checkpoint is in trouble, which ends the work by itself.
        if let Some(checkpoint) = checkpoint.filter(|_| round > 0 && !self.is_comparing()) {
            self.journal().confirm(checkpoint).await;
        }
        Ok(())
    }

    /// Ends the work: everything is forgotten that was noted since the resolver last passed a test.
    async fn halt(&self, why: Halt) {
        self.journal().forget_unconfirmed().await;
        self.inner.halt.send_if_modified(|halt| {
            let is_first = halt.is_none();
            halt.get_or_insert(why);
            is_first
        });
    }

    fn is_comparing(&self) -> bool {
        self.inner.comparisons.load(Ordering::SeqCst) > 0
    }

    /// Waits for a reason why the work cannot go on, which may never come.
    async fn halted(&self) -> Halt {
        let mut halt = self.inner.halt.subscribe();
        match halt.wait_for(Option::is_some).await.map(|halt| halt.clone()) {
            Ok(Some(halt)) => halt,
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }

    /// What is noted of a mailbox, and when to ask again; none when it is time for that.
    ///
    /// # Errors
    /// The journal is closed, and the work ends.
    pub(super) async fn recall_mailbox(
        &self,
        mailbox: &Canonical,
        now: Timestamp,
    ) -> Result<Option<(Evidence, Option<Timestamp>)>, JournalClosed> {
        let Some(noted) = self.journal().mailbox(mailbox).await? else { return Ok(None) };
        let retry_at = self.inner.settings.retry_plan.next_time(&noted);
        let is_due = retry_at.is_some_and(|time| time <= now);
        Ok((!is_due).then_some((noted.evidence, retry_at)))
    }

    /// Waits until not too many mailboxes are asked about.
    pub(super) async fn mailbox_turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.inner.mailboxes.acquire().await.ok()
    }

    /// Notes what was found out of a mailbox. Where no server may be asked at all nothing is noted: that is found
    /// out again as quickly.
    pub(super) async fn note_mailbox(&self, mailbox: &Canonical, facts: &mut MailboxFacts) {
        if matches!(facts.evidence.status, MailboxStatus::NotProbed(_)) {
            return;
        }
        let noted = self.journal().note_mailbox(mailbox, &facts.evidence).await;
        let retry_plan = self.inner.settings.retry_plan;
        facts.next_attempt = noted.and_then(|noted| retry_plan.next_time(&noted));
    }
}

/// Whether one route accepts mail and the other says that none is accepted. A failure contradicts nothing.
fn contradict(one: &MailRoute, other: &MailRoute) -> bool {
    let is_known = |route: &MailRoute| !matches!(route, MailRoute::Unresolved(_));
    is_known(one) && is_known(other) && accepts_mail(one) != accepts_mail(other)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;
    use crate::clock::StoppedClock;
    use crate::dns::zone::Zone;
    use crate::reach::ReachPolicy;
    use crate::report::DomainEvidence;
    use crate::route::{Distrust, RouteWithTtl};
    use crate::validator::routes::{RouteQuery, RouteSource};
    use crate::validator::{Client, LookupLimits, Priority, RouteSettings, Routes};

    fn routes(zone: &Arc<Zone>) -> Routes {
        let settings = RouteSettings {
            reach: ReachPolicy::default(),
            private_zones: Vec::new(),
            limits: LookupLimits { lookups: 100, names_per_zone: 100, lookups_per_client: 100 },
            lookup_timeout: Duration::from_secs(10),
            dns_timeout: Duration::from_secs(1),
            cache_bytes: 1 << 20,
        };
        Routes::new(zone.clone(), Arc::new(StoppedClock(Timestamp::UNIX_EPOCH)), settings)
    }

    fn list_run(journal: &Journal, rate: Option<u32>, canaries: &[&str]) -> ListRun {
        let settings = ListModeSettings {
            journal: journal.clone(),
            concurrency: 10,
            open_files: None,
            rate: rate.and_then(NonZeroU32::new),
            retry_plan: RetryPlan::Never,
        };
        ListRun::new(settings, canaries.iter().copied().filter_map(HostName::new).collect())
    }

    fn host(name: &str) -> HostName {
        HostName::new(name).unwrap()
    }

    async fn route(routes: &JournaledRoutes, domain: &str) -> MailRoute {
        let domain = host(domain);
        let (client, priority) = (Client::Operator, Priority::InTurn);
        let budget = Duration::from_secs(60);
        match routes.find(RouteQuery { domain: &domain, client, priority, budget }).await {
            DomainEvidence::Learned(learned, _) => learned.route.clone(),
            _ => panic!("no route"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn turns_come_at_the_rate() {
        let journal = Journal::temporary().unwrap();
        let routes = routes(&Arc::new(Zone::parse("")));
        for (rate, turns, seconds) in [(None, 5_000, 0), (Some(20), 101, 5), (Some(1), 8, 7)] {
            let list_run = list_run(&journal, rate, &[]);
            let began = Instant::now();
            for _ in 0..turns {
                list_run.wait_turn(routes.lookup()).await.unwrap();
            }
            let took = began.elapsed();
            // The clock of tokio counts milliseconds.
            let most = Duration::from_secs(seconds) + Duration::from_millis(turns);
            assert!((Duration::from_secs(seconds)..=most).contains(&took), "{rate:?}: {took:?}");
        }
    }

    #[tokio::test]
    async fn what_is_answered_after_a_lie_was_found_out_is_not_noted() {
        let journal = Journal::temporary().unwrap();
        let zone = Arc::new(Zone::parse("canary.de NXDOMAIN"));
        let (routes, list_run) = (routes(&zone), list_run(&journal, None, &["canary.de"]));
        let lie =
            Halt::Untrusted(Distrust::Denies(host("canary.de"), crate::route::DenialKind::NoName));
        assert_eq!(list_run.wait_turn(routes.lookup()).await, Err(lie.clone()));
        let routed = RouteWithTtl { route: MailRoute::NoDomain, ttl: Duration::ZERO };
        let noted = NotedRoute { routed, asked_at: Timestamp::UNIX_EPOCH };
        list_run.note(&host("a.de"), &noted).await;
        assert_eq!(journal.route(&host("a.de")).await, Ok(None));
        assert_eq!(list_run.halted().await, lie.clone());
        // Waiting look-ups get no turn, and there is no second test.
        let asked = zone.questions();
        assert_eq!(list_run.wait_turn(routes.lookup()).await, Err(lie.clone()));
        assert_eq!(list_run.last_test(routes.lookup()).await, Err(lie));
        assert_eq!(zone.questions(), asked);
    }

    #[tokio::test]
    async fn nobody_is_asked_once_the_journal_cannot_tell() {
        let journal = Journal::temporary().unwrap();
        let zone = Arc::new(Zone::parse("a.de A 8.8.8.8\nb.de A 8.8.8.8"));
        let routes =
            JournaledRoutes::new(routes(&zone).lookup().clone(), list_run(&journal, None, &[]));
        assert!(matches!(route(&routes, "a.de").await, MailRoute::Implicit(_)));
        let asked = zone.questions();
        journal.close();
        assert!(matches!(route(&routes, "b.de").await, MailRoute::Unresolved(_)));
        assert_eq!(zone.questions(), asked);
    }

    #[tokio::test]
    async fn which_domain_is_asked_about_first_makes_no_difference() {
        let zone = Arc::new(Zone::parse("a.de NXDOMAIN\nb.a.de A 8.8.8.8"));
        for order in [["a.de", "b.a.de"], ["b.a.de", "a.de"]] {
            let journal = Journal::temporary().unwrap();
            let routes =
                JournaledRoutes::new(routes(&zone).lookup().clone(), list_run(&journal, None, &[]));
            for domain in order {
                let is_there = matches!(route(&routes, domain).await, MailRoute::Implicit(_));
                assert_eq!(is_there, domain == "b.a.de", "{domain} of {order:?}");
            }
        }
    }
}
