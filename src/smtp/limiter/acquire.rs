//! Acquiring a permit: the wait, the decision, and the guard that releases the connection.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep, timeout_at};

use super::wait_queue::{Ticket, WaitQueue};
use super::{
    AcquireReply, AcquireRequest, Allowance, Destination, LimitDecision, LimitStore, Limits,
    NeverList, OpenConnections, Outcomes, Party, PauseReason, PauseState, ReleaseRecord,
    Reservation,
};
use crate::address::Domain;
use crate::clock::Clock;

/// Gives permits for probe connections. Clones share all state.
#[derive(Clone)]
pub struct ProbeLimiter {
    shared: Arc<LimiterInner>,
}

struct LimiterInner {
    limits: Limits,
    never: NeverList,
    clock: Arc<dyn Clock>,
    store: Option<Arc<dyn LimitStore>>,
    queue: Mutex<WaitQueue>,
}

/// The answer to a request for a permit.
pub enum AcquireResult {
    Go(Permit),
    /// No permit before the caller's deadline. Not before this time, and then only in turn.
    Wait(Timestamp),
    /// The party is paused until this time.
    Paused(PauseReason, Timestamp),
    /// The destination is on the never list.
    Never,
}

/// Leave to open one SMTP connection now, and to ask about at most `allowance().recipients` recipients on it. Hold it
/// until the connection is closed.
///
/// [`Permit::start`] begins the use, [`Permit::finish`] reports what came of it. Dropped before its use, a
/// permit gives back what it reserved; dropped after that, everything that it allowed counts as asked.
pub struct Permit {
    shared: Arc<LimiterInner>,
    parties: [Party; 2],
    reservation: Reservation,
    reserved_in: ReservedIn,
    usage: Usage,
}

/// Where the recipients of a permit are reserved.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ReservedIn {
    /// In this process and in the store.
    Store,
    /// In this process alone: there is no store, or it could not be used.
    Process,
}

/// How far the use of a permit has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Usage {
    Unused,
    Started,
    Finished,
}

/// A place in the queues of both parties, given up when dropped.
struct QueueTicket {
    shared: Arc<LimiterInner>,
    parties: [Party; 2],
    ticket: Ticket,
}

/// What came of an attempt by the first in both queues.
enum QueueTurn {
    Granted(Permit),
    Later(QueueTicket, Timestamp),
    Paused(PauseState),
}

impl ProbeLimiter {
    pub fn new(
        limits: Limits,
        never: NeverList,
        clock: Arc<dyn Clock>,
        store: Option<Arc<dyn LimitStore>>,
    ) -> Self {
        let queue = Mutex::default();
        Self { shared: Arc::new(LimiterInner { limits, never, clock, store, queue }) }
    }

    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// The state of both parties, as far as this process knows.
    #[cfg(test)]
    pub(super) fn states(&self, destination: &Destination) -> [super::PartyState; 2] {
        self.shared.lock_queue().states(destination.parties())
    }

    /// Whether the domain is on the never list, whatever its mail servers. Ask before choosing a destination.
    pub fn never_asks_about(&self, domain: &Domain) -> bool {
        self.shared.never.has_domain(domain)
    }

    /// Waits for a permit for one connection and so many recipients, random ones included; fewer may be
    /// granted. Each party serves requests in the order in which they came. Needs a tokio runtime; the future
    /// can be dropped at any moment.
    pub async fn acquire(
        &self,
        destination: &Destination,
        wanted: NonZeroU32,
        deadline: Instant,
    ) -> AcquireResult {
        if self.shared.never.has_destination(destination) {
            return AcquireResult::Never;
        }
        let mut ticket = QueueTicket::take(&self.shared, destination);
        loop {
            if let LimitDecision::Paused(pause) =
                self.shared.local_decision(&ticket.parties, wanted.get())
            {
                return pause.into();
            }
            if !ticket.is_first() {
                if timeout_at(deadline, ticket.ticket.notified()).await.is_err() {
                    return self.shared.out_of_time(&ticket.parties, wanted.get());
                }
                continue;
            }
            let until = match self.attempt(ticket, wanted.get()).await {
                None => return self.shared.out_of_time(destination.parties(), wanted.get()),
                Some(QueueTurn::Granted(permit)) => return AcquireResult::Go(permit),
                Some(QueueTurn::Paused(pause)) => return pause.into(),
                Some(QueueTurn::Later(kept, until)) => {
                    ticket = kept;
                    until
                }
            };
            let wait = Duration::try_from(until.duration_since(self.shared.clock.now()));
            let wait = wait.unwrap_or_default();
            if wait > deadline.saturating_duration_since(Instant::now()) {
                return AcquireResult::Wait(until);
            }
            sleep(wait).await;
        }
    }

    /// Tries for a permit. None where the runtime is shutting down.
    async fn attempt(&self, ticket: QueueTicket, wanted: u32) -> Option<QueueTurn> {
        let Some(store) = self.shared.store.clone() else {
            return Some(ticket.attempt(None, wanted));
        };
        // A task of its own: when the caller is gone, the permit is dropped unused, which takes back what the
        // store has counted.
        let attempt = async move {
            let reply = store.acquire(ticket.request(wanted)).await;
            ticket.attempt(reply, wanted)
        };
        tokio::spawn(attempt).await.ok()
    }
}

