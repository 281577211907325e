//! Looking one domain up in the DNS: the questions, a second server's opinion on a denial, and what is believed of
//! it all.
//!
//! This is what the live and the journaled routes share.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout_at};

use super::belief::{Belief, DnsAnswer, PopularityOf};
use super::canaries::Canaries;
use super::private_zones::PrivateZones;
use super::progress::{LookupProgress, note_answer, note_question};
use super::rate_limit::{Client, LookupLimits};
use super::trust::ResolverTrust;
use crate::address::Domain;
use crate::cache::{LearnedRoute, RouteCache, Timing};
use crate::clock::Clock;
use crate::dns::{
    Answered, Dns, Servers, can_be_asked_again, find_route, second_opinion, without_opinion,
};
use crate::reach::ReachPolicy;
use crate::report::DomainEvidence;
use crate::route::{
    Answer, Credence, Distrust, Failure, HostName, RouteOutcome, RouteWithTtl, ServerId, Trust,
};

/// How many look-ups ask at the same time. A question holds a socket, and the buffer of a name server's socket
/// holds about so many questions as Linux makes it (212,992 bytes, 768 for a packet): what comes beyond is lost.
pub(in crate::validator) const MAX_QUESTIONS: usize = 256;

/// How routes are asked for and kept.
#[derive(Clone, Debug)]
pub struct RouteSettings {
    /// Which addresses of mail servers count.
    pub reach: ReachPolicy,
    /// Domains that only the operator may ask about, with all below them.
    pub private_zones: Vec<Domain>,
    pub limits: LookupLimits,
    /// When a look-up is given up, whatever the DNS does.
    pub lookup_timeout: Duration,
    /// A caller whose time is over after the DNS left a question unanswered for so long gets a DNS timeout.
    pub dns_timeout: Duration,
    /// How many bytes of routes are kept.
    pub cache_bytes: u64,
}

/// Looks domains up. Clones share the cache and what is known of the servers.
#[derive(Clone)]
pub(in crate::validator) struct RouteLookup {
    dns: Arc<dyn Dns>,
    clock: Arc<dyn Clock>,
    reach: Arc<ReachPolicy>,
    lookup_timeout: Duration,
    dns_timeout: Duration,
    cache: RouteCache,
    /// Permits of the look-ups that may ask at the same time, each one question after the other.
    questions: Arc<Semaphore>,
    belief: Belief,
    canaries: Arc<Canaries>,
}

impl RouteLookup {
    pub(super) fn new(dns: Arc<dyn Dns>, clock: Arc<dyn Clock>, settings: RouteSettings) -> Self {
        let cache = RouteCache::new(settings.cache_bytes);
        let belief = Belief {
            trust: ResolverTrust::new(dns.clone(), cache.clone()),
            private_zones: PrivateZones::new(settings.private_zones),
            popularity: Arc::new(|_| None),
        };
        Self {
            dns,
            clock,
            reach: Arc::new(settings.reach),
            lookup_timeout: settings.lookup_timeout,
            dns_timeout: settings.dns_timeout,
            cache,
            questions: Arc::new(Semaphore::new(MAX_QUESTIONS)),
            belief,
            canaries: Arc::default(),
        }
    }

    /// The same, with domains of providers that are known to have mail servers.
    pub(super) fn with_popularity(mut self, popularity: PopularityOf) -> Self {
        self.belief.popularity = popularity;
        self
    }

    /// The same, tested with canaries: answers wait for the first test.
    pub(super) fn tested_with(self, canaries: Canaries) -> Self {
        if !canaries.domains.is_empty() {
            self.trust().await_test();
        }
        Self { canaries: Arc::new(canaries), ..self }
    }

    /// The same, with so many look-ups that ask at the same time.
    pub(in crate::validator) fn with_questions(self, questions: usize) -> Self {
        Self { questions: permits(questions), ..self }
    }

    pub(in crate::validator) fn dns(&self) -> &Arc<dyn Dns> {
        &self.dns
    }

    pub(in crate::validator) fn trust(&self) -> &ResolverTrust {
        &self.belief.trust
    }

    /// Tests the servers at once and then at every interval, without end.
    pub(in crate::validator) async fn watch_canaries(&self) -> Infallible {
        self.trust().watch(&self.canaries).await
    }

    /// Whether this client may ask about the name.
    pub(in crate::validator) fn is_open_to(&self, client: Client, name: &HostName) -> bool {
        self.belief.private_zones.open_to(client, name)
    }

    /// What is known of a domain, current or not.
    pub(in crate::validator) async fn cached(
        &self,
        domain: &HostName,
    ) -> Option<Arc<LearnedRoute>> {
        self.cache.get(domain).await
    }

    /// What is known of a domain and still holds.
    pub(in crate::validator) async fn current(
        &self,
        domain: &HostName,
    ) -> Option<Arc<LearnedRoute>> {
        self.cached(domain).await.filter(|known| known.is_current())
    }

