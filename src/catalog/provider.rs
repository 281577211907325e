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
    /// What else it does to the part before the `@`.
    pub local_parts: LocalPartRules,
    /// Who gets a mailbox there.
    pub kind: ProviderKind,
}

/// What a provider does to local parts. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalPartRules {
    /// Characters that it ignores.
    pub ignored: Box<str>,
    /// Characters that it takes for others: the one that is typed, and the one that it is taken for.
    pub taken_for: Box<[(char, char)]>,
    /// What a name below one of its domains is.
    pub subdomains: Subdomains,
}

/// What a name below a provider's domain is, such as `joe.fastmail.com`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subdomains {
    /// Some other domain.
    #[default]
    Other,
    /// The mailbox `joe`; what stands before the `@` is a tag.
    Mailboxes,
}

impl LocalPartRules {
    /// Reads the columns of `local_parts.tsv` behind the provider's id.
    pub(super) fn parse(row: &Row<'_>, columns: [&str; 3]) -> Result<Self, ListError> {
        let wrong = |column, allowed| row.error(ListProblem::Value { column, allowed });
        let is_character = |c: char| "._-".contains(c);
        let [ignored, taken_for, subdomains] = columns;
        let ignored = match ignored {
            "none" => "",
            characters if characters.chars().all(is_character) => characters,
            _ => return Err(wrong("ignored", "none, or characters out of . _ -")),
        };
        let pair = |pair: &str| match pair.chars().collect::<Vec<_>>()[..] {
            [typed, '=', meant] if is_character(typed) && is_character(meant) => {
                Some((typed, meant))
            }
            _ => None,
        };
        let taken_for = match taken_for {
            "none" => Box::default(),
            pairs => pairs.split(',').map(pair).collect::<Option<_>>().ok_or_else(|| {
                wrong("taken_for", "none, or pairs such as -=. with commas between")
            })?,
        };
        let subdomains = match subdomains {
            "other" => Subdomains::Other,
            "mailboxes" => Subdomains::Mailboxes,
            _ => return Err(wrong("subdomains", "other, mailboxes")),
        };
        Ok(Self { ignored: ignored.into(), taken_for, subdomains })
    }

    /// A local part in lower case, without its tag, as the provider has it.
    pub(super) fn folded(&self, name: &str) -> String {
        let kept = name.chars().filter(|c| !self.ignored.contains(*c));
        let taken_for = |c| self.taken_for.iter().find(|(typed, _)| *typed == c);
        let folded: String = kept.map(|c| taken_for(c).map_or(c, |(_, meant)| *meant)).collect();
        // A name of nothing but such characters is nobody's.
        if folded.is_empty() { name.to_owned() } else { folded }
    }
}

/// Who gets a mailbox at a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderKind {
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
        let [id, name, mx, tag, kind] = row.columns()?;
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
        let kind = match kind {
            "free" => ProviderKind::Free,
            "paid" => ProviderKind::Paid,
            "isp" => ProviderKind::Isp,
            _ => {
                let allowed = "free, paid, isp";
                return Err(row.error(ListProblem::Value { column: "kind", allowed }));
            }
        };
        let local_parts = LocalPartRules::default();
        Ok(Self { id: id.into(), name: name.into(), mx, tag: tag.into(), local_parts, kind })
    }
}
