//! How likely one word is mistyped as another, letter by letter.
//!
//! A typo is a letter left out, inserted, substituted, or swapped with the next one. Fingers hit the key next to
//! the right one, strike twice or not at all, or come a letter too early; people confuse letters that sound or
//! look alike. The numbers are decimal logarithms of how often a meant word is typed with this very typo: about
//! one typo in fifty words, spread over all that could have happened.

use strum::VariantArray as _;

use super::keyboard::KeyboardLayout;

/// A decimal logarithm.
pub(super) type Log10 = f64;

/// The typos that together turn what was meant into what was typed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TypoMatch {
    /// Number of typos.
    pub(super) count: usize,
    /// At least so many characters are wrong; a typo that is not in single letters counts as one.
    pub(super) edits: usize,
    /// Sum of their likelihoods, each taken by itself.
    log10: Log10,
}

/// Bonus of each typo after the first: typos come together, in haste.
const AGAIN: Log10 = 1.6;

const LEFT_OUT: Log10 = -3.0;
const LEFT_OUT_OF_PAIR: Log10 = -2.8;
const SWAPPED: Log10 = -3.2;
const DOUBLED: Log10 = -2.9;
const NEIGHBOUR_TOO: Log10 = -4.0;
/// A letter that is due soon, or was typed just before.
const OUT_OF_TURN: Log10 = -4.4;
const PUT_IN: Log10 = -5.2;
const NEIGHBOUR_FOR: Log10 = -4.0;
const TAKEN_FOR: Log10 = -4.4;
const ANY_FOR: Log10 = -5.4;
/// Penalties in the first letter: people look at it, and with another one the word may be real.
const FIRST: Log10 = -0.7;
const PUT_IN_FIRST: Log10 = -1.2;
const LEFT_OUT_FIRST: Log10 = -1.0;
/// Penalty of keys that are neighbours on another layout only.
const OTHER_LAYOUT: Log10 = -1.0;

impl TypoMatch {
    pub(super) const NONE: Self = Self { count: 0, edits: 0, log10: 0.0 };

    /// One typo that is not in single letters.
    pub(super) const fn one(log10: Log10) -> Self {
        Self { count: 1, edits: 1, log10 }
    }

    /// One phonetic misspelling, which changes so many letters.
    pub(super) const fn phonetic(log10: Log10, edits: usize) -> Self {
        Self { count: 1, edits, log10 }
    }

    /// The same, less likely.
    pub(super) fn with_penalty(self, penalty: Log10) -> Self {
        Self { log10: self.log10 + penalty, ..self }
    }

    /// These and others, in another part of the same text.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            edits: self.edits + other.edits,
            log10: self.log10 + other.log10,
        }
    }

    /// How likely they are together.
    pub(super) fn likelihood(self) -> Log10 {
        self.log10 + AGAIN * self.count.saturating_sub(1) as f64
    }
}

/// The likeliest typos, `most` at most, that turn the word `meant` into `typed`. There are some exactly where the
/// optimal string alignment distance of the two is within `most`; a test compares with strsim's.
pub(super) fn best_typos(
    typed: &[u8],
    meant: &[u8],
    most: usize,
    layout: KeyboardLayout,
) -> Option<TypoMatch> {
    Alignment { typed, meant, layout, start: AlignmentStart::OfWord }.from(0, 0, most)
}

/// The same for what follows a dot, whose first letter is like any other.
pub(super) fn best_typos_behind_dot(
    typed: &[u8],
    meant: &[u8],
    most: usize,
    layout: KeyboardLayout,
) -> Option<TypoMatch> {
    Alignment { typed, meant, layout, start: AlignmentStart::BehindDot }.from(0, 0, most)
}

