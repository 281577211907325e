//! What work on a whole list adds to asking: a journal of what was found out, a pace, canaries before the
//! first domain and before every thousandth, and patience with those who defer strangers.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::sleep_until;

use super::Routes;
use super::canaries::{FOR_LABS, Tested};
use super::domain_stage::accepts_mail;
use super::rate_gate::RateGate;
use crate::cache::LearnedRoute;
use crate::catalog::Canonical;
use crate::evidence::{Evidence, MailboxStatus};
use crate::report::MailboxFacts;
use crate::route::{Distrust, HostName, MailRoute};
use crate::store::{Journal, JournalClosed, NotedMailbox, NotedRoute};

/// How many of the last answers are asked for once more that a run got which ended without a test: it may
/// have ended because the resolver began to lie. At most this many,
const MOST_DOUBTED: usize = 8;
/// and one for so many look-ups at the same time.
const LOOK_UPS_A_DOUBT: usize = 8;
/// How many mailboxes are asked about, or stand in line for it, at the same time.
const MAILBOXES_AT_ONCE: usize = 1_000;
/// When a mailbox that was deferred as strangers' are is asked about again, counted from the first time:
/// nearly all who do it let in who comes back within the hour.
const COME_BACK_AFTER: [Duration; 3] =
    [Duration::from_secs(5 * 60), Duration::from_secs(15 * 60), Duration::from_secs(60 * 60)];

/// How a list is worked on.
pub struct ListModeSettings {
    /// What was found out so far, and will be.
    pub journal: Journal,
    /// Domains that are looked up at the same time.
    pub concurrency: usize,
    /// Questions that may wait for an answer at the same time: each holds a socket.
    pub questions: usize,
    /// Domains that are looked up in a second, at most.
    pub rate: Option<NonZeroU32>,
    /// Domains that have mail servers; none: the resolver is believed.
    pub canaries: Vec<HostName>,
    /// Whom to come back to.
    pub waits: RetryPlan,
}

/// Whether servers that defer strangers are asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryPlan {
    /// They are not.
    Never,
    /// They are, three times within an hour or so.
    ForGreylisting,
}

/// Why work on a list cannot go on now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// The resolver invents answers, or denies what exists.
    #[error("the DNS resolver cannot be believed ({code}): {0} ({FOR_LABS})", code = _0.trust().code())]
    Untrusted(Distrust),
    /// The resolver answers nothing.
    #[error("the DNS does not answer")]
    Silent,
    /// The resolver says something else than it did when an earlier run was broken off.
    #[error("the DNS has said something else before the last run ended, which is forgotten now")]
    Contradicted,
}

/// Work on a list. Clones share it.
#[derive(Clone)]
pub(super) struct ListMode {
    shared: Arc<ListModeInner>,
}

struct ListModeInner {
    settings: ListModeSettings,
    gate: RateGate,
    /// How many answers of an earlier run are being compared with new ones.
    comparisons: AtomicUsize,
    halt: watch::Sender<Option<Halt>>,
    mailboxes: Semaphore,
}

/// A comparison that is under way.
pub(super) struct Comparing<'b>(&'b AtomicUsize);

impl Drop for Comparing<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl ListMode {
    pub(super) fn new(settings: ListModeSettings) -> Self {
        let gate = RateGate::new(settings.rate, settings.concurrency);
        let mailboxes = Semaphore::new(MAILBOXES_AT_ONCE);
        let halt = watch::Sender::new(None);
        let comparisons = AtomicUsize::new(0);
        Self { shared: Arc::new(ListModeInner { settings, gate, comparisons, halt, mailboxes }) }
    }

    /// Domains that are looked up at the same time.
    pub(super) fn look_ups(&self) -> usize {
        self.shared.settings.concurrency
    }

    /// Questions that may wait for an answer at the same time.
    pub(super) fn questions(&self) -> usize {
        self.shared.settings.questions
    }

    /// How many of the last answers of a run that was killed are asked for once more. They are asked beside
    /// the look-ups that were under way when it was killed, which are begun anew.
    fn doubted(&self) -> usize {
        let ListModeSettings { canaries, concurrency, .. } = &self.shared.settings;
        if canaries.is_empty() { 0 } else { (concurrency / LOOK_UPS_A_DOUBT).min(MOST_DOUBTED) }
    }

