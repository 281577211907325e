//! Which columns hold the addresses.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::names::{self, Calls};
use super::object::UNREADABLE;
use super::plan::{Candidate, PlanError};
use super::sample::SampleRow;
use super::several;

/// What is known of one column.
pub(super) struct Column {
    pub(super) name: Option<String>,
    /// Whether it is one of an earlier run.
    pub(super) is_own: bool,
    /// How many of the first rows have something in it.
    filled: usize,
    /// How many have an address in it.
    with_address: usize,
}

impl Column {
    /// A column with these texts in the first rows.
    pub(super) fn of<'a>(name: Option<String>, cells: impl Iterator<Item = &'a str>) -> Self {
        let is_own = name.as_ref().is_some_and(|name| is_own(name));
        let mut column = Self { name, is_own, filled: 0, with_address: 0 };
        for cell in cells.filter(|cell| !cell.trim().is_empty()) {
            column.filled += 1;
            column.with_address += usize::from(several::look_like_addresses(cell));
        }
        column
    }

    /// Whether this run puts its own in the place of it.
    pub(super) fn is_replaced(&self) -> bool {
        self.name.as_deref().is_some_and(is_replaced)
    }

    /// Whether what is in it are addresses, for the most part.
    fn holds_addresses(&self) -> bool {
        self.with_address > 0 && self.with_address * 2 >= self.filled
    }

    /// What its name says.
    fn calls(&self) -> Option<Calls> {
        names::calls(self.name.as_deref()?)
    }

    /// Whether its name says that there may be addresses of the row's own person in it.
    fn may_hold_own(&self) -> bool {
        self.name.as_deref().is_some_and(names::may_hold_own)
    }
}

/// Whether a column of this name was added by an earlier run.
pub(super) fn is_own(name: &str) -> bool {
    name.starts_with("mailvet_")
}

/// Whether a column of this name is replaced by those of this run. A row that an earlier run could not
/// read stands in one that is not: there is no other copy of it.
pub(super) fn is_replaced(name: &str) -> bool {
    is_own(name) && name != UNREADABLE
}

/// How strongly a column suggests itself, the strongest first.
const GROUNDS: [fn(&Column) -> bool; 4] = [
    // The name says so, and so does what is in it.
    |column| match column.calls() {
        Some(Calls::Names) => column.with_address > 0,
        Some(Calls::SpeaksOf) => column.holds_addresses() && column.may_hold_own(),
        None => false,
    },
    // The name says so, and nothing is in it as far as can be seen.
    |column| column.filled == 0 && column.calls() == Some(Calls::Names),
    // Whatever it is called, it is full of addresses.
    Column::holds_addresses,
    // The name says so, and all that is in it may be wrong.
    |column| match column.calls() {
        Some(Calls::Names) => true,
        Some(Calls::SpeaksOf) => column.filled == 0 && column.may_hold_own(),
        None => false,
    },
];

/// The columns with the addresses: those that the owner names, else the one for which there are the
/// strongest grounds.
pub(super) fn choose(columns: &[Column], wanted: &[String]) -> Result<Vec<usize>, PlanError> {
    if !wanted.is_empty() {
        return wanted.iter().map(|wanted| named(columns, wanted)).collect();
    }
    let theirs = |index: &usize| !columns[*index].is_own;
    let found = GROUNDS.iter().find_map(|grounds| {
        let suggested = (0..columns.len()).filter(theirs).filter(|index| grounds(&columns[*index]));
        let suggested: Vec<usize> = suggested.collect();
        (!suggested.is_empty()).then_some(suggested)
    });
    match found.as_deref() {
        None => Err(PlanError::NoAddresses { columns: candidates(columns, 0..columns.len()) }),
        Some([column]) => Ok(vec![*column]),
        Some(several) => {
            Err(PlanError::Ambiguous { candidates: candidates(columns, several.iter().copied()) })
        }
    }
}