/// The penalty of hitting one key for the other: none for neighbours.
fn key_distance(layout: KeyboardLayout, one: u8, other: u8) -> Log10 {
    if layout.are_neighbours(one, other) {
        0.0
    } else if KeyboardLayout::VARIANTS.iter().any(|layout| layout.are_neighbours(one, other)) {
        OTHER_LAYOUT
    } else {
        f64::NEG_INFINITY
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum AlignmentStart {
    OfWord,
    BehindDot,
}

/// What was typed, letter by letter beside what was meant.
#[derive(Clone, Copy)]
struct Alignment<'t> {
    typed: &'t [u8],
    meant: &'t [u8],
    layout: KeyboardLayout,
    start: AlignmentStart,
}

impl Alignment<'_> {
    /// The likeliest typos in `typed` from `at` on and `meant` from `due` on.
    fn from(self, mut at: usize, mut due: usize, most: usize) -> Option<TypoMatch> {
        let Self { typed, meant, .. } = self;
        while at < typed.len() && due < meant.len() && typed[at] == meant[due] {
            at += 1;
            due += 1;
        }
        let (left, wanted) = (typed.len() - at, meant.len() - due);
        if left == 0 && wanted == 0 {
            return Some(TypoMatch::NONE);
        }
        if most == 0 || left.abs_diff(wanted) > most {
            return None;
        }
        let after = |typo: Log10, at: usize, due: usize| {
            self.from(at, due, most - 1).map(|rest| rest.and(TypoMatch::one(typo)))
        };
        let swap =
            left > 1 && wanted > 1 && typed[at] == meant[due + 1] && typed[at + 1] == meant[due];
        let ways = [
            (wanted > 0).then(|| after(self.left_out(due), at, due + 1)),
            (left > 0).then(|| after(self.put_in(at, due), at + 1, due)),
            (left > 0 && wanted > 0).then(|| after(self.taken_for(at, due), at + 1, due + 1)),
            swap.then(|| after(SWAPPED, at + 2, due + 2)),
        ];
        // Fewer typos win over more, whichever they are.
        ways.into_iter().flatten().flatten().max_by(|one, other| {
            other.count.cmp(&one.count).then(one.log10.total_cmp(&other.log10))
        })
    }

    fn left_out(self, due: usize) -> Log10 {
        let letter = Some(&self.meant[due]);
        let before = due.checked_sub(1).and_then(|before| self.meant.get(before));
        if before == letter || self.meant.get(due + 1) == letter {
            LEFT_OUT_OF_PAIR
        } else {
            LEFT_OUT + self.at_start(due, LEFT_OUT_FIRST)
        }
    }

    fn put_in(self, at: usize, due: usize) -> Log10 {
        let letter = self.typed[at];
        let before = at.checked_sub(1).map(|before| self.typed[before]);
        if before == Some(letter) {
            return DOUBLED;
        }
        let beside = [before, self.typed.get(at + 1).copied()].into_iter().flatten();
        let distance =
            beside.map(|key| key_distance(self.layout, letter, key)).fold(f64::MIN, f64::max);
        let around = &self.meant[due.saturating_sub(3)..self.meant.len().min(due + 3)];
        let otherwise = if around.contains(&letter) { OUT_OF_TURN } else { PUT_IN };
        (NEIGHBOUR_TOO + distance).max(otherwise) + self.at_start(due, PUT_IN_FIRST)
    }

    fn taken_for(self, at: usize, due: usize) -> Log10 {
        let (typed, meant) = (self.typed[at], self.meant[due]);
        let before = due.checked_sub(1).and_then(|before| self.meant.get(before));
        let is_beside = [before, self.meant.get(due + 1)].contains(&Some(&typed));
        let otherwise = if is_beside || sound_alike(typed, meant) || look_alike(typed, meant) {
            TAKEN_FOR
        } else {
            ANY_FOR
        };
        let by_key = NEIGHBOUR_FOR + key_distance(self.layout, typed, meant);
        by_key.max(otherwise) + self.at_start(due, FIRST)
    }

    /// The penalty `first`, if this is the first letter of a word.
    fn at_start(self, due: usize, first: Log10) -> Log10 {
        if due == 0 && self.start == AlignmentStart::OfWord { first } else { 0.0 }
    }
}

/// Letters that are confused by ear; every letter beyond ASCII, which is mostly one with an accent.
fn sound_alike(one: u8, other: u8) -> bool {
    const GROUPS: [&[u8]; 6] = [b"aeiouy", b"ckq", b"csz", b"dt", b"mn", b"bvwf"];
    !one.is_ascii() || are_in_one(&GROUPS, one, other)
}

/// Characters that are confused by eye.
fn look_alike(one: u8, other: u8) -> bool {
    const GROUPS: [&[u8]; 5] = [b"il1j", b"o0", b"s5", b"e3", b"-."];
    are_in_one(&GROUPS, one, other)
}

fn are_in_one(groups: &[&[u8]], one: u8, other: u8) -> bool {
    groups.iter().any(|group| group.contains(&one) && group.contains(&other))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::typo::Locale;

    fn likelihood(typed: &str, meant: &str, locale: Option<&str>) -> Option<Log10> {
        let locale = locale.map(|tag| tag.parse::<Locale>().unwrap());
        let layout = KeyboardLayout::of(locale.as_ref());
        let typos = best_typos(typed.as_bytes(), meant.as_bytes(), 2, layout);
        typos.map(TypoMatch::likelihood)
    }

    #[test]
    fn the_likelier_the_typo() {
        let cases = [
            ("nothing is likelier than one", ("gmail", "gmail"), ("gmal", "gmail")),
            ("one is likelier than two", ("gmal", "gmail"), ("gma", "gmail")),
            ("out of a pair", ("yaho", "yahoo"), ("yhoo", "yahoo")),
            ("the letter once more", ("yahhoo", "yahoo"), ("yahwoo", "yahoo")),
            ("the key beside it too", ("gmnail", "gmail"), ("gmxail", "gmail")),
            ("the key beside it instead", ("gnail", "gmail"), ("gqail", "gmail")),
            ("a letter too early", ("gamail", "gmail"), ("gmqail", "gmaik")),
            ("one that sounds alike", ("verison", "verizon"), ("verimon", "verizon")),
            ("one that looks alike", ("gmall", "gmail"), ("gmabl", "gmail")),
            ("not the first letter", ("yshoo", "yahoo"), ("tahoo", "yahoo")),
        ];
        for (name, (typed, meant), (other, of)) in cases {
            let (likely, unlikely) = (likelihood(typed, meant, None), likelihood(other, of, None));
            assert!(likely > unlikely, "{name}: {likely:?} {unlikely:?}");
        }
    }

    #[test]
    fn the_keyboard_is_that_of_the_language() {
        for (typed, meant, locale) in [("gmaim", "gmail", "fr"), ("tahoo", "zahoo", "de")] {
            let there = likelihood(typed, meant, Some(locale));
            assert!(there > likelihood(typed, meant, Some("en")), "{typed} {locale}");
        }
    }

    proptest! {
        #[test]
        fn as_many_typos_as_edits(typed in "[a-d]{0,8}", meant in "[a-d]{0,8}", most in 0..3usize) {
            let typos = best_typos(typed.as_bytes(), meant.as_bytes(), most, KeyboardLayout::of(None));
            let edits = strsim::osa_distance(&typed, &meant);
            prop_assert_eq!(typos.map(|typos| typos.count), (edits <= most).then_some(edits));
        }
    }
}
