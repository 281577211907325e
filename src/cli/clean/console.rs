//! What `mailvet clean` prints to standard error.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::Write;

use super::arguments::CleanArgs;
use crate::batch::summary::Summary;
use crate::batch::{List, WriteOptions};
use crate::cli::console;
use crate::roster::{ColumnCandidate, InputFormat, Note, OutputFormat, delimiter_name};

/// Whether anything but errors is printed (`--quiet`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Console {
    Loud,
    Quiet,
}

impl Console {
    pub(super) fn of(arguments: &CleanArgs) -> Self {
        if arguments.reporting.quiet { Self::Quiet } else { Self::Loud }
    }

    /// Prints a line unless `--quiet`.
    pub(super) fn note(self, line: impl Display) {
        if self == Self::Loud {
            console::note(line);
        }
    }

    /// Prints how a list was understood, before it is written.
    pub(super) fn describe(self, list: &List, options: &WriteOptions) {
        let plan = list.plan();
        let format: Cow<'_, str> = match plan.format() {
            InputFormat::Csv | InputFormat::Tsv => {
                let delimiters = plan.delimiter().map_or("commas", delimiter_name);
                Cow::Owned(format!("has columns with {delimiters} between them"))
            }
            InputFormat::JsonLines => "has a JSON object a line".into(),
            InputFormat::Json => "is a JSON document".into(),
            InputFormat::Lines => "has an address a line".into(),
            InputFormat::Mailman => "is a Mailman roster".into(),
        };
        let columns: Vec<String> = plan.address_columns().iter().map(shown).collect();
        match columns.as_slice() {
            [] => self.note(format_args!("the list {format}")),
            columns => {
                self.note(format_args!("the list {format}; addresses: {}", columns.join(", ")));
            }
        }
        let adds = !options.columns.is_empty() && options.format != Some(OutputFormat::Lines);
        let is_about_added =
            |note: &&Note| matches!(note, Note::ColumnsReplaced(_) | Note::NoHeader);
        let notes = plan.notes().iter().filter(|note| adds || !is_about_added(note));
        notes.for_each(|note| self.note(note));
    }

    /// Prints the summary.
    pub(super) fn summary(self, summary: &Summary) {
        if self == Self::Loud {
            // Standard error may be closed. The summary makes what is foreign in it visible itself.
            let _ = write!(anstream::stderr(), "{}", summary.text());
        }
        let passed_on = (summary.rows.not_utf8, "passed on as it is");
        let recoded = (summary.rows.recoded, "read as windows-1252");
        for (rows, what) in [passed_on, recoded].into_iter().filter(|(rows, _)| *rows > 0) {
            let who = if rows == 1 { "1 row has".to_owned() } else { format!("{rows} rows have") };
            self.note(format_args!(
                "{who} text that is not UTF-8; it is {what}; --encoding windows-1252 reads all of the list so"
            ));
        }
    }
}

fn shown(column: &ColumnCandidate) -> String {
    match &column.name {
        // Foreign text, controls escaped.
        Some(name) => format!("column {} {name:?}", column.number),
        None => format!("column {}", column.number),
    }
}
