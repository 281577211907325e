//! Asking about postmaster, to find out whether a server refuses every recipient; see `smtp::refusals`.

use super::{AbsentRecipient, Conversation, RefusalWording};
use crate::address::{Address, Domain};
use crate::reply::Stage;
use crate::smtp::limiter::Day;
use crate::smtp::{PostmasterAnswer, RecipientAnswers, RefusalFinding, RefusalRecord, Session};
use crate::validator::probing::job::Job;

/// A domain whose refusals are not believed yet.
pub(super) struct RefusalCheck {
    domain: Domain,
    record: RefusalRecord,
    pub(super) answers: RecipientAnswers,
    pub(super) postmaster: Option<PostmasterAnswer>,
}

impl Conversation<'_> {
    pub(super) async fn start_refusal_check(&mut self, job: &Job) {
        let is_checked = self.refusal_check(&job.domain).is_some();
        if job.refusals == RefusalFinding::Believed || is_checked {
            return;
        }
        let record = self.shared.memory.refusals(&job.domain, self.host).await;
        if record.finding != RefusalFinding::Believed {
            let (domain, answers) = (job.domain.clone(), RecipientAnswers::default());
            self.refusal_checks.push(RefusalCheck { domain, record, answers, postmaster: None });
        }
    }

    pub(super) fn refusal_check(&mut self, domain: &Domain) -> Option<&mut RefusalCheck> {
        self.refusal_checks.iter_mut().find(|check| check.domain == *domain)
    }

    /// Asks about the postmaster of each domain whose recipients so far were all refused as unknown.
    pub(super) async fn ask_postmasters(&mut self, session: &mut Session) {
        let today = Day::of(self.shared.clock.now());
        for at in 0..self.refusal_checks.len() {
            let RefusalCheck { domain, record, answers, postmaster } = &self.refusal_checks[at];
            let is_due = record.after(*answers).is_postmaster_due(today);
            if answers.absent == 0 || postmaster.is_some() || !is_due || !self.may_ask(session) {
                continue;
            }
            let domain = domain.clone();
            if self.shared.memory.claim_postmaster(&domain, self.host).await {
                let answer = self.ask_postmaster(session, &domain).await;
                self.refusal_checks[at].postmaster = Some(answer);
            }
        }
    }

    async fn ask_postmaster(&mut self, session: &mut Session, domain: &Domain) -> PostmasterAnswer {
        let Ok(address) = format!("postmaster@{}", domain.ascii()).parse::<Address>() else {
            return PostmasterAnswer::Other;
        };
        let Some(reply) = self.ask_extra(session, &address).await else {
            return PostmasterAnswer::Other;
        };
        let evidence = self.interpreter(None).reply(Stage::RcptTo, &reply);
        self.record_refusal_of_us(Stage::RcptTo, &evidence);
        let wording = RefusalWording::of(&reply, &address);
        let mut absent = self.absent.iter().filter(|absent| absent.job.domain == *domain);
        if evidence.is_accepted() {
            PostmasterAnswer::Accepted
        } else if absent.any(|absent| absent.wording == wording) {
            PostmasterAnswer::RefusedAlike
        } else {
            PostmasterAnswer::Other
        }
    }

    /// Stores what the recipients and postmaster got, and decides what the refusals mean.
    pub(super) async fn finish_refusal_checks(&mut self) -> Vec<(Domain, RefusalFinding)> {
        let mut findings = Vec::with_capacity(self.refusal_checks.len());
        for RefusalCheck { domain, answers, postmaster, .. } in self.refusal_checks.drain(..) {
            let memory = &self.shared.memory;
            let record = memory.note_refusals(&domain, self.host, answers, postmaster).await;
            findings.push((domain, record.finding));
        }
        for AbsentRecipient { job, evidence, .. } in self.absent.drain(..) {
            let finding = findings.iter().find(|(domain, _)| *domain == job.domain);
            let evidence = match finding {
                Some((_, RefusalFinding::RefusesEverybody)) => evidence.of_everybody(),
                Some((_, RefusalFinding::Open | RefusalFinding::Believed)) | None => evidence,
            };
            self.answered.push((job, evidence));
        }
        findings
    }
}
