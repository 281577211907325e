//! What other processes have to know of our connections, and we of theirs.

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::{Busy, LimitDecision, Limits, Outcomes, Party, PartyState, Promise};

/// Keeps standings for all processes together.
pub trait LimitStore: Send + Sync + 'static {
    /// Decides on a connection, with what all processes know, and notes it if it may begin; no other
    /// process comes in between. None where the ledger cannot be used.
    fn open(&self, opening: AcquireRequest) -> BoxFuture<'_, Option<AcquireReply>>;

    /// Notes that a connection is over, before anything that is opened after it. Does not wait for it.
    fn close(&self, closing: ReleaseRecord);
}

/// A connection that somebody wants to begin.
#[derive(Clone, Debug)]
pub struct AcquireRequest {
    /// With whom.
    pub parties: [Party; 2],
    /// For how many recipients.
    pub wanted: u32,
    /// The connections that this process has with each of them already.
    pub ours: [u32; 2],
    /// What holds for everybody.
    pub limits: Limits,
}

/// What was decided.
#[derive(Clone, Copy, Debug)]
pub struct AcquireReply {
    /// The decision.
    pub decision: LimitDecision,
    /// How we stand with the parties after it.
    pub standings: [PartyState; 2],
}

/// A connection that is over.
#[derive(Clone, Debug)]
pub struct ReleaseRecord {
    /// With whom it was.
    pub parties: [Party; 2],
    /// The connections that this process still has with each of them.
    pub ours: [u32; 2],
    /// What it was opened for.
    pub promise: Promise,
    /// What came of it.
    pub outcomes: Outcomes,
    /// What holds for everybody.
    pub limits: Limits,
}

impl AcquireRequest {
    /// Decides, and notes the connection if it may begin.
    pub fn decide(
        &self,
        mut standings: [PartyState; 2],
        busy: [Busy; 2],
        now: Timestamp,
    ) -> AcquireReply {
        let decision = |at: usize| standings[at].decision(self.wanted, busy[at], &self.limits, now);
        let decision = decision(0).and(decision(1));
        if let LimitDecision::Go(recipients) = decision {
            for standing in &mut standings {
                standing.begin(recipients, &self.limits, now);
            }
        }
        AcquireReply { decision, standings }
    }
}

impl ReleaseRecord {
    /// How we stand with the parties after it.
    pub fn settle(&self, mut standings: [PartyState; 2], now: Timestamp) -> [PartyState; 2] {
        for standing in &mut standings {
            standing.end(self.promise, &self.outcomes, &self.limits, now);
        }
        standings
    }
}
