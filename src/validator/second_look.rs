//! A second look, where the typed domain does not exist: perhaps the slip is in its ending.
//!
//! What `mycompany.con` was meant to be is in no list; that `mycompany.com` takes mail tells.

use std::time::Duration;

use super::domain_stage::{DomainStage, patience, takes_mail};
use super::known::Known;
use super::{Found, Network, Request, Validator};
use crate::address::Host;
use crate::report::DomainEvidence;
use crate::route::HostName;
use crate::typo::{SlipKind, Suggestion, tld_slip, weigh};

impl Validator {
    /// The domain that was meant instead of one that does not exist and for which nothing else is
    /// suggested. Finding out may take what is `left` of the time.
    pub(super) async fn second_look(
        &self,
        known: &Known<'_>,
        domain: &DomainStage,
        request: &Request<'_>,
        left: Duration,
    ) -> Option<(Suggestion, DomainEvidence)> {
        let Host::Domain(typed) = known.address.host() else { return None };
        let Network::Online(routes) = &self.network else { return None };
        if !domain.is_absent() || known.knowledge.is_known_real() || self.suggests(known, domain) {
            return None;
        }
        let candidate = tld_slip(typed)?;
        let name = HostName::new(candidate.domain.ascii())?;
        match routes.of(&name, request.caller, request.urgency, patience(left)).await {
            Found::Learned(learned, freshness) if takes_mail(&learned.route) => {
                let suggestion = Suggestion {
                    domain: candidate.domain.ascii().into(),
                    kind: SlipKind::Typo,
                    confidence: candidate.confidence,
                };
                Some((suggestion, DomainEvidence::Learned(learned, freshness)))
            }
            Found::Learned(..) | Found::OutOfTime | Found::Private => None,
        }
    }

    /// Whether something is suggested already.
    fn suggests(&self, known: &Known<'_>, domain: &DomainStage) -> bool {
        let weighed =
            known.suggestion.as_ref().and_then(|meant| weigh(meant, domain.typed_domain()));
        weighed.is_some_and(|confidence| confidence >= self.suggest_at)
    }
}
