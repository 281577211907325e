//! The third stage: what a mail server says of the mailbox.

use std::sync::Arc;
use std::time::Duration;

use super::bulk::Bulk;
use super::domain_stage::{DomainStage, patience};
use super::known::Known;
use super::probing::{Probing, Question};
use super::{InForce, Request, Validator};
use crate::address::Host;
use crate::cache::{Freshness, LearnedRoute};
use crate::report::MailboxFacts;
use crate::store::{Closed, Evidence};
use crate::verdict::{Depth, MailboxEvidence, NotProbed};

impl Validator {
    /// What is known of the mailbox, or can be found out in what is `left` of the time; none where nobody
    /// wants to know.
    pub(super) async fn mailbox_stage(
        &self,
        lists: &InForce,
        known: &Known<'_>,
        domain: &DomainStage,
        request: &Request<'_>,
        left: Duration,
    ) -> Option<MailboxFacts> {
        match request.depth {
            Depth::Syntax | Depth::Domain => None,
            Depth::Mailbox => {
                let question = domain.way().and_then(|way| question(lists, known, way));
                Some(match (&self.probing, question) {
                    (Some(probing), Some(question)) => match self.bulk() {
                        Some(bulk) => self.ask_in_bulk(bulk, probing, question, left).await,
                        None => probing.ask(question, patience(left)).await,
                    },
                    // Without a way to it nobody can be asked, whatever the operator wants.
                    (None, _) | (_, None) => self.nobody_asked(),
                })
            }
        }
    }

    /// For a list: what is noted is not asked, what was asked is noted.
    async fn ask_in_bulk(
        &self,
        bulk: &Bulk,
        probing: &Probing,
        question: Question,
        left: Duration,
    ) -> MailboxFacts {
        let mailbox = question.mailbox.clone();
        match bulk.recall_mailbox(&mailbox, self.clock.now()).await {
            Ok(None) => {}
            Ok(Some((evidence, come_back))) => {
                let freshness = Freshness::Cached;
                return MailboxFacts { evidence, text: None, freshness, come_back };
            }
            // The work ends here; whatever is said now counts for nothing.
            Err(Closed) => return self.nobody_asked(),
        }
        let _turn = bulk.mailbox_turn().await;
        let mut facts = probing.ask(question, patience(left)).await;
        bulk.note_mailbox(&mailbox, &mut facts).await;
        facts
    }

    fn nobody_asked(&self) -> MailboxFacts {
        let off = MailboxEvidence::NotProbed(NotProbed::Off);
        let evidence = Evidence::without_reply(off, self.clock.now());
        MailboxFacts { evidence, text: None, freshness: Freshness::Asked, come_back: None }
    }
}

fn question(lists: &InForce, known: &Known<'_>, way: &Arc<LearnedRoute>) -> Option<Question> {
    let Host::Domain(domain) = known.address.host() else { return None };
    let provider = known.knowledge.provider;
    let mail_servers = way.route.mail_servers().map(|exchanger| exchanger.host.as_str());
    Some(Question {
        address: known.address.clone(),
        mailbox: known.canonical.at(domain),
        domain: domain.clone(),
        provider: provider.map(|provider| provider.id.clone()),
        tells: lists.catalog.tells(provider, mail_servers),
        route: way.clone(),
    })
}
