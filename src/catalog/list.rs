//! Reading a list file: one row a line, columns separated by tabs, `#` for comments.

use std::fmt;

/// A list as text, with the name to use when something in it is wrong.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The file's name, for messages.
    pub name: &'a str,
    /// Its content.
    pub text: &'a str,
}

/// A line of a list that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ListError {
    /// The file's name.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
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
    #[error("not a domain in lower-case A-labels")]
    Domain,
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
    /// The same key stood on an earlier line.
    #[error("a second row for the same entry")]
    Duplicate,
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}: {}", self.file, self.line, self.problem)
    }
}

/// One row of a list.
pub(super) struct Row<'a> {
    source: Source<'a>,
    line: usize,
    text: &'a str,
}

impl<'a> Source<'a> {
    /// The rows, comments and empty lines left out.
    pub(super) fn rows(self) -> impl Iterator<Item = Row<'a>> {
        self.text.lines().enumerate().filter_map(move |(index, line)| {
            let text = without_comment(line).trim_end();
            (!text.is_empty()).then_some(Row { source: self, line: index + 1, text })
        })
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

    /// The column as a domain name of one label or more.
    pub(super) fn domain(&self, column: &'a str) -> Result<&'a str, ListError> {
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if column.len() <= 253 && column.split('.').all(label) {
            Ok(column)
        } else {
            Err(self.error(ListProblem::Domain))
        }
    }

    /// An error about this row.
    pub(super) fn error(&self, problem: ListProblem) -> ListError {
        ListError { file: self.source.name.to_owned(), line: self.line, problem }
    }
}
