//! One connection to a mail server: who is asked about on it, and when it is enough.

use std::collections::VecDeque;

use metrics::counter;

use super::ProbingInner;
use super::line::{Job, JobOutcome};
use super::memory::accepts_any;
use super::probe_result::{ProbeResult, ReplyInterpreter};
use super::refusal_wording::RefusalWording;
use super::stance::{
    Closure, closure, is_of_a_domain, is_worth_another_server, refuses_everybody, stance_of_failure,
};
use crate::address::{Address, Domain};
use crate::reply::{About, MailboxDetail, NowDetail, Reply, ReplyClass, Stage};
use crate::route::HostName;
use crate::smtp::dial::Target;
use crate::smtp::limiter::{Allowance, Day, Outcomes, Stance};
use crate::smtp::{
    Asked, Cause, MAX_IN_FLIGHT, Malformed, PostmasterAnswer, Recipient, RecipientAnswers,
    RefusalFinding, RefusalRecord, Session, SessionError, Synchronisation,
};
use crate::store::KnownCatchAll;
use crate::verdict::{CatchAll, MailboxEvidence};

/// The length of a made-up local part: nobody has that.
const MADE_UP_LETTERS: usize = 20;

/// What is asked on one connection.
pub(super) struct Conversation<'a> {
    shared: &'a ProbingInner,
    host: &'a HostName,
    /// Recipients that may still be asked about, and be refused.
    left: Allowance,
    outcomes: Outcomes,
    /// Recipients that were accepted; what they get depends on a made-up one.
    accepted: Vec<(Job, ProbeResult)>,
    /// Recipients that were refused as absent where it is open whether everybody is; what they get depends
    /// on postmaster.
    absent: Vec<Absent>,
    /// What the other recipients get if the conversation ends in step.
    answers: Vec<(Job, ProbeResult)>,
    /// Recipients of which the server would not speak.
    unasked: Vec<Job>,
    /// What every other recipient would be told.
    for_all: Option<ProbeResult>,
    /// What whoever else waits is told.
    for_rest: Option<JobOutcome>,
    /// What was learned of domains, to be kept once the server is not kept waiting by it.
    learned: Vec<(Domain, KnownCatchAll)>,
    /// Domains whose refusals are not believed yet.
    unproven: Vec<Unproven>,
}

/// A recipient that was refused as absent.
struct Absent {
    job: Job,
    told: ProbeResult,
    wording: RefusalWording,
}

/// A domain whose refusals are not believed yet.
struct Unproven {
    domain: Domain,
    record: RefusalRecord,
    answers: RecipientAnswers,
    postmaster: Option<PostmasterAnswer>,
}

