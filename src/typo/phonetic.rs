//! Names as they are spelt by who only heard them: `hotmale`, `gmeil`, `yahu`.
//!
//! Single letters that sound alike are typos like others; here stand those that change more than one.

use super::typos::Log10;

/// How often a name is spelt like that where another spelling of it is meant.
pub(super) const HEARD: Log10 = -4.2;

/// A part of a name, and how else it is spelt.
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

/// The spellings of a name by ear.
pub(super) fn respellings(name: &str) -> impl Iterator<Item = String> {
    RESPELLINGS
        .iter()
        .filter(move |(part, _)| name.contains(part))
        .map(move |(part, heard)| name.replacen(part, heard, 1))
}