    /// What is noted of a domain.
    ///
    /// # Errors
    /// Nobody can tell any more, and the work ends.
    pub(super) async fn recall(
        &self,
        domain: &HostName,
    ) -> Result<Option<LearnedRoute>, JournalClosed> {
        let noted = self.shared.settings.journal.route(domain).await?;
        Ok(noted.map(|noted| LearnedRoute::for_a_run(noted.routed, noted.asked_at)))
    }

    /// Whether what is noted of a domain is to be heard once more.
    pub(super) async fn needs_recheck(&self, domain: &HostName) -> bool {
        let count = self.doubted();
        count > 0 && self.shared.settings.journal.is_among_last_left(domain, count).await
    }

    /// What was noted was heard once more.
    ///
    /// # Errors
    /// It was something else. Everything is forgotten that nobody has confirmed.
    pub(super) async fn compare(&self, noted: &MailRoute, heard: &MailRoute) -> Result<(), Halt> {
        if !contradict(noted, heard) {
            return Ok(());
        }
        self.halt(Halt::Contradicted).await;
        Err(Halt::Contradicted)
    }

    /// Notes what was learned of a domain; nobody asks about another one in its place before that.
    pub(super) async fn note(&self, domain: &HostName, noted: &NotedRoute) {
        self.shared.settings.journal.note_route(domain, noted).await;
    }

    /// Keeps what an earlier run has left from being confirmed while it is compared.
    pub(super) fn comparing(&self) -> Comparing<'_> {
        self.shared.comparisons.fetch_add(1, Ordering::SeqCst);
        Comparing(&self.shared.comparisons)
    }

    /// Waits for one's turn to ask about a domain.
    ///
    /// # Errors
    /// Nobody is to be asked any more.
    pub(super) async fn turn(&self, routes: &Routes) -> Result<(), Halt> {
        self.go_on()?;
        let turn = self.shared.gate.draw();
        sleep_until(turn.at).await;
        self.go_on()?;
        turn.round.tested.get_or_init(|| self.test(routes, turn.round.number)).await.clone()?;
        self.go_on()
    }

    /// # Errors
    /// The work has ended.
    fn go_on(&self) -> Result<(), Halt> {
        self.shared.halt.borrow().clone().map_or(Ok(()), Err)
    }

    /// At the end of the work: tests whether the answers since the last test can be believed.
    ///
    /// # Errors
    /// They cannot, and are forgotten.
    pub(super) async fn last_test(&self, routes: &Routes) -> Result<(), Halt> {
        self.go_on()?;
        if self.shared.settings.canaries.is_empty()
            || !self.shared.settings.journal.has_unconfirmed().await
        {
            return Ok(());
        }
        self.test(routes, self.shared.gate.next_round()).await
    }

    /// Tests the resolver. What was noted since it was last found honest is forgotten where it is not.
    async fn test(&self, routes: &Routes, round: u64) -> Result<(), Halt> {
        let ListModeSettings { journal, canaries, .. } = &self.shared.settings;
        if canaries.is_empty() {
            return Ok(());
        }
        let before = journal.checkpoint().await;
        let lie = match routes.test(canaries).await {
            Tested::Sound => None,
            // Nobody was asked before.
            Tested::Lost(_) if round == 0 => None,
            Tested::Lost(distrust) | Tested::Distrusted(distrust) => {
                Some(Halt::Untrusted(distrust))
            }
            Tested::Silent => Some(Halt::Silent),
        };
        match (lie, before) {
            (Some(lie), _) => {
                self.halt(lie.clone()).await;
                Err(lie)
            }
            // What an earlier run has left this test says nothing of, nor of what is being compared with it.
            (None, Some(_)) if round == 0 || self.is_comparing() => Ok(()),
            (None, Some(before)) => {
                journal.confirm(before).await;
                Ok(())
            }
            // The journal is in trouble, which ends the work by itself.
            (None, None) => Ok(()),
        }
    }

    /// Ends the work: what was noted since the resolver was last found honest is forgotten.
    pub(super) async fn halt(&self, why: Halt) {
        self.shared.settings.journal.forget_unconfirmed().await;
        self.shared.halt.send_if_modified(|halt| {
            let is_first = halt.is_none();
            halt.get_or_insert(why);
            is_first
        });
    }

    fn is_comparing(&self) -> bool {
        self.shared.comparisons.load(Ordering::SeqCst) > 0
    }

    /// Waits for a reason why the work cannot go on, which may never come.
    pub(super) async fn halted(&self) -> Halt {
        let mut halt = self.shared.halt.subscribe();
        match halt.wait_for(Option::is_some).await.map(|halt| halt.clone()) {
            Ok(Some(halt)) => halt,
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }

    /// What is noted of a mailbox, unless it is time to ask again.
    ///
    /// # Errors
    /// Nobody can tell any more, and the work ends.
    pub(super) async fn recall_mailbox(
        &self,
        mailbox: &Canonical,
        now: Timestamp,
    ) -> Result<Option<(Evidence, Option<Timestamp>)>, JournalClosed> {
        let Some(noted) = self.shared.settings.journal.mailbox(mailbox).await? else {
            return Ok(None);
        };
        let come_back = self.come_back(&noted);
        let is_due = come_back.is_some_and(|time| time <= now);
        Ok((!is_due).then_some((noted.evidence, come_back)))
    }

    /// Waits until there are not too many who are asked about.
    pub(super) async fn mailbox_turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.shared.mailboxes.acquire().await.ok()
    }

    /// Notes what was found out of a mailbox. Nothing is noted where nobody may be asked at all: that is
    /// found out again as quickly.
    pub(super) async fn note_mailbox(&self, mailbox: &Canonical, facts: &mut MailboxFacts) {
        if matches!(facts.evidence.status, MailboxStatus::NotProbed(_)) {
            return;
        }
        let noted = self.shared.settings.journal.note_mailbox(mailbox, &facts.evidence).await;
        facts.come_back = noted.and_then(|noted| self.come_back(&noted));
    }

    /// When to ask about a mailbox again.
    fn come_back(&self, noted: &NotedMailbox) -> Option<Timestamp> {
        match self.shared.settings.waits {
            RetryPlan::Never => None,
            RetryPlan::ForGreylisting => come_back(noted),
        }
    }
}

