//! The last stage: findings are judged and make a report.

use std::time::Duration;

use super::domain_stage::DomainStage;
use super::syntax_stage::ParsedInput;
use super::{ActiveLists, Request, Validator};
use crate::address::{Address, Domain, SyntaxError};
use crate::catalog::OperatorDecision;
use crate::report::{AddressFacts, DomainEvidence, MailboxFacts, Report, SuggestedAddress};
use crate::typo::{Confidence, weigh};
use crate::verdict::{AddressFindings, Findings, Flags, Mailbox, Typo, judge, message};

impl Validator {
    /// The report on a text that is no address.
    pub(super) fn malformed(
        &self,
        lists: &ActiveLists,
        request: &Request<'_>,
        error: SyntaxError,
    ) -> Report {
        let suggestion = self.meant_instead(lists, request, error);
        let confidence = suggestion.as_ref().map(|meant| meant.confidence);
        let findings = Findings::Malformed { code: error.code, suggestion: confidence };
        let judgement = judge(&findings, &self.policy);
        Report {
            message: message(&findings, &judgement, "", None),
            judgement,
            email: request.text.to_owned(),
            suggestion,
            syntax_error: Some(error),
            address: None,
            dns: DomainEvidence::Skipped,
            suggested_dns: DomainEvidence::Skipped,
            mailbox: None,
            made_at: self.clock.now(),
            elapsed: Duration::ZERO,
        }
    }

    /// The report on an address.
    pub(super) fn well_formed(
        &self,
        lists: &ActiveLists,
        request: &Request<'_>,
        known: ParsedInput<'_>,
        domain: DomainStage,
        asked: Option<MailboxFacts>,
    ) -> Report {
        let word =
            known.word.or_else(|| lists.catalog.decision_on_mail_servers(domain.mail_servers()));
        let typo = match word {
            // The operator knows the domain: it is meant as it was typed.
            Some(OperatorDecision::Allowed) => None,
            Some(OperatorDecision::Denied) | None => self.typo(&known, &domain),
        };
        let mailbox = match &asked {
            None => Mailbox::NotWanted,
            Some(facts) => Mailbox::Wanted(facts.evidence.mailbox),
        };
        let ParsedInput { address, cleaned, knowledge, canonical, suggested_dns, .. } = known;
        let flags = Flags {
            disposable: knowledge.disposable,
            relay: knowledge.relay,
            role: lists.catalog.is_role(address.local()),
            free: knowledge.free,
        };
        let findings = Findings::WellFormed(AddressFindings {
            quoting: address.local().quoting(),
            host: domain.findings(),
            mailbox,
            typo: typo.as_ref().map(|(typo, _)| *typo),
            flags,
            word,
        });
        let judgement = judge(&findings, &self.policy);
        let suggestion = typo.map(|(_, suggested)| suggested);
        let meant = suggestion.as_ref().map(|meant| meant.domain.as_str());
        let provider = knowledge.provider.map(|provider| provider.id.clone());
        Report {
            message: message(&findings, &judgement, &address.host().unicode(), meant),
            judgement,
            email: request.text.to_owned(),
            suggestion,
            syntax_error: None,
            address: Some(AddressFacts { address, canonical, cleaned, flags, provider }),
            dns: domain.into_evidence(),
            suggested_dns,
            mailbox: asked,
            made_at: self.clock.now(),
            elapsed: Duration::ZERO,
        }
    }

    /// What was probably meant, weighed with what the DNS says of the domain that was typed.
    fn typo(
        &self,
        known: &ParsedInput<'_>,
        domain: &DomainStage,
    ) -> Option<(Typo, SuggestedAddress)> {
        let meant = known.suggestion.as_ref()?;
        let confidence = weigh(meant, domain.typed_domain())?;
        let target = Domain::parse(&meant.domain).ok()?;
        let suggested = self.suggested(&known.address.with_domain(target).ok()?, confidence)?;
        Some((Typo { kind: meant.kind, confidence }, suggested))
    }

    /// What is suggested, if it is likely enough.
    pub(super) fn suggested(
        &self,
        address: &Address,
        confidence: Confidence,
    ) -> Option<SuggestedAddress> {
        (confidence >= self.suggest_at).then(|| SuggestedAddress {
            email: address.normalized(),
            domain: address.host().unicode().into_owned(),
            confidence,
        })
    }
}
