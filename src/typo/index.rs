//! An index of words by deletion neighbourhood (the method of SymSpell): each word is stored under every remainder
//! that is left when letters are deleted, and the typed word is looked up by its own remainders.
//!
//! Two words within so many edits of each other have a remainder in common; the converse does not hold, so every
//! hit still has to be compared. A look-up costs the same however many words there are.

use std::collections::HashMap;

/// The longest word, in bytes: a label of a domain.
const LONGEST: usize = 63;

/// Words by their remainders.
pub(super) struct DeletionIndex {
    /// Index of a remainder's first entry in `entries`.
    first: HashMap<u64, usize>,
    /// Remainder and word number, sorted.
    entries: Vec<(u64, usize)>,
    longest: usize,
    shortest: usize,
}

impl DeletionIndex {
    /// Indexes words, numbered in their order, each with the number of edits within which it is found.
    pub(super) fn new<'w>(words: impl Iterator<Item = (&'w [u8], usize)>) -> Self {
        let mut entries = Vec::new();
        let (mut longest, mut shortest) = (0, LONGEST);
        for (number, (word, edits)) in words.enumerate() {
            remainders(word, edits, |remainder| entries.push((remainder, number)));
            longest = longest.max(word.len() + edits);
            shortest = shortest.min(word.len().saturating_sub(edits));
        }
        entries.sort_unstable();
        entries.dedup();
        let mut first = HashMap::with_capacity(entries.len());
        for (at, (remainder, _)) in entries.iter().enumerate() {
            first.entry(*remainder).or_insert(at);
        }
        Self { first, entries, longest, shortest }
    }

    /// Calls `found` with the number of each word that may be within `edits` of this one; some come twice.
    pub(super) fn look_up(&self, typed: &[u8], edits: usize, mut found: impl FnMut(usize)) {
        if !(self.shortest..=self.longest).contains(&typed.len()) {
            return;
        }
        remainders(typed, edits, |remainder| {
            let Some(first) = self.first.get(&remainder) else { return };
            let same = self.entries[*first..].iter().take_while(|entry| entry.0 == remainder);
            same.for_each(|(_, number)| found(*number));
        });
    }
}

/// A polynomial hash modulo 2⁶⁴ can be cut and joined: the hash of a remainder costs a few multiplications,
/// however long the word is. A rare collision costs a needless comparison.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
const INVERSE: u64 = inverse(BASE);

/// The number that makes 1 of an odd one, modulo 2⁶⁴, by Newton's method.
const fn inverse(odd: u64) -> u64 {
    let mut inverse = odd;
    let mut rounds = 0;
    while rounds < 6 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(inverse)));
        rounds += 1;
    }
    inverse
}

/// The hash of a text.
pub(super) fn hash(text: impl Iterator<Item = u8>) -> u64 {
    let mut power = 1u64;
    text.fold(0u64, |sum, byte| {
        let sum = sum.wrapping_add(power.wrapping_mul(u64::from(byte)));
        power = power.wrapping_mul(BASE);
        sum
    })
}

/// The hashes of a word and of what is left of it when up to `edits` letters (two at most) go.
fn remainders(word: &[u8], edits: usize, mut each: impl FnMut(u64)) {
    let length = word.len();
    if length > LONGEST {
        return;
    }
    // The hash up to each place.
    let mut until = [0u64; LONGEST + 1];
    let mut power = 1u64;
    for (at, byte) in word.iter().enumerate() {
        until[at + 1] = until[at].wrapping_add(power.wrapping_mul(u64::from(*byte)));
        power = power.wrapping_mul(BASE);
    }
    // What stands between two places, and the same moved up by a letter that went before it.
    let between = |from: usize, to: usize| until[to].wrapping_sub(until[from]);
    let moved = |part: u64| part.wrapping_mul(INVERSE);
    each(until[length]);
    for one in (0..length).take_while(|_| edits > 0) {
        let before = between(0, one);
        each(before.wrapping_add(moved(between(one + 1, length))));
        for other in (one + 1..length).take_while(|_| edits > 1) {
            let middle = moved(between(one + 1, other));
            let end = moved(moved(between(other + 1, length)));
            each(before.wrapping_add(middle).wrapping_add(end));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(words: &[&str], typed: &str, edits: usize) -> Vec<usize> {
        let index = DeletionIndex::new(words.iter().map(|word| (word.as_bytes(), edits)));
        let mut found = Vec::new();
        index.look_up(typed.as_bytes(), edits, |number| found.push(number));
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn words_are_found_by_what_is_left_of_them() {
        let words = ["gmail", "hotmail", "yahoo"];
        let cases: [(&str, usize, &[usize]); 6] = [
            ("gmail", 0, &[0]),
            ("gmial", 1, &[0]),
            ("gmal", 0, &[]),
            ("hormaip", 2, &[1]),
            ("hotmailxxx", 2, &[]),
            ("", 2, &[]),
        ];
        for (typed, edits, numbers) in cases {
            assert_eq!(found(&words, typed, edits), numbers, "{typed}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_near_is_found(typed in "[a-c]{0,7}", meant in "[a-c]{0,7}", edits in 0..3usize) {
            let is_near = strsim::osa_distance(&typed, &meant) <= edits;
            prop_assert!(!is_near || found(&[&meant], &typed, edits) == [0]);
        }
    }
}
