//! Counting what somebody did lately.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::time::Instant;

/// Counts by key, each in windows of time of its own. It forgets keys where there are too many.
// No `Debug`: the keys are addresses of people's machines and names of domains.
#[derive(Clone)]
pub struct Tally<K: Eq + Hash + Send + Sync + 'static> {
    window: Duration,
    counts: Cache<K, Arc<Count>>,
}

#[derive(Debug)]
struct Count {
    began: Instant,
    so_far: AtomicU32,
}

impl<K: Eq + Hash + Clone + Send + Sync> Tally<K> {
    /// Nothing counted yet; at most this many keys.
    pub fn new(window: Duration, most_keys: u64) -> Self {
        // The newest keys are the ones that matter: whoever floods is new.
        let counts = Cache::builder()
            .max_capacity(most_keys)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(window)
            .build();
        Self { window, counts }
    }

    /// Counts one more, and tells how many that makes in the window.
    pub fn count(&self, key: &K) -> u32 {
        let is_over = |count: &Arc<Count>| count.began.elapsed() >= self.window;
        let begin = || Arc::new(Count { began: Instant::now(), so_far: AtomicU32::new(0) });
        let entry = self.counts.entry_by_ref(key).or_insert_with_if(begin, is_over);
        entry.value().so_far.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_key_has_its_window() {
        let tally = Tally::new(Duration::from_secs(60), 100);
        assert_eq!([tally.count(&"a"), tally.count(&"a"), tally.count(&"b")], [1, 2, 1]);
        tokio::time::advance(Duration::from_secs(59)).await;
        assert_eq!(tally.count(&"a"), 3);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!([tally.count(&"a"), tally.count(&"c")], [1, 1]);
    }
}
