//! What other processes have to know of our connections, and we of theirs.

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::{Busy, Leave, Limits, Outcomes, Party, Promise, Standing};

/// Keeps standings for all processes together.
pub trait Ledger: Send + Sync + 'static {
    /// Decides on a connection, with what all processes know, and notes it if it may begin; no other
    /// process comes in between. None where the ledger cannot be used.
    fn open(&self, opening: Opening) -> BoxFuture<'_, Option<Opened>>;

    /// Notes that a connection is over, before anything that is opened after it. Does not wait for it.
    fn close(&self, closing: Closing);
}

/// A connection that somebody wants to begin.
#[derive(Clone, Debug)]
pub struct Opening {
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
pub struct Opened {
    /// The decision.
    pub leave: Leave,
    /// How we stand with the parties after it.
    pub standings: [Standing; 2],
}

/// A connection that is over.
#[derive(Clone, Debug)]
pub struct Closing {
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

impl Opening {
    /// Decides, and notes the connection if it may begin.
    pub fn decide(&self, mut standings: [Standing; 2], busy: [Busy; 2], now: Timestamp) -> Opened {
        let leave = |at: usize| standings[at].leave(self.wanted, busy[at], &self.limits, now);
        let leave = leave(0).and(leave(1));
        if let Leave::Go(recipients) = leave {
            for standing in &mut standings {
                standing.begin(recipients, &self.limits, now);
            }
        }
        Opened { leave, standings }
    }
}

impl Closing {
    /// How we stand with the parties after it.
    pub fn settle(&self, mut standings: [Standing; 2], now: Timestamp) -> [Standing; 2] {
        for standing in &mut standings {
            standing.end(self.promise, &self.outcomes, &self.limits, now);
        }
        standings
    }
}
