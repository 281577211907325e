//! One connection to a mail server: who is asked about on it, and when it is enough.

use std::collections::VecDeque;

use metrics::counter;

use super::Shared;
use super::line::{Job, Outcome};
use super::told::{Hearing, Told};
use crate::address::{Address, Domain};
use crate::reply::{About, MailboxDetail, NowDetail, ReplyClass, Stage, UsDetail};
use crate::route::HostName;
use crate::smtp::dial::Target;
use crate::smtp::etiquette::{Allowance, Outcomes, Stance};
use crate::smtp::{
    Asked, Cause, MAX_IN_FLIGHT, Malformed, Recipient, Session, SessionError, Synchronisation,
};
use crate::verdict::{CatchAll, MailboxEvidence};

/// From so many recipients on, all refused for a reason that speaks of us, it is us that they refuse.
const REFUSALS_THAT_MEAN_US: u32 = 3;
/// The length of a made-up local part: nobody has that.
const MADE_UP_LETTERS: usize = 20;

/// What is asked on one connection.
pub(super) struct Conversation<'a> {
    shared: &'a Shared,
    host: &'a HostName,
    /// Recipients that may still be asked about, and be refused.
    left: Allowance,
    outcomes: Outcomes,
    /// Refusals so far that speak of us.
    of_us: u32,
    /// Recipients that were accepted; what they get depends on a made-up one.
    accepted: Vec<(Job, Told)>,
    /// What recipients get if the conversation ends in step.
    answers: Vec<(Job, Told)>,
    /// Recipients of which the server would not speak.
    unasked: Vec<Job>,
    /// What every other recipient would be told.
    for_all: Option<Told>,
    /// What whoever else waits is told.
    for_rest: Option<Outcome>,
    /// What was learned of domains, to be kept once the server is not kept waiting by it.
    learned: Vec<(Domain, CatchAll)>,
}

/// What came of a conversation.
pub(super) struct Held {
    pub(super) outcomes: Outcomes,
    /// Those who have to be asked about on another connection.
    pub(super) unasked: Vec<Job>,
    /// What whoever else waits for this server is told.
    pub(super) for_rest: Option<Outcome>,
    /// What was learned of domains.
    pub(super) learned: Vec<(Domain, CatchAll)>,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(shared: &'a Shared, host: &'a HostName, allowance: Allowance) -> Self {
        let outcomes = Outcomes { asked: 0, answered: 0, absent: 0, stance: Stance::Unclear };
        Self {
            shared,
            host,
            left: allowance,
            outcomes,
            of_us: 0,
            accepted: Vec::new(),
            answers: Vec::new(),
            unasked: Vec::new(),
            for_all: None,
            for_rest: None,
            learned: Vec::new(),
        }
    }

    /// Asks about these, and tells each what came of it.
    pub(super) async fn hold(mut self, target: Target, jobs: Vec<Job>) -> Held {
        let jobs = self.without_known(jobs).await;
        if jobs.is_empty() {
            return Held {
                outcomes: self.outcomes,
                unasked: jobs,
                for_rest: None,
                learned: Vec::new(),
            };
        }
        let mut jobs = VecDeque::from(jobs);
        jobs.iter().for_each(Job::begin);
        let begun = self.shared.client.connect(&*self.shared.dialer, self.host, &[target]).await;
        let outcome = if begun.is_ok() { "begun" } else { "failed" };
        counter!("mailvet_probe_connections_total", "outcome" => outcome).increment(1);
        match begun {
            Ok(mut session) => {
                self.ask_about_all(&mut session, &mut jobs).await;
                self.ask_about_made_up_ones(&mut session).await;
                if session.quit().await == Synchronisation::Lost {
                    self.discard_answers();
                }
            }
            // The next connection is in clear text, and waits for its turn like any other.
            Err(SessionError { cause: Cause::Tls, .. }) => {}
            Err(error) => self.could_not_begin(&error, &mut jobs),
        }
        for (domain, catch_all) in &self.learned {
            self.shared.memory.remember_catch_all(domain, self.host, *catch_all).await;
        }
        for (job, told) in self.answers.drain(..) {
            job.tell(Outcome::Told(told));
        }
        if let Some(told) = &self.for_all {
            for job in self.unasked.drain(..).chain(jobs.drain(..)) {
                job.tell(Outcome::Told(told.clone()));
            }
            self.for_rest = Some(Outcome::Told(told.clone()));
        }
        if self.outcomes.answered == 0 && self.of_us >= REFUSALS_THAT_MEAN_US {
            self.outcomes.stance = Stance::Refused;
        }
        self.unasked.extend(jobs);
        Held {
            outcomes: self.outcomes,
            unasked: self.unasked,
            for_rest: self.for_rest,
            learned: self.learned,
        }
    }

