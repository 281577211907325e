//! Phonetic misspellings of names: `hotmale`, `gmeil`, `yahu`.
//!
//! Single letters that sound alike are in `typos`; these change more than one.

use super::typos::Log10;

/// How likely a name is spelt in one of these ways.
pub(super) const PHONETIC: Log10 = -4.2;

/// A part of a name, and how it is misspelt.
const RESPELLINGS: [(&str, &str); 17] = [
    ("mail", "male"),
    ("mail", "mayl"),
    ("mail", "maile"),
    ("mail", "meil"),
    ("mail", "mael"),
    ("mail", "meyl"),
    ("mail", "mell"),
    ("mail", "miel"),
    ("gm", "jm"),
    ("gm", "jim"),
    ("gm", "geem"),
    ("hoo", "hu"),
    ("hoo", "ho"),
    ("look", "luk"),
    ("look", "luck"),
    ("loud", "lowd"),
    ("out", "owt"),
];

/// The phonetic misspellings of a name.
pub(super) fn respellings(name: &str) -> impl Iterator<Item = String> {
    RESPELLINGS
        .iter()
        .filter(move |(part, _)| name.contains(part))
        .map(move |(part, misspelt)| name.replacen(part, misspelt, 1))
}
