//! Detects which columns hold the addresses, and whether the first row is a header.

use std::collections::HashSet;

use super::names::{self, NameMatch};
use super::own_columns::{is_own, is_replaced};
use super::plan_error::{ColumnCandidate, PlanError};
use super::sample::SampleRow;
use super::split_addresses;

/// One column, and how many of its first cells hold addresses.
pub(super) struct ColumnSample {
    name: Option<String>,
    /// Whether an earlier run added it.
    is_own: bool,
    /// Cells that are not empty.
    filled: usize,
    /// Cells with an address.
    with_address: usize,
}

impl ColumnSample {
    pub(super) fn of<'a>(name: Option<String>, cells: impl Iterator<Item = &'a str>) -> Self {
        let is_own = name.as_ref().is_some_and(|name| is_own(name));
        let mut column = Self { name, is_own, filled: 0, with_address: 0 };
        for cell in cells.filter(|cell| !cell.trim().is_empty()) {
            column.filled += 1;
            column.with_address += usize::from(split_addresses::look_like_addresses(cell));
        }
        column
    }

    /// Whether this run replaces it.
    pub(super) fn is_replaced(&self) -> bool {
        self.name.as_deref().is_some_and(is_replaced)
    }

    /// Whether most of its cells hold addresses.
    fn holds_addresses(&self) -> bool {
        self.with_address > 0 && self.with_address * 2 >= self.filled
    }

    fn match_name(&self) -> Option<NameMatch> {
        names::match_name(self.name.as_deref()?)
    }

    /// Whether its name allows for addresses of the row's own person.
    fn may_hold_own(&self) -> bool {
        self.name.as_deref().is_some_and(names::may_hold_own)
    }
}

/// Detection rules in order; the first rule that any column meets wins.
const DETECTION_RULES: [fn(&ColumnSample) -> bool; 4] = [
    // By its name and by its cells.
    |column| match column.match_name() {
        Some(NameMatch::Names) => column.with_address > 0,
        Some(NameMatch::Mentions) => column.holds_addresses() && column.may_hold_own(),
        None => false,
    },
    // By its name, and its cells are empty.
    |column| column.filled == 0 && column.match_name() == Some(NameMatch::Names),
    // By its cells, whatever its name.
    ColumnSample::holds_addresses,
    // By its name, though its cells hold no addresses: all of them may be wrong.
    |column| match column.match_name() {
        Some(NameMatch::Names) => true,
        Some(NameMatch::Mentions) => column.filled == 0 && column.may_hold_own(),
        None => false,
    },
];

/// The columns with the addresses: those that the owner names, else the one that is detected.
pub(super) fn choose(columns: &[ColumnSample], wanted: &[String]) -> Result<Vec<usize>, PlanError> {
    if !wanted.is_empty() {
        return wanted.iter().map(|wanted| named(columns, wanted)).collect();
    }
    let found = DETECTION_RULES.iter().find_map(|rule| {
        let meets = |index: &usize| !columns[*index].is_own && rule(&columns[*index]);
        let found: Vec<usize> = (0..columns.len()).filter(meets).collect();
        (!found.is_empty()).then_some(found)
    });
    match found.as_deref() {
        None => Err(PlanError::NoAddresses { columns: candidates(columns, 0..columns.len()) }),
        Some([column]) => Ok(vec![*column]),
        Some(several) => {
            Err(PlanError::Ambiguous { candidates: candidates(columns, several.iter().copied()) })
        }
    }
}

/// The column that the owner names: exactly, spelt a little differently, or by its number.
fn named(columns: &[ColumnSample], wanted: &str) -> Result<usize, PlanError> {
    let with_name = |matches: &dyn Fn(&str) -> bool| -> Vec<usize> {
        let is_match = |index: &usize| columns[*index].name.as_deref().is_some_and(matches);
        (0..columns.len()).filter(is_match).collect()
    };
    let exact = with_name(&|name| name == wanted);
    let found =
        if exact.is_empty() { with_name(&|name| names::are_alike(name, wanted)) } else { exact };
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

/// Whether the first row of a list is its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FirstRow {
    /// It is data.
    Entry,
    /// It is the header: one of its cells is a known name.
    NamesColumns,
    /// It looks like a header, which may be wrong.
    LooksLikeHeader,
}

