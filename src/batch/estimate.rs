//! Estimates shares of a whole list from a random sample.

use std::ops::RangeInclusive;

/// The standard normal quantile for 95 %.
const Z: f64 = 1.959_963_985;

/// An estimated share, and its range with 95 % confidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// The share in the sample, from 0 to 1.
    pub expected: f64,
    /// The range of the share in the whole.
    pub range: RangeInclusive<f64>,
}

impl Share {
    /// The estimate from `hits` among `sample` rows, which were chosen at random from `whole`.
    ///
    /// Wilson's score interval, which holds for rare and frequent values alike. Rows are drawn without
    /// replacement, so the interval narrows as the sample approaches the whole (finite population correction).
    pub fn of(hits: u64, sample: u64, whole: u64) -> Self {
        if sample == 0 {
            return Self { expected: 0.0, range: 0.0..=1.0 };
        }
        let share = hits as f64 / sample as f64;
        if sample >= whole {
            return Self { expected: share, range: share..=share };
        }
        let size = sample as f64 * (whole - 1) as f64 / (whole - sample) as f64;
        let middle = (share + Z * Z / (2.0 * size)) / (1.0 + Z * Z / size);
        let root = (share * (1.0 - share) / size + Z * Z / (4.0 * size * size)).sqrt();
        let margin = Z * root / (1.0 + Z * Z / size);
        // The whole has at least the hits of the sample, and at least its misses.
        let least = hits as f64 / whole as f64;
        let most = 1.0 - (sample - hits) as f64 / whole as f64;
        let range = (middle - margin).max(least)..=(middle + margin).min(most);
        Self { expected: share, range }
    }

    /// How many rows of the whole are expected, and how many at least and at most.
    pub fn rows(&self, whole: u64) -> (u64, RangeInclusive<u64>) {
        let rows = |share: f64| share * whole as f64;
        let least = rows(*self.range.start()).floor() as u64;
        let most = rows(*self.range.end()).ceil() as u64;
        (rows(self.expected).round() as u64, least..=most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_known_samples() {
        // Hits, sample, whole; share, least and most in percent, as tables of Wilson's interval have them.
        let cases = [
            ("a tenth of many", (10, 100, u64::MAX), (10.0, 5.52, 17.44)),
            ("none of many", (0, 100, u64::MAX), (0.0, 0.0, 3.70)),
            ("all of many", (100, 100, u64::MAX), (100.0, 96.30, 100.0)),
            ("half of the whole", (50, 500, 1_000), (10.0, 8.28, 12.02)),
            ("the whole", (3, 12, 12), (25.0, 25.0, 25.0)),
            ("nothing", (0, 0, 0), (0.0, 0.0, 100.0)),
        ];
        for (name, (hits, sample, whole), (expected, least, most)) in cases {
            let share = Share::of(hits, sample, whole);
            let percent = [share.expected, *share.range.start(), *share.range.end()];
            for (percent, expected) in percent.into_iter().zip([expected, least, most]) {
                let found = percent * 100.0;
                assert!((found - expected).abs() < 0.05, "{name}: {found} for {expected}");
            }
        }
    }

    #[test]
    fn what_was_seen_is_in_the_whole() {
        let (expected, range) = Share::of(9, 10, 12).rows(12);
        assert_eq!((expected, range.contains(&9), range.contains(&12)), (11, true, false));
    }

    #[test]
    fn nineteen_of_twenty_ranges_hold() {
        let mut random = fastrand::Rng::with_seed(7);
        let (whole, hits, sample) = (2_000_u64, 300_u64, 400_u64);
        let mut right = 0;
        for _ in 0..1_000 {
            let mut rows: Vec<u64> = (0..whole).collect();
            random.shuffle(&mut rows);
            let found = rows[..sample as usize].iter().filter(|row| **row < hits).count();
            let share = Share::of(found as u64, sample, whole);
            right += u32::from(share.range.contains(&(hits as f64 / whole as f64)));
        }
        assert!((930..=975).contains(&right), "{right} of 1000");
    }
}
