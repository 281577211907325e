//! Which columns hold the addresses.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::names::{self, NameMatch};
use super::object::UNREADABLE;
use super::plan::{Candidate, PlanError};
use super::sample::SampleRow;
use super::split_addresses;

/// What is known of one column.
pub(super) struct ColumnSample {
    pub(super) name: Option<String>,
    /// Whether it is one of an earlier run.
    pub(super) is_own: bool,
    /// How many of the first rows have something in it.
    filled: usize,
    /// How many have an address in it.
    with_address: usize,
}

impl ColumnSample {
    /// A column with these texts in the first rows.
    pub(super) fn of<'a>(name: Option<String>, cells: impl Iterator<Item = &'a str>) -> Self {
        let is_own = name.as_ref().is_some_and(|name| is_own(name));
        let mut column = Self { name, is_own, filled: 0, with_address: 0 };
        for cell in cells.filter(|cell| !cell.trim().is_empty()) {
            column.filled += 1;
            column.with_address += usize::from(split_addresses::look_like_addresses(cell));
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
    fn match_name(&self) -> Option<NameMatch> {
        names::match_name(self.name.as_deref()?)
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
const DETECTION_RULES: [fn(&ColumnSample) -> bool; 4] = [
    // The name says so, and so does what is in it.
    |column| match column.match_name() {
        Some(NameMatch::Names) => column.with_address > 0,
        Some(NameMatch::SpeaksOf) => column.holds_addresses() && column.may_hold_own(),
        None => false,
    },
    // The name says so, and nothing is in it as far as can be seen.
    |column| column.filled == 0 && column.match_name() == Some(NameMatch::Names),
    // Whatever it is called, it is full of addresses.
    ColumnSample::holds_addresses,
    // The name says so, and all that is in it may be wrong.
    |column| match column.match_name() {
        Some(NameMatch::Names) => true,
        Some(NameMatch::SpeaksOf) => column.filled == 0 && column.may_hold_own(),
        None => false,
    },
];

/// The columns with the addresses: those that the owner names, else the one for which there are the
/// strongest grounds.
pub(super) fn choose(columns: &[ColumnSample], wanted: &[String]) -> Result<Vec<usize>, PlanError> {
    if !wanted.is_empty() {
        return wanted.iter().map(|wanted| named(columns, wanted)).collect();
    }
    let theirs = |index: &usize| !columns[*index].is_own;
    let found = DETECTION_RULES.iter().find_map(|grounds| {
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
fn named(columns: &[ColumnSample], wanted: &str) -> Result<usize, PlanError> {
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

/// What the first row of a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FirstRow {
    /// Somebody's.
    Entry,
    /// The header, as a name in it says.
    NamesColumns,
    /// The header by the look of it, which may be wrong.
    LooksLikeHeader,
}

/// Whether the first of these rows names the columns. Somebody's row that is taken for the header is lost,
/// a header that is taken for somebody's row is seen: where it is not clear, it is somebody's.
pub(super) fn first_row(rows: &[SampleRow]) -> FirstRow {
    let [first, entries @ ..] = rows else { return FirstRow::Entry };
    match first.cells.as_slice() {
        cells if cells.iter().any(|cell| has_address(cell)) => FirstRow::Entry,
        [cell] => first_line(cell),
        cells => first_of_table(cells, entries),
    }
}

/// Whether the owner names a column by what stands in the first of these rows.
pub(super) fn has_wanted(rows: &[SampleRow], wanted: &[String]) -> bool {
    let is_number = |wanted: &str| wanted.parse::<usize>().is_ok();
    let cells = rows.first().map(|row| row.cells.as_slice()).unwrap_or_default();
    let has_it = |wanted: &String| cells.iter().any(|cell| names::are_alike(cell, wanted));
    wanted.iter().any(|wanted| !is_number(wanted) && has_it(wanted))
}

/// The same of a line. An address that somebody mistyped looks like any word, so only a name will do.
fn first_line(line: &str) -> FirstRow {
    let is_name = |word: &str| names::match_name(word) == Some(NameMatch::Names);
    if is_name(line) || is_own(line) {
        return FirstRow::NamesColumns;
    }
    if line.split_whitespace().any(is_name) && !is_dotted(line) && !has_spelt_at(line) {
        return FirstRow::LooksLikeHeader;
    }
    FirstRow::Entry
}

fn first_of_table(cells: &[String], entries: &[SampleRow]) -> FirstRow {
    let below = |index: usize| {
        entries.iter().filter_map(move |row| row.cells.get(index)).map(String::as_str)
    };
    let with_addresses: Vec<usize> = (0..cells.len())
        .filter(|index| ColumnSample::of(None, below(*index)).holds_addresses())
        .collect();
    let may_be_addresses =
        |index: usize| with_addresses.is_empty() || with_addresses.contains(&index);
    let mut all = cells.iter().enumerate();
    let is_named = |cell: &str| names::match_name(cell) == Some(NameMatch::Names);
    if all.clone().any(|(index, cell)| is_own(cell) || (is_named(cell) && may_be_addresses(index)))
    {
        return FirstRow::NamesColumns;
    }
    let is_mistyped = |(index, cell): (usize, &String)| {
        has_spelt_at(cell) || (may_be_addresses(index) && looks_mistyped(cell))
    };
    if all.clone().any(is_mistyped) {
        return FirstRow::Entry;
    }
    // `Subscriber` may be what somebody is, rather than a name.
    if cells.iter().any(|cell| is_named(cell)) {
        return FirstRow::LooksLikeHeader;
    }
    let is_header = all.all(|(index, cell)| match cell.trim() {
        // The column of the numbers often has no name.
        "" => !may_be_addresses(index),
        // What stands below a name is something else.
        cell => is_word(cell) && !below(index).any(|other| other.trim() == cell),
    });
    if is_header { FirstRow::LooksLikeHeader } else { FirstRow::Entry }
}

/// Whether there is an address in it, however misspelt: an `@` between two letters or digits.
fn has_address(cell: &str) -> bool {
    cell.match_indices('@').any(|(at, _)| {
        cell[..at].ends_with(char::is_alphanumeric)
            && cell[at + 1..].starts_with(char::is_alphanumeric)
    })
}

/// Whether somebody may have meant an address by it, though there is none in it.
fn looks_mistyped(cell: &str) -> bool {
    const PROVIDERS: [&str; 4] = ["gmail", "yahoo", "hotmail", "outlook"];
    let touches_at = |(at, _): (usize, &str)| {
        cell[..at].ends_with(char::is_alphanumeric)
            || cell[at + 1..].starts_with(char::is_alphanumeric)
    };
    let lower = cell.to_lowercase();
    is_dotted(cell)
        || cell.match_indices('@').any(touches_at)
        || PROVIDERS.iter().any(|provider| lower.contains(provider))
}

/// Whether there is a dot between two letters or digits, as in a domain.
fn is_dotted(cell: &str) -> bool {
    cell.match_indices('.').any(|(at, _)| {
        cell[..at].ends_with(char::is_alphanumeric)
            && cell[at + 1..].starts_with(char::is_alphanumeric)
    })
}

/// Whether an `@` is spelt out before a domain: `joe at example.org`, `joe(at)example.org`.
fn has_spelt_at(cell: &str) -> bool {
    let mut words = cell.split(|c: char| !c.is_alphanumeric());
    words.any(|word| word.eq_ignore_ascii_case("at")) && is_dotted(cell)
}

/// Whether it can be the name of a column: a word rather than a number, a date or the lack of something.
fn is_word(cell: &str) -> bool {
    const NOTHING: [&str; 8] = ["n/a", "na", "n.a.", "none", "null", "nil", "nan", "unknown"];
    let letters = cell.chars().filter(|c| c.is_alphabetic()).count();
    let digits = cell.chars().filter(|c| c.is_numeric()).count();
    matches!(cell, "#" | "№")
        || (letters > 0 && letters >= digits && !NOTHING.contains(&cell.to_lowercase().as_str()))
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

fn candidates(columns: &[ColumnSample], which: impl IntoIterator<Item = usize>) -> Vec<Candidate> {
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
