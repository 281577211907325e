//! Who is not to be written to: lists of addresses and domains, such as of people who have unsubscribed.

use std::collections::HashSet;

use super::list::{List, ListError, ListSource};
use crate::address::{Address, Domain, Host};
use crate::catalog::Canonical;
use crate::roster::{
    Header, Note, Plan, PlanError, Preview, ReadOptions, Reader, RowFault, RowKind, SeenSet,
};
use crate::validator::{Strictness, Validator};

/// Everybody who is not to be written to.
// No `Debug`: they are people.
#[derive(Default)]
pub struct Suppressed {
    people: SeenSet,
    domains: HashSet<Box<str>>,
}

/// What was found in a list of people who are not to be written to.
#[derive(Default)]
pub struct SuppressCounts {
    /// How many people and domains.
    pub entries: u64,
    /// How many entries that are neither.
    pub useless: u64,
    /// How the list was understood.
    pub notes: Vec<Note>,
}

/// A list does not tell who is not to be written to.
#[derive(Debug, thiserror::Error)]
pub enum SuppressError {
    /// There is no reading it.
    #[error(transparent)]
    List(ListError),
    /// None of its columns is known for what it is.
    #[error("no column holds addresses or domains; call the one that does `email` or `domain`")]
    NoColumn,
    /// Several columns may be meant.
    #[error("more than one column may hold the addresses; take the others out of the file")]
    SeveralColumns,
    /// A row cannot be read.
    #[error(
        "row {number} cannot be read, and whoever is in it would get mail. {} Correct the row or take it \
         out of the file",
        told(*.fault)
    )]
    Row {
        /// Its number, as a spreadsheet counts.
        number: u64,
        /// What is wrong with it.
        fault: RowFault,
    },
}

/// What is wrong with a row, of a list about whose encoding nothing can be said.
fn told(fault: RowFault) -> &'static str {
    match fault {
        RowFault::NotUtf8 => "The address is not UTF-8, as others in the file are.",
        fault => fault.message(),
    }
}

impl From<ListError> for SuppressError {
    fn from(error: ListError) -> Self {
        match error {
            // What the messages of these advise is about the list that is cleaned.
            ListError::Plan(PlanError::NoAddresses { .. }) => Self::NoColumn,
            ListError::Plan(PlanError::Ambiguous { .. }) => Self::SeveralColumns,
            error => Self::List(error),
        }
    }
}

impl Suppressed {
    /// Adds everybody in a list, which may be empty. An entry without an `@`, or with nothing before it, is
    /// a domain.
    ///
    /// # Errors
    /// The list cannot be read, or a row of it: whoever is in it may have unsubscribed.
    pub fn add(
        &mut self,
        source: ListSource,
        validator: &Validator,
    ) -> Result<SuppressCounts, SuppressError> {
        let mut list = match List::open_as(source, None, plan) {
            // Nobody has unsubscribed yet.
            Err(ListError::Plan(PlanError::Empty)) => return Ok(SuppressCounts::default()),
            list => list?,
        };
        let plan = list.plan().clone();
        let text = list.text().map_err(ListError::File)?;
        let mut reader = Reader::new(text, &plan).map_err(ListError::from)?;
        let mut added =
            SuppressCounts { notes: plan.notes().to_vec(), ..SuppressCounts::default() };
        while let Some(row) = reader.read_row().map_err(ListError::from)? {
            if let RowKind::Fault(fault) = row.kind() {
                return Err(SuppressError::Row { number: row.number(), fault });
            }
            // All of them: whoever is left out would get mail.
            let left_out = row.left_out().iter().map(|text| &**text);
            for text in row.addresses().iter().map(String::as_str).chain(left_out) {
                let count = match self.add_entry(text, validator) {
                    true => &mut added.entries,
                    false => &mut added.useless,
                };
                *count += 1;
            }
        }
        Ok(added)
    }

    fn add_entry(&mut self, text: &str, validator: &Validator) -> bool {
        if let Some((_, canonical)) = validator.canonical(text, Strictness::Lenient) {
            // Which row it was does not matter.
            self.people.first(&canonical.key, 0);
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

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.people.count() == 0 && self.domains.is_empty()
    }

    /// Whether somebody is among them, in any spelling of their address.
    pub(super) fn has(&self, address: &Address, canonical: &Canonical) -> bool {
        let is_at_domain = match address.host() {
            Host::Domain(domain) => self.domains.contains(domain.ascii()),
            Host::Literal(_) => false,
        };
        is_at_domain || self.people.contains(&canonical.key)
    }
}

/// How many rows are looked at to find the column with the domains.
const SAMPLE_ROWS: usize = 500;
/// What such a column is called.
const NAMES: [&str; 4] = ["domain", "domains", "host", "hosts"];

/// How a list is read that may have domains where others have addresses.
fn plan(head: &Preview) -> Result<Plan, PlanError> {
    match Plan::of(head, &ReadOptions::default()) {
        Err(PlanError::NoAddresses { columns }) => {
            let is_named =
                |name: &String| NAMES.iter().any(|known| name.trim().eq_ignore_ascii_case(known));
            let (named, others): (Vec<_>, Vec<_>) =
                columns.iter().partition(|column| column.name.as_ref().is_some_and(is_named));
            if let Some(column) = named.first() {
                return Plan::of(head, &wish(column.number, Some(Header::Present)));
            }
            let mut plans = others.iter().filter_map(|column| domains_in(head, column.number));
            plans.next().ok_or(PlanError::NoAddresses { columns })
        }
        plan => plan,
    }
}

/// The plan for a column if it has domains, for the most part.
fn domains_in(head: &Preview, column: usize) -> Option<Plan> {
    // Where domains are, the first row names columns only if none stands in it.
    let plan = Plan::of(head, &wish(column, Some(Header::Absent))).ok()?;
    let mut reader = Reader::new(head.bytes(), &plan).ok()?;
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
    Plan::of(head, &wish(column, Some(header))).ok()
}

fn wish(column: usize, header: Option<Header>) -> ReadOptions {
    ReadOptions { columns: vec![column.to_string()], header, ..ReadOptions::default() }
}

/// The domain in a text, with or without an `@` before it.
fn domain(text: &str) -> Option<Domain> {
    let text = text.trim();
    Domain::parse(text.strip_prefix('@').unwrap_or(text)).ok()
}