/// What came of a conversation.
pub(super) struct Held {
    pub(super) outcomes: Outcomes,
    /// Those who have to be asked about on another connection.
    pub(super) unasked: Vec<Job>,
    /// What whoever else waits for this server is told.
    pub(super) for_rest: Option<JobOutcome>,
    /// What was learned of domains.
    pub(super) learned: Vec<(Domain, KnownCatchAll)>,
    /// Domains of which it is known now whether refusals are believed.
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
            answers: Vec::new(),
            unasked: Vec::new(),
            for_all: None,
            for_rest: None,
            learned: Vec::new(),
            unproven: Vec::new(),
        }
    }

    /// Asks about these, and tells each what came of it.
    pub(super) async fn hold(mut self, target: Target, jobs: Vec<Job>) -> Held {
        let mut jobs = VecDeque::from(self.without_known(jobs).await);
        if !jobs.is_empty() {
            jobs.iter().for_each(Job::begin);
            let begun =
                self.shared.client.connect(&*self.shared.dialer, self.host, &[target]).await;
            let outcome = if begun.is_ok() { "begun" } else { "failed" };
            counter!("mailvet_probe_connections_total", "outcome" => outcome).increment(1);
            match begun {
                Ok(mut session) => {
                    self.ask_about_all(&mut session, &mut jobs).await;
                    self.ask_about_made_up_ones(&mut session).await;
                    self.note_end(&session);
                    if session.quit().await == Synchronisation::Lost {
                        self.discard_answers();
                    }
                }
                // The next connection is in clear text, and waits for its turn like any other.
                Err(error) if error.cause == Cause::Tls => {
                    let told = self.interpreter(None).error(&error);
                    self.note_failure(&error, &told);
                }
                Err(error) => self.could_not_begin(&error, &mut jobs),
            }
        }
        let findings = self.finish_report().await;
        if let Some(told) = &self.for_all {
            for job in self.unasked.drain(..).chain(jobs.drain(..)) {
                job.tell(JobOutcome::Told(told.clone()));
            }
            self.for_rest = Some(JobOutcome::Told(told.clone()));
        }
        self.unasked.extend(jobs);
        Held {
            outcomes: self.outcomes,
            unasked: self.unasked,
            for_rest: self.for_rest,
            learned: self.learned,
            findings,
        }
    }

    /// Tells those whose domain was found out to accept anybody since they joined the line.
    async fn without_known(&mut self, jobs: Vec<Job>) -> Vec<Job> {
        let mut unknown = Vec::with_capacity(jobs.len());
        for mut job in jobs {
            if job.catch_all.catch_all == CatchAll::Unknown {
                let hosts = std::slice::from_ref(self.host);
                job.catch_all = self.shared.memory.catch_all(&job.domain, hosts).await;
            }
            if job.catch_all.catch_all == CatchAll::Yes {
                let evidence = accepts_any(job.catch_all, self.shared.clock.now());
                job.tell(JobOutcome::Told(ProbeResult { evidence, text: None, about: None }));
            } else {
                self.note_domain(&job).await;
                unknown.push(job);
            }
        }
        unknown
    }

    async fn note_domain(&mut self, job: &Job) {
        let is_noted = self.unproven(&job.domain).is_some();
        if job.refusals == RefusalFinding::Believed || is_noted {
            return;
        }
        let record = self.shared.memory.refusals(&job.domain, self.host).await;
        if record.finding != RefusalFinding::Believed {
            let (domain, answers) = (job.domain.clone(), RecipientAnswers::default());
            self.unproven.push(Unproven { domain, record, answers, postmaster: None });
        }
    }

    fn unproven(&mut self, domain: &Domain) -> Option<&mut Unproven> {
        self.unproven.iter_mut().find(|unproven| unproven.domain == *domain)
    }

    /// One of the replies was another command's, and nobody can tell which: no answer counts.
    fn discard_answers(&mut self) {
        let cause = Cause::Malformed(Malformed::Unmatched);
        let error = SessionError { stage: Stage::RcptTo, cause };
        let told = self.interpreter(None).error(&error);
        let absent = self.absent.drain(..).map(|absent| (absent.job, absent.told));
        self.answers.extend(absent);
        self.answers.iter_mut().for_each(|(_, answer)| *answer = told.clone());
        self.learned.clear();
        for unproven in &mut self.unproven {
            (unproven.answers, unproven.postmaster) = (RecipientAnswers::default(), None);
        }
        (self.outcomes.answered, self.outcomes.absent) = (0, 0);
        if self.outcomes.stance != Stance::Refused {
            self.outcomes.stance = Stance::NoAnswer;
        }
    }

    fn could_not_begin(&mut self, error: &SessionError, jobs: &mut VecDeque<Job>) {
        let told = self.interpreter(None).error(error);
        self.note_failure(error, &told);
        let outcome = if is_worth_another_server(error) && !refuses_everybody(error.stage, &told) {
            JobOutcome::NobodyThere(told)
        } else {
            JobOutcome::Told(told)
        };
        jobs.drain(..).for_each(|job| job.tell(outcome.clone()));
        // Nobody else would get further.
        self.for_rest = Some(outcome);
    }

    async fn ask_about_all(&mut self, session: &mut Session, jobs: &mut VecDeque<Job>) {
        while self.may_ask(session) && !jobs.is_empty() {
            // In the worst case each of them is refused, and postmaster has to be asked as well.
            let most = self.left.recipients.min(self.left.refusals);
            let reserved = u32::from(!self.unproven.is_empty());
            let most = most.saturating_sub(reserved).max(1) as usize;
            let now: Vec<Job> = jobs.drain(..jobs.len().min(most).min(MAX_IN_FLIGHT)).collect();
            let recipients: Vec<Recipient> = now.iter().map(|job| job.recipient.clone()).collect();
            let at_work = &self.shared.at_work;
            let asked = session.ask_while(&recipients, &|| !at_work.is_over()).await;
            for (job, asked) in now.into_iter().zip(asked) {
                self.hear(job, asked);
            }
            self.ask_about_postmasters(session).await;
        }
    }

    fn may_ask(&self, session: &Session) -> bool {
        let is_left = self.left.recipients > 0 && self.left.refusals > 0;
        // At the end of the process the time that is left is for QUIT.
        let is_over = self.shared.at_work.is_over();
        session.ended().is_none() && self.for_all.is_none() && is_left && !is_over
    }

    /// What came of asking about one recipient.
    fn hear(&mut self, mut job: Job, asked: Asked) {
        let provider = job.provider.clone();
        let interpreter = self.interpreter(provider.as_deref());
        match asked {
            Asked::Answered(stage, reply) => {
                let told = interpreter.reply(stage, &reply);
                self.note_answer(stage, reply.code.class(), &told);
                if self.was_one_too_many(&told) && job.may_be_tried_again() {
                    job.was_tried();
                    self.unasked.push(job);
                } else {
                    self.note_told(job, told, &reply);
                }
            }
            // Whom the replies were about cannot be told, so that nobody is asked about again.
            Asked::NotAsked(error) if error.is_out_of_step() => {
                self.answers.push((job, interpreter.error(&error)));
            }
            Asked::NotAsked(error) => {
                let told = interpreter.error(&error);
                match closure(&error, &told) {
                    Closure::Refusal => {
                        self.outcomes.stance = Stance::Refused;
                        self.for_all = Some(told.clone());
                    }
                    Closure::Trouble => self.for_all = Some(told.clone()),
                    // It was the first of them that the server hung up on; the others did not come to it.
                    Closure::Unsaid if self.unasked.is_empty() => job.was_tried(),
                    Closure::Unsaid => {}
                }
                if job.may_be_tried_again() && self.for_all.is_none() {
                    self.unasked.push(job);
                } else {
                    self.answers.push((job, told));
                }
            }
            Asked::Smtputf8Unsupported => {
                self.answers.push((job, interpreter.smtputf8_unsupported()));
            }
            Asked::Stopped => self.unasked.push(job),
        }
    }

    /// Sorts a recipient by what it waits for until it can be told.
    fn note_told(&mut self, job: Job, told: ProbeResult, reply: &Reply) {
        let unproven = self.unproven(&job.domain);
        match (told.about, unproven) {
            (Some(About::Mailbox(_)), Some(unproven)) if told.is_absent() => {
                unproven.answers.absent += 1;
                let wording = RefusalWording::of(reply, &job.address);
                self.absent.push(Absent { job, told, wording });
                return;
            }
            (Some(About::Mailbox(_)), Some(unproven)) => unproven.answers.present += 1,
            (Some(About::Mailbox(_)), None) | (Some(About::Us(_) | About::Now(_)) | None, _) => {}
        }
        if told.is_accepted() {
            self.accepted.push((job, told));
        } else {
            self.answers.push((job, told));
        }
    }

    /// Whether the server speaks of the number of recipients, having taken some: there is room for the
    /// others in another transaction (RFC 5321 §4.5.3.1.10).
    fn was_one_too_many(&self, told: &ProbeResult) -> bool {
        told.about == Some(About::Now(NowDetail::TooManyRecipients)) && self.outcomes.answered > 0
    }

    fn note_answer(&mut self, stage: Stage, class: ReplyClass, told: &ProbeResult) {
        self.note_recipient(class);
        match told.about {
            Some(About::Mailbox(_)) => {
                self.outcomes.answered += 1;
                self.outcomes.absent += u32::from(told.is_absent());
                if self.outcomes.stance != Stance::Refused {
                    self.outcomes.stance = Stance::Welcome;
                }
            }
            // One reply before RCPT is given to every recipient that waits: it is one refusal.
            Some(About::Us(_)) if stage != Stage::RcptTo && self.for_all.is_some() => {}
            Some(About::Us(detail)) => {
                self.outcomes.refused_us += u32::from(!is_of_a_domain(detail));
            }
            Some(About::Now(_)) | None => {}
        }
        if self.outcomes.stance == Stance::Unclear {
            self.outcomes.stance = Stance::Deferred;
        }
        self.note_stance(stage, told);
        if stage != Stage::RcptTo || refuses_everybody(stage, told) {
            self.for_all = Some(told.clone());
        }
    }

    fn note_recipient(&mut self, class: ReplyClass) {
        self.left.recipients = self.left.recipients.saturating_sub(1);
        if class != ReplyClass::Positive {
            self.left.refusals = self.left.refusals.saturating_sub(1);
        }
    }

    fn note_stance(&mut self, stage: Stage, told: &ProbeResult) {
        if refuses_everybody(stage, told) {
            self.outcomes.stance = Stance::Refused;
        }
    }

    /// How the conversation ended, and how many recipients were sent on it, whatever came back.
    fn note_end(&mut self, session: &Session) {
        self.outcomes.asked = u32::try_from(session.recipients_sent()).unwrap_or(u32::MAX);
        if let Some(error) = session.ended() {
            let told = self.interpreter(None).error(error);
            self.note_failure(error, &told);
        }
    }

    fn note_failure(&mut self, error: &SessionError, told: &ProbeResult) {
        self.note_stance(error.stage, told);
        // Who answered something before gave an answer.
        if self.outcomes.stance == Stance::Unclear {
            self.outcomes.stance = stance_of_failure(error, told);
            self.outcomes.refused_us += u32::from(matches!(told.about, Some(About::Us(_))));
        }
    }

    /// Where all recipients of a domain so far were refused as absent, its postmaster is asked about.
    async fn ask_about_postmasters(&mut self, session: &mut Session) {
        let today = Day::of(self.shared.clock.now());
        for at in 0..self.unproven.len() {
            let Unproven { domain, record, answers, postmaster } = &self.unproven[at];
            let is_due = record.after(*answers).is_postmaster_due(today);
            if answers.absent == 0 || postmaster.is_some() || !is_due || !self.may_ask(session) {
                continue;
            }
            let domain = domain.clone();
            if self.shared.memory.claim_postmaster(&domain, self.host).await {
                let answer = self.ask_about_postmaster(session, &domain).await;
                self.unproven[at].postmaster = Some(answer);
            }
        }
    }

    async fn ask_about_postmaster(
        &mut self,
        session: &mut Session,
        domain: &Domain,
    ) -> PostmasterAnswer {
        let Ok(address) = format!("postmaster@{}", domain.ascii()).parse::<Address>() else {
            return PostmasterAnswer::Other;
        };
        let Some(reply) = self.ask_about(session, &address).await else {
            return PostmasterAnswer::Other;
        };
        let told = self.interpreter(None).reply(Stage::RcptTo, &reply);
        self.note_stance(Stage::RcptTo, &told);
        let wording = RefusalWording::of(&reply, &address);
        let mut absent = self.absent.iter().filter(|absent| absent.job.domain == *domain);
        if told.is_accepted() {
            PostmasterAnswer::Accepted
        } else if absent.any(|absent| absent.wording == wording) {
            PostmasterAnswer::RefusedAlike
        } else {
            PostmasterAnswer::Other
        }
    }

    /// Where a recipient was accepted and it is not known whether all are, one that nobody has is asked
    /// about; then it can be said what those get who were accepted.
    async fn ask_about_made_up_ones(&mut self, session: &mut Session) {
        let mut known: Vec<(Domain, KnownCatchAll)> = Vec::new();
        for (job, told) in std::mem::take(&mut self.accepted) {
            let found = known.iter().find(|(domain, _)| *domain == job.domain);
            let catch_all = match (job.catch_all.catch_all, found) {
                // The server vouches for nobody (252): what it says of made-up ones means nothing either.
                _ if told.about == Some(About::Mailbox(MailboxDetail::NotVerified)) => {
                    KnownCatchAll::UNKNOWN
                }
                (CatchAll::Unknown, Some((_, catch_all))) => *catch_all,
                (CatchAll::Unknown, None) => {
                    let catch_all = self.ask_about_made_up_one(session, &job).await;
                    known.push((job.domain.clone(), catch_all));
                    catch_all
                }
                (CatchAll::Yes | CatchAll::No, _) => job.catch_all,
            };
            self.answers.push((job, told.with_catch_all(catch_all)));
        }
    }

    async fn ask_about_made_up_one(&mut self, session: &mut Session, job: &Job) -> KnownCatchAll {
        let may_ask = self.may_ask(session);
        let Some(address) = made_up(&job.domain).filter(|_| may_ask) else {
            return KnownCatchAll::UNKNOWN;
        };
        let Some(reply) = self.ask_about(session, &address).await else {
            return KnownCatchAll::UNKNOWN;
        };
        let told = self.interpreter(job.provider.as_deref()).reply(Stage::RcptTo, &reply);
        self.note_stance(Stage::RcptTo, &told);
        let catch_all = match told.evidence.mailbox {
            MailboxEvidence::Accepted { .. } => CatchAll::Yes,
            MailboxEvidence::NotFound => CatchAll::No,
            _ => return KnownCatchAll::UNKNOWN,
        };
        let known = KnownCatchAll::shown(catch_all, told.evidence.asked_at);
        self.learned.push((job.domain.clone(), known));
        known
    }

    /// What a server says of an address that nobody wants to know about for its own sake.
    async fn ask_about(&mut self, session: &mut Session, address: &Address) -> Option<Reply> {
        match session.ask(&[Recipient::from(address)]).await.into_iter().next()? {
            Asked::Answered(Stage::RcptTo, reply) => {
                self.note_recipient(reply.code.class());
                Some(reply)
            }
            Asked::Answered(..)
            | Asked::NotAsked(_)
            | Asked::Stopped
            | Asked::Smtputf8Unsupported => None,
        }
    }

    /// Keeps what was learned, and tells those who got an answer.
    async fn finish_report(&mut self) -> Vec<(Domain, RefusalFinding)> {
        let memory = &self.shared.memory;
        for (domain, catch_all) in &self.learned {
            memory.remember_catch_all(domain, self.host, *catch_all).await;
        }
        let mut findings = Vec::with_capacity(self.unproven.len());
        for Unproven { domain, answers, postmaster, .. } in self.unproven.drain(..) {
            let record = memory.note_refusals(&domain, self.host, answers, postmaster).await;
            findings.push((domain, record.finding));
        }
        for Absent { job, told, .. } in self.absent.drain(..) {
            let finding = findings.iter().find(|(domain, _)| *domain == job.domain);
            let told = match finding {
                Some((_, RefusalFinding::RefusesEverybody)) => told.of_everybody(),
                Some((_, RefusalFinding::Open | RefusalFinding::Believed)) | None => told,
            };
            self.answers.push((job, told));
        }
        for (job, told) in self.answers.drain(..) {
            job.tell(JobOutcome::Told(told));
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
            patterns: &self.shared.patterns,
            now: self.shared.clock.now(),
        }
    }
}

/// An address that nobody has.
fn made_up(domain: &Domain) -> Option<Address> {
    let local: String = (0..MADE_UP_LETTERS).map(|_| fastrand::lowercase()).collect();
    format!("{local}@{}", domain.ascii()).parse().ok()
}
