//! What `mailvet clean` says aside from its output, on standard error.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::Write;

use super::arguments::CleanArgs;
use crate::batch::summary::Summary;
use crate::batch::{List, RowFormat};
use crate::cli::console;
use crate::roster::{Candidate, Note, OutputFormat, Shape};

/// Whether anything is said but what is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Console {
    Loud,
    Quiet,
}

impl Console {
    pub(super) fn of(arguments: &CleanArgs) -> Self {
        if arguments.telling.quiet { Self::Quiet } else { Self::Loud }
    }

    /// Says something.
    pub(super) fn say(self, what: impl Display) {
        if self == Self::Loud {
            console::note(what);
        }
    }

    /// Says how a list was understood that is written in this form.
    pub(super) fn tell_of(self, list: &List, form: &RowFormat) {
        let plan = list.plan();
        let shape: Cow<'_, str> = match plan.shape() {
            Shape::Delimited(dialect) => {
                Cow::Owned(format!("has columns with {} between them", dialect.delimiters()))
            }
            Shape::JsonLines => "has a JSON object a line".into(),
            Shape::Json => "is a JSON document".into(),
            Shape::Lines => "has an address a line".into(),
            Shape::Mailman => "is a Mailman roster".into(),
        };
        let columns: Vec<String> = plan.address_columns().iter().map(shown).collect();
        match columns.as_slice() {
            [] => self.say(format_args!("the list {shape}")),
            columns => {
                self.say(format_args!("the list {shape}; addresses: {}", columns.join(", ")));
            }
        }
        let adds = !form.columns.is_empty() && form.target != Some(OutputFormat::Lines);
        let speaks_of_added =
            |note: &&Note| matches!(note, Note::ColumnsReplaced(_) | Note::NoHeader);
        let notes = plan.notes().iter().filter(|note| adds || !speaks_of_added(note));
        notes.for_each(|note| self.say(note));
    }

    /// Says what came of it.
    pub(super) fn sum_up(self, summary: &Summary) {
        if self == Self::Loud {
            // Standard error may be closed. The summary makes what is foreign in it visible itself.
            let _ = write!(anstream::stderr(), "{}", summary.text());
        }
        let passed_on = (summary.rows.not_utf8, "passed on as it is");
        let recoded = (summary.rows.recoded, "read as windows-1252");
        for (rows, what) in [passed_on, recoded].into_iter().filter(|(rows, _)| *rows > 0) {
            let who = if rows == 1 { "1 row has".to_owned() } else { format!("{rows} rows have") };
            self.say(format_args!(
                "{who} text that is not UTF-8; it is {what}; --encoding windows-1252 reads all of the list so"
            ));
        }
    }
}

fn shown(column: &Candidate) -> String {
    match &column.name {
        // Foreign text, controls escaped.
        Some(name) => format!("column {} {name:?}", column.number),
        None => format!("column {}", column.number),
    }
}
