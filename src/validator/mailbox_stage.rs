//! The third stage: what a mail server says of the mailbox.

use std::sync::Arc;
use std::time::Duration;

use super::domain_stage::for_asking;
use super::list_mode::ListMode;
use super::probing::{Probing, Question};
use super::syntax_stage::ParsedInput;
use super::{ActiveLists, Request, Validator};
use crate::address::Host;
use crate::cache::{LearnedRoute, Timing};
use crate::report::{DomainEvidence, MailboxFacts};
use crate::smtp::limiter::Party;
use crate::store::{Evidence, JournalClosed};
use crate::verdict::{Depth, MailboxEvidence, NotProbed};

/// Who is asked, about which mailbox.
#[derive(Clone, PartialEq, Eq)]
pub struct ProbeTarget {
    /// Whoever runs the first of the mail servers.
    pub party: Party,
    /// What the mailbox is known under, however its address is spelt.
    pub mailbox: String,
}

impl Validator {
    /// What is known of the mailbox, or can be found out in what is `left` of the time; none where nobody
    /// wants to know.
    pub(super) async fn mailbox_stage(
        &self,
        lists: &ActiveLists,
        known: &ParsedInput<'_>,
        domain: &DomainEvidence,
        request: &Request<'_>,
        left: Duration,
    ) -> Option<MailboxFacts> {
        match request.depth {
            Depth::Syntax | Depth::Domain => None,
            Depth::Mailbox => {
                let question =
                    domain.accepting_route().and_then(|route| question(lists, known, route));
                Some(match (&self.probing, question) {
                    (Some(probing), Some(question)) => match &self.list_mode {
                        Some(list_mode) => {
                            // Its time begins when it is its turn, however long the DNS has taken.
                            let time = request.budget;
                            let asked = self.ask_in_bulk(list_mode, probing, question, time).await;
                            asked.unwrap_or_else(|JournalClosed| self.nobody_asked())
                        }
                        None => probing.ask(question, for_asking(left)).await,
                    },
                    // Without a way to it nobody can be asked, whatever the operator wants.
                    (None, _) | (_, None) => self.nobody_asked(),
                })
            }
        }
    }

    /// Who would be asked about a mailbox; none where nobody would be. The DNS is asked for it, and no mail
    /// server.
    pub async fn probe_target(&self, request: &Request<'_>) -> Option<ProbeTarget> {
        let lists = self.lists.load_full();
        let known = ParsedInput::parse(&lists, request).ok()?;
        let domain = self.domain_stage(&known, request).await;
        let question = question(&lists, &known, domain.accepting_route()?)?;
        let party = self.probing.as_ref()?.probe_target(&question)?;
        Some(ProbeTarget { party, mailbox: question.mailbox.key })
    }

    /// For a list: what is noted is not asked, what was asked is noted.
    ///
    /// # Errors
    /// The journal is closed, and with it the work: whatever is said now counts for nothing.
    async fn ask_in_bulk(
        &self,
        list_mode: &ListMode,
        probing: &Probing,
        question: Question,
        time: Duration,
    ) -> Result<MailboxFacts, JournalClosed> {
        if let Some(noted) = self.noted(list_mode, probing, &question).await? {
            return Ok(noted);
        }
        let _turn = list_mode.mailbox_turn().await;
        // Until now another row may have asked about it.
        if let Some(noted) = self.noted(list_mode, probing, &question).await? {
            return Ok(noted);
        }
        let mailbox = question.mailbox.clone();
        let mut facts = probing.ask(question, for_asking(time)).await;
        list_mode.note_mailbox(&mailbox, &mut facts).await;
        Ok(facts)
    }

    async fn noted(
        &self,
        list_mode: &ListMode,
        probing: &Probing,
        question: &Question,
    ) -> Result<Option<MailboxFacts>, JournalClosed> {
        let noted = list_mode.recall_mailbox(&question.mailbox, self.clock.now()).await?;
        let Some((evidence, come_back)) = noted else { return Ok(None) };
        Ok(Some(MailboxFacts {
            evidence: probing.reconsidered(question, evidence).await,
            text: None,
            freshness: Timing::Cached,
            come_back,
        }))
    }

    fn nobody_asked(&self) -> MailboxFacts {
        let off = MailboxEvidence::NotProbed(NotProbed::Off);
        let evidence = Evidence::without_reply(off, self.clock.now());
        MailboxFacts { evidence, text: None, freshness: Timing::Asked, come_back: None }
    }
}

fn question(
    lists: &ActiveLists,
    known: &ParsedInput<'_>,
    way: &Arc<LearnedRoute>,
) -> Option<Question> {
    let Host::Domain(domain) = known.address.host() else { return None };
    let provider = known.knowledge.provider;
    let operators = way.route.mail_servers().filter_map(|exchanger| {
        let operator = lists.catalog.operator_of(exchanger.host.as_str())?;
        Some((exchanger.host.clone(), operator.id.clone()))
    });
    let operators = operators.collect();
    let mail_servers = way.route.mail_servers().map(|exchanger| exchanger.host.as_str());
    Some(Question {
        address: known.address.clone(),
        mailbox: known.canonical.at(domain),
        domain: domain.clone(),
        provider: provider.map(|provider| provider.id.clone()),
        tells: lists.catalog.tells(provider, mail_servers),
        route: way.clone(),
        operators,
    })
}
