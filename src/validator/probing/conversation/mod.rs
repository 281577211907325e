//! One connection to a mail server: which recipients are asked about on it, and when to stop.
//!
//! ```text
//! connect ─▶ RCPT for each job ─▶ RCPT for postmaster ─▶ RCPT for a random ─▶ QUIT ─▶ finish jobs
//!            (outcomes)           where refusals are      recipient where a           and report
//!                                 in doubt (postmaster)   job was accepted
//!                                                         (random_recipient)
//! ```
//!
//! Only the reply to QUIT shows that each reply belonged to the recipient it seemed to answer. That is why no
//! job is finished before it.

mod outcomes;
mod postmaster;
mod random_recipient;
mod refusal_wording;

use std::collections::VecDeque;

use metrics::counter;

use super::ProbingInner;
use super::job::{Job, JobOutcome};
use super::reply_interpreter::ReplyInterpreter;
use super::server_feedback::{
    CloseReason, close_reason, is_worth_another_server, refuses_everybody,
};
use crate::address::{Address, Domain};
use crate::evidence::{CatchAll, Evidence, KnownCatchAll};
use crate::reply::{About, NowDetail, Reply, Stage};
use crate::route::HostName;
use crate::smtp::dial::Target;
use crate::smtp::limiter::{Allowance, Outcomes, ServerFeedback};
use crate::smtp::{
    Cause, MAX_IN_FLIGHT, Malformed, Recipient, RecipientAnswers, RecipientOutcome, RefusalFinding,
    Session, SessionError, Synchronisation,
};
use postmaster::RefusalCheck;
use refusal_wording::RefusalWording;

/// A conversation with one mail server.
pub(super) struct Conversation<'a> {
    shared: &'a ProbingInner,
    host: &'a HostName,
    /// Recipients and refusals that are left.
    left: Allowance,
    outcomes: Outcomes,
    /// Accepted recipients; a random recipient decides what that means.
    accepted: Vec<(Job, Evidence)>,
    /// Recipients refused as unknown by a server that may refuse everybody; postmaster decides.
    absent: Vec<AbsentRecipient>,
    /// Recipients whose evidence is complete.
    answered: Vec<(Job, Evidence)>,
    /// Recipients that need another connection.
    requeued: Vec<Job>,
    /// What every other recipient would get.
    for_everybody: Option<Evidence>,
    /// Catch-all results, stored after QUIT so that the server does not wait for the store.
    catch_alls: Vec<(Domain, KnownCatchAll)>,
    /// Domains whose refusals are not believed yet.
    refusal_checks: Vec<RefusalCheck>,
}

/// A recipient that was refused as unknown.
struct AbsentRecipient {
    job: Job,
    evidence: Evidence,
    wording: RefusalWording,
}

/// What came of a conversation.
pub(super) struct ConversationEnd {
    pub(super) outcomes: Outcomes,
    /// Jobs that need another connection.
    pub(super) requeued: Vec<Job>,
    /// Outcome for every job still queued for this server.
    pub(super) for_queue: Option<JobOutcome>,
    pub(super) catch_alls: Vec<(Domain, KnownCatchAll)>,
    /// Domains with a new finding on their refusals.
    pub(super) findings: Vec<(Domain, RefusalFinding)>,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(shared: &'a ProbingInner, host: &'a HostName, allowance: Allowance) -> Self {
        Self {
            shared,
            host,
            left: allowance,
            outcomes: Outcomes::NOTHING,
            accepted: Vec::new(),
            absent: Vec::new(),
            answered: Vec::new(),
            requeued: Vec::new(),
            for_everybody: None,
            catch_alls: Vec::new(),
            refusal_checks: Vec::new(),
        }
    }

    /// Asks about the recipients of these jobs, and finishes all but those that need another connection.
    pub(super) async fn run(mut self, target: Target, jobs: Vec<Job>) -> ConversationEnd {
        let mut jobs = VecDeque::from(self.without_known_catch_alls(jobs).await);
        let mut for_queue = None;
        if !jobs.is_empty() {
            jobs.iter().for_each(Job::mark_asking);
            let connected =
                self.shared.client.connect(&*self.shared.dialer, self.host, &[target]).await;
            let outcome = if connected.is_ok() { "begun" } else { "failed" };
            counter!("mailvet_probe_connections_total", "outcome" => outcome).increment(1);
            match connected {
                Ok(mut session) => {
                    self.ask_about_jobs(&mut session, &mut jobs).await;
                    self.ask_random_recipients(&mut session).await;
                    self.record_end(&session);
                    if session.quit().await == Synchronisation::Lost {
                        self.discard_answers();
                    }
                }
                // The next connection is in clear text, and needs a permit like any other.
                Err(error) if error.cause == Cause::Tls => {
                    let evidence = self.interpreter(None).error(&error);
                    self.record_failure(&error, &evidence);
                }
                Err(error) => for_queue = Some(self.fail_to_connect(&error, &mut jobs)),
            }
        }
        let findings = self.finish_answered().await;
        if let Some(evidence) = self.for_everybody {
            for job in self.requeued.drain(..).chain(jobs.drain(..)) {
                job.finish(JobOutcome::Final(evidence.clone()));
            }
            for_queue = Some(JobOutcome::Final(evidence));
        }
        self.requeued.extend(jobs);
        ConversationEnd {
            outcomes: self.outcomes,
            requeued: self.requeued,
            for_queue,
            catch_alls: self.catch_alls,
            findings,
        }
    }

