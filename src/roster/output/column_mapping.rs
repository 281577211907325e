//! Converts the rows of a list to the columns of another format.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::roster::encoding;
use crate::roster::format::InputFormat;
use crate::roster::json;
use crate::roster::layout::Layout;
use crate::roster::own_columns;
use crate::roster::row::{Row, RowBody, RowKind};

/// The column for members that no object in the first rows has.
const FURTHER_MEMBERS: &str = "more";

/// The columns that the rows of a list have in another format.
pub(super) struct ColumnMapping {
    source: ColumnSource,
    /// Their names; none where the list has none.
    names: Option<Vec<String>>,
    /// Their names as keys of an object: each different, none empty.
    keys: Vec<String>,
    /// Whether the columns of an earlier run are left out, since this run adds its own.
    replaces_earlier: bool,
}

/// Where the text of a column comes from.
enum ColumnSource {
    /// From cells of the row.
    Cells {
        /// Their indices, in order.
        kept: Vec<usize>,
        /// How many columns have a name.
        named: usize,
    },
    /// From members of an object: the column for each key.
    Members(HashMap<String, usize>),
    /// From the whole line.
    Line,
}

impl ColumnMapping {
    /// The columns of a list. Where this run adds columns, those of an earlier run are left out.
    pub(super) fn of(layout: &Layout, replaces_earlier: bool) -> Self {
        let named = layout.width;
        let is_kept = |index: &usize| {
            let name = layout.names.as_ref().and_then(|names| names.get(*index));
            !replaces_earlier || !name.is_some_and(|name| own_columns::is_replaced(name))
        };
        let kept: Vec<usize> = (0..named).filter(is_kept).collect();
        let names = |names: &Vec<String>| -> Vec<String> {
            kept.iter().filter_map(|index| names.get(*index).cloned()).collect()
        };
        let (source, names) = match layout.splitter.format {
            InputFormat::Csv | InputFormat::Tsv => {
                let names = layout.names.as_ref().map(names);
                (ColumnSource::Cells { kept, named }, names)
            }
            InputFormat::JsonLines | InputFormat::Json => {
                let mut names = layout.names.as_ref().map(names).unwrap_or_default();
                let members = names.iter().cloned().zip(0..).collect();
                names.push(FURTHER_MEMBERS.to_owned());
                (ColumnSource::Members(members), Some(names))
            }
            InputFormat::Lines => {
                let names = layout.names.clone().unwrap_or_else(|| vec!["email".to_owned()]);
                (ColumnSource::Line, Some(names))
            }
            InputFormat::Mailman => (ColumnSource::Line, Some(vec!["member".to_owned()])),
        };
        let keys = keys(names.as_deref(), named);
        Self { source, names, keys, replaces_earlier }
    }

    /// How many columns there are.
    pub(super) fn width(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn header(&self) -> Option<Vec<Cow<'_, str>>> {
        Some(self.names.as_ref()?.iter().map(|name| Cow::Borrowed(name.as_str())).collect())
    }

    /// The keys of the columns in an object, and as many more as a row may need.
    pub(super) fn keys(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let further = (self.keys.len() + 1..).map(|number| Cow::Owned(numbered(number)));
        self.keys.iter().map(|key| Cow::Borrowed(key.as_str())).chain(further)
    }

    pub(super) fn name(&self, index: usize) -> Option<&str> {
        self.names.as_ref()?.get(index).map(String::as_str)
    }

    /// The texts of a row in these columns, and those beyond them. A row that cannot be read is in the first
    /// column.
    pub(super) fn texts<'r>(&self, row: &'r Row) -> Vec<Cow<'r, str>> {
        let whole = || vec![encoding::text_of(row.text())];
        match (&self.source, &row.body, row.kind) {
            (ColumnSource::Members(columns), RowBody::Object(range), _) => {
                self.texts_of_members(&row.raw[range.clone()], columns).unwrap_or_else(whole)
            }
            (_, _, RowKind::Fault(_)) => whole(),
            (ColumnSource::Cells { kept, named }, RowBody::Cells(ends), _) => {
                let beyond = *named..ends.len().max(*named);
                let all = kept.iter().copied().chain(beyond);
                all.map(|index| row.cell(index).unwrap_or_default()).collect()
            }
            (ColumnSource::Line | ColumnSource::Cells { .. } | ColumnSource::Members(_), _, _) => {
                whole()
            }
        }
    }

    /// The texts of the members that have a column, and a JSON object of all others; none where there is no
    /// object.
    fn texts_of_members<'r>(
        &self,
        object: &'r [u8],
        columns: &HashMap<String, usize>,
    ) -> Option<Vec<Cow<'r, str>>> {
        let mut texts = vec![Cow::Borrowed(""); columns.len()];
        let mut others: Vec<&[u8]> = Vec::new();
        for member in json::members(object).ok()? {
            match columns.get(&member.key) {
                Some(column) => texts[*column] = json::text(&object[member.value]),
                None if self.replaces_earlier && own_columns::is_replaced(&member.key) => {}
                None => others.push(&object[member.range]),
            }
        }
        texts.push(match others.as_slice() {
            [] => Cow::Borrowed(""),
            others => {
                let members = others.join(&b", "[..]);
                Cow::Owned(format!("{{{}}}", String::from_utf8_lossy(&members)))
            }
        });
        Some(texts)
    }
}

/// The names as keys of one object: no two alike, none empty.
fn keys(names: Option<&[String]>, width: usize) -> Vec<String> {
    let Some(names) = names else { return (1..=width).map(numbered).collect() };
    let mut taken: HashSet<String> = names.iter().cloned().collect();
    let mut uses: HashMap<String, usize> = HashMap::new();
    let mut key = |(index, name): (usize, &String)| {
        let stem = if name.is_empty() { numbered(index + 1) } else { name.clone() };
        let uses = uses.entry(stem.clone()).or_insert(0);
        loop {
            *uses += 1;
            let key = if *uses == 1 { stem.clone() } else { format!("{stem}_{uses}") };
            // The first column with a name keeps it, even where a numbered one would be the same.
            if (*uses == 1 && !name.is_empty()) || taken.insert(key.clone()) {
                return key;
            }
        }
    };
    names.iter().enumerate().map(&mut key).collect()
}

fn numbered(number: usize) -> String {
    format!("column_{number}")
}
