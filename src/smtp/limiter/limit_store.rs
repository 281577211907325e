//! What processes that probe have to know of each other's connections.

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::{LimitDecision, Limits, OpenConnections, Outcomes, Party, PartyState, Reservation};

/// Keeps the state of parties for all processes.
pub trait LimitStore: Send + Sync + 'static {
    /// Decides on a connection by what all processes know, and stores it if it may begin, in one transaction.
    /// None where the store cannot be used.
    fn acquire(&self, request: AcquireRequest) -> BoxFuture<'_, Option<AcquireReply>>;

    /// Stores that a connection is over, before any later [`acquire`](Self::acquire). Does not wait.
    fn release(&self, release: ReleaseRecord);
}

/// A request for a permit.
#[derive(Clone, Debug)]
pub struct AcquireRequest {
    pub parties: [Party; 2],
    /// Recipients to ask about.
    pub wanted: u32,
    /// The connections that this process has open with each party.
    pub own_connections: [u32; 2],
    pub limits: Limits,
}

/// The decision on a request.
#[derive(Clone, Copy, Debug)]
pub struct AcquireReply {
    pub decision: LimitDecision,
    /// The state of the parties after it.
    pub states: [PartyState; 2],
}

/// A connection that is over.
#[derive(Clone, Debug)]
pub struct ReleaseRecord {
    pub parties: [Party; 2],
    /// The connections that this process still has open with each party.
    pub own_connections: [u32; 2],
    pub reservation: Reservation,
    pub outcomes: Outcomes,
    pub limits: Limits,
}

impl AcquireRequest {
    /// Decides, and counts the connection if it may begin.
    pub fn decide(
        &self,
        mut states: [PartyState; 2],
        open: [OpenConnections; 2],
        now: Timestamp,
    ) -> AcquireReply {
        let decision = |at: usize| states[at].decision(self.wanted, open[at], &self.limits, now);
        let decision = decision(0).and(decision(1));
        if let LimitDecision::Go(recipients) = decision {
            for state in &mut states {
                state.begin(recipients, &self.limits, now);
            }
        }
        AcquireReply { decision, states }
    }
}

impl ReleaseRecord {
    /// The state of the parties after it.
    pub fn apply_to(&self, mut states: [PartyState; 2], now: Timestamp) -> [PartyState; 2] {
        for state in &mut states {
            state.end(self.reservation, &self.outcomes, &self.limits, now);
        }
        states
    }
}
