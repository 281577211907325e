//! Finds duplicates: remembers the first row of every address.
//!
//! Why our own: a plain map takes up to 75 bytes for each address, and a list may have millions of them.
//! This set takes at most 32 bytes: of each key only a hash of 88 bits, keyed at random for every
//! run. Among five million keys two have the same hash with a chance of one in 10¹³, and an attacker
//! cannot choose addresses that do.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

/// What makes two rows duplicates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DedupeKey {
    /// The same address.
    Exact,
    /// The same mailbox: what the provider ignores is ignored.
    #[default]
    Canonical,
}

/// How many tables the keys are spread over. A full table doubles, and is half empty then; the shards are of
/// different size, so that they double one after the other.
const SHARDS: u16 = 256;

/// Bytes of a hash and of a row number; together 16.
const HASH_BYTES: usize = 11;
const NUMBER_BYTES: usize = 5;

type Hash = [u8; HASH_BYTES];
type Number = [u8; NUMBER_BYTES];
type Shard = HashMap<Hash, Number, BuildHasherDefault<HashOfHash>>;

/// The keys seen so far.
// No `Debug`: hashes of personal data are personal data.
pub struct SeenSet {
    shards: Box<[Shard]>,
    state: RandomState,
}

impl Default for SeenSet {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| Shard::default()).collect();
        Self { shards, state: RandomState::new() }
    }
}

impl SeenSet {
    /// The first row with this key. None where this is the first, which is remembered.
    pub fn first_row(&mut self, key: &str, row: u64) -> Option<u64> {
        let (shard, hash) = self.hash(key);
        let shard = &mut self.shards[shard];
        match shard.get(&hash) {
            Some(first) => Some(from_bytes(*first)),
            None => {
                shard.insert(hash, to_bytes(row));
                None
            }
        }
    }

    pub fn contains(&self, key: &str) -> bool {
        let (shard, hash) = self.hash(key);
        self.shards[shard].contains_key(&hash)
    }

    /// How many different keys were seen.
    pub fn count(&self) -> usize {
        self.shards.iter().map(Shard::len).sum()
    }

    /// The memory that the tables take: a slot has an entry and a byte of control, and a table keeps at least
    /// an eighth of its slots free.
    #[cfg(test)]
    pub fn memory_bytes(&self) -> usize {
        let slots = |shard: &Shard| (shard.capacity() * 8).div_ceil(7);
        let entries: usize = self.shards.iter().map(slots).sum();
        entries * (size_of::<(Hash, Number)>() + 1) + size_of_val(&*self.shards)
    }

    /// Two independent hashes of 64 bits; 88 of the bits are kept and 16 choose the shard.
    fn hash(&self, key: &str) -> (usize, Hash) {
        let high = self.state.hash_one((0_u8, key)).to_le_bytes();
        let [a, b, low @ ..] = self.state.hash_one((1_u8, key)).to_le_bytes();
        let mut hash = [0; HASH_BYTES];
        hash[..high.len()].copy_from_slice(&high);
        hash[high.len()..].copy_from_slice(&low[..HASH_BYTES - high.len()]);
        (shard(u16::from_le_bytes([a, b])), hash)
    }
}

/// The shard for 16 bits of a hash. The last shard gets twice as many keys as the first, and those between
/// grow evenly: so at any time some are nearly full and some have just doubled.
fn shard(bits: u16) -> usize {
    let share = f32::from(bits) / (f32::from(u16::MAX) + 1.0);
    ((1.0 + share).log2() * f32::from(SHARDS)) as usize
}

/// Five bytes count 10¹² rows.
fn to_bytes(number: u64) -> Number {
    let [a, b, c, d, e, ..] = number.to_le_bytes();
    [a, b, c, d, e]
}

fn from_bytes([a, b, c, d, e]: Number) -> u64 {
    u64::from_le_bytes([a, b, c, d, e, 0, 0, 0])
}

/// Hashes a key that is a hash already: takes its first 8 bytes.
#[derive(Default)]
struct HashOfHash(u64);

impl Hasher for HashOfHash {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(beginning) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*beginning);
        }
    }

    // The length of an array is the same for all.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_row_of_a_key_is_remembered() {
        let mut seen = SeenSet::default();
        let most = (1 << 40) - 1;
        let cases = [
            ("joe@x.de", 2, None),
            ("ann@x.de", 3, None),
            ("joe@x.de", 4, Some(2)),
            ("joe@x.de", 5, Some(2)),
            ("Joe@x.de", most, None),
            ("Joe@x.de", 9, Some(most)),
            ("", 7, None),
            ("", 8, Some(7)),
        ];
        for (key, row, expected) in cases {
            assert_eq!(seen.first_row(key, row), expected, "{key} in row {row}");
        }
        assert_eq!(seen.count(), 4);
        assert!(seen.contains("joe@x.de") && !seen.contains("sue@x.de"));
    }

    #[test]
    fn an_address_never_takes_forty_bytes() {
        let mut seen = SeenSet::default();
        for row in 0..300_000_u32 {
            assert_eq!(seen.first_row(&format!("person{row}@example.org"), row.into()), None);
            // Smaller tables vary too much.
            if row >= 20_000 && row % 1_000 == 0 {
                let each = seen.memory_bytes() as f64 / f64::from(row);
                assert!(each < 32.0, "{each} bytes each of {row}");
            }
        }
        assert_eq!(seen.count(), 300_000);
    }

    #[test]
    fn every_table_has_a_share() {
        let mut shares = vec![0_u32; usize::from(SHARDS)];
        (0..=u16::MAX).for_each(|bits| shares[shard(bits)] += 1);
        let (first, last) = (shares[0], shares[shares.len() - 1]);
        assert!(shares.iter().all(|share| (first..=last).contains(share)), "{shares:?}");
        assert!((first * 2).abs_diff(last) < 5, "{first} {last}");
    }
}
