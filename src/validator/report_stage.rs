//! The last stage: the findings are judged and become a report.

use std::time::Duration;

use super::syntax_stage::ParsedInput;
use super::{ActiveLists, Request, Validator};
use crate::address::{Address, Domain, SyntaxError};
use crate::catalog::OperatorDecision;
use crate::report::{AddressFacts, DomainEvidence, MailboxFacts, Report, SuggestedAddress};
use crate::typo::{Confidence, weigh};
use crate::verdict::{AddressFindings, Findings, Flags, Typo, judge, message};

impl Validator {
    /// The report on a text that is not an address.
    pub(super) fn malformed(
        &self,
        lists: &ActiveLists,
        request: &Request<'_>,
        error: SyntaxError,
    ) -> Report {
        let suggestion = self.suggest_for_malformed(lists, request, error);
        let confidence = suggestion.as_ref().map(|suggested| suggested.confidence);
        let findings = Findings::Malformed { code: error.code, suggestion: confidence };
        let judgement = judge(&findings, &self.policy);
        Report {
            message: message(&findings, &judgement, "", None),
            judgement,
            email: request.text.to_owned(),
            suggestion,
            syntax_error: Some(error),
            address: None,
            dns: DomainEvidence::NotAsked,
            suggested_dns: DomainEvidence::NotAsked,
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
        parsed: ParsedInput<'_>,
        domain: DomainEvidence,
        mailbox_facts: Option<MailboxFacts>,
    ) -> Report {
        let decision = parsed
            .decision
            .or_else(|| lists.catalog.decision_on_mail_servers(domain.mail_servers()));
        let typo = match decision {
            // The operator knows the domain: it is meant as it was typed.
            Some(OperatorDecision::Allowed) => None,
            Some(OperatorDecision::Denied) | None => self.typo(&parsed, &domain),
        };
        let mailbox = mailbox_facts.as_ref().map(|facts| facts.evidence.status);
        let ParsedInput { address, cleaned, knowledge, canonical, suggested_dns, .. } = parsed;
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
            decision,
        });
        let judgement = judge(&findings, &self.policy);
        let suggestion = typo.map(|(_, suggested)| suggested);
        let suggested_domain = suggestion.as_ref().map(|suggested| suggested.domain.as_str());
        let provider = knowledge.provider.map(|provider| provider.id.clone());
        Report {
            message: message(&findings, &judgement, &address.host().unicode(), suggested_domain),
            judgement,
            email: request.text.to_owned(),
            suggestion,
            syntax_error: None,
            address: Some(AddressFacts { address, canonical, cleaned, flags, provider }),
            dns: domain,
            suggested_dns,
            mailbox: mailbox_facts,
            made_at: self.clock.now(),
            elapsed: Duration::ZERO,
        }
    }

    /// The suggestion, weighed with what the DNS says of the domain that was typed.
    fn typo(
        &self,
        parsed: &ParsedInput<'_>,
        domain: &DomainEvidence,
    ) -> Option<(Typo, SuggestedAddress)> {
        let suggestion = parsed.suggestion.as_ref()?;
        let confidence = weigh(suggestion, domain.typed_domain())?;
        let target = Domain::parse(&suggestion.domain).ok()?;
        let suggested = self.suggested(&parsed.address.with_domain(target).ok()?, confidence)?;
        Some((Typo { kind: suggestion.kind, confidence }, suggested))
    }

    /// The suggested address, if it is likely enough.
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
