//! Asking mail servers about mailboxes: as seldom as can be, and never more than the etiquette allows.
//!
//! What is known still is not asked (`memory`). Else one flight a mailbox looks for a server (`flight`) and
//! stands in the line of that server (`line`); whoever serves the line takes leave and asks about
//! everybody in it on one connection (`conversation`). What the answers mean is told by plain functions
//! (`told`).

mod conversation;
mod flight;
mod line;
mod memory;
mod probe_result;
mod refusal_wording;
mod shutdown;
mod stance;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use tokio::time::{Instant, timeout_at};

use super::single_flight::SingleFlight;
use crate::address::{Address, Domain};
use crate::cache::{LearnedRoute, MailboxCache, Timing};
use crate::catalog::{Canonical, ProbeBehaviour};
use crate::clock::Clock;
use crate::dns::Dns;
use crate::reply::Patterns;
use crate::report::MailboxFacts;
use crate::route::{HostName, MailRoute};
use crate::smtp::SmtpClient;
use crate::smtp::dial::{Dialer, Guard};
use crate::smtp::limiter::{Party, ProbeLimiter};
use crate::store::{Evidence, Store};
use crate::verdict::{MailboxEvidence, NotProbed};
use flight::Progress;
use line::Lines;
use memory::Memory;
use probe_result::ProbeResult;
use shutdown::RunningTasks;

/// A flight goes on at least as long as a server may take for a whole conversation, whoever waits for it.
const LEAST_FLIGHT: Duration = Duration::from_secs(120);
/// Mailboxes that are asked about, or wait for it, at the same time.
const MAX_FLIGHTS: usize = 10_000;

/// What asking is done with.
pub struct ProbingParts {
    /// For the addresses of mail servers.
    pub dns: Arc<dyn Dns>,
    /// Who we say we are, and how patient we are.
    pub client: SmtpClient,
    /// How connections are made.
    pub dialer: Arc<dyn Dialer>,
    /// Which addresses may be dialled.
    pub guard: Guard,
    /// How much may be asked.
    pub limiter: ProbeLimiter,
    /// What replies mean.
    pub patterns: Patterns,
    /// What this process knows.
    pub cache: MailboxCache,
    /// What all processes know.
    pub store: Option<Store>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

/// Asks mail servers. Clones share what they know.
#[derive(Clone)]
pub struct Probing {
    shared: Arc<ProbingInner>,
}

struct ProbingInner {
    dns: Arc<dyn Dns>,
    client: SmtpClient,
    dialer: Arc<dyn Dialer>,
    guard: Guard,
    limiter: ProbeLimiter,
    patterns: Patterns,
    memory: Memory,
    clock: Arc<dyn Clock>,
    flights: SingleFlight<Box<str>, Progress>,
    lines: Lines,
    at_work: RunningTasks,
}

/// A mailbox that somebody wants to know about.
pub(super) struct Question {
    pub(super) address: Address,
    /// What its evidence is kept under.
    pub(super) mailbox: Canonical,
    pub(super) domain: Domain,
    /// The id of the provider whose domain it is.
    pub(super) provider: Option<Box<str>>,
    /// What its mail servers are known to tell.
    pub(super) tells: Option<ProbeBehaviour>,
    /// Where its mail goes.
    pub(super) route: Arc<LearnedRoute>,
    /// The ids of the providers that run its mail servers, where they are known: the limits are kept
    /// towards them.
    pub(super) operators: HashMap<HostName, Box<str>>,
}

impl Question {
    /// The names of the mail servers.
    fn hosts(&self) -> Vec<HostName> {
        match &self.route.route {
            MailRoute::Exchangers(exchangers) => {
                exchangers.hosts.iter().map(|exchanger| exchanger.host.clone()).collect()
            }
            MailRoute::Implicit(_) => HostName::new(self.domain.ascii()).into_iter().collect(),
            MailRoute::Null
            | MailRoute::NoService
            | MailRoute::NoDomain
            | MailRoute::NoTarget
            | MailRoute::Unusable
            | MailRoute::Unresolved(_) => Vec::new(),
        }
    }
}

impl Question {
    /// The id of the provider that runs this mail server.
    fn operator(&self, host: &HostName) -> Option<&str> {
        self.operators.get(host).map(|id| &**id)
    }

