//! The line in front of a mail server: those who wait for it share its connections.
//!
//! As long as a line has jobs, one task gets permits for it. Each permit begins a conversation, a task of its
//! own, with the jobs at the front; there are as many of them as the limiter gives permits.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::conversation::Conversation;
use super::flight::Progress;
use super::probe_result::ProbeResult;
use super::shutdown::TaskGuard;
use super::{Probing, Question};
use crate::address::{Address, Domain};
use crate::route::HostName;
use crate::smtp::dial::Target;
use crate::smtp::limiter::{AcquireResult, Destination, Limits, Permit};
use crate::smtp::{Recipient, RefusalFinding};
use crate::store::KnownCatchAll;
use crate::verdict::{CatchAll, MailboxEvidence, NotProbed};

/// How many may wait in one line; who comes then is told so.
const MAX_IN_LINE: usize = 1_000;
/// How often a recipient is tried of which a server would not speak before it hung up.
const MAX_TRIES: u8 = 2;

/// A recipient in the line.
pub(super) struct Job {
    pub(super) address: Address,
    pub(super) recipient: Recipient,
    pub(super) domain: Domain,
    pub(super) provider: Option<Box<str>>,
    /// What is known of made-up recipients at the domain.
    pub(super) catch_all: KnownCatchAll,
    /// Whether refusals at the domain are believed.
    pub(super) refusals: RefusalFinding,
    /// When nobody waits for the answer any more.
    deadline: Instant,
    tries: u8,
    progress: Arc<watch::Sender<Progress>>,
    tell: oneshot::Sender<JobOutcome>,
}

/// What came of a place in the line.
#[derive(Clone)]
pub(super) enum JobOutcome {
    /// An answer, if only why there is none.
    Told(ProbeResult),
    /// There is no server at this address; another may be tried.
    NobodyThere(ProbeResult),
}

impl Job {
    pub(super) fn new(
        question: &Question,
        catch_all: KnownCatchAll,
        refusals: RefusalFinding,
        progress: Arc<watch::Sender<Progress>>,
        deadline: Instant,
    ) -> (Self, oneshot::Receiver<JobOutcome>) {
        let (tell, outcome) = oneshot::channel();
        let job = Self {
            address: question.address.clone(),
            recipient: Recipient::from(&question.address),
            domain: question.domain.clone(),
            provider: question.provider.clone(),
            catch_all,
            refusals,
            deadline,
            tries: 0,
            progress,
            tell,
        };
        (job, outcome)
    }

    /// A server is being asked now.
    pub(super) fn begin(&self) {
        self.progress.send_replace(Progress::Asking);
    }

    /// The server hung up on this one, or said that it was one too many.
    pub(super) fn was_tried(&mut self) {
        self.tries += 1;
    }

    /// Whether it may be tried once more.
    pub(super) fn may_be_tried_again(&self) -> bool {
        self.tries < MAX_TRIES
    }

    pub(super) fn tell(self, outcome: JobOutcome) {
        // Whoever asked may have gone.
        let _ = self.tell.send(outcome);
    }
}

/// Those who wait, by server.
#[derive(Default)]
pub(super) struct Lines(Mutex<HashMap<Key, Line>>);

/// One server at one of its addresses.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    host: HostName,
    target: Target,
    /// The id of the provider that runs it.
    operator: Option<Box<str>>,
}

#[derive(Default)]
struct Line {
    jobs: VecDeque<Job>,
    /// Conversations under way.
    conversations: u32,
    dispatch: Dispatch,
}

/// Whether a task gets permits for a line.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Dispatch {
    #[default]
    Stopped,
    Running,
}

/// A conversation under way; noted as over when dropped.
struct Talk {
    probing: Probing,
    key: Key,
    _guard: TaskGuard,
}

