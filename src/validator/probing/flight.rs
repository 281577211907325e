//! One flight a mailbox: however many want to know, one asks, and goes on asking when they hang up.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::line::{Job, JobOutcome};
use super::probe_result::ProbeResult;
use super::{LEAST_FLIGHT, Probing, Question};
use crate::catalog::ProbeBehaviour;
use crate::dns::Servers;
use crate::route::{Answer, Family, HostName, MailRoute};
use crate::smtp::dial::Target;
use crate::smtp::{MAX_HOSTS, in_order};
use crate::store::KnownCatchAll;
use crate::verdict::{CatchAll, MailboxEvidence};

/// Addresses of one host that are dialled, one of each family where there are two.
const MAX_DIALLED: usize = 2;
/// Names of hosts that are looked up for one mailbox.
const MAX_NAMES: usize = 2 * MAX_HOSTS;
/// Far longer than all conversations of one flight together.
const LONGEST_TALK: Duration = Duration::from_secs(6 * 3600);

/// How far a flight has come.
pub(super) enum Progress {
    /// It waits for its turn.
    Waiting,
    /// A server is being asked.
    Asking,
    /// This came of it.
    Done(ProbeResult),
}

impl Progress {
    /// What can be said now.
    pub(super) fn told(&self, now: Timestamp) -> ProbeResult {
        match self {
            Self::Done(told) => told.clone(),
            // Who was not asked is not to blame.
            Self::Waiting => ProbeResult::nothing(MailboxEvidence::Paused, now),
            Self::Asking => ProbeResult::nothing(MailboxEvidence::Timeout, now),
        }
    }
}

impl Probing {
    /// Joins the flight for a mailbox, or starts one; none where there are too many.
    pub(super) fn join(
        &self,
        question: Question,
        timeouts: Duration,
    ) -> Option<watch::Receiver<Progress>> {
        let mailbox: Box<str> = question.mailbox.key.as_str().into();
        let deadline = Instant::now() + timeouts.max(LEAST_FLIGHT);
        let probing = self.clone();
        let lead = |progress: watch::Sender<Progress>| {
            // The end of the process waits until the result is kept.
            let guard = probing.shared.at_work.begin();
            async move {
                let _guard = guard;
                let progress = Arc::new(progress);
                let result = probing.fly(&question, &progress, deadline).await;
                progress.send_replace(Progress::Done(result));
            }
        };
        let (flight, _) = self.shared.flights.join(mailbox, Progress::Waiting, lead)?;
        Some(flight.progress)
    }

    async fn fly(
        &self,
        question: &Question,
        tell: &Arc<watch::Sender<Progress>>,
        deadline: Instant,
    ) -> ProbeResult {
        // Between our caller's look into the memory and this flight another one may have landed.
        if let Some(evidence) = self.shared.memory.recall(question).await {
            return ProbeResult { evidence, text: None, about: None };
        }
        // The deadline is for those who wait: what a server was asked is heard to its end, which the
        // patience with it bounds. This is for what nobody has thought of.
        let asked = timeout_at(deadline + LONGEST_TALK, self.ask_servers(question, tell, deadline));
        let told = asked.await;
        let told = told.unwrap_or_else(|_| tell.borrow().told(self.shared.clock.now()));
        self.shared.memory.remember(question, &told.evidence).await;
        told
    }

    /// Asks the first server that is there.
    async fn ask_servers(
        &self,
        question: &Question,
        tell: &Arc<watch::Sender<Progress>>,
        deadline: Instant,
    ) -> ProbeResult {
        let mut nobody =
            ProbeResult::nothing(MailboxEvidence::Unreachable, self.shared.clock.now());
        let mut tried = 0;
        let mut said = false;
        for host in hosts(question).into_iter().take(MAX_NAMES) {
            let refusals = self.shared.memory.refusals(&question.domain, &host).await.finding;
            let catch_all = match question.tells {
                Some(ProbeBehaviour::Truth) => KnownCatchAll::listed(CatchAll::No),
                Some(ProbeBehaviour::Nothing) | None => {
                    // What one server has shown says nothing of another.
                    let host = std::slice::from_ref(&host);
                    self.shared.memory.catch_all(&question.domain, host).await
                }
            };
            let targets = self.targets(question, &host).await;
            tried += usize::from(!targets.is_empty());
            for target in targets.into_iter().take(MAX_DIALLED) {
                let (job, outcome) =
                    Job::new(question, catch_all, refusals, tell.clone(), deadline);
                self.join_line(&host, target, question.operator(&host), job);
                match outcome.await {
                    // Why one server is not asked counts for less than what another said.
                    Ok(JobOutcome::Told(told)) if said && !told.is_from_server() => return nobody,
                    Ok(JobOutcome::Told(told)) => return told,
                    Ok(JobOutcome::NobodyThere(told)) => {
                        said |= told.is_from_server();
                        nobody = told;
                    }
                    // Whoever served the line broke down.
                    Err(_) => {}
                }
            }
            if tried == MAX_HOSTS {
                break;
            }
        }
        nobody
    }

    /// The addresses of a host that may be dialled.
    async fn targets(&self, question: &Question, host: &HostName) -> Vec<Target> {
        let shared = &self.shared;
        if let MailRoute::Implicit(ips) = &question.route.route {
            return shared.guard.targets(ips);
        }
        if let Some(ip) = host.as_literal() {
            return shared.guard.targets(&[ip]);
        }
        let (v4, v6) = tokio::join!(
            shared.dns.addresses(host, Family::V4, Servers::InUse),
            shared.dns.addresses(host, Family::V6, Servers::InUse)
        );
        let found = [v4, v6].into_iter().filter_map(|answered| match answered.result {
            Ok(Answer::Found { records, .. }) => Some(records),
            Ok(Answer::NoData { .. } | Answer::NoName { .. } | Answer::NoTarget { .. })
            | Err(_) => None,
        });
        shared.guard.targets(&found.flatten().collect::<Vec<_>>())
    }
}

/// The hosts in the order in which they are tried.
fn hosts(question: &Question) -> Vec<HostName> {
    match &question.route.route {
        MailRoute::Exchangers(exchangers) => {
            in_order(&exchangers.hosts, |below| fastrand::usize(..below))
                .into_iter()
                .cloned()
                .collect()
        }
        _ => question.hosts(),
    }
}
