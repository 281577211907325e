//! Counts recent events by key.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::time::Instant;

/// Counts by key, each in time windows of its own. Where there are too many keys the oldest are forgotten.
// No `Debug`: the keys are clients' IP addresses and domains.
#[derive(Clone)]
pub struct WindowCounts<K: Eq + Hash + Send + Sync + 'static> {
    window: Duration,
    counts: Cache<K, Arc<Count>>,
}

#[derive(Debug)]
struct Count {
    began: Instant,
    events: AtomicU32,
}

impl<K: Eq + Hash + Clone + Send + Sync> WindowCounts<K> {
    pub fn new(window: Duration, max_keys: u64) -> Self {
        // The newest keys matter most: a flood comes from new ones.
        let counts = Cache::builder()
            .max_capacity(max_keys)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(window)
            .build();
        Self { window, counts }
    }

    /// Counts one more event. Returns how many there are in the window.
    pub fn count(&self, key: &K) -> u32 {
        let is_over = |count: &Arc<Count>| count.began.elapsed() >= self.window;
        let begin = || Arc::new(Count { began: Instant::now(), events: AtomicU32::new(0) });
        let entry = self.counts.entry_by_ref(key).or_insert_with_if(begin, is_over);
        entry.value().events.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_key_has_its_window() {
        let tally = WindowCounts::new(Duration::from_secs(60), 100);
        assert_eq!([tally.count(&"a"), tally.count(&"a"), tally.count(&"b")], [1, 2, 1]);
        tokio::time::advance(Duration::from_secs(59)).await;
        assert_eq!(tally.count(&"a"), 3);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!([tally.count(&"a"), tally.count(&"c")], [1, 1]);
    }
}
