//! Taking leave: waiting in line, the decision, and the guard that gives the place free again.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep, timeout_at};

use super::wait_queue::{Ticket, WaitQueue};
use super::{
    AcquireReply, AcquireRequest, Allowance, Busy, Destination, LimitDecision, LimitStore, Limits,
    NeverList, Outcomes, Party, Pause, PauseState, Promise, ReleaseRecord,
};
use crate::address::Domain;
use crate::clock::Clock;

/// Gives leave to ask mail servers. Clones share what they know.
#[derive(Clone)]
pub struct ProbeLimiter {
    shared: Arc<LimiterInner>,
}

struct LimiterInner {
    limits: Limits,
    never: NeverList,
    clock: Arc<dyn Clock>,
    ledger: Option<Arc<dyn LimitStore>>,
    queue: Mutex<WaitQueue>,
}

/// Whether a mail server may be asked.
pub enum AcquireResult {
    /// Now.
    Go(Permit),
    /// Not within the time that the caller has: not before this, and then only in turn.
    Wait(Timestamp),
    /// It is left alone until then.
    Paused(Pause, Timestamp),
    /// The operator does not want it to be asked.
    Never,
}

/// Leave for one connection, which is to be opened now and closed before this is given up.
///
/// It is used from [`Permit::start`] on; [`Permit::settle`] tells what came of it. Dropped before its use it
/// gives back what it had reserved; dropped after that, everything that was allowed counts as asked.
pub struct Permit {
    shared: Arc<LimiterInner>,
    parties: [Party; 2],
    promise: Promise,
    reserved_in: ReservedIn,
    usage: Usage,
}

/// Where the recipients of a grant are reserved.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ReservedIn {
    /// In this process and in the ledger.
    Ledger,
    /// In this process alone: there is no ledger, or it could not be used.
    Process,
}

/// How far the use of a grant has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Usage {
    Unused,
    Started,
    Settled,
}

/// A place in line, given up when dropped.
struct QueueTicket {
    shared: Arc<LimiterInner>,
    parties: [Party; 2],
    ticket: Ticket,
}

/// What came of a turn.
enum Attempt {
    Granted(Permit),
    Later(QueueTicket, Timestamp),
    Paused(PauseState),
}

impl ProbeLimiter {
    /// Nobody asked yet, as far as this process and the ledger know.
    pub fn new(
        limits: Limits,
        never: NeverList,
        clock: Arc<dyn Clock>,
        ledger: Option<Arc<dyn LimitStore>>,
    ) -> Self {
        let queue = Mutex::default();
        Self { shared: Arc::new(LimiterInner { limits, never, clock, ledger, queue }) }
    }

    /// What everybody is held to.
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// How we stand with both parties, as far as this process knows.
    #[cfg(test)]
    pub(super) fn standings(&self, destination: &Destination) -> [super::PartyState; 2] {
        self.shared.queue().standings(destination.parties())
    }

    /// Whether the operator does not want to be asked about addresses at this domain, whoever its mail
    /// servers are. To be looked at before a destination is chosen.
    pub fn never_asks_about(&self, domain: &Domain) -> bool {
        self.shared.never.has_domain(domain)
    }

