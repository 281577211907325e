//! Routes by domain, bounded in bytes.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use moka::Expiry;
use moka::future::Cache;
use tokio::time::Instant;

use crate::route::{HostName, MailRoute, Routed, lifetime};

/// What an entry costs beside the names in it: keys, counters, links.
const ENTRY_OVERHEAD_BYTES: usize = 256;
/// How long a route that was found may be used after its time where nothing newer can be had (RFC 8767 §5
/// suggests one to three days).
const STALE: Duration = Duration::from_secs(24 * 3600);
/// Longer than anybody works on one list.
pub const LONGEST_RUN: Duration = Duration::from_secs(366 * 24 * 3600);

/// A route as it was learned.
#[derive(Clone, Debug)]
pub struct LearnedRoute {
    /// The route.
    pub route: MailRoute,
    /// The time of day when the DNS was asked.
    pub asked_at: Timestamp,
    /// How long the route is believed.
    pub lifetime: Duration,
    /// When it was learned, on the clock that never jumps.
    learned: Instant,
    /// When it is to be asked for again.
    expires: Instant,
    /// Until when it may stand in for an answer that cannot be had.
    stale_until: Instant,
}

/// Where a route comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// The DNS was asked just now, for this caller or for another at the same time.
    Asked,
    /// It was known already.
    Cached,
}

impl LearnedRoute {
    /// A route that was learned now.
    pub fn new(routed: Routed, asked_at: Timestamp) -> Self {
        let lifetime = lifetime(&routed);
        let learned = Instant::now();
        let expires = learned + lifetime;
        let stale_until = match routed.route {
            MailRoute::Exchangers(_) | MailRoute::Implicit(_) | MailRoute::Null => expires + STALE,
            MailRoute::NoService
            | MailRoute::NoDomain
            | MailRoute::NoTarget
            | MailRoute::Unusable
            | MailRoute::Unresolved(_) => expires,
        };
        Self { route: routed.route, asked_at, lifetime, learned, expires, stale_until }
    }

    /// A route for a run over a list, in which no domain is asked for twice: it holds to the end of the
    /// run, however soon the DNS may say something else.
    pub fn for_a_run(routed: Routed, asked_at: Timestamp) -> Self {
        let expires = Instant::now() + LONGEST_RUN;
        Self { expires, stale_until: expires, ..Self::new(routed, asked_at) }
    }

    /// Whether it still holds.
    pub fn is_current(&self) -> bool {
        Instant::now() < self.expires
    }

    /// Whether it may stand in for an answer that cannot be had.
    pub fn is_usable_stale(&self) -> bool {
        Instant::now() < self.stale_until
    }

    /// Whether both were learned by the same look-up.
    pub fn is_of_same_lookup(&self, other: &Self) -> bool {
        self.learned == other.learned
    }

    /// The same route, to be used for a little longer before it is asked for again.
    #[must_use]
    pub fn kept_for(&self, time: Duration) -> Self {
        Self { expires: (Instant::now() + time).min(self.stale_until), ..self.clone() }
    }
}

/// Routes by domain. Clones share what they hold.
#[derive(Clone, Debug)]
pub struct RouteCache {
    routes: Cache<HostName, Arc<LearnedRoute>>,
}

impl RouteCache {
    /// An empty cache that holds this many bytes, roughly.
    pub fn new(capacity_bytes: u64) -> Self {
        let routes = Cache::builder()
            .max_capacity(capacity_bytes)
            .weigher(|domain: &HostName, learned: &Arc<LearnedRoute>| weight(domain, learned))
            .expire_after(UntilUseless)
            .support_invalidation_closures()
            .build();
        Self { routes }
    }

    /// What is known of a domain, current or not.
    pub async fn get(&self, domain: &HostName) -> Option<Arc<LearnedRoute>> {
        self.routes.get(domain).await
    }

    /// Forgets everything that was learned since then.
    pub fn forget_since(&self, since: Instant) {
        let forgetting = self.routes.invalidate_entries_if(move |_, known| known.learned >= since);
        // The only error is that the cache was not built for it, which it was.
        debug_assert!(forgetting.is_ok());
    }

    /// Remembers what was learned of a domain.
    pub async fn insert(&self, domain: HostName, learned: Arc<LearnedRoute>) {
        self.routes.insert(domain, learned).await;
    }
}

/// Makes room once a route is of no use to anybody. It goes by a clock of its own, so it only cleans up:
/// whether a route holds is asked of the route.
struct UntilUseless;

impl UntilUseless {
    fn of(learned: &LearnedRoute) -> Duration {
        learned.stale_until.saturating_duration_since(Instant::now())
    }
}

// moka measures by the standard clock.
#[expect(clippy::disallowed_types, reason = "the signature of moka's trait")]
impl Expiry<HostName, Arc<LearnedRoute>> for UntilUseless {
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
        let routed = Routed { route, ttl: Duration::from_secs(seconds) };
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
