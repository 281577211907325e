//! Suppression lists (`--suppress`): addresses and domains to which nothing may be sent, such as those of
//! people who unsubscribed.

use std::collections::HashSet;

use super::list::{List, ListOpenError, ListSource};
use crate::address::{Address, Domain, Host};
use crate::catalog::Canonical;
use crate::roster::{
    Header, Note, Plan, PlanError, Preview, ReadOptions, Reader, RowFault, RowKind, SeenSet,
};
use crate::validator::{Strictness, Validator};

/// The suppressed addresses and domains.
// No `Debug`: it is personal data.
#[derive(Default)]
pub struct Suppressed {
    addresses: SeenSet,
    domains: HashSet<Box<str>>,
}

/// What was found in a suppression list.
#[derive(Default)]
pub struct SuppressCounts {
    /// Addresses and domains.
    pub entries: u64,
    /// Entries that are neither.
    pub invalid: u64,
    pub notes: Vec<Note>,
}

/// The suppression list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SuppressError {
    #[error(transparent)]
    List(ListOpenError),
    #[error("no column holds addresses or domains; call the one that does `email` or `domain`")]
    NoColumn,
    #[error("more than one column may hold the addresses; take the others out of the file")]
    SeveralColumns,
    #[error(
        "row {number} cannot be read, and the people in it would get mail. {} Correct the row or take it \
         out of the file",
        message(*.fault)
    )]
    Row {
        /// As a spreadsheet counts it.
        number: u64,
        fault: RowFault,
    },
}

/// The message for a row of a list whose encoding cannot be chosen.
fn message(fault: RowFault) -> &'static str {
    match fault {
        RowFault::NotUtf8 => "The address is not UTF-8, as others in the file are.",
        fault => fault.message(),
    }
}

impl From<ListOpenError> for SuppressError {
    fn from(error: ListOpenError) -> Self {
        match error {
            // The advice in the messages of these is about the list to clean.
            ListOpenError::Plan(PlanError::NoAddresses { .. }) => Self::NoColumn,
            ListOpenError::Plan(PlanError::Ambiguous { .. }) => Self::SeveralColumns,
            error => Self::List(error),
        }
    }
}

impl Suppressed {
    /// Adds a list, which may be empty. An entry without an `@`, or with nothing before it, is a domain.
    ///
    /// # Errors
    /// The list, or a row of it, cannot be read: an address in it may be suppressed.
    pub fn add(
        &mut self,
        source: ListSource,
        validator: &Validator,
    ) -> Result<SuppressCounts, SuppressError> {
        let mut list = match List::open_with(source, None, plan) {
            Err(ListOpenError::Plan(PlanError::Empty)) => return Ok(SuppressCounts::default()),
            list => list?,
        };
        let plan = list.plan().clone();
        let text = list.text().map_err(ListOpenError::File)?;
        let mut reader = Reader::new(text, &plan).map_err(ListOpenError::from)?;
        let mut added =
            SuppressCounts { notes: plan.notes().to_vec(), ..SuppressCounts::default() };
        while let Some(row) = reader.read_row().map_err(ListOpenError::from)? {
            if let RowKind::Fault(fault) = row.kind() {
                return Err(SuppressError::Row { number: row.number(), fault });
            }
            // All of them, however many a cell has.
            let left_out = row.left_out().iter().map(|text| &**text);
            for text in row.addresses().iter().map(String::as_str).chain(left_out) {
                let count = match self.add_entry(text, validator) {
                    true => &mut added.entries,
                    false => &mut added.invalid,
                };
                *count += 1;
            }
        }
        Ok(added)
    }

    fn add_entry(&mut self, text: &str, validator: &Validator) -> bool {
        if let Some((_, canonical)) = validator.canonical(text, Strictness::Lenient) {
            // The number of the row does not matter.
            self.addresses.first_row(&canonical.key, 0);
            return true;
        }
        match domain(text) {
            Some(domain) => {
                self.domains.insert(domain.ascii().into());
                true
            }
            None => false,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.addresses.count() == 0 && self.domains.is_empty()
    }

    /// Whether an address is suppressed, in any spelling.
    pub(super) fn has(&self, address: &Address, canonical: &Canonical) -> bool {
        let is_at_domain = match address.host() {
            Host::Domain(domain) => self.domains.contains(domain.ascii()),
            Host::Literal(_) => false,
        };
        is_at_domain || self.addresses.contains(&canonical.key)
    }
}

/// How many rows are read to detect the column with the domains.
const SAMPLE_ROWS: usize = 500;
/// Names of such a column.
const NAMES: [&str; 4] = ["domain", "domains", "host", "hosts"];

/// Plans how to read a list that may have domains instead of addresses.
fn plan(preview: &Preview) -> Result<Plan, PlanError> {
    match Plan::of(preview, &ReadOptions::default()) {
        Err(PlanError::NoAddresses { columns }) => {
            let is_named =
                |name: &String| NAMES.iter().any(|known| name.trim().eq_ignore_ascii_case(known));
            let (named, others): (Vec<_>, Vec<_>) =
                columns.iter().partition(|column| column.name.as_ref().is_some_and(is_named));
            if let Some(column) = named.first() {
                return Plan::of(preview, &options(column.number, Some(Header::Present)));
            }
            let mut plans = others.iter().filter_map(|column| domains_in(preview, column.number));
            plans.next().ok_or(PlanError::NoAddresses { columns })
        }
        plan => plan,
    }
}

/// The plan for a column, if most of its cells are domains.
fn domains_in(preview: &Preview, column: usize) -> Option<Plan> {
    // The first row is a header only if it has no domain.
    let plan = Plan::of(preview, &options(column, Some(Header::Absent))).ok()?;
    let mut reader = Reader::new(preview.bytes(), &plan).ok()?;
    let (mut first, mut filled, mut domains) = (None, 0, 0);
    while filled < SAMPLE_ROWS
        && let Ok(Some(row)) = reader.read_row()
    {
        for text in row.addresses() {
            let is_domain = text.contains('@') || domain(text).is_some();
            first.get_or_insert(is_domain);
            filled += 1;
            domains += usize::from(is_domain);
        }
    }
    let has_header = first == Some(false);
    let entries = filled - usize::from(has_header);
    if domains == 0 || domains * 2 < entries {
        return None;
    }
    let header = if has_header { Header::Present } else { Header::Absent };
    Plan::of(preview, &options(column, Some(header))).ok()
}

fn options(column: usize, header: Option<Header>) -> ReadOptions {
    ReadOptions { columns: vec![column.to_string()], header, ..ReadOptions::default() }
}

/// The domain in a text, with or without an `@` before it.
fn domain(text: &str) -> Option<Domain> {
    let text = text.trim();
    Domain::parse(text.strip_prefix('@').unwrap_or(text)).ok()
}
