//! Routes by domain, bounded in bytes.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use moka::Expiry;
use moka::future::Cache;
use tokio::time::Instant;

use crate::route::{HostName, MailRoute, RouteWithTtl, lifetime};

/// The bytes of an entry beside the names in it: keys, counters, links.
const ENTRY_OVERHEAD_BYTES: usize = 256;
/// How long a positive route may be served stale (RFC 8767 §5 suggests one to three days).
const STALE_FOR: Duration = Duration::from_secs(24 * 3600);
/// Longer than any run over a list.
pub const LONGEST_RUN: Duration = Duration::from_secs(366 * 24 * 3600);

/// The route of a domain, with its times. It travels from the look-up through the cache to the report.
#[derive(Clone, Debug)]
pub struct LearnedRoute {
    pub route: MailRoute,
    /// The time of day when the DNS was asked.
    pub asked_at: Timestamp,
    /// How long the route holds after that.
    pub lifetime: Duration,
    /// When it was learned, on the clock that never jumps.
    learned: Instant,
    /// When the DNS is to be asked again.
    expires: Instant,
    /// Until when it may be served stale.
    stale_until: Instant,
}

/// Whether evidence is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// Asked just now, for this caller or for another at the same time.
    Asked,
    /// Known already.
    Cached,
}

impl LearnedRoute {
    /// A route learned now.
    pub fn new(routed: RouteWithTtl, asked_at: Timestamp) -> Self {
        let lifetime = lifetime(&routed);
        let learned = Instant::now();
        let expires = learned + lifetime;
        let stale_until = match routed.route {
            MailRoute::Exchangers(_) | MailRoute::Implicit(_) | MailRoute::Null => {
                expires + STALE_FOR
            }
            MailRoute::NoService
            | MailRoute::NoDomain
            | MailRoute::NoTarget
            | MailRoute::Unusable
            | MailRoute::Unresolved(_) => expires,
        };
        Self { route: routed.route, asked_at, lifetime, learned, expires, stale_until }
    }

    /// A route for a run over a list, which asks about no domain twice: it holds to the end of the run, whatever its
    /// TTL.
    pub fn for_a_run(routed: RouteWithTtl, asked_at: Timestamp) -> Self {
        let expires = Instant::now() + LONGEST_RUN;
        Self { expires, stale_until: expires, ..Self::new(routed, asked_at) }
    }

    pub fn is_current(&self) -> bool {
        Instant::now() < self.expires
    }

    /// Whether it may be served stale when the look-up fails (RFC 8767).
    pub fn is_usable_stale(&self) -> bool {
        Instant::now() < self.stale_until
    }

    /// Whether both were learned by the same look-up.
    pub fn is_of_same_lookup(&self, other: &Self) -> bool {
        self.learned == other.learned
    }

    /// The same route, to be used a little longer before the DNS is asked again.
    #[must_use]
    pub fn kept_for(&self, time: Duration) -> Self {
        Self { expires: (Instant::now() + time).min(self.stale_until), ..self.clone() }
    }
}

/// Routes by domain. Clones share them.
#[derive(Clone, Debug)]
pub struct RouteCache {
    routes: Cache<HostName, Arc<LearnedRoute>>,
}

impl RouteCache {
    /// An empty cache for about so many bytes.
    pub fn new(capacity_bytes: u64) -> Self {
        let routes = Cache::builder()
            .max_capacity(capacity_bytes)
            .weigher(|domain: &HostName, learned: &Arc<LearnedRoute>| weight(domain, learned))
            .expire_after(UntilUnusable)
            .support_invalidation_closures()
            .build();
        Self { routes }
    }

    /// What is known of a domain, current or not.
    pub async fn get(&self, domain: &HostName) -> Option<Arc<LearnedRoute>> {
        self.routes.get(domain).await
    }

    /// Forgets everything learned since then.
    pub fn forget_since(&self, since: Instant) {
        let forgetting = self.routes.invalidate_entries_if(move |_, known| known.learned >= since);
        // The only error is a cache that was not built for this.
        debug_assert!(forgetting.is_ok());
    }

    pub async fn insert(&self, domain: HostName, learned: Arc<LearnedRoute>) {
        self.routes.insert(domain, learned).await;
    }
}

/// Evicts a route when it may not even be served stale. moka measures by a clock of its own, so this only cleans up:
/// the route itself says whether it holds.
struct UntilUnusable;

impl UntilUnusable {
    fn of(learned: &LearnedRoute) -> Duration {
        learned.stale_until.saturating_duration_since(Instant::now())
    }
}

#[expect(clippy::disallowed_types, reason = "the signature of moka's trait")]
impl Expiry<HostName, Arc<LearnedRoute>> for UntilUnusable {
    fn expire_after_create(
        &self,
        _: &HostName,
        learned: &Arc<LearnedRoute>,
        _: std::time::Instant,
    ) -> Option<Duration> {
        Some(Self::of(learned))
    }

    fn expire_after_update(
        &self,
        _: &HostName,
        learned: &Arc<LearnedRoute>,
        _: std::time::Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(Self::of(learned))
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
    use super::*;
    use crate::route::Failure;

    fn learned(route: MailRoute, seconds: u64) -> LearnedRoute {
        let routed = RouteWithTtl { route, ttl: Duration::from_secs(seconds) };
        LearnedRoute::new(routed, Timestamp::UNIX_EPOCH)
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_found_may_stand_in_for_a_day() {
        let found = learned(MailRoute::Null, 100);
        let absent = learned(MailRoute::NoDomain, 100);
        let failed = learned(MailRoute::Unresolved(Failure::Timeout), 100);
        // Seconds passed; of each route whether it holds and whether it may stand in.
        let cases = [
            (4, (true, true), (true, true), (true, true)),
            (6, (true, true), (true, true), (false, false)),
            (99, (true, true), (true, true), (false, false)),
            (101, (false, true), (false, false), (false, false)),
            (86_400, (false, true), (false, false), (false, false)),
            (86_501, (false, false), (false, false), (false, false)),
        ];
        let start = Instant::now();
        for (seconds, of_found, of_absent, of_failed) in cases {
            tokio::time::advance(start + Duration::from_secs(seconds) - Instant::now()).await;
            for (name, route, expected) in [
                ("found", &found, of_found),
                ("absent", &absent, of_absent),
                ("failed", &failed, of_failed),
            ] {
                let state = (route.is_current(), route.is_usable_stale());
                assert_eq!(state, expected, "{name} after {seconds} s");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_route_kept_longer_keeps_its_age() {
        let found = learned(MailRoute::Null, 100);
        tokio::time::advance(Duration::from_secs(200)).await;
        let kept = found.kept_for(Duration::from_secs(5));
        assert!(kept.is_current());
        assert_eq!((kept.asked_at, kept.lifetime), (found.asked_at, found.lifetime));
        tokio::time::advance(Duration::from_secs(6)).await;
        assert!(!kept.is_current() && kept.is_usable_stale());
    }

    #[tokio::test]
    async fn the_cache_is_bounded_in_bytes() {
        let cache = RouteCache::new(100_000);
        for number in 0..10_000 {
            let domain = HostName::new(&format!("d{number}.example")).unwrap();
            cache.insert(domain, Arc::new(learned(MailRoute::Null, 3_600))).await;
        }
        cache.routes.run_pending_tasks().await;
        assert!(cache.routes.weighted_size() <= 100_000, "{}", cache.routes.weighted_size());
        assert!(cache.routes.entry_count() > 100);
    }
}