/// What a line wants.
struct Wanted {
    /// Recipients, made-up ones included.
    recipients: NonZeroU32,
    /// When the last of them has gone.
    deadline: Instant,
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Line>> {
        // Nothing that holds the lock can leave a line half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the line wants; none, and no dispatch any more, where nobody is left in it, or as many
    /// conversations are under way as there may be: the first that is over starts it again. What those have
    /// reserved and may give back is not taken for asked then.
    fn wanted(&self, key: &Key, limits: &Limits) -> Option<Wanted> {
        let most = limits.allowance.recipients;
        let mut lines = self.lock();
        let line = lines.get_mut(key)?;
        if line.conversations >= limits.connections {
            line.dispatch = Dispatch::Stopped;
            return None;
        }
        line.jobs.retain(|job| !job.tell.is_closed());
        // More may join before there is another permit.
        let recipients = if line.conversations == 0 { line.take_count(most).1 } else { most };
        let deadline = line.jobs.iter().map(|job| job.deadline).max();
        let (Some(recipients), Some(deadline)) = (NonZeroU32::new(recipients), deadline) else {
            line.dispatch = Dispatch::Stopped;
            if line.conversations == 0 {
                lines.remove(key);
            }
            return None;
        };
        Some(Wanted { recipients, deadline })
    }

    /// Notes that a conversation begins.
    fn begin_talk(&self, key: &Key) {
        self.lock().entry(key.clone()).or_default().conversations += 1;
    }

    /// Notes that a conversation is over; stopped, where a task has to be started that gets permits for
    /// those who still wait.
    fn end_talk(&self, key: &Key) -> Dispatch {
        let mut lines = self.lock();
        let Some(line) = lines.get_mut(key) else { return Dispatch::Running };
        line.conversations = line.conversations.saturating_sub(1);
        if line.jobs.is_empty() {
            if line.conversations == 0 && line.dispatch == Dispatch::Stopped {
                lines.remove(key);
            }
            return Dispatch::Running;
        }
        std::mem::replace(&mut line.dispatch, Dispatch::Running)
    }

    /// Takes as many from the front as may be asked about; one at least, if there is one.
    fn take(&self, key: &Key, recipients: u32) -> Vec<Job> {
        let mut lines = self.lock();
        let Some(line) = lines.get_mut(key) else { return Vec::new() };
        line.jobs.retain(|job| !job.tell.is_closed());
        let (count, _) = line.take_count(recipients);
        line.jobs.drain(..count).collect()
    }

    /// Takes those who are gone by then.
    fn take_gone_by(&self, key: &Key, deadline: Instant) -> Vec<Job> {
        let mut lines = self.lock();
        let Some(line) = lines.get_mut(key) else { return Vec::new() };
        let all = std::mem::take(&mut line.jobs);
        let (gone, left): (VecDeque<Job>, VecDeque<Job>) =
            all.into_iter().partition(|job| job.deadline <= deadline);
        line.jobs = left;
        gone.into()
    }

    fn put_back(&self, key: &Key, jobs: Vec<Job>) {
        if let Some(line) = self.lock().get_mut(key) {
            for job in jobs.into_iter().rev() {
                job.progress.send_replace(Progress::Waiting);
                line.jobs.push_front(job);
            }
        }
    }

    /// Those in the line need nobody made up for domains of which it is known now whether they accept all,
    /// and no postmaster where refusals are believed.
    fn learn(
        &self,
        key: &Key,
        learned: &[(Domain, KnownCatchAll)],
        findings: &[(Domain, RefusalFinding)],
    ) {
        let mut lines = self.lock();
        let Some(line) = lines.get_mut(key) else { return };
        for job in &mut line.jobs {
            if let Some((_, catch_all)) = learned.iter().find(|(domain, _)| *domain == job.domain) {
                job.catch_all = *catch_all;
            }
            if let Some((_, finding)) = findings.iter().find(|(domain, _)| *domain == job.domain) {
                job.refusals = *finding;
            }
        }
    }
}

impl Line {
    /// How many from the front may be asked about with so many recipients, and how many recipients that
    /// takes: each domain of which not enough is known takes a made-up one, or postmaster.
    fn take_count(&self, recipients: u32) -> (usize, u32) {
        let mut unknown: Vec<&Domain> = Vec::new();
        let mut price = 0;
        for (count, job) in self.jobs.iter().enumerate() {
            let is_open = job.catch_all.catch_all == CatchAll::Unknown
                || job.refusals != RefusalFinding::Believed;
            let one_more = is_open && !unknown.contains(&&job.domain);
            let with_this = price + 1 + u32::from(one_more);
            if with_this > recipients && count > 0 {
                return (count, price);
            }
            price = with_this;
            if one_more {
                unknown.push(&job.domain);
            }
        }
        (self.jobs.len(), price)
    }
}

/// Takes a line away whose server broke down, so that the next one who comes starts another.
struct Closing<'a> {
    lines: &'a Lines,
    key: &'a Key,
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.lines.lock().remove(self.key);
        }
    }
}

