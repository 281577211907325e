//! Reading a list: one row a line, columns separated by tabs, `#` for comments.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use crate::address::{Address, Domain, LocalPart, SingleLabels, SyntaxCode};

/// The lists there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListKind {
    /// Mailbox providers: id, name, MX organisations, tag characters, kind.
    Providers,
    /// What they do to local parts: provider id, characters ignored, taken for others, subdomains, source.
    LocalParts,
    /// Their domains: domain, provider id, popularity, domain with the same mailboxes or `-`.
    ProviderDomains,
    /// Domains of mailboxes made to be thrown away.
    Disposable,
    /// Domains of forwarding services: domain, service.
    Relays,
    /// Further domains of free mailboxes.
    Free,
    /// Domains that exist and are meant as they are typed.
    Real,
    /// Local parts of functions rather than people.
    Roles,
    /// Special-use domain names: name, source.
    SpecialUse,
    /// What mail servers tell about mailboxes: a provider's id or `mx:` and a name, truth or nothing, why.
    Probing,
    /// What the operator lets in: addresses, domains, MX hosts.
    Allow,
    /// What the operator keeps out.
    Deny,
}

impl ListKind {
    /// Every list.
    pub const ALL: [Self; 12] = [
        Self::Providers,
        Self::LocalParts,
        Self::ProviderDomains,
        Self::Disposable,
        Self::Relays,
        Self::Free,
        Self::Real,
        Self::Roles,
        Self::SpecialUse,
        Self::Probing,
        Self::Allow,
        Self::Deny,
    ];

    /// The list's name in the configuration and in metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Providers => "providers",
            Self::LocalParts => "local_parts",
            Self::ProviderDomains => "provider_domains",
            Self::Disposable => "disposable",
            Self::Relays => "relays",
            Self::Free => "free",
            Self::Real => "real",
            Self::Roles => "roles",
            Self::SpecialUse => "special_use",
            Self::Probing => "probing",
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

/// A list as text.
// No `Debug` here nor in what holds it: an operator's list is full of addresses.
#[derive(Clone)]
pub struct Source<'a> {
    /// Where it comes from, for messages: a file's name.
    pub name: Cow<'a, str>,
    /// Its content.
    pub text: Cow<'a, str>,
}

/// A line of a list that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ListError {
    /// Where the list comes from.
    pub source_name: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it. It never repeats the line: that may hold somebody's address.
    pub problem: ListProblem,
}

/// What can be wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListProblem {
    /// The row has too few or too many columns.
    #[error("{found} columns instead of {expected}, separated by one tab each")]
    Columns {
        /// How many the list has.
        expected: usize,
        /// How many the row has.
        found: usize,
    },
    /// A column that names a domain holds none.
    #[error("not a domain name: {}", .0.message())]
    Domain(SyntaxCode),
    /// A column that holds an address holds none.
    #[error("not an address: {}", .0.message())]
    Address(SyntaxCode),
    /// A column that holds a local part holds none.
    #[error("not the part of an address before its @: {}", .0.message())]
    LocalPart(SyntaxCode),
    /// A column holds none of its possible values.
    #[error("the {column} is none of: {allowed}")]
    Value {
        /// The column's name.
        column: &'static str,
        /// What it may hold.
        allowed: &'static str,
    },
    /// The row speaks of a provider that the list of providers does not have.
    #[error("no provider has this id")]
    UnknownProvider,
    /// The same entry stood on an earlier line.
    #[error("a second row for the same entry")]
    Duplicate,
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}: {}", self.source_name, self.line, self.problem)
    }
}

/// One row of a list.
pub(super) struct Row<'a> {
    source: &'a Source<'a>,
    line: usize,
    text: &'a str,
}

impl Source<'_> {
    /// The rows, comments and empty lines left out.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let text = self.text.strip_prefix('\u{feff}').unwrap_or(&self.text);
        text.lines().enumerate().filter_map(move |(index, line)| {
            let text = without_comment(line).trim_end();
            (!text.is_empty()).then_some(Row { source: self, line: index + 1, text })
        })
    }

    /// The date that a comment at the top gives: `# Date: 2026-11-21`.
    pub(super) fn date(&self) -> Option<&str> {
        let comments = self.text.lines().map_while(|line| line.strip_prefix('#'));
        comments.filter_map(|comment| comment.trim().strip_prefix("Date:")).map(str::trim).next()
    }
}

/// A `#` starts a comment at the start of a line or after a blank.
fn without_comment(line: &str) -> &str {
    let comment = line
        .match_indices('#')
        .find(|(at, _)| line[..*at].chars().next_back().is_none_or(char::is_whitespace));
    comment.map_or(line, |(at, _)| &line[..at])
}

impl<'a> Row<'a> {
    /// The columns, if there are `N` of them.
    pub(super) fn columns<const N: usize>(&self) -> Result<[&'a str; N], ListError> {
        let columns: Vec<&str> = self.text.split('\t').collect();
        let found = columns.len();
        columns.try_into().map_err(|_| self.error(ListProblem::Columns { expected: N, found }))
    }

    /// The first column; what follows it are notes.
    pub(super) fn first(&self) -> &'a str {
        self.text.split('\t').next().unwrap_or_default().trim()
    }

    /// The column as a domain name of one label or more, in lower-case A-labels.
    pub(super) fn domain(&self, column: &str) -> Result<Box<str>, ListError> {
        Domain::parse_name(column)
            .map(|domain| domain.ascii().into())
            .map_err(|error| self.error(ListProblem::Domain(error.code)))
    }

    /// The column as a local part, in its normal form.
    pub(super) fn local_part(&self, column: &str) -> Result<LocalPart, ListError> {
        let address = Address::parse(&format!("{column}@x"), SingleLabels::AcceptedIf(&|_| true));
        address
            .map(|address| address.local().clone())
            .map_err(|error| self.error(ListProblem::LocalPart(error.code)))
    }

    /// An error about this row.
    pub(super) fn error(&self, problem: ListProblem) -> ListError {
        ListError { source_name: self.source.name.clone().into_owned(), line: self.line, problem }
    }
}

/// The entries of one list so far: twice in one list is a mistake, in another list it is a correction.
#[derive(Default)]
pub(super) struct ListEntries(HashSet<Box<str>>);

impl ListEntries {
    /// Notes one entry.
    pub(super) fn note(&mut self, row: &Row<'_>, entry: &str) -> Result<(), ListError> {
        if self.0.insert(entry.into()) { Ok(()) } else { Err(row.error(ListProblem::Duplicate)) }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}