    /// Finishes the jobs whose domain turned out to be a catch-all while they were queued.
    async fn without_known_catch_alls(&mut self, jobs: Vec<Job>) -> Vec<Job> {
        let mut open = Vec::with_capacity(jobs.len());
        for mut job in jobs {
            if job.catch_all.catch_all == CatchAll::Unknown {
                let hosts = std::slice::from_ref(self.host);
                job.catch_all = self.shared.memory.catch_all(&job.domain, hosts).await;
            }
            if job.catch_all.catch_all == CatchAll::Yes {
                let now = self.shared.clock.now();
                let evidence = Evidence::of_catch_all_domain(job.catch_all, now);
                job.finish(JobOutcome::Final(evidence));
            } else {
                self.start_refusal_check(&job).await;
                open.push(job);
            }
        }
        open
    }

    /// One of the replies answered another command, and nothing shows which: no answer counts.
    fn discard_answers(&mut self) {
        let cause = Cause::Malformed(Malformed::Unmatched);
        let error = SessionError { stage: Stage::RcptTo, cause };
        let evidence = self.interpreter(None).error(&error);
        let absent = self.absent.drain(..).map(|absent| (absent.job, absent.evidence));
        self.answered.extend(absent);
        self.answered.iter_mut().for_each(|(_, answer)| *answer = evidence.clone());
        self.catch_alls.clear();
        for check in &mut self.refusal_checks {
            (check.answers, check.postmaster) = (RecipientAnswers::default(), None);
        }
        (self.outcomes.answered, self.outcomes.absent) = (0, 0);
        if self.outcomes.feedback != ServerFeedback::Refused {
            self.outcomes.feedback = ServerFeedback::NoAnswer;
        }
    }

    /// Finishes all jobs with the error. Queued jobs would get no further.
    fn fail_to_connect(&mut self, error: &SessionError, jobs: &mut VecDeque<Job>) -> JobOutcome {
        let evidence = self.interpreter(None).error(error);
        self.record_failure(error, &evidence);
        let is_for_us = refuses_everybody(error.stage, &evidence);
        let outcome = if is_worth_another_server(error) && !is_for_us {
            JobOutcome::TryNextServer(evidence)
        } else {
            JobOutcome::Final(evidence)
        };
        jobs.drain(..).for_each(|job| job.finish(outcome.clone()));
        outcome
    }

    async fn ask_about_jobs(&mut self, session: &mut Session, jobs: &mut VecDeque<Job>) {
        while self.may_ask(session) && !jobs.is_empty() {
            let reserved = u32::from(!self.refusal_checks.is_empty());
            let most = most_at_once(self.left, reserved);
            let now: Vec<Job> = jobs.drain(..jobs.len().min(most)).collect();
            let recipients: Vec<Recipient> = now.iter().map(|job| job.recipient.clone()).collect();
            let shutdown = &self.shared.shutdown;
            let outcomes = session.ask_while(&recipients, &|| !shutdown.is_cancelled()).await;
            for (job, outcome) in now.into_iter().zip(outcomes) {
                self.process_outcome(job, outcome);
            }
            self.ask_postmasters(session).await;
        }
    }

    fn may_ask(&self, session: &Session) -> bool {
        let is_left = self.left.recipients > 0 && self.left.refusals > 0;
        // At shutdown the time that is left is for QUIT.
        let is_over = self.shared.shutdown.is_cancelled();
        session.ended().is_none() && self.for_everybody.is_none() && is_left && !is_over
    }