    pub(in crate::validator) async fn remember(
        &self,
        domain: HostName,
        learned: Arc<LearnedRoute>,
    ) {
        self.cache.insert(domain, learned).await;
    }

    pub(in crate::validator) fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    pub(in crate::validator) fn learned(&self, routed: RouteWithTtl) -> Arc<LearnedRoute> {
        Arc::new(LearnedRoute::new(routed, self.now()))
    }

    /// No route, because of this.
    pub(in crate::validator) fn unresolved(&self, failure: Failure) -> DomainEvidence {
        DomainEvidence::Learned(self.learned(RouteWithTtl::unresolved(failure)), Timing::Asked)
    }

    /// Whether the DNS is to blame for a time that was over: it left a question unanswered for so long, and not
    /// because too many others were asked.
    pub(super) fn is_silent_after(&self, unanswered_for: Duration) -> bool {
        unanswered_for >= self.dns_timeout && !self.dns.is_full()
    }

    /// What is believed of an answer.
    ///
    /// # Errors
    /// The answer shows that a server lies which was believed before.
    pub(in crate::validator) fn believed(
        &self,
        domain: &HostName,
        answer: DnsAnswer,
    ) -> Result<RouteWithTtl, Distrust> {
        self.belief.judge(domain, answer)
    }

    /// The route, once a test has shown whether the resolver can be believed; before that no caller gets it.
    pub(super) async fn once_trusted(&self, routed: RouteWithTtl) -> RouteWithTtl {
        match self.trust().once_trusted(self.lookup_timeout).await {
            Some(Trust::Sound) => routed,
            Some(Trust::Invents | Trust::Denies) => RouteWithTtl::unresolved(Failure::Untrusted),
            None => RouteWithTtl::unresolved(Failure::Timeout),
        }
    }

    /// Asks the DNS, until the timeout of a look-up.
    pub(in crate::validator) async fn ask(
        &self,
        domain: &HostName,
        client: Client,
        progress: &watch::Sender<LookupProgress>,
    ) -> DnsAnswer {
        // The time begins when the look-up may ask: that others ask before it says nothing of the servers.
        let _permit = self.questions.acquire().await;
        let deadline = Instant::now() + self.lookup_timeout;
        // Any domain may name mail servers in a private zone; those are not asked for either.
        let may_ask = |name: &HostName| self.is_open_to(client, name);
        let asking = || note_question(progress);
        let route = find_route(&*self.dns, domain.clone(), &self.reach, may_ask, asking);
        let route = timeout_at(deadline, route).await;
        note_answer(progress);
        let (outcome, by) = route.unwrap_or_else(|_| {
            let routed = RouteWithTtl::unresolved(Failure::Timeout);
            (RouteOutcome { routed, denials: Vec::new() }, None)
        });
        let credence = self.belief.credence(domain, &outcome.routed);
        // "Mail goes nowhere" is the gravest answer: another server is asked too, where there is one. A caller
        // that cannot wait for it gets the first answer, unless that has to be confirmed.
        let first = without_opinion(&outcome);
        if can_be_asked_again(&*self.dns, &outcome) {
            if self.trust().now() == Some(Trust::Sound) && credence == Credence::Believed {
                let provisional = self.learned(first.clone());
                progress.send_replace(LookupProgress::Provisional(provisional));
            }
            let opinion = second_opinion(&*self.dns, outcome, &self.reach);
            let (routed, agreed) = timeout_at(deadline, opinion).await.unwrap_or((first, false));
            return DnsAnswer { routed, by, agreed };
        }
        match by.filter(|by| credence == Credence::ToConfirm && self.dns.has_other(*by)) {
            Some(by) => self.ask_another(domain, first, by, deadline).await,
            None => DnsAnswer { routed: first, by, agreed: false },
        }
    }

    /// Asks another server about the MX records, where mail would go to the domain's own address: nothing was
    /// denied that could be asked again.
    async fn ask_another(
        &self,
        domain: &HostName,
        first: RouteWithTtl,
        by: ServerId,
        deadline: Instant,
    ) -> DnsAnswer {
        let other = timeout_at(deadline, self.dns.mx(domain, Servers::Except(by))).await;
        let (routed, agreed) = match other {
            Ok(Answered { result: Ok(Answer::Found { .. }), .. }) => {
                (RouteWithTtl::unresolved(Failure::Contradicted), false)
            }
            Ok(Answered { result: Ok(_), .. }) => (first, true),
            // A server that does not answer contradicts nothing.
            Ok(Answered { result: Err(_), .. }) | Err(_) => (first, false),
        };
        DnsAnswer { routed, by: Some(by), agreed }
    }
}

/// So many permits, within what a semaphore can hold.
pub(in crate::validator) fn permits(count: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(count.clamp(1, Semaphore::MAX_PERMITS)))
}