    /// Tells those whose domain was found out to accept anybody since they joined the line.
    async fn without_known(&self, jobs: Vec<Job>) -> Vec<Job> {
        let mut unknown = Vec::with_capacity(jobs.len());
        for mut job in jobs {
            if job.catch_all == CatchAll::Unknown {
                let hosts = std::slice::from_ref(self.host);
                job.catch_all = self.shared.memory.catch_all(&job.domain, hosts).await;
            }
            if job.catch_all == CatchAll::Yes {
                let accepted = MailboxEvidence::Accepted { catch_all: CatchAll::Yes };
                let told = Told::nothing(accepted, self.shared.clock.now());
                job.tell(Outcome::Told(told));
            } else {
                unknown.push(job);
            }
        }
        unknown
    }

    /// One of the replies was another command's, and nobody can tell which: no answer counts.
    fn discard_answers(&mut self) {
        let cause = Cause::Malformed(Malformed::Unmatched);
        let error = SessionError { stage: Stage::RcptTo, cause };
        let told = self.hearing(None).error(&error);
        self.answers.iter_mut().for_each(|(_, answer)| *answer = told.clone());
        self.learned.clear();
        (self.outcomes.answered, self.outcomes.absent) = (0, 0);
        if self.outcomes.stance == Stance::Welcome {
            self.outcomes.stance = Stance::Unclear;
        }
    }

    fn could_not_begin(&mut self, error: &SessionError, jobs: &mut VecDeque<Job>) {
        let told = self.hearing(None).error(error);
        self.note_stance(error.stage, &told);
        let outcome = if is_worth_another_server(error) && !refuses_everybody(error.stage, &told) {
            Outcome::NobodyThere(told)
        } else {
            Outcome::Told(told)
        };
        jobs.drain(..).for_each(|job| job.tell(outcome.clone()));
        // Nobody else would get further.
        self.for_rest = Some(outcome);
    }

    async fn ask_about_all(&mut self, session: &mut Session, jobs: &mut VecDeque<Job>) {
        while self.may_ask(session) && self.for_all.is_none() && !jobs.is_empty() {
            // In the worst case each of them is refused.
            let most = self.left.recipients.min(self.left.refusals) as usize;
            let now: Vec<Job> = jobs.drain(..jobs.len().min(most).min(MAX_IN_FLIGHT)).collect();
            let recipients: Vec<Recipient> = now.iter().map(|job| job.recipient.clone()).collect();
            for (job, asked) in now.into_iter().zip(session.ask(&recipients).await) {
                self.hear(job, asked);
            }
        }
    }

    fn may_ask(&self, session: &Session) -> bool {
        session.ended().is_none() && self.left.recipients > 0 && self.left.refusals > 0
    }

    /// What came of asking about one recipient.
    fn hear(&mut self, mut job: Job, asked: Asked) {
        let provider = job.provider.clone();
        let hearing = self.hearing(provider.as_deref());
        match asked {
            Asked::Answered(stage, reply) => {
                let told = hearing.reply(stage, &reply);
                self.note_answer(stage, reply.code.class(), &told);
                if told.is_accepted() {
                    self.accepted.push((job, told));
                } else if self.was_one_too_many(&told) && job.may_be_tried_again() {
                    job.was_tried();
                    self.unasked.push(job);
                } else {
                    self.answers.push((job, told));
                }
            }
            // Whom the replies were about cannot be told, so that nobody is asked about again.
            Asked::NotAsked(error) if error.is_out_of_step() => {
                self.answers.push((job, hearing.error(&error)));
            }
            Asked::NotAsked(error) => {
                let told = hearing.error(&error);
                self.note_stance(error.stage, &told);
                // It was the first of them that the server hung up on; the others did not come to it.
                if self.unasked.is_empty() {
                    job.was_tried();
                }
                if job.may_be_tried_again() {
                    self.unasked.push(job);
                } else {
                    self.answers.push((job, told));
                }
            }
            Asked::Smtputf8Unsupported => {
                self.answers.push((job, hearing.smtputf8_unsupported()));
            }
        }
    }

    /// Whether the server speaks of the number of recipients, having taken some: there is room for the
    /// others in another transaction (RFC 5321 §4.5.3.1.10).
    fn was_one_too_many(&self, told: &Told) -> bool {
        told.about == Some(About::Now(NowDetail::TooManyRecipients)) && self.outcomes.answered > 0
    }

    fn note_answer(&mut self, stage: Stage, class: ReplyClass, told: &Told) {
        self.note_recipient(class);
        match told.about {
            Some(About::Mailbox(_)) => {
                self.outcomes.answered += 1;
                let is_absent = told.evidence.mailbox == MailboxEvidence::NotFound;
                self.outcomes.absent += u32::from(is_absent);
                if self.outcomes.stance == Stance::Unclear {
                    self.outcomes.stance = Stance::Welcome;
                }
            }
            Some(About::Us(detail)) => self.of_us += u32::from(!is_of_a_domain(detail)),
            Some(About::Now(_)) | None => {}
        }
        self.note_stance(stage, told);
        if stage != Stage::RcptTo || refuses_everybody(stage, told) {
            self.for_all = Some(told.clone());
        }
    }