impl LimiterInner {
    fn lock_queue(&self) -> MutexGuard<'_, WaitQueue> {
        // Nothing that holds the lock can leave the queue half changed.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The decision by what this process knows.
    fn local_decision(&self, parties: &[Party; 2], wanted: u32) -> LimitDecision {
        let (now, queue) = (self.clock.now(), self.lock_queue());
        let open = own_connections(&queue, parties);
        let [one, other] = queue.states(parties);
        let decision = one.decision(wanted, open[0], &self.limits, now);
        decision.and(other.decision(wanted, open[1], &self.limits, now))
    }

    /// The answer to a caller whose deadline passed in the queue.
    fn out_of_time(&self, parties: &[Party; 2], wanted: u32) -> AcquireResult {
        match self.local_decision(parties, wanted) {
            LimitDecision::Go(_) => AcquireResult::Wait(self.clock.now()),
            LimitDecision::Later(until) => AcquireResult::Wait(until),
            LimitDecision::Paused(pause) => pause.into(),
        }
    }
}

/// The connections of this process, as far as it knows the only ones.
fn own_connections(queue: &WaitQueue, parties: &[Party; 2]) -> [OpenConnections; 2] {
    queue.connections(parties).map(|connections| OpenConnections { connections, until: None })
}

impl QueueTicket {
    fn take(shared: &Arc<LimiterInner>, destination: &Destination) -> Self {
        let parties = destination.parties().clone();
        let ticket = shared.lock_queue().join(&parties, &shared.limits, shared.clock.now());
        Self { shared: shared.clone(), parties, ticket }
    }

    fn is_first(&self) -> bool {
        self.shared.lock_queue().is_first(&self.parties, &self.ticket, &self.shared.limits)
    }

    fn request(&self, wanted: u32) -> AcquireRequest {
        let own_connections = self.shared.lock_queue().connections(&self.parties);
        AcquireRequest {
            parties: self.parties.clone(),
            wanted,
            own_connections,
            limits: self.shared.limits,
        }
    }

    /// Follows the decision of the store; without one, decides by what this process knows.
    fn attempt(self, reply: Option<AcquireReply>, wanted: u32) -> QueueTurn {
        let request = self.request(wanted);
        let reserved_in = match reply {
            Some(_) => ReservedIn::Store,
            None => ReservedIn::Process,
        };
        let mut queue = self.shared.lock_queue();
        let reply = reply.unwrap_or_else(|| {
            let open = own_connections(&queue, &self.parties);
            request.decide(queue.states(&self.parties), open, self.shared.clock.now())
        });
        queue.note(&self.parties, reply.states);
        let recipients = match reply.decision {
            LimitDecision::Go(recipients) => recipients,
            LimitDecision::Paused(pause) => return QueueTurn::Paused(pause),
            LimitDecision::Later(until) => {
                drop(queue);
                return QueueTurn::Later(self, until);
            }
        };
        // Before the ticket is given up: the next in the queue has to see it.
        queue.begin(&self.parties);
        let [state, _] = reply.states;
        QueueTurn::Granted(Permit {
            shared: self.shared.clone(),
            parties: self.parties.clone(),
            reservation: Reservation { day: state.day, recipients },
            reserved_in,
            usage: Usage::Unused,
        })
    }
}

impl Drop for QueueTicket {
    fn drop(&mut self) {
        self.shared.lock_queue().leave(&self.parties, &self.ticket);
    }
}

impl Permit {
    pub fn allowance(&self) -> Allowance {
        Allowance { recipients: self.reservation.recipients, ..self.shared.limits.allowance }
    }

    /// Begins the use: from now on everything that is allowed counts as asked, until [`finish`](Self::finish)
    /// says how much was.
    pub fn start(&mut self) -> Allowance {
        self.usage = Usage::Started;
        self.allowance()
    }

    /// Reports what came of the connection, which is closed.
    pub fn finish(mut self, outcomes: Outcomes) {
        self.release(outcomes);
    }

    fn release(&mut self, outcomes: Outcomes) {
        self.usage = Usage::Finished;
        let shared = &self.shared;
        let mut queue = shared.lock_queue();
        queue.end(&self.parties);
        let release = ReleaseRecord {
            parties: self.parties.clone(),
            own_connections: queue.connections(&self.parties),
            reservation: self.reservation,
            outcomes,
            limits: shared.limits,
        };
        let states = release.apply_to(queue.states(&self.parties), shared.clock.now());
        queue.note(&self.parties, states);
        // Under the lock: a later request has to come later in the store too.
        if let Some(store) = &shared.store {
            let reservation = match self.reserved_in {
                ReservedIn::Store => self.reservation,
                ReservedIn::Process => Reservation { recipients: 0, ..self.reservation },
            };
            store.release(ReleaseRecord { reservation, ..release });
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        match self.usage {
            Usage::Unused => self.release(Outcomes::NOTHING),
            Usage::Started => self.release(Outcomes::unknown(self.reservation)),
            Usage::Finished => {}
        }
    }
}

impl From<PauseState> for AcquireResult {
    fn from(pause: PauseState) -> Self {
        Self::Paused(pause.reason, pause.until)
    }
}