    /// Waits for leave to open a connection and ask about so many recipients, made-up ones included;
    /// fewer may be granted. Those who wait for one organisation or network get their turn in the order
    /// in which they came, and nobody waits for others. Has to be called within a tokio runtime; the wait
    /// can be given up at any moment.
    pub async fn acquire(
        &self,
        destination: &Destination,
        wanted: NonZeroU32,
        deadline: Instant,
    ) -> AcquireResult {
        if self.shared.never.has_destination(destination) {
            return AcquireResult::Never;
        }
        let mut place = QueueTicket::take(&self.shared, destination);
        loop {
            if let LimitDecision::Paused(closed) =
                self.shared.foreseen(&place.parties, wanted.get())
            {
                return closed.into();
            }
            if !place.is_first() {
                if timeout_at(deadline, place.ticket.called()).await.is_err() {
                    return self.shared.out_of_time(&place.parties, wanted.get());
                }
                continue;
            }
            let until = match self.turn(place, wanted.get()).await {
                None => return self.shared.out_of_time(destination.parties(), wanted.get()),
                Some(Attempt::Granted(permit)) => return AcquireResult::Go(permit),
                Some(Attempt::Paused(closed)) => return closed.into(),
                Some(Attempt::Later(back, until)) => {
                    place = back;
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

    /// Takes a turn. None where the runtime is being shut down.
    async fn turn(&self, place: QueueTicket, wanted: u32) -> Option<Attempt> {
        let Some(ledger) = self.shared.ledger.clone() else {
            return Some(place.turn(None, wanted));
        };
        // A task of its own: where nobody waits for it any more, the grant that it brings is dropped
        // unused, and what the ledger has noted is taken back.
        let turn = async move {
            let opened = ledger.open(place.opening(wanted)).await;
            place.turn(opened, wanted)
        };
        tokio::spawn(turn).await.ok()
    }
}

impl LimiterInner {
    fn queue(&self) -> MutexGuard<'_, WaitQueue> {
        // Nothing that holds the lock can leave the book half changed.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What would be decided by what this process knows.
    fn foreseen(&self, parties: &[Party; 2], wanted: u32) -> LimitDecision {
        let (now, queue) = (self.clock.now(), self.queue());
        let busy = ours(&queue, parties);
        let [one, other] = queue.standings(parties);
        let decision = one.decision(wanted, busy[0], &self.limits, now);
        decision.and(other.decision(wanted, busy[1], &self.limits, now))
    }

    /// What is said to somebody whose time is over before the turn has come.
    fn out_of_time(&self, parties: &[Party; 2], wanted: u32) -> AcquireResult {
        match self.foreseen(parties, wanted) {
            LimitDecision::Go(_) => AcquireResult::Wait(self.clock.now()),
            LimitDecision::Later(until) => AcquireResult::Wait(until),
            LimitDecision::Paused(closed) => closed.into(),
        }
    }
}

/// Our connections with both, as far as this process knows the only ones.
fn ours(queue: &WaitQueue, parties: &[Party; 2]) -> [Busy; 2] {
    queue.connections(parties).map(|connections| Busy { connections, until: None })
}

impl QueueTicket {
    fn take(shared: &Arc<LimiterInner>, destination: &Destination) -> Self {
        let parties = destination.parties().clone();
        let ticket = shared.queue().stand_in_line(&parties, &shared.limits, shared.clock.now());
        Self { shared: shared.clone(), parties, ticket }
    }

    fn is_first(&self) -> bool {
        self.shared.queue().is_first(&self.parties, &self.ticket, &self.shared.limits)
    }

    fn opening(&self, wanted: u32) -> AcquireRequest {
        let ours = self.shared.queue().connections(&self.parties);
        AcquireRequest { parties: self.parties.clone(), wanted, ours, limits: self.shared.limits }
    }

    /// Goes by what the ledger has decided; where there is none, by what this process knows.
    fn turn(self, opened: Option<AcquireReply>, wanted: u32) -> Attempt {
        let opening = self.opening(wanted);
        let reserved_in = match opened {
            Some(_) => ReservedIn::Ledger,
            None => ReservedIn::Process,
        };
        let mut queue = self.shared.queue();
        let opened = opened.unwrap_or_else(|| {
            let busy = ours(&queue, &self.parties);
            opening.decide(queue.standings(&self.parties), busy, self.shared.clock.now())
        });
        queue.note(&self.parties, opened.standings);
        let recipients = match opened.decision {
            LimitDecision::Go(recipients) => recipients,
            LimitDecision::Paused(closed) => return Attempt::Paused(closed),
            LimitDecision::Later(until) => {
                drop(queue);
                return Attempt::Later(self, until);
            }
        };
        // Before the place is given up: whoever comes next has to see it.
        queue.begin(&self.parties);
        let [standing, _] = opened.standings;
        Attempt::Granted(Permit {
            shared: self.shared.clone(),
            parties: self.parties.clone(),
            promise: Promise { day: standing.day, recipients },
            reserved_in,
            usage: Usage::Unused,
        })
    }
}

impl Drop for QueueTicket {
    fn drop(&mut self) {
        self.shared.queue().leave_line(&self.parties, &self.ticket);
    }
}

impl Permit {
    /// What the connection may be used for.
    pub fn allowance(&self) -> Allowance {
        Allowance { recipients: self.promise.recipients, ..self.shared.limits.allowance }
    }

    /// Begins the use: from here on everything that is allowed counts as asked, until it is told how much
    /// was.
    pub fn start(&mut self) -> Allowance {
        self.usage = Usage::Started;
        self.allowance()
    }

    /// Tells what came of the connection, which is closed.
    pub fn settle(mut self, outcomes: Outcomes) {
        self.close(outcomes);
    }

    fn close(&mut self, outcomes: Outcomes) {
        self.usage = Usage::Settled;
        let shared = &self.shared;
        let mut queue = shared.queue();
        queue.end(&self.parties);
        let closing = ReleaseRecord {
            parties: self.parties.clone(),
            ours: queue.connections(&self.parties),
            promise: self.promise,
            outcomes,
            limits: shared.limits,
        };
        let standings = closing.settle(queue.standings(&self.parties), shared.clock.now());
        queue.note(&self.parties, standings);
        // Under the lock: what somebody opens after this has to come after it in the ledger too.
        if let Some(ledger) = &shared.ledger {
            let promise = match self.reserved_in {
                ReservedIn::Ledger => self.promise,
                ReservedIn::Process => Promise { recipients: 0, ..self.promise },
            };
            ledger.close(ReleaseRecord { promise, ..closing });
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        match self.usage {
            Usage::Unused => self.close(Outcomes::NOTHING),
            Usage::Started => self.close(Outcomes::unknown(self.promise)),
            Usage::Settled => {}
        }
    }
}

impl From<PauseState> for AcquireResult {
    fn from(closed: PauseState) -> Self {
        Self::Paused(closed.why, closed.until)
    }
}
