//! Typos made up at random, as a hand makes them. The same seed makes the same typos.

use std::collections::BTreeSet;

use super::cases::CATALOG;

/// A stream of numbers from a seed (`SplitMix64`).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below this one.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// The rows of keys, each half a key to the right of the one above.
const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// The keys around a key.
fn around(key: char) -> Vec<char> {
    let place = |row: usize| ROWS[row].find(key);
    let Some((row, column)) = (0..ROWS.len()).find_map(|row| Some((row, place(row)?))) else {
        return Vec::new();
    };
    let mut keys = Vec::new();
    let mut add = |row: Option<usize>, columns: [Option<usize>; 2]| {
        let keys_of_row = row.and_then(|row| ROWS.get(row)).copied().unwrap_or_default();
        keys.extend(
            columns.into_iter().flatten().filter_map(|column| keys_of_row.chars().nth(column)),
        );
    };
    add(Some(row), [column.checked_sub(1), Some(column + 1)]);
    add(row.checked_sub(1), [Some(column), Some(column + 1)]);
    add(Some(row + 1), [column.checked_sub(1), Some(column)]);
    keys
}

/// One typo of the hand in a word.
fn typo(word: &str, dice: &mut Dice) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let at = dice.below(letters.len());
    let near = around(letters[at]);
    match dice.below(10) {
        0..3 => {
            letters.remove(at);
        }
        3..=5 if at + 1 < letters.len() => letters.swap(at, at + 1),
        6..8 if !near.is_empty() => letters.insert(at + 1, *dice.pick(&near)),
        8.. if !near.is_empty() => letters[at] = *dice.pick(&near),
        _ => letters.insert(at, letters[at]),
    }
    letters.into_iter().collect()
}

/// The typos of so many tries, each once and with the domain that was meant; none of them is itself known.
pub(crate) fn typos<'d>(domains: &[&'d str], tries: usize, seed: u64) -> Vec<(String, &'d str)> {
    let mut dice = Dice::new(seed);
    let mut seen = BTreeSet::new();
    let mut made = Vec::new();
    for _ in 0..tries {
        let meant = *dice.pick(domains);
        let typed = typo(meant, &mut dice);
        let is_known = mailvet::address::Domain::parse(&typed)
            .map_or(true, |domain| CATALOG.look_up(&domain).is_known_real());
        if !is_known && seen.insert(typed.clone()) {
            made.push((typed, meant));
        }
    }
    made
}

/// Domains of this class of popularity, in order.
pub(crate) fn domains_of_class(class: u8) -> Vec<&'static str> {
    let of_class = |(domain, popularity): (&'static str, mailvet::catalog::Popularity)| {
        (popularity.class() == class).then_some(domain)
    };
    let mut domains: Vec<&str> = CATALOG.provider_domains().filter_map(of_class).collect();
    domains.sort_unstable();
    domains
}
