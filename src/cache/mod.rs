//! What this process has learned of domains, and until when: facts, never verdicts.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use moka::future::Cache;
use tokio::time::Instant;

use crate::route::{HostName, MailRoute};

/// The most bytes that remembered routes may take, roughly.
const CAPACITY_BYTES: u64 = 64 << 20;
/// What an entry costs beside the names in it: keys, counters, links.
const ENTRY_OVERHEAD_BYTES: usize = 256;
/// Longer than any route is believed; what is left over by then goes away by itself.
const LONGEST: Duration = Duration::from_secs(2 * 3600);

/// A route as it was learned.
#[derive(Debug)]
pub struct LearnedRoute {
    /// The route.
    pub route: MailRoute,
    /// The time of day when the DNS was asked.
    pub asked_at: Timestamp,
    /// How long the route is believed.
    pub lifetime: Duration,
    /// The end of that, on the clock that never jumps.
    pub expires: Instant,
}

/// Where a route comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// The DNS was asked just now, for this caller or for another at the same time.
    Asked,
    /// It was known already.
    Cached,
}

impl LearnedRoute {
    fn is_current(&self) -> bool {
        Instant::now() < self.expires
    }
}

/// Routes by domain, bounded in bytes. Clones share what they hold.
#[derive(Clone, Debug)]
pub struct RouteCache {
    routes: Cache<HostName, Arc<LearnedRoute>>,
}

impl RouteCache {
    /// An empty cache.
    pub fn new() -> Self {
        let routes = Cache::builder()
            .max_capacity(CAPACITY_BYTES)
            .weigher(|domain: &HostName, learned: &Arc<LearnedRoute>| weight(domain, learned))
            .time_to_live(LONGEST)
            .build();
        Self { routes }
    }

    /// What is known of a domain and still holds.
    pub async fn get(&self, domain: &HostName) -> Option<Arc<LearnedRoute>> {
        self.routes.get(domain).await.filter(|learned| learned.is_current())
    }

    /// What is known of a domain, or else what `learn` brings. However many ask for one domain at the
    /// same time, one of them learns.
    pub async fn get_or_learn(
        &self,
        domain: HostName,
        learn: impl Future<Output = Arc<LearnedRoute>>,
    ) -> Arc<LearnedRoute> {
        let entry = self.routes.entry(domain);
        entry.or_insert_with_if(learn, |learned| !learned.is_current()).await.into_value()
    }
}

impl Default for RouteCache {
    fn default() -> Self {
        Self::new()
    }
}

fn weight(domain: &HostName, learned: &LearnedRoute) -> u32 {
    let names = match &learned.route {
        MailRoute::Exchangers(exchangers) => {
            exchangers.hosts.iter().map(|exchanger| exchanger.host.as_str().len() + 32).sum()
        }
        MailRoute::Implicit(addresses) => size_of_val(addresses.as_slice()),
        _ => 0,
    };
    u32::try_from(domain.as_str().len() + names + ENTRY_OVERHEAD_BYTES).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;

    fn learned(seconds: u64) -> Arc<LearnedRoute> {
        let lifetime = Duration::from_secs(seconds);
        Arc::new(LearnedRoute {
            route: MailRoute::Null,
            asked_at: Timestamp::UNIX_EPOCH,
            lifetime,
            expires: Instant::now() + lifetime,
        })
    }

    #[tokio::test(start_paused = true)]
    async fn many_callers_learn_once_and_again_when_it_expired() {
        let cache = RouteCache::new();
        let domain = HostName::new("d.example").unwrap();
        let times = AtomicUsize::new(0);
        let learn = || async {
            times.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(1)).await;
            learned(60)
        };
        let ask = || cache.get_or_learn(domain.clone(), learn());
        join_all((0..20).map(|_| ask())).await;
        assert_eq!(times.load(Ordering::Relaxed), 1);
        assert!(cache.get(&domain).await.is_some());
        tokio::time::advance(Duration::from_secs(61)).await;
        assert!(cache.get(&domain).await.is_none());
        join_all((0..20).map(|_| ask())).await;
        assert_eq!(times.load(Ordering::Relaxed), 2);
    }
}
