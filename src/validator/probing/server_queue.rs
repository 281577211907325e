//! The queues of jobs, one for each mail server at one of its IP addresses: jobs of one queue share connections.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::job::Job;
use crate::address::Domain;
use crate::evidence::{CatchAll, KnownCatchAll};
use crate::route::HostName;
use crate::smtp::RefusalFinding;
use crate::smtp::dial::Target;
use crate::smtp::limiter::Limits;

/// The most jobs in one queue; a job beyond that is paused at once.
const MAX_QUEUED: usize = 1_000;

/// All queues, by server.
#[derive(Default)]
pub(super) struct ServerQueues(Mutex<HashMap<ServerKey, ServerQueue>>);

/// One server at one of its addresses.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct ServerKey {
    pub(super) host: HostName,
    pub(super) target: Target,
    /// The id of the provider that runs it.
    pub(super) operator: Option<Box<str>>,
}

#[derive(Default)]
struct ServerQueue {
    jobs: VecDeque<Job>,
    /// Conversations under way.
    conversations: u32,
    dispatcher: Dispatcher,
}

/// Whether a task acquires permits for a queue.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Dispatcher {
    #[default]
    Stopped,
    Running,
}

/// What to acquire a permit for.
pub(super) struct Demand {
    /// Recipients, random ones and postmasters included.
    pub(super) recipients: NonZeroU32,
    /// When no caller waits for the last of the jobs any more.
    pub(super) deadline: Instant,
}

impl ServerQueues {
    fn lock(&self) -> MutexGuard<'_, HashMap<ServerKey, ServerQueue>> {
        // Nothing that holds the lock can leave a queue half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job at the end of its queue. The dispatcher counts as running from now on; where it was stopped,
    /// the caller has to start it.
    ///
    /// # Errors
    /// The queue is full.
    pub(super) fn push(&self, key: &ServerKey, job: Job) -> Result<Dispatcher, Box<Job>> {
        let mut queues = self.lock();
        let queue = queues.entry(key.clone()).or_default();
        if queue.jobs.len() >= MAX_QUEUED {
            return Err(Box::new(job));
        }
        queue.jobs.push_back(job);
        Ok(std::mem::replace(&mut queue.dispatcher, Dispatcher::Running))
    }

    /// What the dispatcher has to acquire a permit for. None stops the dispatcher: the queue is empty, or as
    /// many conversations are under way as the limits allow. In the second case the first conversation that
    /// ends starts it again, so that recipients which that one reserved and gives back do not count as asked.
    pub(super) fn demand(&self, key: &ServerKey, limits: &Limits) -> Option<Demand> {
        let most = limits.allowance.recipients;
        let mut queues = self.lock();
        let queue = queues.get_mut(key)?;
        if queue.conversations >= limits.connections {
            queue.dispatcher = Dispatcher::Stopped;
            return None;
        }
        queue.jobs.retain(|job| !job.is_abandoned());
        // Beside another conversation, more jobs may come before there is a permit.
        let recipients = if queue.conversations == 0 { queue.fitting(most).1 } else { most };
        let deadline = queue.jobs.iter().map(|job| job.deadline).max();
        let (Some(recipients), Some(deadline)) = (NonZeroU32::new(recipients), deadline) else {
            queue.dispatcher = Dispatcher::Stopped;
            if queue.conversations == 0 {
                queues.remove(key);
            }
            return None;
        };
        Some(Demand { recipients, deadline })
    }

    pub(super) fn conversation_began(&self, key: &ServerKey) {
        self.lock().entry(key.clone()).or_default().conversations += 1;
    }

    /// Notes that a conversation ended. `Stopped`: the caller has to start the dispatcher for the jobs that
    /// still wait.
    pub(super) fn conversation_ended(&self, key: &ServerKey) -> Dispatcher {
        let mut queues = self.lock();
        let Some(queue) = queues.get_mut(key) else { return Dispatcher::Running };
        queue.conversations = queue.conversations.saturating_sub(1);
        if queue.jobs.is_empty() {
            if queue.conversations == 0 && queue.dispatcher == Dispatcher::Stopped {
                queues.remove(key);
            }
            return Dispatcher::Running;
        }
        std::mem::replace(&mut queue.dispatcher, Dispatcher::Running)
    }

    /// Takes as many jobs from the front as so many recipients allow; at least one, if there is one.
    pub(super) fn take(&self, key: &ServerKey, recipients: u32) -> Vec<Job> {
        let mut queues = self.lock();
        let Some(queue) = queues.get_mut(key) else { return Vec::new() };
        queue.jobs.retain(|job| !job.is_abandoned());
        let (count, _) = queue.fitting(recipients);
        queue.jobs.drain(..count).collect()
    }

    pub(super) fn take_all(&self, key: &ServerKey) -> Vec<Job> {
        self.take(key, u32::MAX)
    }

    /// Takes the jobs whose deadline is not later than this one.
    pub(super) fn take_expired(&self, key: &ServerKey, deadline: Instant) -> Vec<Job> {
        let mut queues = self.lock();
        let Some(queue) = queues.get_mut(key) else { return Vec::new() };
        let all = std::mem::take(&mut queue.jobs);
        let (expired, left): (VecDeque<Job>, VecDeque<Job>) =
            all.into_iter().partition(|job| job.deadline <= deadline);
        queue.jobs = left;
        expired.into()
    }

    pub(super) fn put_back(&self, key: &ServerKey, jobs: Vec<Job>) {
        if let Some(queue) = self.lock().get_mut(key) {
            for job in jobs.into_iter().rev() {
                job.mark_waiting();
                queue.jobs.push_front(job);
            }
        }
    }

    /// Copies new catch-all results and refusal findings into queued jobs, so that these need no random
    /// recipient and no postmaster.
    pub(super) fn learn(
        &self,
        key: &ServerKey,
        catch_alls: &[(Domain, KnownCatchAll)],
        findings: &[(Domain, RefusalFinding)],
    ) {
        let mut queues = self.lock();
        let Some(queue) = queues.get_mut(key) else { return };
        for job in &mut queue.jobs {
            if let Some((_, catch_all)) =
                catch_alls.iter().find(|(domain, _)| *domain == job.domain)
            {
                job.catch_all = *catch_all;
            }
            if let Some((_, finding)) = findings.iter().find(|(domain, _)| *domain == job.domain) {
                job.refusals = *finding;
            }
        }
    }

    /// Removes a queue whose dispatcher panicked, so that the next job starts another one.
    pub(super) fn remove(&self, key: &ServerKey) {
        self.lock().remove(key);
    }
}

impl ServerQueue {
    /// How many jobs from the front can be asked about with so many recipients, and how many recipients that
    /// takes: each domain whose catch-all result or refusal finding is open takes one more.
    fn fitting(&self, recipients: u32) -> (usize, u32) {
        let mut open: Vec<&Domain> = Vec::new();
        let mut price = 0;
        for (count, job) in self.jobs.iter().enumerate() {
            let is_open = job.catch_all.catch_all == CatchAll::Unknown
                || job.refusals != RefusalFinding::Believed;
            let one_more = is_open && !open.contains(&&job.domain);
            let with_this = price + 1 + u32::from(one_more);
            if with_this > recipients && count > 0 {
                return (count, price);
            }
            price = with_this;
            if one_more {
                open.push(&job.domain);
            }
        }
        (self.jobs.len(), price)
    }
}