    fn process_outcome(&mut self, mut job: Job, outcome: RecipientOutcome) {
        let provider = job.provider.clone();
        let interpreter = self.interpreter(provider.as_deref());
        match outcome {
            RecipientOutcome::Answered(stage, reply) => {
                let evidence = interpreter.reply(stage, &reply);
                self.count_answer(stage, reply.code.class(), &evidence);
                if self.is_one_too_many(&evidence) && job.may_retry() {
                    job.count_try();
                    self.requeued.push(job);
                } else {
                    self.file_answer(job, evidence, &reply);
                }
            }
            // Nothing shows which recipients the replies were about, so that none is asked about again.
            RecipientOutcome::NotAsked(error) if error.is_out_of_step() => {
                self.answered.push((job, interpreter.error(&error)));
            }
            RecipientOutcome::NotAsked(error) => {
                let evidence = interpreter.error(&error);
                match close_reason(&error, &evidence) {
                    CloseReason::RefusesUs => {
                        self.outcomes.feedback = ServerFeedback::Refused;
                        self.for_everybody = Some(evidence.clone());
                    }
                    CloseReason::ServerTrouble => self.for_everybody = Some(evidence.clone()),
                    // The server disconnected at the first of them; it did not come to the others.
                    CloseReason::Unexplained if self.requeued.is_empty() => job.count_try(),
                    CloseReason::Unexplained => {}
                }
                if job.may_retry() && self.for_everybody.is_none() {
                    self.requeued.push(job);
                } else {
                    self.answered.push((job, evidence));
                }
            }
            RecipientOutcome::Smtputf8Unsupported => {
                self.answered.push((job, interpreter.smtputf8_unsupported()));
            }
            RecipientOutcome::Stopped => self.requeued.push(job),
        }
    }

    /// Files a job under what its evidence still depends on.
    fn file_answer(&mut self, job: Job, evidence: Evidence, reply: &Reply) {
        let check = self.refusal_check(&job.domain);
        if let (Some(About::Mailbox(_)), Some(check)) = (evidence.about(), check) {
            if evidence.is_not_found() {
                check.answers.absent += 1;
                let wording = RefusalWording::of(reply, &job.address);
                self.absent.push(AbsentRecipient { job, evidence, wording });
                return;
            }
            check.answers.present += 1;
        }
        if evidence.is_accepted() {
            self.accepted.push((job, evidence));
        } else {
            self.answered.push((job, evidence));
        }
    }

    /// Whether the server refuses the number of recipients after it answered about some: another transaction
    /// has room for the others (RFC 5321 §4.5.3.1.10).
    fn is_one_too_many(&self, evidence: &Evidence) -> bool {
        evidence.about() == Some(About::Now(NowDetail::TooManyRecipients))
            && self.outcomes.answered > 0
    }

    /// The reply to a recipient that no job asks about.
    async fn ask_extra(&mut self, session: &mut Session, address: &Address) -> Option<Reply> {
        match session.ask(&[Recipient::from(address)]).await.into_iter().next()? {
            RecipientOutcome::Answered(Stage::RcptTo, reply) => {
                self.count_recipient(reply.code.class());
                Some(reply)
            }
            RecipientOutcome::Answered(..)
            | RecipientOutcome::NotAsked(_)
            | RecipientOutcome::Stopped
            | RecipientOutcome::Smtputf8Unsupported => None,
        }
    }

    /// Stores what was learned of domains, and finishes the jobs with an answer.
    async fn finish_answered(&mut self) -> Vec<(Domain, RefusalFinding)> {
        for (domain, catch_all) in &self.catch_alls {
            self.shared.memory.remember_catch_all(domain, self.host, *catch_all).await;
        }
        let findings = self.finish_refusal_checks().await;
        for (job, evidence) in self.answered.drain(..) {
            job.finish(JobOutcome::Final(evidence));
        }
        findings
    }

    fn interpreter<'h>(&self, provider: Option<&'h str>) -> ReplyInterpreter<'h>
    where
        'a: 'h,
    {
        ReplyInterpreter {
            host: self.host,
            provider,
            rules: &self.shared.rules,
            now: self.shared.clock.now(),
        }
    }
}

/// How many recipients to ask about before the next replies are read. In the worst case each of them is refused,
/// and `reserved` more have to be asked about, such as postmaster.
fn most_at_once(left: Allowance, reserved: u32) -> usize {
    let most = left.recipients.min(left.refusals);
    let most = most.saturating_sub(reserved).max(1).min(most);
    MAX_IN_FLIGHT.min(most as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_sent_in_one_go() {
        // Asked, refused, reserved, may be sent.
        let cases = [
            (0, 0, 0, 9),
            (9, 0, 0, 1),
            (9, 8, 0, 1),
            (9, 9, 0, 0),
            (5, 5, 0, 4),
            (5, 0, 0, 5),
            (10, 0, 0, 0),
            (12, 12, 0, 0),
            (0, 0, 1, 8),
            (5, 5, 1, 3),
            // One recipient is asked about even where none would be left for postmaster.
            (9, 8, 1, 1),
            (9, 9, 1, 0),
        ];
        let whole = Allowance { recipients: 10, refusals: 9 };
        for (asked, refused, reserved, sent) in cases {
            let left = Allowance {
                recipients: whole.recipients.saturating_sub(asked),
                refusals: whole.refusals.saturating_sub(refused),
            };
            let case = format!("{asked} asked, {refused} refused, {reserved} reserved");
            assert_eq!(most_at_once(left, reserved), sent, "{case}");
        }
        let plenty = Allowance { recipients: 1000, refusals: 1000 };
        assert_eq!(most_at_once(plenty, 0), MAX_IN_FLIGHT);
    }
}
