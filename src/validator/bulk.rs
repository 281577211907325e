//! What work on a whole list adds to asking: a journal of what was found out, a pace, canaries before the
//! first domain and before every thousandth, and patience with those who defer strangers.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};

use super::Routes;
use super::domain_stage::takes_mail;
use crate::cache::LearnedRoute;
use crate::catalog::Canonical;
use crate::report::MailboxFacts;
use crate::route::{HostName, MailRoute, Trust};
use crate::store::{Closed, Evidence, Journal, NotedMailbox, NotedRoute};
use crate::verdict::MailboxEvidence;

/// How many domains are asked about between two tests of the resolver.
const DOMAINS_PER_TEST: u64 = 1_000;
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
pub struct BulkSettings {
    /// What was found out so far, and will be.
    pub journal: Journal,
    /// Domains that are looked up at the same time.
    pub concurrency: usize,
    /// Domains that are looked up in a second, at most.
    pub rate: Option<NonZeroU32>,
    /// Domains that have mail servers; none: the resolver is believed.
    pub canaries: Vec<HostName>,
    /// Whom to come back to.
    pub waits: Waits,
}

/// Whether servers that defer strangers are asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// They are not.
    Never,
    /// They are, three times within an hour or so.
    ForGreylisting,
}

/// Why work on a list cannot go on now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// The resolver invents answers, or denies what exists.
    #[error("the DNS resolver cannot be believed ({})", .0.code())]
    Untrusted(Trust),
    /// The resolver answers nothing.
    #[error("the DNS does not answer")]
    Silent,
    /// The resolver says something else than it did when an earlier run was broken off.
    #[error("the DNS has said something else before the last run ended, which is forgotten now")]
    Contradicted,
}

/// Work on a list. Clones share it.
#[derive(Clone)]
pub(super) struct Bulk {
    shared: Arc<Shared>,
}

struct Shared {
    settings: BulkSettings,
    gate: Mutex<Gate>,
    halt: watch::Sender<Option<Halt>>,
    mailboxes: Semaphore,
}

/// Where everybody passes one by one who asks about a domain.
struct Gate {
    passed: u64,
    opens: Instant,
}

impl Bulk {
    pub(super) fn new(settings: BulkSettings) -> Self {
        let gate = Mutex::new(Gate { passed: 0, opens: Instant::now() });
        let mailboxes = Semaphore::new(MAILBOXES_AT_ONCE);
        let halt = watch::Sender::new(None);
        Self { shared: Arc::new(Shared { settings, gate, halt, mailboxes }) }
    }

    /// Domains that are looked up at the same time. A run that is killed has to ask about those again, and
    /// about those that it doubts: together no more than its concurrency.
    pub(super) fn look_ups(&self) -> usize {
        self.shared.settings.concurrency - self.doubted()
    }

    /// How many of the last answers of a run that was killed are asked for once more.
    fn doubted(&self) -> usize {
        let BulkSettings { canaries, concurrency, .. } = &self.shared.settings;
        if canaries.is_empty() { 0 } else { (concurrency / LOOK_UPS_A_DOUBT).min(MOST_DOUBTED) }
    }

    /// What is noted of a domain.
    ///
    /// # Errors
    /// Nobody can tell any more, and the work ends.
    pub(super) async fn recall(&self, domain: &HostName) -> Result<Option<LearnedRoute>, Closed> {
        let noted = self.shared.settings.journal.route(domain).await?;
        Ok(noted.map(|noted| LearnedRoute::for_a_run(noted.routed, noted.asked_at)))
    }

    /// Whether what is noted of a domain is to be heard once more.
    pub(super) async fn doubts(&self, domain: &HostName) -> bool {
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
        self.shared.settings.journal.forget_unconfirmed().await;
        self.shared.halt.send_replace(Some(Halt::Contradicted));
        Err(Halt::Contradicted)
    }

    /// Notes what was learned of a domain; nobody asks about another one in its place before that.
    pub(super) async fn note(&self, domain: &HostName, noted: &NotedRoute) {
        self.shared.settings.journal.note_route(domain, noted).await;
    }

    /// Waits for one's turn to ask about a domain.
    ///
    /// # Errors
    /// Nobody is to be asked any more.
    pub(super) async fn turn(&self, routes: &Routes) -> Result<(), Halt> {
        let mut gate = self.shared.gate.lock().await;
        if let Some(halt) = *self.shared.halt.borrow() {
            return Err(halt);
        }
        if gate.passed.is_multiple_of(DOMAINS_PER_TEST) {
            self.test(routes, gate.passed).await?;
        }
        gate.passed += 1;
        if let Some(rate) = self.shared.settings.rate {
            sleep_until(gate.opens).await;
            gate.opens = Instant::now() + Duration::from_secs(1) / rate.get();
        }
        Ok(())
    }

