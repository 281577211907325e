//! The third stage: probing the mailbox.

use std::sync::Arc;
use std::time::Duration;

use super::domain_stage::for_asking;
use super::list_mode::ListRun;
use super::probing::{ProbeRequest, Probing};
use super::syntax_stage::ParsedInput;
use super::{ActiveLists, Request, Validator};
use crate::address::Host;
use crate::cache::{LearnedRoute, Timing};
use crate::evidence::{Evidence, MailboxStatus, NotProbed};
use crate::report::{DomainEvidence, MailboxFacts};
use crate::smtp::limiter::Party;
use crate::store::JournalClosed;
use crate::verdict::Depth;

/// The mailbox that a probe would ask about, and whose mail servers.
#[derive(Clone, PartialEq, Eq)]
pub struct ProbeTarget {
    /// The organisation that runs the first of the mail servers.
    pub party: Party,
    /// The canonical name of the mailbox.
    pub mailbox: String,
}

impl Validator {
    /// The evidence of the mailbox that is known or can be found out in the time `left`; none where the
    /// request does not go that deep.
    pub(super) async fn mailbox_stage(
        &self,
        lists: &ActiveLists,
        parsed: &ParsedInput<'_>,
        domain: &DomainEvidence,
        request: &Request<'_>,
        left: Duration,
    ) -> Option<MailboxFacts> {
        match request.depth {
            Depth::Syntax | Depth::Domain => None,
            Depth::Mailbox => {
                let probe =
                    domain.accepting_route().and_then(|route| probe_request(lists, parsed, route));
                Some(match (&self.probing, probe) {
                    (Some(probing), Some(probe)) => match &self.list_run {
                        Some(list_run) => {
                            // Its time begins with its turn, however long the DNS has taken.
                            let time = request.budget;
                            let facts = self.probe_for_list(list_run, probing, probe, time).await;
                            facts.unwrap_or_else(|JournalClosed| self.probe_off())
                        }
                        None => probing.probe(probe, for_asking(left)).await,
                    },
                    // The probe is off, or the domain has no mail servers.
                    (None, _) | (_, None) => self.probe_off(),
                })
            }
        }
    }

    /// The target that a probe would have; none where no mail server would be asked. Asks the DNS, and no mail
    /// server.
    pub async fn probe_target(&self, request: &Request<'_>) -> Option<ProbeTarget> {
        let lists = self.lists.load_full();
        let parsed = ParsedInput::parse(&lists, request).ok()?;
        let domain = self.domain_stage(&parsed, request).await;
        let probe = probe_request(&lists, &parsed, domain.accepting_route()?)?;
        let party = self.probing.as_ref()?.probe_target(&probe)?;
        Some(ProbeTarget { party, mailbox: probe.mailbox.key })
    }

    /// Takes the evidence from the journal, or probes and writes the evidence to the journal.
    ///
    /// # Errors
    /// The journal is closed. The run ends, and the evidence would be lost.
    async fn probe_for_list(
        &self,
        list_run: &ListRun,
        probing: &Probing,
        probe: ProbeRequest,
        time: Duration,
    ) -> Result<MailboxFacts, JournalClosed> {
        if let Some(facts) = self.recall_from_journal(list_run, probing, &probe).await? {
            return Ok(facts);
        }
        let _turn = list_run.mailbox_turn().await;
        // Another row may have asked about it during the wait.
        if let Some(facts) = self.recall_from_journal(list_run, probing, &probe).await? {
            return Ok(facts);
        }
        let mailbox = probe.mailbox.clone();
        let mut facts = probing.probe(probe, for_asking(time)).await;
        list_run.note_mailbox(&mailbox, &mut facts).await;
        Ok(facts)
    }

    async fn recall_from_journal(
        &self,
        list_run: &ListRun,
        probing: &Probing,
        probe: &ProbeRequest,
    ) -> Result<Option<MailboxFacts>, JournalClosed> {
        let noted = list_run.recall_mailbox(&probe.mailbox, self.clock.now()).await?;
        let Some((evidence, next_attempt)) = noted else { return Ok(None) };
        let evidence = probing.corrected_by_server_findings(probe, evidence).await;
        Ok(Some(MailboxFacts { evidence, timing: Timing::Cached, next_attempt }))
    }

    fn probe_off(&self) -> MailboxFacts {
        let off = MailboxStatus::NotProbed(NotProbed::Off);
        let evidence = Evidence::without_reply(off, self.clock.now());
        MailboxFacts { evidence, timing: Timing::Asked, next_attempt: None }
    }
}

fn probe_request(
    lists: &ActiveLists,
    parsed: &ParsedInput<'_>,
    route: &Arc<LearnedRoute>,
) -> Option<ProbeRequest> {
    let Host::Domain(domain) = parsed.address.host() else { return None };
    let provider = parsed.knowledge.provider;
    let operators = route.route.mail_servers().filter_map(|exchanger| {
        let operator = lists.catalog.operator_of(exchanger.host.as_str())?;
        Some((exchanger.host.clone(), operator.id.clone()))
    });
    let operators = operators.collect();
    let mail_servers = route.route.mail_servers().map(|exchanger| exchanger.host.as_str());
    Some(ProbeRequest {
        address: parsed.address.clone(),
        mailbox: parsed.canonical.at(domain),
        domain: domain.clone(),
        provider: provider.map(|provider| provider.id.clone()),
        behaviour: lists.catalog.probe_behaviour(provider, mail_servers),
        route: route.clone(),
        operators,
    })
}
