//! Why a list cannot be read unless its owner says more, and the columns to choose from.

use std::fmt::Write as _;

/// A column to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnCandidate {
    /// From 1.
    pub number: usize,
    /// Foreign text: make it visible before you show it.
    pub name: Option<String>,
}

/// Why a list cannot be read unless its owner says more. The messages quote names of columns, with controls
/// escaped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error(
        "this is no text: a list is text or an Excel workbook (.xlsx), packed with gzip or not"
    )]
    NoText,
    #[error("the list is empty")]
    Empty,
    #[error(
        "no column holds addresses, by its name or by what is in it; name one with --column{}",
        listed(.columns)
    )]
    NoAddresses {
        /// All columns of the list.
        columns: Vec<ColumnCandidate>,
    },
    #[error(
        "more than one column may hold the addresses; choose with --column, once for each that \
         counts{}",
        listed(.candidates)
    )]
    Ambiguous { candidates: Vec<ColumnCandidate> },
    #[error("there is no column {wanted:?}; {}", instead(.columns))]
    UnknownColumn {
        wanted: String,
        /// All columns of the list.
        columns: Vec<ColumnCandidate>,
    },
}

/// The columns that the owner can name instead of an unknown one.
fn instead(columns: &[ColumnCandidate]) -> String {
    match columns {
        [ColumnCandidate { name: None, .. }, ..] => {
            format!("the list has no header, so name it by its number{}", listed(columns))
        }
        _ => format!("the list has these{}", listed(columns)),
    }
}

/// The columns as the end of a sentence.
fn listed(columns: &[ColumnCandidate]) -> String {
    const MOST_LISTED: usize = 20;
    let mut list = String::new();
    for (index, column) in columns.iter().take(MOST_LISTED).enumerate() {
        list.push_str(if index == 0 { ": " } else { ", " });
        let written = match &column.name {
            Some(name) => write!(list, "{} {name:?}", column.number),
            None => write!(list, "{}", column.number),
        };
        written.unwrap_or_default();
    }
    if columns.len() > MOST_LISTED {
        list.push_str(", …");
    }
    list
}
