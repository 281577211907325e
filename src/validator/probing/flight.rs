//! The probe of one mailbox, as a single flight: which servers are asked, in which order.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::job::{Job, JobOutcome, ProbeProgress};
use super::server_queue::ServerKey;
use super::{MIN_FLIGHT, ProbeRequest, Probing};
use crate::catalog::ProbeBehaviour;
use crate::dns::Servers;
use crate::evidence::{CatchAll, Evidence, KnownCatchAll, MailboxStatus};
use crate::route::{Answer, Family, HostName, MailRoute};
use crate::smtp::dial::Target;
use crate::smtp::{MAX_HOSTS, in_order};

/// The most addresses of one host that are dialled, one of each family where there are two.
const MAX_DIALLED: usize = 2;
/// The most host names that are looked up for one mailbox.
const MAX_NAMES: usize = 2 * MAX_HOSTS;
/// Far longer than all conversations of one flight together.
const SAFETY_TIMEOUT: Duration = Duration::from_secs(6 * 3600);

impl Probing {
    /// Joins the flight for a mailbox, or starts one; none where there are too many.
    pub(super) fn join(
        &self,
        request: ProbeRequest,
        timeout: Duration,
    ) -> Option<watch::Receiver<ProbeProgress>> {
        let mailbox: Box<str> = request.mailbox.key.as_str().into();
        let deadline = Instant::now() + timeout.max(MIN_FLIGHT);
        let probing = self.clone();
        let lead = |progress: watch::Sender<ProbeProgress>| {
            // Shutdown waits until the result is kept.
            let task = probing.shared.tasks.token();
            async move {
                let _task = task;
                let progress = Arc::new(progress);
                let evidence = probing.run_probe(&request, &progress, deadline).await;
                progress.send_replace(ProbeProgress::Done(evidence));
            }
        };
        let (flight, _) = self.shared.flights.join(mailbox, ProbeProgress::Waiting, lead)?;
        Some(flight.progress)
    }

    async fn run_probe(
        &self,
        request: &ProbeRequest,
        progress: &Arc<watch::Sender<ProbeProgress>>,
        deadline: Instant,
    ) -> Evidence {
        // Another flight may have ended between the caller's look into the memory and this one.
        if let Some(evidence) = self.shared.memory.recall(request).await {
            return evidence;
        }
        // The deadline is for those who wait. A conversation that began is finished, within the timeouts of
        // the client; this one is a safeguard against bugs.
        let probe =
            timeout_at(deadline + SAFETY_TIMEOUT, self.ask_servers(request, progress, deadline));
        let evidence = probe.await;
        let evidence =
            evidence.unwrap_or_else(|_| progress.borrow().evidence(self.shared.clock.now()));
        self.shared.memory.remember(request, &evidence).await;
        evidence
    }

    /// Asks one mail server after another until one is usable.
    async fn ask_servers(
        &self,
        request: &ProbeRequest,
        progress: &Arc<watch::Sender<ProbeProgress>>,
        deadline: Instant,
    ) -> Evidence {
        let mut last = Evidence::without_reply(MailboxStatus::Unreachable, self.shared.clock.now());
        let mut tried = 0;
        for host in hosts(request).into_iter().take(MAX_NAMES) {
            let refusals = self.shared.memory.refusals(&request.domain, &host).await.finding;
            let catch_all = match request.behaviour {
                Some(ProbeBehaviour::Truthful) => KnownCatchAll::listed(CatchAll::No),
                Some(ProbeBehaviour::Uninformative) | None => {
                    // What one server has shown says nothing of another.
                    let host = std::slice::from_ref(&host);
                    self.shared.memory.catch_all(&request.domain, host).await
                }
            };
            let targets = self.targets(request, &host).await;
            tried += usize::from(!targets.is_empty());
            for target in targets.into_iter().take(MAX_DIALLED) {
                let (job, outcome) =
                    Job::new(request, catch_all, refusals, progress.clone(), deadline);
                let operator = request.operator(&host).map(Into::into);
                self.enqueue(ServerKey { host: host.clone(), target, operator }, job);
                match outcome.await {
                    // What a server answered counts for more than why another one was not asked.
                    Ok(JobOutcome::Final(evidence))
                        if last.host.is_some() && evidence.host.is_none() =>
                    {
                        return last;
                    }
                    Ok(JobOutcome::Final(evidence)) => return evidence,
                    Ok(JobOutcome::TryNextServer(evidence)) => last = evidence,
                    // The task that had the job panicked.
                    Err(_) => {}
                }
            }
            if tried == MAX_HOSTS {
                break;
            }
        }
        last
    }

    /// The addresses of a host that may be dialled.
    async fn targets(&self, request: &ProbeRequest, host: &HostName) -> Vec<Target> {
        let shared = &self.shared;
        if let MailRoute::Implicit(ips) = &request.route.route {
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
fn hosts(request: &ProbeRequest) -> Vec<HostName> {
    match &request.route.route {
        MailRoute::Exchangers(exchangers) => {
            in_order(&exchangers.hosts, |below| fastrand::usize(..below))
                .into_iter()
                .cloned()
                .collect()
        }
        _ => request.hosts(),
    }
}