    fn note_recipient(&mut self, class: ReplyClass) {
        self.outcomes.asked += 1;
        self.left.recipients = self.left.recipients.saturating_sub(1);
        if class != ReplyClass::Positive {
            self.left.refusals = self.left.refusals.saturating_sub(1);
        }
    }

    fn note_stance(&mut self, stage: Stage, told: &Told) {
        if refuses_everybody(stage, told) {
            self.outcomes.stance = Stance::Refused;
        }
    }

    /// Where a recipient was accepted and it is not known whether all are, one that nobody has is asked
    /// about; then those who were accepted are told.
    async fn ask_about_made_up_ones(&mut self, session: &mut Session) {
        let mut known: Vec<(Domain, CatchAll)> = Vec::new();
        for (job, told) in std::mem::take(&mut self.accepted) {
            let found = known.iter().find(|(domain, _)| *domain == job.domain);
            let catch_all = match (job.catch_all, found) {
                // The server vouches for nobody (252): what it says of made-up ones means nothing either.
                _ if told.about == Some(About::Mailbox(MailboxDetail::NotVerified)) => {
                    CatchAll::Unknown
                }
                (CatchAll::Unknown, Some((_, catch_all))) => *catch_all,
                (CatchAll::Unknown, None) => {
                    let catch_all = self.ask_about_made_up_one(session, &job).await;
                    known.push((job.domain.clone(), catch_all));
                    catch_all
                }
                (known, _) => known,
            };
            self.answers.push((job, told.with_catch_all(catch_all)));
        }
    }

    async fn ask_about_made_up_one(&mut self, session: &mut Session, job: &Job) -> CatchAll {
        let may_ask = self.may_ask(session) && self.for_all.is_none();
        let Some(address) = made_up(&job.domain).filter(|_| may_ask) else {
            return CatchAll::Unknown;
        };
        let asked = session.ask(&[Recipient::from(&address)]).await;
        let Some(Asked::Answered(Stage::RcptTo, reply)) = asked.into_iter().next() else {
            return CatchAll::Unknown;
        };
        self.note_recipient(reply.code.class());
        let told = self.hearing(job.provider.as_deref()).reply(Stage::RcptTo, &reply);
        self.note_stance(Stage::RcptTo, &told);
        let catch_all = match told.evidence.mailbox {
            MailboxEvidence::Accepted { .. } => CatchAll::Yes,
            MailboxEvidence::NotFound => CatchAll::No,
            _ => return CatchAll::Unknown,
        };
        self.learned.push((job.domain.clone(), catch_all));
        catch_all
    }

    fn hearing<'h>(&self, provider: Option<&'h str>) -> Hearing<'h>
    where
        'a: 'h,
    {
        Hearing {
            host: self.host,
            provider,
            patterns: &self.shared.patterns,
            now: self.shared.clock.now(),
        }
    }
}

/// Whether another server of the domain may take us: as RFC 5321 §5.1 has it for a delivery that cannot be
/// made now.
fn is_worth_another_server(error: &SessionError) -> bool {
    match &error.cause {
        Cause::Unreachable(_) => true,
        Cause::Timeout | Cause::Dropped => error.stage == Stage::Connect,
        Cause::Reply(reply) => reply.code.class() == ReplyClass::Transient,
        Cause::Malformed(_) | Cause::Tls => false,
    }
}

/// Whether what one recipient was told is what every other would be told.
fn refuses_everybody(stage: Stage, told: &Told) -> bool {
    match told.about {
        // Of one recipient's own rules others know nothing; before there is one it is about us. So is that we
        // are one too many for them.
        Some(
            About::Us(UsDetail::SenderRefused | UsDetail::AuthPolicy)
            | About::Now(NowDetail::TooManyConnections),
        ) => stage != Stage::RcptTo,
        Some(About::Us(detail)) => detail.is_for_every_recipient(),
        Some(About::Now(_) | About::Mailbox(_)) | None => false,
    }
}

/// Whether a refusal is about one domain, or one recipient: what they do not do for it says nothing of what
/// they would do for another.
fn is_of_a_domain(detail: UsDetail) -> bool {
    use UsDetail::{DomainNotAccepted, RecipientRestricted, RelayDenied};
    matches!(detail, DomainNotAccepted | RecipientRestricted | RelayDenied)
}

/// An address that nobody has.
fn made_up(domain: &Domain) -> Option<Address> {
    let local: String = (0..MADE_UP_LETTERS).map(|_| fastrand::lowercase()).collect();
    format!("{local}@{}", domain.ascii()).parse().ok()
}
