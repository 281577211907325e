//! Reading a list: one row a line, columns separated by tabs, `#` for comments.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::address::{Address, Domain, LocalPart, SingleLabels, SyntaxCode};

/// The lists, in the order in which they are read: providers before their domains, denials after allowances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ListKind {
    /// Mailbox providers: id, name, MX organisations, tag characters, kind.
    Providers,
    /// What they do to local parts: provider id, characters ignored, taken for others, subdomains, source.
    LocalParts,
    /// Their domains: domain, provider id, popularity, domain with the same mailboxes or `-`.
    ProviderDomains,
    /// Domains of throw-away mailboxes.
    Disposable,
    /// Domains of forwarding services: domain, service.
    Relays,
    /// Domains of free mailboxes that belong to no listed provider.
    Free,
    /// Domains that exist and are meant as they are typed.
    Real,
    /// Local parts of functions rather than people.
    Roles,
    /// Special-use domain names: name, source.
    SpecialUse,
    /// How mail servers answer probes: a provider's id or `mx:` and a name, `truth` or `nothing`, why.
    Probing,
    /// Addresses, domains and MX hosts that the operator allows.
    Allow,
    /// Addresses, domains and MX hosts that the operator denies.
    Deny,
}

impl ListKind {
    pub const ALL: [Self; Self::VARIANTS.len()] =
        *Self::VARIANTS.as_array().expect("its own length");

    /// The list's name in the configuration and in metrics.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// A list as text.
// No `Debug` here nor in what holds it: an operator's list is full of addresses.
#[derive(Clone)]
pub struct SourceText<'a> {
    /// A file's name, for messages.
    pub name: Cow<'a, str>,
    pub text: Cow<'a, str>,
}

/// A line of a list that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ListError {
    pub source_name: String,
    /// Counted from 1.
    pub line: usize,
    /// It never repeats the line, which may hold an address.
    pub problem: ListProblem,
}

/// What can be wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListProblem {
    #[error("{found} columns instead of {expected}, separated by one tab each")]
    Columns { expected: usize, found: usize },
    #[error("not a domain name: {}", .0.message())]
    Domain(SyntaxCode),
    #[error("not an address: {}", .0.message())]
    Address(SyntaxCode),
    #[error("not the part of an address before its @: {}", .0.message())]
    LocalPart(SyntaxCode),
    #[error("the {column} is none of: {allowed}")]
    Value { column: &'static str, allowed: Cow<'static, str> },
    #[error("no provider has this id")]
    UnknownProvider,
    #[error("a second row for the same entry")]
    Duplicate,
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}: {}", self.source_name, self.line, self.problem)
    }
}

/// One row of a list.
pub(super) struct ListRow<'a> {
    source: &'a SourceText<'a>,
    line: usize,
    text: &'a str,
}

impl SourceText<'_> {
    /// The rows, without comments and empty lines.
    pub(super) fn rows(&self) -> impl Iterator<Item = ListRow<'_>> {
        let text = self.text.strip_prefix('\u{feff}').unwrap_or(&self.text);
        text.lines().enumerate().filter_map(move |(index, line)| {
            let text = without_comment(line).trim_end();
            (!text.is_empty()).then_some(ListRow { source: self, line: index + 1, text })
        })
    }

    /// The date that a comment at the top gives: `# Date: 2026-11-21`.
    pub(super) fn date(&self) -> Option<&str> {
        let comments = self.text.lines().map_while(|line| line.strip_prefix('#'));
        comments.filter_map(|comment| comment.trim().strip_prefix("Date:")).map(str::trim).next()
    }
}

/// A `#` starts a comment at the start of a line or after white space.
fn without_comment(line: &str) -> &str {
    let comment = line
        .match_indices('#')
        .find(|(at, _)| line[..*at].chars().next_back().is_none_or(char::is_whitespace));
    comment.map_or(line, |(at, _)| &line[..at])
}

impl<'a> ListRow<'a> {
    /// The columns, if there are `N` of them.
    pub(super) fn columns<const N: usize>(&self) -> Result<[&'a str; N], ListError> {
        let columns: Vec<&str> = self.text.split('\t').collect();
        let found = columns.len();
        columns.try_into().map_err(|_| self.error(ListProblem::Columns { expected: N, found }))
    }

    /// The first column of a list whose other columns are notes.
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

    /// The column as one of the names of an enum.
    pub(super) fn one_of<T: FromStr + VariantNames>(
        &self,
        column: &'static str,
        value: &str,
    ) -> Result<T, ListError> {
        value.parse().map_err(|_| self.value_error(column, T::VARIANTS.join(", ")))
    }

    pub(super) fn value_error(
        &self,
        column: &'static str,
        allowed: impl Into<Cow<'static, str>>,
    ) -> ListError {
        self.error(ListProblem::Value { column, allowed: allowed.into() })
    }

    pub(super) fn error(&self, problem: ListProblem) -> ListError {
        ListError { source_name: self.source.name.clone().into_owned(), line: self.line, problem }
    }
}

/// The entries of one list so far: a second row for an entry is an error within a list, and a correction
/// in another one.
#[derive(Default)]
pub(super) struct ListEntries(HashSet<Box<str>>);

impl ListEntries {
    pub(super) fn add(&mut self, row: &ListRow<'_>, entry: &str) -> Result<(), ListError> {
        if self.0.insert(entry.into()) { Ok(()) } else { Err(row.error(ListProblem::Duplicate)) }
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}
