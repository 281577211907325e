//! Probing mailboxes: asking mail servers, as seldom as possible and within the limits of `smtp::limiter`.
//!
//! ```text
//!  caller ──▶ Probing::probe ──▶ Memory: cache, then store ──▶ known: done
//!                  │ unknown
//!                  ▼                            owns
//!  ┌─ task 1: flight, one a mailbox ──────────────────────────────────────────────┐
//!  │ SingleFlight by mailbox (10,000): the leader starts it, followers watch its  │
//!  │ ProbeProgress. Picks a host and an IP address, makes a Job, waits for its    │
//!  │ JobOutcome.                                                                  │
//!  └───────┬──────────────────────────────────────────────────────────────────────┘
//!          ▼ queue 1: ServerQueue, one a host and IP address (1,000 jobs)
//!  ┌─ task 2: dispatcher, one a queue while it has jobs ──────────────────────────┐
//!  │ ProbeLimiter::acquire; its WaitQueue (queue 2) has one queue a party, the    │
//!  │ organisation and the network. A Permit starts a conversation.                │
//!  └───────┬──────────────────────────────────────────────────────────────────────┘
//!          ▼ Permit and up to 10 jobs
//!  ┌─ task 3: conversation, as many as there are permits ─────────────────────────┐
//!  │ SmtpClient::connect, Session::ask_while, QUIT. Finishes each Job, puts back  │
//!  │ those that need another connection, then finishes the Permit.                │
//!  └──────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! A probe with the default times:
//!
//! 1. `Validator::mailbox_stage` makes a [`ProbeRequest`] and calls [`Probing::probe`] with what is left of
//!    20 s (`[budget] mailbox_timeout_ms`).
//! 2. `Memory::recall` looks for valid evidence, or a catch-all result of the domain.
//! 3. `Probing::join` joins or starts the flight. It lives at least `MIN_FLIGHT` (120 s), so that the result
//!    is stored even if no caller waits for it.
//! 4. `ask_servers` tries up to three hosts with up to two addresses each, by preference. `enqueue` adds the
//!    job to the queue of that server.
//! 5. The dispatcher acquires a permit: 1 connection at a time to each party, 1 s after the last one ended.
//!    No permit before the deadline of the job: `paused`.
//! 6. The conversation connects (10 s) and reads each reply (30 s), 120 s in all. Then it asks about
//!    postmaster and a random recipient where necessary.
//! 7. `ReplyInterpreter` turns each reply into [`Evidence`]; `JobOutcome::TryNextServer` leads back to step 4.
//! 8. The flight stores the evidence and publishes it as `ProbeProgress::Done`. A caller whose time was over
//!    before got `timeout` while a server was being asked, `paused` while the job waited for a permit.
//!
//! Shutdown: [`Probing::shut_down`] cancels `shutdown`. Dispatchers finish their jobs as paused, conversations
//! send no further recipient and QUIT; it waits up to 10 s for the tasks that the
//! `TaskTracker` counts, then for the store.

mod conversation;
mod dispatcher;
mod flight;
mod job;
mod memory;
mod reply_interpreter;
mod request;
mod server_feedback;
mod server_queue;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::single_flight::SingleFlight;
use crate::cache::{MailboxCache, Timing};
use crate::catalog::ProbeBehaviour;
use crate::clock::Clock;
use crate::dns::Dns;
use crate::evidence::{Evidence, MailboxStatus, NotProbed};
use crate::reply::ReplyRules;
use crate::report::MailboxFacts;
use crate::smtp::SmtpClient;
use crate::smtp::dial::{DialGuard, Dialer};
use crate::smtp::limiter::{Party, ProbeLimiter};
use crate::store::Store;
use job::ProbeProgress;
use memory::Memory;
pub(super) use request::ProbeRequest;
use server_queue::ServerQueues;

/// How long a flight lives at least, whether or not a caller waits for it: one whole conversation.
const MIN_FLIGHT: Duration = Duration::from_secs(120);
/// Mailboxes that are probed, or wait for it, at the same time.
const MAX_FLIGHTS: usize = 10_000;
/// How long shutdown waits for conversations to end.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// What [`Probing`] is made of.
pub struct ProbingParts {
    /// Looks up the addresses of mail servers.
    pub dns: Arc<dyn Dns>,
    pub client: SmtpClient,
    pub dialer: Arc<dyn Dialer>,
    /// Which IP addresses may be dialled.
    pub guard: DialGuard,
    pub limiter: ProbeLimiter,
    /// The reply rules.
    pub rules: ReplyRules,
    /// Evidence in this process.
    pub cache: MailboxCache,
    /// Evidence on disk, shared by processes.
    pub store: Option<Store>,
    pub clock: Arc<dyn Clock>,
}