/// Whether the first of these rows is the header. Where it is not clear it counts as data: a row that is
/// taken for the header is lost, while a header that is taken for a row gets a verdict and is seen.
pub(super) fn first_row(rows: &[SampleRow]) -> FirstRow {
    let [first, entries @ ..] = rows else { return FirstRow::Entry };
    match first.cells.as_slice() {
        cells if cells.iter().any(|cell| has_address(cell)) => FirstRow::Entry,
        [cell] => first_line(cell),
        cells => first_of_table(cells, entries),
    }
}

/// Whether the first of these rows has a cell by which the owner names a column.
pub(super) fn has_wanted(rows: &[SampleRow], wanted: &[String]) -> bool {
    let is_number = |wanted: &str| wanted.parse::<usize>().is_ok();
    let cells = rows.first().map(|row| row.cells.as_slice()).unwrap_or_default();
    let has = |wanted: &String| cells.iter().any(|cell| names::are_alike(cell, wanted));
    wanted.iter().any(|wanted| !is_number(wanted) && has(wanted))
}

/// The same for a list of lines. A mistyped address looks like any word, so only a known name makes a header.
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
    // `Subscriber` may be the value of a cell rather than the name of a column.
    if cells.iter().any(|cell| is_named(cell)) {
        return FirstRow::LooksLikeHeader;
    }
    let is_header = all.all(|(index, cell)| match cell.trim() {
        // A column of row numbers often has no name.
        "" => !may_be_addresses(index),
        // No value below a name is the same as the name.
        cell => is_word(cell) && !below(index).any(|other| other.trim() == cell),
    });
    if is_header { FirstRow::LooksLikeHeader } else { FirstRow::Entry }
}

/// Whether the cell has an address, however misspelt: an `@` between two letters or digits.
fn has_address(cell: &str) -> bool {
    cell.match_indices('@').any(|(at, _)| is_between_alphanumerics(cell, at))
}

/// Whether the ASCII character at `at` is between two letters or digits.
fn is_between_alphanumerics(cell: &str, at: usize) -> bool {
    cell[..at].ends_with(char::is_alphanumeric) && cell[at + 1..].starts_with(char::is_alphanumeric)
}

/// Whether the cell may be a mistyped address.
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

/// Whether the cell has a dot between two letters or digits, as a domain has.
fn is_dotted(cell: &str) -> bool {
    cell.match_indices('.').any(|(at, _)| is_between_alphanumerics(cell, at))
}

/// Whether the `@` before a domain is spelt out: `joe at example.org`, `joe(at)example.org`.
fn has_spelt_at(cell: &str) -> bool {
    let mut words = cell.split(|c: char| !c.is_alphanumeric());
    words.any(|word| word.eq_ignore_ascii_case("at")) && is_dotted(cell)
}

/// Whether the cell can be the name of a column: a word, not a number, a date or a mark for no value.
fn is_word(cell: &str) -> bool {
    const NOTHING: [&str; 8] = ["n/a", "na", "n.a.", "none", "null", "nil", "nan", "unknown"];
    let letters = cell.chars().filter(|c| c.is_alphabetic()).count();
    let digits = cell.chars().filter(|c| c.is_numeric()).count();
    matches!(cell, "#" | "№")
        || (letters > 0 && letters >= digits && !NOTHING.contains(&cell.to_lowercase().as_str()))
}

/// The names that more than one column has.
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

fn candidates(
    columns: &[ColumnSample],
    which: impl IntoIterator<Item = usize>,
) -> Vec<ColumnCandidate> {
    let candidate =
        |index: usize| ColumnCandidate { number: index + 1, name: columns[index].name.clone() };
    which.into_iter().map(candidate).collect()
}
