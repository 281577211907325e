//! Asking about a random recipient, to find out whether a domain is a catch-all.

use super::Conversation;
use crate::address::{Address, Domain};
use crate::evidence::{CatchAll, KnownCatchAll, MailboxStatus};
use crate::reply::{About, MailboxDetail, Stage};
use crate::smtp::Session;
use crate::validator::probing::job::Job;

/// The length of a random local part: long enough that no mailbox has it.
const RANDOM_LETTERS: usize = 20;

impl Conversation<'_> {
    /// Completes the evidence of accepted recipients. Where it is not known whether the domain is a
    /// catch-all, a random recipient is asked about, once for each domain.
    pub(super) async fn ask_random_recipients(&mut self, session: &mut Session) {
        let mut known: Vec<(Domain, KnownCatchAll)> = Vec::new();
        for (job, evidence) in std::mem::take(&mut self.accepted) {
            let found = known.iter().find(|(domain, _)| *domain == job.domain);
            let catch_all = match (job.catch_all.catch_all, found) {
                // The server verifies no mailbox (252): what it says of a random one means nothing either.
                _ if evidence.about() == Some(About::Mailbox(MailboxDetail::NotVerified)) => {
                    KnownCatchAll::UNKNOWN
                }
                (CatchAll::Unknown, Some((_, catch_all))) => *catch_all,
                (CatchAll::Unknown, None) => {
                    let catch_all = self.ask_random_recipient(session, &job).await;
                    known.push((job.domain.clone(), catch_all));
                    catch_all
                }
                (CatchAll::Yes | CatchAll::No, _) => job.catch_all,
            };
            self.answered.push((job, evidence.with_catch_all(catch_all)));
        }
    }

    async fn ask_random_recipient(&mut self, session: &mut Session, job: &Job) -> KnownCatchAll {
        let may_ask = self.may_ask(session);
        let Some(address) = random_address(&job.domain).filter(|_| may_ask) else {
            return KnownCatchAll::UNKNOWN;
        };
        let Some(reply) = self.ask_extra(session, &address).await else {
            return KnownCatchAll::UNKNOWN;
        };
        let evidence = self.interpreter(job.provider.as_deref()).reply(Stage::RcptTo, &reply);
        self.record_refusal_of_us(Stage::RcptTo, &evidence);
        let catch_all = match evidence.status {
            MailboxStatus::Accepted { .. } => CatchAll::Yes,
            MailboxStatus::NotFound => CatchAll::No,
            _ => return KnownCatchAll::UNKNOWN,
        };
        let known = KnownCatchAll::shown(catch_all, evidence.asked_at);
        self.catch_alls.push((job.domain.clone(), known));
        known
    }
}

fn random_address(domain: &Domain) -> Option<Address> {
    let local: String = (0..RANDOM_LETTERS).map(|_| fastrand::lowercase()).collect();
    format!("{local}@{}", domain.ascii()).parse().ok()
}