/// Probes mailboxes. Clones share all state.
#[derive(Clone)]
pub struct Probing {
    shared: Arc<ProbingInner>,
}

struct ProbingInner {
    dns: Arc<dyn Dns>,
    client: SmtpClient,
    dialer: Arc<dyn Dialer>,
    guard: DialGuard,
    limiter: ProbeLimiter,
    rules: ReplyRules,
    memory: Memory,
    clock: Arc<dyn Clock>,
    flights: SingleFlight<Box<str>, ProbeProgress>,
    queues: ServerQueues,
    /// Cancelled at shutdown.
    shutdown: CancellationToken,
    /// What shutdown waits for.
    tasks: TaskTracker,
}

impl Probing {
    pub fn new(parts: ProbingParts) -> Self {
        let ProbingParts { dns, client, dialer, guard, limiter, rules, .. } = parts;
        let ProbingParts { cache, store, clock, .. } = parts;
        let memory = Memory::new(cache, store, clock.clone());
        let (flights, queues) = (SingleFlight::new(MAX_FLIGHTS), ServerQueues::default());
        Self {
            shared: Arc::new(ProbingInner {
                dns,
                client,
                dialer,
                guard,
                limiter,
                rules,
                memory,
                clock,
                flights,
                queues,
                shutdown: CancellationToken::new(),
                tasks: TaskTracker::new(),
            }),
        }
    }

    /// The evidence of a mailbox that is known or can be found out in this time. A probe that began goes on
    /// when the time is over, or when the caller does not wait for it.
    pub(super) async fn probe(&self, request: ProbeRequest, timeout: Duration) -> MailboxFacts {
        let (evidence, timing) = self.evidence(request, timeout).await;
        counter!("mailvet_mailboxes_total", "status" => evidence.status.code()).increment(1);
        MailboxFacts { evidence, timing, next_attempt: None }
    }

    async fn evidence(&self, request: ProbeRequest, timeout: Duration) -> (Evidence, Timing) {
        let shared = &self.shared;
        if let Some(why) = self.not_probed(&request) {
            return (self.without_reply(MailboxStatus::NotProbed(why)), Timing::Asked);
        }
        let deadline = Instant::now() + timeout;
        // The store may be busy.
        let recalled = timeout_at(deadline, shared.memory.recall(&request)).await;
        if let Some(evidence) = recalled.unwrap_or_default() {
            return (evidence, Timing::Cached);
        }
        let Some(mut progress) = self.join(request, timeout) else {
            return (self.without_reply(MailboxStatus::Paused), Timing::Asked);
        };
        let done = progress.wait_for(|progress| matches!(progress, ProbeProgress::Done(_)));
        // Done, broken off or out of time: the progress says which.
        let _ = timeout_at(deadline, done).await;
        let evidence = progress.borrow().evidence(shared.clock.now());
        (evidence, Timing::Asked)
    }

    /// Evidence from a journal, corrected where its server turned out to refuse everybody.
    pub(super) async fn corrected_by_server_findings(
        &self,
        request: &ProbeRequest,
        evidence: Evidence,
    ) -> Evidence {
        self.shared.memory.corrected_by_server_findings(&request.domain, evidence).await
    }

    /// The organisation that would be asked: the one that runs the first of the mail servers.
    pub(super) fn probe_target(&self, request: &ProbeRequest) -> Option<Party> {
        let first = request.first_hosts().into_iter().next();
        first.filter(|_| self.not_probed(request).is_none()).map(|host| {
            let operator = request.operator(&host);
            Party::running(&host, operator)
        })
    }

    /// Shuts down: no new permits and recipients, QUIT on open connections, results stored.
    pub(super) async fn shut_down(&self) {
        self.shared.shutdown.cancel();
        self.shared.tasks.close();
        // Servers count clients that disconnect without QUIT, and other processes count a connection until its end is
        // stored. Tasks that take longer are left behind.
        let _ = timeout(SHUTDOWN_TIMEOUT, self.shared.tasks.wait()).await;
        self.shared.memory.flush().await;
    }

    fn not_probed(&self, request: &ProbeRequest) -> Option<NotProbed> {
        if request.behaviour == Some(ProbeBehaviour::Uninformative) {
            return Some(NotProbed::Provider);
        }
        let is_never = self.shared.limiter.never_asks_about(&request.domain);
        is_never.then_some(NotProbed::Never)
    }

    fn without_reply(&self, status: MailboxStatus) -> Evidence {
        Evidence::without_reply(status, self.shared.clock.now())
    }
}
