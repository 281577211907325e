//! A mailbox provider, and what it does to the part before the `@`.

use strum::{EnumString, VariantNames};

use super::list::{ListError, ListRow};

/// A mailbox provider.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Short and stable, such as `gmail`: what clients see.
    pub id: Box<str>,
    /// The registrable domains under which its mail servers are found.
    pub mx: Vec<Box<str>>,
    /// The characters that start a tag; the provider ignores them with all that follows.
    pub tag: Box<str>,
    pub local_parts: LocalPartRules,
    pub kind: ProviderKind,
}

/// What a provider does to local parts besides tags. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalPartRules {
    /// Characters that it ignores.
    pub ignored: Box<str>,
    /// Pairs of characters: the one that is typed, and the one that the provider takes it for.
    pub taken_for: Box<[(char, char)]>,
    pub subdomains: Subdomains,
}

/// What a name below a provider's domain is, such as `joe.fastmail.com`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Subdomains {
    /// Some other domain.
    #[default]
    Other,
    /// The mailbox `joe`; what stands before the `@` is a tag.
    Mailboxes,
}

/// Who gets a mailbox at a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum ProviderKind {
    /// Anybody, for free.
    Free,
    /// Who pays for it.
    Paid,
    /// The customers of an internet or telephone company.
    Isp,
}

impl Provider {
    /// Reads a row of `providers.tsv`.
    pub(super) fn parse(row: &ListRow<'_>) -> Result<Self, ListError> {
        let [id, _name, mx, tag, kind] = row.columns()?;
        let mx = match mx {
            "-" => Vec::new(),
            mx => mx.split(',').map(|d| row.domain(d)).collect::<Result<_, _>>()?,
        };
        let tag = match tag {
            "none" => "",
            tag if tag.bytes().all(|b| b"+-=.".contains(&b)) => tag,
            _ => return Err(row.value_error("tag", "none, or characters out of + - = .")),
        };
        let kind = row.one_of("kind", kind)?;
        let local_parts = LocalPartRules::default();
        Ok(Self { id: id.into(), mx, tag: tag.into(), local_parts, kind })
    }
}

impl LocalPartRules {
    /// Reads the columns of `local_parts.tsv` behind the provider's id.
    pub(super) fn parse(row: &ListRow<'_>, columns: [&str; 3]) -> Result<Self, ListError> {
        let is_character = |c: char| "._-".contains(c);
        let [ignored, taken_for, subdomains] = columns;
        let ignored = match ignored {
            "none" => "",
            characters if characters.chars().all(is_character) => characters,
            _ => return Err(row.value_error("ignored", "none, or characters out of . _ -")),
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
                row.value_error("taken_for", "none, or pairs such as -=. with commas between")
            })?,
        };
        let subdomains = row.one_of("subdomains", subdomains)?;
        Ok(Self { ignored: ignored.into(), taken_for, subdomains })
    }

    /// A lower-case local part without its tag, in the provider's form.
    pub(super) fn folded(&self, name: &str) -> String {
        let kept = name.chars().filter(|c| !self.ignored.contains(*c));
        let taken_for = |c| self.taken_for.iter().find(|(typed, _)| *typed == c);
        let folded: String = kept.map(|c| taken_for(c).map_or(c, |(_, meant)| *meant)).collect();
        // No mailbox has a name of ignored characters alone.
        if folded.is_empty() { name.to_owned() } else { folded }
    }
}

/// How many people have a mailbox at a domain, from 1 (the world's biggest) to 5 (few, or no longer given out).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Popularity(u8);

impl Popularity {
    /// From 1 to 5, 1 the most popular.
    pub fn class(self) -> u8 {
        self.0
    }

    pub(super) fn parse(row: &ListRow<'_>, column: &str) -> Result<Self, ListError> {
        match column.parse() {
            Ok(class @ 1..=5) => Ok(Self(class)),
            _ => Err(row.value_error("popularity", "1 to 5")),
        }
    }
}