/// The column that the owner means: by its name, by its name written a little differently, by its number.
fn named(columns: &[Column], wanted: &str) -> Result<usize, PlanError> {
    let of_name = |is_it: &dyn Fn(&str) -> bool| -> Vec<usize> {
        let has_it = |index: &usize| columns[*index].name.as_deref().is_some_and(is_it);
        (0..columns.len()).filter(has_it).collect()
    };
    let exact = of_name(&|name| name == wanted);
    let found =
        if exact.is_empty() { of_name(&|name| names::are_alike(name, wanted)) } else { exact };
    match found.as_slice() {
        [column] => return Ok(*column),
        [] => {}
        several => {
            let candidates = candidates(columns, several.iter().copied());
            return Err(PlanError::Ambiguous { candidates });
        }
    }
    let number = wanted.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    number.filter(|index| *index < columns.len()).ok_or_else(|| PlanError::UnknownColumn {
        wanted: wanted.to_owned(),
        columns: candidates(columns, 0..columns.len()),
    })
}

/// Whether the first of these rows names the columns.
pub(super) fn has_header(rows: &[SampleRow]) -> bool {
    let [first, entries @ ..] = rows else { return false };
    if first.cells.iter().any(|cell| has_address(cell)) {
        return false;
    }
    if first.cells.iter().any(|cell| names::calls(cell) == Some(Calls::Names) || is_own(cell)) {
        return true;
    }
    let width = entries.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let holds_addresses = |index: &usize| {
        let cells = entries.iter().filter_map(|row| row.cells.get(*index));
        Column::of(None, cells.map(String::as_str)).holds_addresses()
    };
    let with_addresses: Vec<usize> = (0..width).filter(holds_addresses).collect();
    if with_addresses.is_empty() {
        // Nothing tells, except that most tables have a header, and that it has words in every cell.
        return first.cells.len() > 1 && first.cells.iter().all(|cell| is_word(cell));
    }
    // What stands above addresses is a name if it is not even a misspelt one.
    with_addresses.iter().filter_map(|index| first.cells.get(*index)).any(|cell| {
        let cell = cell.trim();
        !cell.is_empty() && (cell.contains(' ') || !cell.contains('.'))
    })
}

/// Whether there is an address in it, however misspelt: an `@` between two letters or digits.
fn has_address(cell: &str) -> bool {
    cell.match_indices('@').any(|(at, _)| {
        cell[..at].ends_with(char::is_alphanumeric)
            && cell[at + 1..].starts_with(char::is_alphanumeric)
    })
}

fn is_word(cell: &str) -> bool {
    cell.contains(char::is_alphabetic)
}

/// The names that stand above more than one column.
pub(super) fn doubles(names: &[String]) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut doubles: Vec<String> = Vec::new();
    for name in names.iter().filter(|name| !name.is_empty()) {
        if !seen.insert(name) && !doubles.contains(name) {
            doubles.push(name.clone());
        }
    }
    doubles
}

fn candidates(columns: &[Column], which: impl IntoIterator<Item = usize>) -> Vec<Candidate> {
    let candidate =
        |index: usize| Candidate { number: index + 1, name: columns[index].name.clone() };
    which.into_iter().map(candidate).collect()
}

/// What there is instead of a column that somebody names.
pub(super) fn instead(columns: &[Candidate]) -> String {
    match columns {
        [Candidate { name: None, .. }, ..] => {
            format!("the list has no header, so name it by its number{}", listed(columns))
        }
        _ => format!("the list has these{}", listed(columns)),
    }
}

/// The columns as the end of a sentence.
pub(super) fn listed(columns: &[Candidate]) -> String {
    const ENOUGH: usize = 20;
    let mut list = String::new();
    for (place, column) in columns.iter().take(ENOUGH).enumerate() {
        list.push_str(if place == 0 { ": " } else { ", " });
        let written = match &column.name {
            Some(name) => write!(list, "{} {name:?}", column.number),
            None => write!(list, "{}", column.number),
        };
        written.unwrap_or_default();
    }
    if columns.len() > ENOUGH {
        list.push_str(", …");
    }
    list
}
