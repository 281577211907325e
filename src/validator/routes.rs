//! Routes of domains: from memory where they still hold, else from the DNS, one flight a domain.

use std::sync::Arc;

use tokio::time::Instant;

use crate::cache::{Freshness, LearnedRoute, RouteCache};
use crate::clock::Clock;
use crate::dns::{Dns, find_route};
use crate::reach::ReachPolicy;
use crate::route::{Failure, HostName, MailRoute, Routed, lifetime};

/// Finds routes and remembers them. Clones share the memory.
#[derive(Clone)]
pub struct Routes {
    dns: Arc<dyn Dns>,
    policy: Arc<ReachPolicy>,
    clock: Arc<dyn Clock>,
    cache: RouteCache,
}

impl Routes {
    /// Routes from this DNS, with an empty memory.
    pub fn new(dns: Arc<dyn Dns>, policy: Arc<ReachPolicy>, clock: Arc<dyn Clock>) -> Self {
        Self { dns, policy, clock, cache: RouteCache::new() }
    }

    /// The route of a domain. May be dropped at any time: what was begun goes on and is remembered.
    pub async fn of(&self, domain: &HostName) -> (Arc<LearnedRoute>, Freshness) {
        if let Some(learned) = self.cache.get(domain).await {
            return (learned, Freshness::Cached);
        }
        // A task of its own, because the caller may hang up while others still wait for the answer.
        let flight = tokio::spawn(self.clone().learn(domain.clone()));
        match flight.await {
            Ok(learned) => (learned, Freshness::Asked),
            // The runtime is being taken down.
            Err(_) => (Arc::new(self.learned(unresolved())), Freshness::Asked),
        }
    }

    async fn learn(self, domain: HostName) -> Arc<LearnedRoute> {
        let asked = domain.clone();
        let ask = async {
            let routed = find_route(&*self.dns, asked, &self.policy).await;
            Arc::new(self.learned(routed))
        };
        self.cache.get_or_learn(domain, ask).await
    }

    fn learned(&self, routed: Routed) -> LearnedRoute {
        let lifetime = lifetime(&routed);
        LearnedRoute {
            route: routed.route,
            asked_at: self.clock.now(),
            lifetime,
            expires: Instant::now() + lifetime,
        }
    }
}

fn unresolved() -> Routed {
    Routed { route: MailRoute::Unresolved(Failure::Overloaded), ttl: std::time::Duration::ZERO }
}
