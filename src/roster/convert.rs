//! Rows of one form as the columns of another.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::column_detection;
use super::encoding;
use super::json;
use super::layout::Layout;
use super::row::{Row, RowBody, RowKind};
use super::shape::Shape;

/// The column for members that no object at the front of the list has.
const FURTHER_MEMBERS: &str = "more";

/// The columns that rows of a list have in another form.
pub(super) struct MappedColumns {
    source: ColumnSource,
    /// Their names; none where the list has none.
    names: Option<Vec<String>>,
    /// The same, each one different: names of members of an object.
    keys: Vec<String>,
}

/// Where the text of a column comes from.
enum ColumnSource {
    /// From these cells.
    Cells {
        /// Which ones, in order.
        kept: Vec<usize>,
        /// How many have a name.
        named: usize,
    },
    /// From the members of these names, each with its place.
    Members(HashMap<String, usize>, EarlierColumns),
    /// From the whole line.
    Line,
}

/// What becomes of what an earlier run added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EarlierColumns {
    /// It stays.
    Stays,
    /// This run puts its own in the place of it.
    IsReplaced,
}

impl MappedColumns {
    /// The columns of a list, without those that are replaced.
    pub(super) fn of(layout: &Layout, replaced: &[usize], earlier: EarlierColumns) -> Self {
        let named = layout.width;
        let kept: Vec<usize> = (0..named).filter(|index| !replaced.contains(index)).collect();
        let names = |names: &Vec<String>| -> Vec<String> {
            kept.iter().filter_map(|index| names.get(*index).cloned()).collect()
        };
        let (source, names) = match layout.shape {
            Shape::Delimited(_) => {
                let names = layout.names.as_ref().map(names);
                (ColumnSource::Cells { kept, named }, names)
            }
            Shape::JsonLines | Shape::Json => {
                let mut names = layout.names.as_ref().map(names).unwrap_or_default();
                let members = names.iter().cloned().zip(0..).collect();
                names.push(FURTHER_MEMBERS.to_owned());
                (ColumnSource::Members(members, earlier), Some(names))
            }
            Shape::Lines => {
                let name = layout.names.clone().unwrap_or_else(|| vec!["email".to_owned()]);
                (ColumnSource::Line, Some(name))
            }
            Shape::Mailman => (ColumnSource::Line, Some(vec!["member".to_owned()])),
        };
        let keys = keys(names.as_deref(), named);
        Self { source, names, keys }
    }

    /// How many there are.
    pub(super) fn width(&self) -> usize {
        self.keys.len()
    }

    /// Their names.
    pub(super) fn header(&self) -> Option<Vec<Cow<'static, str>>> {
        Some(self.names.as_ref()?.iter().cloned().map(Cow::Owned).collect())
    }

    /// Their names as members of an object, and as many more as a row may need.
    pub(super) fn keys(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let further = (self.keys.len() + 1..).map(|number| Cow::Owned(numbered(number)));
        self.keys.iter().map(|key| Cow::Borrowed(key.as_str())).chain(further)
    }

    /// The name of a column.
    pub(super) fn name(&self, place: usize) -> Option<&str> {
        self.names.as_ref()?.get(place).map(String::as_str)
    }

    /// The texts of a row in these columns, and those beyond them. A row that cannot be read stands in
    /// the first one.
    pub(super) fn texts<'r>(&self, row: &'r Row) -> Vec<Cow<'r, str>> {
        let whole = || vec![encoding::text_of(row.text())];
        match (&self.source, &row.body, row.kind) {
            (ColumnSource::Members(names, earlier), RowBody::Object(range), _) => {
                members(&row.raw[range.clone()], names, *earlier).unwrap_or_else(whole)
            }
            (_, _, RowKind::Fault(_)) => whole(),
            (ColumnSource::Cells { kept, named }, RowBody::Cells(ends), _) => {
                let beyond = *named..ends.len().max(*named);
                let all = kept.iter().copied().chain(beyond);
                all.map(|index| row.cell(index).unwrap_or_default()).collect()
            }
            (ColumnSource::Line | ColumnSource::Cells { .. } | ColumnSource::Members(..), _, _) => {
                whole()
            }
        }
    }
}

/// The texts of the members of these names, and a JSON object of all others; none where there is no
/// object.
fn members<'r>(
    object: &'r [u8],
    names: &HashMap<String, usize>,
    earlier: EarlierColumns,
) -> Option<Vec<Cow<'r, str>>> {
    let mut texts = vec![Cow::Borrowed(""); names.len()];
    let mut others: Vec<&[u8]> = Vec::new();
    for member in json::members(object).ok()? {
        match names.get(&member.key) {
            Some(place) => texts[*place] = json::text(&object[member.value]),
            None if earlier == EarlierColumns::IsReplaced
                && column_detection::is_replaced(&member.key) => {}
            None => others.push(&object[member.range]),
        }
    }
    texts.push(match others.as_slice() {
        [] => Cow::Borrowed(""),
        others => Cow::Owned(format!("{{{}}}", String::from_utf8_lossy(&others.join(&b", "[..])))),
    });
    Some(texts)
}

/// Names that can stand side by side in an object: no two alike, none empty.
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
            // The first to bear a name keeps it, wherever another's number leads.
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
