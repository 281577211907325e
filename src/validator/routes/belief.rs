//! What is believed of what the DNS said.
//!
//! A resolver that denies a big provider's domain is more likely to lie than right. [`credence`] says how much
//! an answer is worth; this file adds what was said before, and counts answers for or against the server that
//! gave them.

use std::sync::Arc;

use super::private_zones::PrivateZones;
use super::trust::ResolverTrust;
use crate::catalog::Popularity;
use crate::route::{
    Credence, Distrust, Failure, HostName, RouteWithTtl, ServerId, canary_answer, credence,
};

/// The route that the DNS gave, and who stands for it.
pub(in crate::validator) struct DnsAnswer {
    pub(in crate::validator) routed: RouteWithTtl,
    /// The server that answered about the MX records.
    pub(super) by: Option<ServerId>,
    /// Whether another server says the same.
    pub(super) agreed: bool,
}

/// How popular the domain of a listed provider is.
pub(in crate::validator) type PopularityOf =
    Arc<dyn Fn(&HostName) -> Option<Popularity> + Send + Sync>;

/// Decides what is believed. Clones share what they learn.
#[derive(Clone)]
pub(super) struct Belief {
    pub(super) trust: ResolverTrust,
    pub(super) private_zones: PrivateZones,
    pub(super) popularity: PopularityOf,
}

impl Belief {
    /// How much this answer is worth, if it denies the domain's mail servers.
    pub(super) fn credence(&self, domain: &HostName, routed: &RouteWithTtl) -> Credence {
        // A private zone is right about its own names.
        if self.private_zones.contain(domain) {
            return Credence::Believed;
        }
        credence(&routed.route, (self.popularity)(domain))
    }

    /// What is believed of an answer.
    ///
    /// # Errors
    /// The answer shows that a server lies which was believed before.
    pub(super) fn judge(
        &self,
        domain: &HostName,
        answer: DnsAnswer,
    ) -> Result<RouteWithTtl, Distrust> {
        let DnsAnswer { routed, by, agreed } = answer;
        let unconfirmed = self.trust.unconfirmed_denials();
        match self.credence(domain, &routed) {
            Credence::Refuted => {
                self.count(domain, &routed, by)?;
                return Ok(RouteWithTtl::unresolved(Failure::Untrusted));
            }
            Credence::ToConfirm if agreed || unconfirmed.confirms(domain) => {}
            Credence::ToConfirm => return Ok(RouteWithTtl::unresolved(Failure::Unconfirmed)),
            Credence::Believed => {
                unconfirmed.contradict(domain);
                self.count(domain, &routed, by)?;
            }
        }
        // The server may have been found to lie while this question was open.
        let lies = by.is_some_and(|by| self.trust.fails(by));
        Ok(if lies { RouteWithTtl::unresolved(Failure::Untrusted) } else { routed })
    }

    /// Counts an answer about a domain that is as good as a canary.
    fn count(
        &self,
        domain: &HostName,
        routed: &RouteWithTtl,
        by: Option<ServerId>,
    ) -> Result<(), Distrust> {
        let is_canary = (self.popularity)(domain).is_some_and(|popularity| popularity.class() <= 2);
        if !is_canary || self.private_zones.contain(domain) {
            return Ok(());
        }
        self.trust.count_provider(domain, canary_answer(&routed.route), by)
    }
}
