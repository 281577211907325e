//! A job: one mailbox to ask one mail server about, from its queue to its outcome.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::ProbeRequest;
use crate::address::{Address, Domain};
use crate::evidence::{Evidence, KnownCatchAll, MailboxStatus};
use crate::smtp::{Recipient, RefusalFinding};

/// How often a recipient is tried at which the server disconnects.
const MAX_TRIES: u8 = 2;

/// A recipient in the queue of a mail server.
pub(super) struct Job {
    pub(super) address: Address,
    pub(super) recipient: Recipient,
    pub(super) domain: Domain,
    pub(super) provider: Option<Box<str>>,
    /// Whether this server accepts any mailbox of the domain.
    pub(super) catch_all: KnownCatchAll,
    /// Whether this server's refusals at the domain are believed.
    pub(super) refusals: RefusalFinding,
    /// When no caller waits for the outcome any more.
    pub(super) deadline: Instant,
    tries: u8,
    progress: Arc<watch::Sender<ProbeProgress>>,
    outcome: oneshot::Sender<JobOutcome>,
}

/// What came of a job.
#[derive(Clone)]
pub(super) enum JobOutcome {
    Final(Evidence),
    /// There is no usable server at this address; another one may answer.
    TryNextServer(Evidence),
}

/// How far the probe of a mailbox has come.
pub(super) enum ProbeProgress {
    /// It waits for a permit.
    Waiting,
    /// A server is being asked.
    Asking,
    Done(Evidence),
}

impl ProbeProgress {
    /// The evidence for a caller whose time is over now.
    pub(super) fn evidence(&self, now: Timestamp) -> Evidence {
        match self {
            Self::Done(evidence) => evidence.clone(),
            // The server was not asked, so that this is no timeout of the server.
            Self::Waiting => Evidence::without_reply(MailboxStatus::Paused, now),
            Self::Asking => Evidence::without_reply(MailboxStatus::Timeout, now),
        }
    }
}

impl Job {
    pub(super) fn new(
        request: &ProbeRequest,
        catch_all: KnownCatchAll,
        refusals: RefusalFinding,
        progress: Arc<watch::Sender<ProbeProgress>>,
        deadline: Instant,
    ) -> (Self, oneshot::Receiver<JobOutcome>) {
        let (sender, receiver) = oneshot::channel();
        let job = Self {
            address: request.address.clone(),
            recipient: Recipient::from(&request.address),
            domain: request.domain.clone(),
            provider: request.provider.clone(),
            catch_all,
            refusals,
            deadline,
            tries: 0,
            progress,
            outcome: sender,
        };
        (job, receiver)
    }

    pub(super) fn mark_asking(&self) {
        self.progress.send_replace(ProbeProgress::Asking);
    }

    pub(super) fn mark_waiting(&self) {
        self.progress.send_replace(ProbeProgress::Waiting);
    }

    /// Whether no caller waits for the outcome.
    pub(super) fn is_abandoned(&self) -> bool {
        self.outcome.is_closed()
    }

    /// Notes that the server disconnected at this recipient, or called it one too many.
    pub(super) fn count_try(&mut self) {
        self.tries += 1;
    }

    pub(super) fn may_retry(&self) -> bool {
        self.tries < MAX_TRIES
    }

    pub(super) fn finish(self, outcome: JobOutcome) {
        // The receiver may be gone.
        let _ = self.outcome.send(outcome);
    }
}
