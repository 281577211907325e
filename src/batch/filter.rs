//! Which rows the owner wants in the output (`--only`, `--drop`).

use std::str::FromStr;

use crate::verdict::Verdict;

/// A kind of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowClass {
    Verdict(Verdict),
    /// Rows whose address is in an earlier row.
    Duplicate,
}

/// The text names no kind of rows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such kind of rows; there are: {}, duplicates", Verdict::ALL.map(Verdict::code).join(", "))]
pub struct UnknownRowClass;

impl FromStr for RowClass {
    type Err = UnknownRowClass;

    fn from_str(name: &str) -> Result<Self, UnknownRowClass> {
        if matches!(name, "duplicate" | "duplicates") {
            return Ok(Self::Duplicate);
        }
        Verdict::from_code(name).map(Self::Verdict).ok_or(UnknownRowClass)
    }
}

/// Which rows are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only rows of these kinds; none: all.
    pub only: Vec<RowClass>,
    /// No rows of these kinds.
    pub drop: Vec<RowClass>,
}

impl Filter {
    pub(super) fn wants(&self, verdict: Verdict, is_duplicate: bool) -> bool {
        let is_of = |class: &RowClass| match class {
            RowClass::Verdict(known) => *known == verdict,
            RowClass::Duplicate => is_duplicate,
        };
        (self.only.is_empty() || self.only.iter().any(is_of)) && !self.drop.iter().any(is_of)
    }

    /// Whether rows without data are wanted.
    pub(super) fn wants_non_data(&self) -> bool {
        self.only.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_wanted_or_not() {
        let filter = |only: &str, drop: &str| {
            let classes =
                |names: &str| names.split_whitespace().map(|name| name.parse().unwrap()).collect();
            Filter { only: classes(only), drop: classes(drop) }
        };
        // The filter; whether it wants a plausible row, a risky one, a plausible duplicate.
        let cases = [
            ("", "", [true, true, true]),
            ("plausible", "", [true, false, true]),
            ("risky unknown", "", [false, true, false]),
            ("duplicates", "", [false, false, true]),
            ("", "risky", [true, false, true]),
            ("", "duplicate", [true, true, false]),
            ("plausible risky", "risky duplicates", [true, false, false]),
        ];
        for (only, drop, expected) in cases {
            let filter = filter(only, drop);
            let rows =
                [(Verdict::Plausible, false), (Verdict::Risky, false), (Verdict::Plausible, true)];
            let wanted = rows.map(|(verdict, is_duplicate)| filter.wants(verdict, is_duplicate));
            assert_eq!(wanted, expected, "only {only:?}, drop {drop:?}");
        }
        assert_eq!("plausibel".parse::<RowClass>(), Err(UnknownRowClass));
    }
}
