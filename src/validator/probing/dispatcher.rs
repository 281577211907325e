//! Dispatching the jobs of a server queue to conversations.
//!
//! While a queue has jobs, one task, its dispatcher, acquires permits for it. Each permit starts a conversation,
//! a task of its own, with the jobs at the front of the queue.

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::Probing;
use super::conversation::Conversation;
use super::job::{Job, JobOutcome};
use super::server_queue::{Dispatcher, ServerKey, ServerQueues};
use crate::evidence::{Evidence, MailboxStatus, NotProbed};
use crate::smtp::limiter::{AcquireResult, Destination, Permit};

/// A conversation under way. Dropping it notes the end and starts the dispatcher where jobs still wait.
struct RunningConversation {
    probing: Probing,
    key: ServerKey,
    _task: TaskTrackerToken,
}

/// Removes the queue of a dispatcher that panics.
struct PanicGuard<'a> {
    queues: &'a ServerQueues,
    key: &'a ServerKey,
}

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.queues.remove(self.key);
        }
    }
}

impl Probing {
    /// Adds a job at the end of its queue.
    pub(super) fn enqueue(&self, key: ServerKey, job: Job) {
        match self.shared.queues.push(&key, job) {
            Err(job) => {
                let paused =
                    Evidence::without_reply(MailboxStatus::Paused, self.shared.clock.now());
                job.finish(JobOutcome::Final(paused));
            }
            Ok(Dispatcher::Running) => {}
            Ok(Dispatcher::Stopped) => {
                let probing = self.clone();
                tokio::spawn(async move { probing.dispatch(&key).await });
            }
        }
    }

    /// Acquires permits for a queue until no job is left in it.
    async fn dispatch(&self, key: &ServerKey) {
        let shared = &self.shared;
        let _task = shared.tasks.token();
        let _guard = PanicGuard { queues: &shared.queues, key };
        // The limits apply to the operator of the server, not to the domain of the mailbox.
        let destination =
            Destination::new(key.host.clone(), key.operator.as_deref(), key.target.ip());
        while let Some(demand) = shared.queues.demand(key, shared.limiter.limits()) {
            let acquire = shared.limiter.acquire(&destination, demand.recipients, demand.deadline);
            let acquired = tokio::select! {
                biased;
                () = shared.shutdown.cancelled() => {
                    let all = shared.queues.take_all(key);
                    self.finish_unasked(all, MailboxStatus::Paused, None, None);
                    continue;
                }
                acquired = acquire => acquired,
            };
            match acquired {
                AcquireResult::Go(permit) => self.start_conversation(key, permit),
                AcquireResult::Wait(until) => {
                    let expired = shared.queues.take_expired(key, demand.deadline);
                    self.finish_unasked(expired, MailboxStatus::Paused, Some(until), None);
                }
                AcquireResult::Paused(why, until) => {
                    let all = shared.queues.take_all(key);
                    let detail = Some(why.code());
                    self.finish_unasked(all, MailboxStatus::Paused, Some(until), detail);
                }
                AcquireResult::Never => {
                    let all = shared.queues.take_all(key);
                    let never = MailboxStatus::NotProbed(NotProbed::Never);
                    self.finish_unasked(all, never, None, None);
                }
            }
        }
    }

    /// Starts a conversation with the jobs at the front. Without a job the permit is released unused.
    fn start_conversation(&self, key: &ServerKey, permit: Permit) {
        let jobs = self.shared.queues.take(key, permit.allowance().recipients);
        if jobs.is_empty() {
            return;
        }
        self.shared.queues.conversation_began(key);
        let task = self.shared.tasks.token();
        let running = RunningConversation { probing: self.clone(), key: key.clone(), _task: task };
        tokio::spawn(async move { running.run(permit, jobs).await });
    }

    /// Finishes jobs that no server was asked about.
    fn finish_unasked(
        &self,
        jobs: Vec<Job>,
        status: MailboxStatus,
        retry_at: Option<Timestamp>,
        detail: Option<&'static str>,
    ) {
        let evidence = Evidence {
            retry_at,
            detail: detail.map(Into::into),
            ..Evidence::without_reply(status, self.shared.clock.now())
        };
        for job in jobs {
            job.finish(JobOutcome::Final(evidence.clone()));
        }
    }
}

impl RunningConversation {
    async fn run(&self, mut permit: Permit, jobs: Vec<Job>) {
        let (shared, key) = (&self.probing.shared, &self.key);
        let conversation = Conversation::new(shared, &key.host, permit.start());
        let ended = conversation.run(key.target, jobs).await;
        // Before the next permit: the conversation that gets it has to know all this.
        shared.queues.put_back(key, ended.requeued);
        shared.queues.learn(key, &ended.catch_alls, &ended.findings);
        if let Some(outcome) = ended.for_queue {
            for job in shared.queues.take_all(key) {
                job.finish(outcome.clone());
            }
        }
        permit.finish(ended.outcomes);
    }
}

impl Drop for RunningConversation {
    fn drop(&mut self) {
        if self.probing.shared.queues.conversation_ended(&self.key) == Dispatcher::Running {
            return;
        }
        // Without a runtime the process ends, and no caller waits any more.
        if let Ok(runtime) = Handle::try_current() {
            let (probing, key) = (self.probing.clone(), self.key.clone());
            // Taken here and not in the task: shutdown has to wait for it from now on.
            let task = probing.shared.tasks.token();
            runtime.spawn(async move {
                let _task = task;
                probing.dispatch(&key).await;
            });
        }
    }
}
