//! A mailbox provider and what it does to the part before the `@`.

use super::list::{ListError, ListProblem, Row};

/// A mailbox provider.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Short and stable, such as `gmail`: what clients see.
    pub id: Box<str>,
    /// For people.
    pub name: Box<str>,
    /// The registrable domains under which its mail servers are found.
    pub mx: Vec<Box<str>>,
    /// The characters that start a tag, which the provider ignores with all that follows.
    pub tag: Box<str>,
    /// Whether dots before the `@` matter.
    pub dots: Dots,
    /// Who gets a mailbox there.
    pub kind: Kind,
}

/// What dots in a local part are to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dots {
    /// `j.o.e` is `joe`.
    Ignored,
    /// `j.o.e` is somebody else.
    Kept,
}

/// Who gets a mailbox at a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anybody, for free.
    Free,
    /// Who pays for it.
    Paid,
    /// The customers of an internet or telephone company.
    Isp,
}

/// How many people have a mailbox at a domain, from 1 (the world's biggest) to 5 (few, or no longer given out).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Popularity(u8);

impl Popularity {
    /// The class as a number from 1 to 5, 1 the most popular.
    pub fn class(self) -> u8 {
        self.0
    }

    pub(super) fn parse(row: &Row<'_>, column: &str) -> Result<Self, ListError> {
        match column.parse() {
            Ok(class @ 1..=5) => Ok(Self(class)),
            _ => Err(row.error(ListProblem::Value { column: "popularity", allowed: "1 to 5" })),
        }
    }
}

impl Provider {
    /// Reads a row of `providers.tsv`.
    pub(super) fn parse(row: &Row<'_>) -> Result<Self, ListError> {
        let [id, name, mx, tag, dots, kind] = row.columns()?;
        let mx = match mx {
            "-" => Vec::new(),
            mx => mx.split(',').map(|d| row.domain(d)).collect::<Result<_, _>>()?,
        };
        let tag = match tag {
            "none" => "",
            tag if tag.bytes().all(|b| b"+-=.".contains(&b)) => tag,
            _ => {
                let allowed = "none, or characters out of + - = .";
                return Err(row.error(ListProblem::Value { column: "tag", allowed }));
            }
        };
        let dots = match dots {
            "ignored" => Dots::Ignored,
            "kept" => Dots::Kept,
            _ => {
                let allowed = "ignored, kept";
                return Err(row.error(ListProblem::Value { column: "dots", allowed }));
            }
        };
        let kind = match kind {
            "free" => Kind::Free,
            "paid" => Kind::Paid,
            "isp" => Kind::Isp,
            _ => {
                let allowed = "free, paid, isp";
                return Err(row.error(ListProblem::Value { column: "kind", allowed }));
            }
        };
        Ok(Self { id: id.into(), name: name.into(), mx, tag: tag.into(), dots, kind })
    }
}
