//! Another top-level domain, where the typed domain does not exist.
//!
//! What `mycompany.con` was meant to be is in no list; that `mycompany.com` accepts mail shows it.

use std::time::Duration;

use super::syntax_stage::ParsedInput;
use super::{Request, Validator};
use crate::address::Host;
use crate::report::DomainEvidence;
use crate::route::HostName;
use crate::typo::{Suggestion, TypoKind, tld_typo, weigh};

impl Validator {
    /// The domain that was meant instead of one that does not exist and for which nothing else is suggested.
    /// Finding out may take what is `left` of the time.
    pub(super) async fn corrected_tld(
        &self,
        parsed: &ParsedInput<'_>,
        domain: &DomainEvidence,
        request: &Request<'_>,
        left: Duration,
    ) -> Option<(Suggestion, DomainEvidence)> {
        let Host::Domain(typed) = parsed.address.host() else { return None };
        if !domain.is_absent()
            || parsed.knowledge.is_known_real()
            || self.has_suggestion(parsed, domain)
        {
            return None;
        }
        let candidate = tld_typo(typed)?;
        let name = HostName::new(candidate.domain.ascii())?;
        let evidence = self.find_route(&name, request, left).await;
        evidence.accepting_route()?;
        let suggestion = Suggestion {
            domain: candidate.domain.ascii().into(),
            kind: TypoKind::Typo,
            confidence: candidate.confidence,
        };
        Some((suggestion, evidence))
    }

    fn has_suggestion(&self, parsed: &ParsedInput<'_>, domain: &DomainEvidence) -> bool {
        let weighed = parsed
            .suggestion
            .as_ref()
            .and_then(|suggestion| weigh(suggestion, domain.typed_domain()));
        weighed.is_some_and(|confidence| confidence >= self.suggest_at)
    }
}