/// Whether one of them is mail's way and the other says that there is none. What could not be found out
/// contradicts nothing.
fn contradict(one: &MailRoute, other: &MailRoute) -> bool {
    let is_known = |route: &MailRoute| !matches!(route, MailRoute::Unresolved(_));
    is_known(one) && is_known(other) && accepts_mail(one) != accepts_mail(other)
}

/// When to ask again about a mailbox that was deferred, if that is worth it still: at the next time of the
/// plan, and not before the server lets in, or what is known of it ends.
fn come_back(noted: &NotedMailbox) -> Option<Timestamp> {
    let NotedMailbox { evidence, tried_at, first_deferred } = noted;
    if !is_open(evidence.status) {
        return None;
    }
    let first = (*first_deferred)?;
    let mut plan = COME_BACK_AFTER.iter().filter_map(|wait| first.checked_add(*wait).ok());
    let next = plan.find(|time| time > tried_at)?;
    Some(
        [evidence.retry_at, evidence.valid_until()]
            .into_iter()
            .flatten()
            .fold(next, Timestamp::max),
    )
}

/// Whether a mailbox that was deferred may still be let in: nobody said anything of it since, nor of us.
fn is_open(mailbox: MailboxStatus) -> bool {
    match mailbox {
        MailboxStatus::Greylisted
        | MailboxStatus::RateLimited
        | MailboxStatus::Deferred
        | MailboxStatus::Timeout
        | MailboxStatus::Unreachable
        | MailboxStatus::ProtocolError
        | MailboxStatus::TlsFailed => true,
        MailboxStatus::Accepted { .. }
        | MailboxStatus::NotFound
        | MailboxStatus::Disabled
        | MailboxStatus::Full
        | MailboxStatus::Smtputf8Unsupported
        | MailboxStatus::Refused
        | MailboxStatus::Paused
        | MailboxStatus::NotProbed(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::clock::StoppedClock;
    use crate::dns::zone::Zone;
    use crate::reach::ReachPolicy;
    use crate::route::{MailRoute, Routed};
    use crate::validator::{Client, FoundRoute, LookupLimits, Priority, RouteSettings};

    fn routes(zone: &Arc<Zone>) -> Routes {
        let settings = RouteSettings {
            reach: ReachPolicy::default(),
            private_zones: Vec::new(),
            limits: LookupLimits { flights: 100, names_per_zone: 100, flights_per_stranger: 100 },
            flight_deadline: Duration::from_secs(10),
            dns_timeout: Duration::from_secs(1),
            cache_bytes: 1 << 20,
        };
        Routes::new(zone.clone(), Arc::new(StoppedClock(Timestamp::UNIX_EPOCH)), settings)
    }

    fn list_mode(journal: &Journal, rate: Option<u32>, canaries: &[&str]) -> ListMode {
        ListMode::new(ListModeSettings {
            journal: journal.clone(),
            concurrency: 10,
            questions: 10,
            rate: rate.and_then(NonZeroU32::new),
            canaries: canaries.iter().copied().filter_map(HostName::new).collect(),
            waits: RetryPlan::Never,
        })
    }

    fn host(name: &str) -> HostName {
        HostName::new(name).unwrap()
    }

    async fn route(routes: &Routes, domain: &str) -> MailRoute {
        let timeouts = Duration::from_secs(60);
        match routes.of(&host(domain), Client::Operator, Priority::InTurn, timeouts).await {
            FoundRoute::Learned(learned, _) => learned.route.clone(),
            FoundRoute::OutOfTime | FoundRoute::Private => panic!("no route"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn turns_come_at_the_rate() {
        let journal = Journal::temporary().unwrap();
        let routes = routes(&Arc::new(Zone::parse("")));
        for (rate, turns, seconds) in [(None, 5_000, 0), (Some(20), 101, 5), (Some(1), 8, 7)] {
            let list_mode = list_mode(&journal, rate, &[]);
            let began = Instant::now();
            for _ in 0..turns {
                list_mode.turn(&routes).await.unwrap();
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
        let (routes, list_mode) = (routes(&zone), list_mode(&journal, None, &["canary.de"]));
        let lie =
            Halt::Untrusted(Distrust::Denies(host("canary.de"), crate::route::DenialKind::NoName));
        assert_eq!(list_mode.turn(&routes).await, Err(lie.clone()));
        let routed = Routed { route: MailRoute::NoDomain, ttl: Duration::ZERO };
        let noted = NotedRoute { routed, asked_at: Timestamp::UNIX_EPOCH };
        list_mode.note(&host("a.de"), &noted).await;
        assert_eq!(journal.route(&host("a.de")).await, Ok(None));
        assert_eq!(list_mode.halted().await, lie.clone());
        // Who stands in line is not let through, and does not try once more.
        let asked = zone.questions();
        assert_eq!(list_mode.turn(&routes).await, Err(lie.clone()));
        assert_eq!(list_mode.last_test(&routes).await, Err(lie));
        assert_eq!(zone.questions(), asked);
    }

    #[tokio::test]
    async fn nobody_is_asked_once_the_journal_cannot_tell() {
        let journal = Journal::temporary().unwrap();
        let zone = Arc::new(Zone::parse("a.de A 8.8.8.8\nb.de A 8.8.8.8"));
        let routes = routes(&zone).for_list(list_mode(&journal, None, &[]));
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
            let routes = routes(&zone).for_list(list_mode(&journal, None, &[]));
            for domain in order {
                let is_there = matches!(route(&routes, domain).await, MailRoute::Implicit(_));
                assert_eq!(is_there, domain == "b.a.de", "{domain} of {order:?}");
            }
        }
    }

    #[test]
    fn who_is_deferred_is_asked_about_three_times_more() {
        let at = |minutes: i64| Timestamp::from_second(minutes * 60).unwrap();
        let noted = |mailbox, asked: i64, retry: Option<i64>| NotedMailbox {
            evidence: Evidence {
                retry_at: retry.map(at),
                ..Evidence::without_reply(mailbox, at(asked))
            },
            tried_at: at(asked),
            first_deferred: Some(at(0)),
        };
        const DEFERRED: MailboxStatus = MailboxStatus::Greylisted;
        // What was noted: when it was asked about, when the server would be asked again; the next time.
        let cases = [
            ("the first time", noted(DEFERRED, 0, Some(5)), Some(5)),
            ("the server wants more patience", noted(DEFERRED, 0, Some(10)), Some(10)),
            ("it does not say", noted(DEFERRED, 0, None), Some(15)),
            ("after five minutes", noted(DEFERRED, 5, Some(10)), Some(15)),
            ("after fifteen", noted(DEFERRED, 15, Some(20)), Some(60)),
            ("after an hour", noted(DEFERRED, 60, Some(65)), None),
            ("two come back to it", noted(DEFERRED, 6, Some(11)), Some(15)),
            ("let in", noted(MailboxStatus::NotFound, 5, None), None),
            ("gone when it is come back to", noted(MailboxStatus::Timeout, 5, Some(20)), Some(20)),
            (
                "nobody could be asked",
                NotedMailbox { tried_at: at(5), ..noted(DEFERRED, 0, Some(5)) },
                Some(15),
            ),
            ("refused when it is come back to", noted(MailboxStatus::Refused, 5, None), None),
        ];
        for (name, noted, expected) in cases {
            assert_eq!(come_back(&noted), expected.map(at), "{name}");
        }
    }
}