impl Probing {
    /// Puts a job at the end of its line.
    pub(super) fn join_line(
        &self,
        host: &HostName,
        target: Target,
        operator: Option<&str>,
        job: Job,
    ) {
        let key = Key { host: host.clone(), target, operator: operator.map(Into::into) };
        let dispatch = {
            let mut lines = self.shared.lines.lock();
            let line = lines.entry(key.clone()).or_default();
            if line.jobs.len() >= MAX_IN_LINE {
                let told = ProbeResult::nothing(MailboxEvidence::Paused, self.shared.clock.now());
                job.tell(JobOutcome::Told(told));
                return;
            }
            line.jobs.push_back(job);
            std::mem::replace(&mut line.dispatch, Dispatch::Running)
        };
        if dispatch == Dispatch::Stopped {
            let probing = self.clone();
            tokio::spawn(async move { probing.serve_queue(&key).await });
        }
    }

    /// Gets permits for a line until nobody is left in it.
    async fn serve_queue(&self, key: &Key) {
        let shared = &self.shared;
        let _guard = shared.at_work.begin();
        let _closing = Closing { lines: &shared.lines, key };
        // By who runs the server, whoever's domain it is: the etiquette is kept towards them.
        let destination =
            Destination::new(key.host.clone(), key.operator.as_deref(), key.target.ip());
        while let Some(wanted) = shared.lines.wanted(key, shared.limiter.limits()) {
            let decision = shared.limiter.acquire(&destination, wanted.recipients, wanted.deadline);
            let Some(permission) = shared.at_work.unless_over(decision).await else {
                let all = shared.lines.take(key, u32::MAX);
                self.tell_all(all, MailboxEvidence::Paused, None, None);
                continue;
            };
            match permission {
                AcquireResult::Go(permit) => self.begin_talk(key, permit),
                AcquireResult::Wait(until) => {
                    let gone = shared.lines.take_gone_by(key, wanted.deadline);
                    self.tell_all(gone, MailboxEvidence::Paused, Some(until), None);
                }
                AcquireResult::Paused(why, until) => {
                    let all = shared.lines.take(key, u32::MAX);
                    self.tell_all(all, MailboxEvidence::Paused, Some(until), Some(why.code()));
                }
                AcquireResult::Never => {
                    let all = shared.lines.take(key, u32::MAX);
                    self.tell_all(all, MailboxEvidence::NotProbed(NotProbed::Never), None, None);
                }
            }
        }
    }

    /// Begins a conversation with those at the front. Where nobody is left, the permit goes back unused.
    fn begin_talk(&self, key: &Key, permit: Permit) {
        let jobs = self.shared.lines.take(key, permit.allowance().recipients);
        if jobs.is_empty() {
            return;
        }
        self.shared.lines.begin_talk(key);
        let guard = self.shared.at_work.begin();
        let talk = Talk { probing: self.clone(), key: key.clone(), _guard: guard };
        tokio::spawn(async move { talk.hold(permit, jobs).await });
    }

    /// Tells why nobody was asked.
    fn tell_all(
        &self,
        jobs: Vec<Job>,
        mailbox: MailboxEvidence,
        retry_at: Option<jiff::Timestamp>,
        detail: Option<&'static str>,
    ) {
        let mut told = ProbeResult::nothing(mailbox, self.shared.clock.now());
        told.evidence.retry_at = retry_at;
        told.evidence.detail = detail.map(Into::into);
        for job in jobs {
            job.tell(JobOutcome::Told(told.clone()));
        }
    }
}

impl Talk {
    async fn hold(&self, mut permit: Permit, jobs: Vec<Job>) {
        let (shared, key) = (&self.probing.shared, &self.key);
        let conversation = Conversation::new(shared, &key.host, permit.start());
        let held = conversation.hold(key.target, jobs).await;
        // Before the next permit: whoever gets it has to know of all this.
        shared.lines.put_back(key, held.unasked);
        shared.lines.learn(key, &held.learned, &held.findings);
        if let Some(outcome) = held.for_rest {
            let rest = shared.lines.take(key, u32::MAX);
            rest.into_iter().for_each(|job| job.tell(outcome.clone()));
        }
        permit.settle(held.outcomes);
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        if self.probing.shared.lines.end_talk(&self.key) == Dispatch::Running {
            return;
        }
        // Without a runtime the process ends, and nobody waits any more.
        if let Ok(runtime) = Handle::try_current() {
            let (probing, key) = (self.probing.clone(), self.key.clone());
            // From now on: the end of the process waits for it.
            let guard = probing.shared.at_work.begin();
            runtime.spawn(async move {
                let _guard = guard;
                probing.serve_queue(&key).await;
            });
        }
    }
}