    /// The names of the mail servers that are asked before others.
    fn first_hosts(&self) -> Vec<HostName> {
        let MailRoute::Exchangers(exchangers) = &self.route.route else { return self.hosts() };
        let best = exchangers.hosts.iter().map(|exchanger| exchanger.preference).min();
        let first = exchangers.hosts.iter().filter(|exchanger| Some(exchanger.preference) == best);
        first.map(|exchanger| exchanger.host.clone()).collect()
    }
}

impl Probing {
    /// Asks with these parts. Nothing is under way yet.
    pub fn new(parts: ProbingParts) -> Self {
        let ProbingParts { dns, client, dialer, guard, limiter, patterns, .. } = parts;
        let ProbingParts { cache, store, clock, .. } = parts;
        let memory = Memory::new(cache, store, clock.clone());
        let (flights, lines) = (SingleFlight::new(MAX_FLIGHTS), Lines::default());
        Self {
            shared: Arc::new(ProbingInner {
                dns,
                client,
                dialer,
                guard,
                limiter,
                patterns,
                memory,
                clock,
                flights,
                lines,
                at_work: RunningTasks::default(),
            }),
        }
    }

    /// What is known of a mailbox, or can be found out in this time. What was begun goes on when the time
    /// is over, or when the caller does not wait for it.
    pub(super) async fn ask(&self, question: Question, timeouts: Duration) -> MailboxFacts {
        let facts = self.find_out(question, timeouts).await;
        let status = facts.evidence.mailbox.code();
        counter!("mailvet_mailboxes_total", "status" => status).increment(1);
        facts
    }

    async fn find_out(&self, question: Question, timeouts: Duration) -> MailboxFacts {
        let shared = &self.shared;
        if question.tells == Some(ProbeBehaviour::Nothing) {
            return self.not_probed(NotProbed::Provider);
        }
        if shared.limiter.never_asks_about(&question.domain) {
            return self.not_probed(NotProbed::Never);
        }
        let deadline = Instant::now() + timeouts;
        // The store may be busy with others.
        let recalled = timeout_at(deadline, shared.memory.recall(&question)).await;
        if let Some(evidence) = recalled.unwrap_or_default() {
            return MailboxFacts {
                evidence,
                text: None,
                freshness: Timing::Cached,
                come_back: None,
            };
        }
        let Some(mut progress) = self.join(question, timeouts) else {
            return self.asked(ProbeResult::nothing(MailboxEvidence::Paused, shared.clock.now()));
        };
        let done = progress.wait_for(|progress| matches!(progress, Progress::Done(_)));
        // Whichever it is: landed, lost or out of patience.
        let _ = timeout_at(deadline, done).await;
        let told = progress.borrow().told(shared.clock.now());
        self.asked(told)
    }

    /// Evidence in the light of what was found out of its server since.
    pub(super) async fn reconsidered(&self, question: &Question, evidence: Evidence) -> Evidence {
        self.shared.memory.reconsidered(&question.domain, evidence).await
    }

    /// Who would be asked: whoever runs the first of the mail servers. None where nobody would be.
    pub(super) fn probe_target(&self, question: &Question) -> Option<Party> {
        let is_spared = question.tells == Some(ProbeBehaviour::Nothing)
            || self.shared.limiter.never_asks_about(&question.domain);
        let first = question.first_hosts().into_iter().next();
        first.filter(|_| !is_spared).map(|host| {
            let operator = question.operator(&host);
            Party::running(&host, operator)
        })
    }

    /// Before the process ends: asks nobody any more, takes leave of those who are being asked, and notes it.
    pub(super) async fn shut_down(&self) {
        self.shared.at_work.shut_down().await;
        self.shared.memory.flush().await;
    }

    fn asked(&self, told: ProbeResult) -> MailboxFacts {
        let ProbeResult { evidence, text, .. } = told;
        MailboxFacts { evidence, text, freshness: Timing::Asked, come_back: None }
    }

    fn not_probed(&self, why: NotProbed) -> MailboxFacts {
        self.asked(ProbeResult::nothing(MailboxEvidence::NotProbed(why), self.shared.clock.now()))
    }
}
