//! Counts the most frequent keys, in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;

/// How many keys are kept.
const KEPT: usize = 4_096;

/// Counts keys. When there are too many, the rarest are dropped, so that a frequent key is always kept (Misra and
/// Gries, 1982). A count may be too low then, never too high.
pub(super) struct FrequentKeys<K> {
    counts: HashMap<K, u64>,
}

impl<K> Default for FrequentKeys<K> {
    fn default() -> Self {
        Self { counts: HashMap::new() }
    }
}

impl<K: Hash + Eq + Ord + Clone> FrequentKeys<K> {
    pub(super) fn add(&mut self, key: K) {
        *self.counts.entry(key).or_insert(0) += 1;
        if self.counts.len() > 2 * KEPT {
            self.prune();
        }
    }

    /// Drops the rarer half of the keys, and subtracts their count from the others.
    fn prune(&mut self) {
        let mut counts: Vec<u64> = self.counts.values().copied().collect();
        let (_, least, _) = counts.select_nth_unstable_by(KEPT, |one, other| other.cmp(one));
        let least = *least;
        self.counts.retain(|_, count| {
            *count = count.saturating_sub(least);
            *count > 0
        });
    }

    /// The most frequent keys, in order; equals by key.
    pub(super) fn most(&self, number: usize) -> Vec<(K, u64)> {
        let mut all: Vec<(K, u64)> =
            self.counts.iter().map(|(key, count)| (key.clone(), *count)).collect();
        all.sort_unstable_by(|(one, ones), (other, others)| others.cmp(ones).then(one.cmp(other)));
        all.truncate(number);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_are_found_in_bounded_memory() {
        let mut top = FrequentKeys::default();
        for round in 0..200_000_u32 {
            top.add(format!("rare{round}"));
            if round % 10 == 0 {
                top.add("often".to_owned());
            }
            if round % 20 == 0 {
                top.add("now and then".to_owned());
            }
            assert!(top.counts.len() <= 2 * KEPT);
        }
        let most = top.most(2);
        assert_eq!((most[0].0.as_str(), most[1].0.as_str()), ("often", "now and then"));
        assert!((19_000..=20_000).contains(&most[0].1), "{}", most[0].1);
    }

    #[test]
    fn few_keys_are_counted_exactly() {
        let mut top = FrequentKeys::default();
        for key in ["b", "a", "c", "a", "b"] {
            top.add(key);
        }
        assert_eq!(top.most(5), [("a", 2), ("b", 2), ("c", 1)]);
    }
}
