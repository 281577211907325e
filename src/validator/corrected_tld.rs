//! A second look, where the typed domain does not exist: perhaps the typo is in its ending.
//!
//! What `mycompany.con` was meant to be is in no list; that `mycompany.com` takes mail tells.

use std::time::Duration;

use super::domain_stage::{DomainStage, accepts_mail, timeouts};
use super::syntax_stage::ParsedInput;
use super::{FoundRoute, Network, Request, Validator};
use crate::address::Host;
use crate::report::DomainEvidence;
use crate::route::HostName;
use crate::typo::{Suggestion, TypoKind, tld_typo, weigh};

impl Validator {
    /// The domain that was meant instead of one that does not exist and for which nothing else is
    /// suggested. Finding out may take what is `left` of the time.
    pub(super) async fn second_look(
        &self,
        known: &ParsedInput<'_>,
        domain: &DomainStage,
        request: &Request<'_>,
        left: Duration,
    ) -> Option<(Suggestion, DomainEvidence)> {
        let Host::Domain(typed) = known.address.host() else { return None };
        let Network::Online(routes) = &self.network else { return None };
        if !domain.is_absent() || known.knowledge.is_known_real() || self.suggests(known, domain) {
            return None;
        }
        let candidate = tld_typo(typed)?;
        let name = HostName::new(candidate.domain.ascii())?;
        match routes.of(&name, request.caller, request.urgency, timeouts(left)).await {
            FoundRoute::Learned(learned, freshness) if accepts_mail(&learned.route) => {
                let suggestion = Suggestion {
                    domain: candidate.domain.ascii().into(),
                    kind: TypoKind::Typo,
                    confidence: candidate.confidence,
                };
                Some((suggestion, DomainEvidence::Learned(learned, freshness)))
            }
            FoundRoute::Learned(..) | FoundRoute::OutOfTime | FoundRoute::Private => None,
        }
    }

    /// Whether something is suggested already.
    fn suggests(&self, known: &ParsedInput<'_>, domain: &DomainStage) -> bool {
        let weighed =
            known.suggestion.as_ref().and_then(|meant| weigh(meant, domain.typed_domain()));
        weighed.is_some_and(|confidence| confidence >= self.suggest_at)
    }
}
