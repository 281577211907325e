//! Which keys lie next to each other.

use strum::VariantArray;

use super::Locale;

/// How the letters lie on a keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, VariantArray)]
pub(super) enum KeyboardLayout {
    /// Most of the world.
    Qwerty,
    /// Central Europe.
    Qwertz,
    /// France and Belgium.
    Azerty,
}

impl KeyboardLayout {
    /// The usual layout of this locale.
    pub(super) fn of(locale: Option<&Locale>) -> Self {
        locale.map_or(Self::Qwerty, Locale::layout)
    }

    /// Whether the two keys touch each other.
    pub(super) fn are_neighbours(self, one: u8, other: u8) -> bool {
        let of_layout = &NEIGHBOURS[self as usize];
        of_layout.get(usize::from(one)).is_some_and(|keys| other < 128 && keys >> other & 1 == 1)
    }

    /// The rows of keys from the top, without shift.
    const fn rows(self) -> [&'static [u8]; 4] {
        match self {
            Self::Qwerty => [b"1234567890-", b"qwertyuiop", b"asdfghjkl;", b"zxcvbnm,."],
            Self::Qwertz => [b"1234567890", b"qwertzuiop", b"asdfghjkl", b"yxcvbnm,.-"],
            // The digits stand there with shift; the keys are the same.
            Self::Azerty => [b"1234567890", b"azertyuiop", b"qsdfghjklm", b"wxcvbn,;"],
        }
    }
}

/// For each layout and each key the set of its neighbours, a bit a character.
const NEIGHBOURS: [[u128; 128]; KeyboardLayout::VARIANTS.len()] = [
    neighbours(KeyboardLayout::Qwerty),
    neighbours(KeyboardLayout::Qwertz),
    neighbours(KeyboardLayout::Azerty),
];

/// Where the rows begin, in quarters of a key.
const INDENT: [usize; 4] = [0, 2, 3, 5];
/// The width of a key, in quarters.
const KEY: usize = 4;

const fn neighbours(layout: KeyboardLayout) -> [u128; 128] {
    let rows = layout.rows();
    let mut sets = [0; 128];
    // `for` does not work in a constant.
    let mut row = 0;
    while row < rows.len() {
        let mut column = 0;
        while column < rows[row].len() {
            let place = INDENT[row] + column * KEY;
            let mut set = around(rows[row], INDENT[row], place, KEY);
            if row > 0 {
                set |= around(rows[row - 1], INDENT[row - 1], place, KEY - 1);
            }
            if row + 1 < rows.len() {
                set |= around(rows[row + 1], INDENT[row + 1], place, KEY - 1);
            }
            let key = rows[row][column];
            sets[key as usize] = set & !(1 << key);
            column += 1;
        }
        row += 1;
    }
    sets
}

/// The keys of a row that are no further than `reach` from a place.
const fn around(row: &[u8], indent: usize, place: usize, reach: usize) -> u128 {
    let mut set = 0;
    let mut column = 0;
    while column < row.len() {
        if (indent + column * KEY).abs_diff(place) <= reach {
            set |= 1 << row[column];
        }
        column += 1;
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_those_of_the_layout() {
        let cases = [
            (KeyboardLayout::Qwerty, b's', "weadzx"),
            (KeyboardLayout::Qwerty, b'a', "qwsz"),
            (KeyboardLayout::Qwerty, b'0', "9-op"),
            (KeyboardLayout::Qwertz, b'z', "67tuhg"),
            (KeyboardLayout::Azerty, b'm', "lp"),
            (KeyboardLayout::Azerty, b'a', "12zq"),
        ];
        for (layout, key, around) in cases {
            let found: String = (0..128u8)
                .filter(|other| layout.are_neighbours(key, *other))
                .map(char::from)
                .collect();
            let sorted = |text: &str| {
                let mut keys: Vec<char> = text.chars().collect();
                keys.sort_unstable();
                keys
            };
            assert_eq!(sorted(&found), sorted(around), "{layout:?} {}", char::from(key));
        }
        for layout in KeyboardLayout::VARIANTS {
            for one in 0..=u8::MAX {
                assert!(!layout.are_neighbours(one, one), "{layout:?} {one}");
                for other in 0..=u8::MAX {
                    let there = layout.are_neighbours(one, other);
                    assert_eq!(
                        there,
                        layout.are_neighbours(other, one),
                        "{layout:?} {one} {other}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_language_has_its_layout() {
        for (tag, layout) in [
            (None, KeyboardLayout::Qwerty),
            (Some("en"), KeyboardLayout::Qwerty),
            (Some("fr"), KeyboardLayout::Azerty),
            (Some("fr-CA"), KeyboardLayout::Qwerty),
            (Some("nl-BE"), KeyboardLayout::Azerty),
            (Some("de"), KeyboardLayout::Qwertz),
            (Some("cs"), KeyboardLayout::Qwertz),
            (Some("de_AT"), KeyboardLayout::Qwertz),
            (Some("lb"), KeyboardLayout::Qwertz),
            (Some("sr"), KeyboardLayout::Qwertz),
            (Some("br"), KeyboardLayout::Azerty),
            // Belarusian is not typed as in Belgium, nor Catalan as in Canada.
            (Some("be"), KeyboardLayout::Qwerty),
            (Some("ca"), KeyboardLayout::Qwerty),
            (Some("ca-FR"), KeyboardLayout::Azerty),
            (Some("de-US"), KeyboardLayout::Qwerty),
            (Some("tlh"), KeyboardLayout::Qwerty),
        ] {
            let locale = tag.map(|tag| tag.parse::<Locale>().unwrap());
            assert_eq!(KeyboardLayout::of(locale.as_ref()), layout, "{tag:?}");
        }
    }
}
