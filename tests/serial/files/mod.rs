//! `mailvet clean` on files that are made to do harm: they cost no more than any others, or are refused.

use libtest_mimic::Trial;

mod bombs;

pub(crate) fn tests() -> Vec<Trial> {
    [bombs::tests()].into_iter().flatten().collect()
}