    /// At the end of the work: tests whether the answers since the last test can be believed.
    ///
    /// # Errors
    /// They cannot, and are forgotten.
    pub(super) async fn last_test(&self, routes: &Routes) -> Result<(), Halt> {
        let gate = self.shared.gate.lock().await;
        if let Some(halt) = *self.shared.halt.borrow() {
            return Err(halt);
        }
        if self.shared.settings.canaries.is_empty()
            || !self.shared.settings.journal.has_unconfirmed().await
        {
            return Ok(());
        }
        self.test(routes, gate.passed).await
    }

    /// Tests the resolver. What was noted since it was last found honest is forgotten where it is not.
    async fn test(&self, routes: &Routes, passed: u64) -> Result<(), Halt> {
        let Shared { settings: BulkSettings { journal, canaries, .. }, halt, .. } = &*self.shared;
        if canaries.is_empty() {
            return Ok(());
        }
        let before = journal.mark().await;
        let found = match routes.test(canaries).await {
            Some(Trust::Sound) => None,
            Some(lie) => Some(Halt::Untrusted(lie)),
            None => Some(Halt::Silent),
        };
        match (found, before) {
            (Some(found), _) => {
                journal.forget_unconfirmed().await;
                halt.send_replace(Some(found));
                Err(found)
            }
            // What an earlier run has left this test says nothing of.
            (None, Some(_)) if passed == 0 => Ok(()),
            (None, Some(before)) => {
                journal.confirm(before).await;
                Ok(())
            }
            // The journal is in trouble, which ends the work by itself.
            (None, None) => Ok(()),
        }
    }

