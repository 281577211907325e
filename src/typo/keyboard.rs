//! Which keys lie next to each other.

use strum::VariantArray;

use super::Locale;

/// How the letters lie on a keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, VariantArray)]
pub(super) enum Layout {
    /// Most of the world.
    Qwerty,
    /// Central Europe.
    Qwertz,
    /// France and Belgium.
    Azerty,
}

impl Layout {
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
const NEIGHBOURS: [[u128; 128]; Layout::VARIANTS.len()] =
    [neighbours(Layout::Qwerty), neighbours(Layout::Qwertz), neighbours(Layout::Azerty)];

/// Where the rows begin, in quarters of a key.
const INDENT: [usize; 4] = [0, 2, 3, 5];
/// The width of a key, in quarters.
const KEY: usize = 4;

const fn neighbours(layout: Layout) -> [u128; 128] {
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
            (Layout::Qwerty, b's', "weadzx"),
            (Layout::Qwerty, b'a', "qwsz"),
            (Layout::Qwerty, b'0', "9-op"),
            (Layout::Qwertz, b'z', "67tuhg"),
            (Layout::Azerty, b'm', "lp"),
            (Layout::Azerty, b'a', "12zq"),
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
        for layout in Layout::VARIANTS {
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
            (None, Layout::Qwerty),
            (Some("en"), Layout::Qwerty),
            (Some("fr"), Layout::Azerty),
            (Some("fr-CA"), Layout::Qwerty),
            (Some("nl-BE"), Layout::Azerty),
            (Some("de"), Layout::Qwertz),
            (Some("cs"), Layout::Qwertz),
            (Some("de_AT"), Layout::Qwertz),
            (Some("lb"), Layout::Qwertz),
            (Some("sr"), Layout::Qwertz),
            (Some("br"), Layout::Azerty),
            // Belarusian is not typed as in Belgium, nor Catalan as in Canada.
            (Some("be"), Layout::Qwerty),
            (Some("ca"), Layout::Qwerty),
            (Some("ca-FR"), Layout::Azerty),
            (Some("de-US"), Layout::Qwerty),
            (Some("tlh"), Layout::Qwerty),
        ] {
            let locale = tag.map(|tag| tag.parse::<Locale>().unwrap());
            assert_eq!(Layout::of(locale.as_ref()), layout, "{tag:?}");
        }
    }
}