    /// Waits for a reason why the work cannot go on, which may never come.
    pub(super) async fn halted(&self) -> Halt {
        let mut halt = self.shared.halt.subscribe();
        match halt.wait_for(Option::is_some).await.map(|halt| *halt) {
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
    ) -> Result<Option<(Evidence, Option<Timestamp>)>, Closed> {
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
        if matches!(facts.evidence.mailbox, MailboxEvidence::NotProbed(_)) {
            return;
        }
        let noted = self.shared.settings.journal.note_mailbox(mailbox, &facts.evidence).await;
        facts.come_back = noted.and_then(|noted| self.come_back(&noted));
    }

    /// When to ask about a mailbox again.
    fn come_back(&self, noted: &NotedMailbox) -> Option<Timestamp> {
        match self.shared.settings.waits {
            Waits::Never => None,
            Waits::ForGreylisting => come_back(noted),
        }
    }
}

/// Whether one of them is mail's way and the other says that there is none. What could not be found out
/// contradicts nothing.
fn contradict(one: &MailRoute, other: &MailRoute) -> bool {
    let is_known = |route: &MailRoute| !matches!(route, MailRoute::Unresolved(_));
    is_known(one) && is_known(other) && takes_mail(one) != takes_mail(other)
}

/// When to ask again about a mailbox that was deferred, if that is worth it still: at the next time of the
/// plan, and not before the server lets in, or what is known of it ends.
fn come_back(noted: &NotedMailbox) -> Option<Timestamp> {
    let NotedMailbox { evidence, tried_at, first_deferred } = noted;
    if !is_open(evidence.mailbox) {
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
fn is_open(mailbox: MailboxEvidence) -> bool {
    match mailbox {
        MailboxEvidence::Greylisted
        | MailboxEvidence::RateLimited
        | MailboxEvidence::Deferred
        | MailboxEvidence::Timeout
        | MailboxEvidence::Unreachable
        | MailboxEvidence::ProtocolError
        | MailboxEvidence::TlsFailed => true,
        MailboxEvidence::Accepted { .. }
        | MailboxEvidence::NotFound
        | MailboxEvidence::Disabled
        | MailboxEvidence::Full
        | MailboxEvidence::Smtputf8Unsupported
        | MailboxEvidence::Refused
        | MailboxEvidence::Paused
        | MailboxEvidence::NotProbed(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::StoppedClock;
    use crate::dns::zone::Zone;
    use crate::reach::ReachPolicy;
    use crate::route::{MailRoute, Routed};
    use crate::validator::{Caller, FloodLimits, Found, RouteSettings, Urgency};

    fn routes(zone: &Arc<Zone>) -> Routes {
        let settings = RouteSettings {
            reach: ReachPolicy::default(),
            private_zones: Vec::new(),
            limits: FloodLimits { flights: 100, names_per_zone: 100, flights_per_stranger: 100 },
            flight_deadline: Duration::from_secs(10),
            dns_timeout: Duration::from_secs(1),
            cache_bytes: 1 << 20,
        };
        Routes::new(zone.clone(), Arc::new(StoppedClock(Timestamp::UNIX_EPOCH)), settings)
    }

    fn bulk(journal: &Journal, rate: Option<u32>, canaries: &[&str]) -> Bulk {
        Bulk::new(BulkSettings {
            journal: journal.clone(),
            concurrency: 10,
            rate: rate.and_then(NonZeroU32::new),
            canaries: canaries.iter().copied().filter_map(HostName::new).collect(),
            waits: Waits::Never,
        })
    }

    fn host(name: &str) -> HostName {
        HostName::new(name).unwrap()
    }

    async fn route(routes: &Routes, domain: &str) -> MailRoute {
        let patience = Duration::from_secs(60);
        match routes.of(&host(domain), Caller::Operator, Urgency::InTurn, patience).await {
            Found::Learned(learned, _) => learned.route.clone(),
            Found::OutOfTime | Found::Private => panic!("no route"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn turns_come_at_the_rate() {
        let journal = Journal::temporary().unwrap();
        let routes = routes(&Arc::new(Zone::parse("")));
        for (rate, turns, seconds) in [(None, 5_000, 0), (Some(20), 101, 5), (Some(1), 8, 7)] {
            let bulk = bulk(&journal, rate, &[]);
            let began = Instant::now();
            for _ in 0..turns {
                bulk.turn(&routes).await.unwrap();
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
        let (routes, bulk) = (routes(&zone), bulk(&journal, None, &["canary.de"]));
        let lie = Halt::Untrusted(Trust::Denies);
        assert_eq!(bulk.turn(&routes).await, Err(lie));
        let routed = Routed { route: MailRoute::NoDomain, ttl: Duration::ZERO };
        let noted = NotedRoute { routed, asked_at: Timestamp::UNIX_EPOCH };
        bulk.note(&host("a.de"), &noted).await;
        assert_eq!(journal.route(&host("a.de")).await, Ok(None));
        assert_eq!(bulk.halted().await, lie);
        // Who stands in line is not let through, and does not try once more.
        let asked = zone.questions();
        assert_eq!(bulk.turn(&routes).await, Err(lie));
        assert_eq!(bulk.last_test(&routes).await, Err(lie));
        assert_eq!(zone.questions(), asked);
    }

    #[tokio::test]
    async fn nobody_is_asked_once_the_journal_cannot_tell() {
        let journal = Journal::temporary().unwrap();
        let zone = Arc::new(Zone::parse("a.de A 8.8.8.8\nb.de A 8.8.8.8"));
        let routes = routes(&zone).in_bulk(bulk(&journal, None, &[]));
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
            let routes = routes(&zone).in_bulk(bulk(&journal, None, &[]));
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
        const DEFERRED: MailboxEvidence = MailboxEvidence::Greylisted;
        // What was noted: when it was asked about, when the server would be asked again; the next time.
        let cases = [
            ("the first time", noted(DEFERRED, 0, Some(5)), Some(5)),
            ("the server wants more patience", noted(DEFERRED, 0, Some(10)), Some(10)),
            ("it does not say", noted(DEFERRED, 0, None), Some(15)),
            ("after five minutes", noted(DEFERRED, 5, Some(10)), Some(15)),
            ("after fifteen", noted(DEFERRED, 15, Some(20)), Some(60)),
            ("after an hour", noted(DEFERRED, 60, Some(65)), None),
            ("two come back to it", noted(DEFERRED, 6, Some(11)), Some(15)),
            ("let in", noted(MailboxEvidence::NotFound, 5, None), None),
            (
                "gone when it is come back to",
                noted(MailboxEvidence::Timeout, 5, Some(20)),
                Some(20),
            ),
            (
                "nobody could be asked",
                NotedMailbox { tried_at: at(5), ..noted(DEFERRED, 0, Some(5)) },
                Some(15),
            ),
            ("refused when it is come back to", noted(MailboxEvidence::Refused, 5, None), None),
        ];
        for (name, noted, expected) in cases {
            assert_eq!(come_back(&noted), expected.map(at), "{name}");
        }
    }
}
