//! How likely a domain is meant as it was typed.
//!
//! Nobody has a list of all domains. But every short name is somebody's, hardly any long one that looks
//! like a provider's is, and no name is whose top-level domain does not exist.

use super::endings::Existence;
use super::typos::Log10;

/// A text that is no domain at all.
const NO_DOMAIN: Log10 = -12.0;
/// An ending that others have their names below may have a mailbox too.
const ENDING_ITSELF: Log10 = -4.4;
/// A domain beneath another one exists if somebody wanted it to.
const BELOW_ANOTHER: Log10 = -6.9;
/// A provider's very name with `.com`, where that is not the provider's: somebody has it.
const NAME_WITH_COM: Log10 = -6.4;
/// The same with another ending.
const NAME_WITH_OTHER: Log10 = -7.4;
/// The same for each country in which the provider has a domain: then it may well have one there too.
const PER_COUNTRY: Log10 = 0.5;
const MOST_COUNTRIES: usize = 4;
/// A provider's very name below somebody else's.
const NAME_BELOW_ANOTHER: Log10 = -8.9;
/// Somebody's own name, and a typo in its ending.
const ENDING_MISTYPED: Log10 = -3.0;
/// Many services are called something-mail and something-cloud.
const USUAL: Log10 = 0.8;
const USUAL_ENDS: [&str; 2] = ["mail", "cloud"];

/// A domain taken apart by the public suffix list.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    name: Name,
    ending: Ending,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    /// Nothing but a label, or nothing.
    NoDomain,
    /// There is none before the ending.
    None,
    /// A name that is registered, with so many letters.
    Registered(usize),
    /// The same, of the usual kind for a service.
    Usual(usize),
    /// There is more before it.
    Below,
}

#[derive(Clone, Copy, PartialEq)]
enum Ending {
    Com,
    /// Another one, and what it takes off that a name has it.
    Other(Log10),
    Nonsense,
}

impl Shape {
    /// The shape of a domain.
    pub(super) fn of(domain: &str) -> Self {
        let suffix = psl::suffix(domain.as_bytes());
        let known = suffix.filter(psl::Suffix::is_known);
        let ending = match known.map(|suffix| suffix.as_bytes()) {
            None => Ending::Nonsense,
            Some(b"com") => Ending::Com,
            Some(suffix) => Ending::Other(share(suffix)),
        };
        let ending_length = suffix.map_or(0, |suffix| suffix.as_bytes().len());
        let names = domain.len().checked_sub(ending_length + 1).and_then(|end| domain.get(..end));
        let name = match names {
            _ if !domain.contains('.') => Name::NoDomain,
            None => Name::None,
            Some(names) if names.contains('.') => Name::Below,
            Some(name) if USUAL_ENDS.iter().any(|end| is_usual(name, end)) => {
                Name::Usual(name.len())
            }
            Some(name) => Name::Registered(name.len()),
        };
        Self { name, ending }
    }

    /// Whether all that follows its first label is an ending that exists.
    pub(super) fn existence(self) -> Existence {
        match (self.ending, self.name) {
            (Ending::Nonsense, _) | (_, Name::NoDomain | Name::Below) => Existence::Nonsense,
            _ => Existence::Exists,
        }
    }

    /// How likely it is meant as it was typed, where it has the very name of a provider with domains in
    /// so many countries, or not.
    pub(super) fn likelihood(self, countries_of_name: Option<usize>) -> Log10 {
        let own = match self.name {
            Name::NoDomain => return NO_DOMAIN,
            Name::None => ENDING_ITSELF,
            Name::Below => BELOW_ANOTHER,
            Name::Registered(length) => by_length(length) + self.ending.share(),
            Name::Usual(length) => by_length(length) + self.ending.share() + USUAL,
        };
        match (self.ending, countries_of_name) {
            (_, None) => own,
            (Ending::Nonsense, Some(_)) => NAME_WITH_OTHER + ENDING_MISTYPED,
            (_, Some(_)) if self.name == Name::Below => NAME_BELOW_ANOTHER,
            (Ending::Com, Some(_)) => own.max(NAME_WITH_COM),
            (Ending::Other(_), Some(countries)) => {
                let further = countries.saturating_sub(1).min(MOST_COUNTRIES);
                own.max(NAME_WITH_OTHER + PER_COUNTRY * further as f64)
            }
        }
    }
}

impl Ending {
    /// What it takes off that a name has this ending.
    fn share(self) -> Log10 {
        match self {
            Self::Com => 0.0,
            Self::Other(share) => share,
            Self::Nonsense => ENDING_MISTYPED,
        }
    }
}

/// How many names there are with an ending, for one with `.com`.
fn share(suffix: &[u8]) -> Log10 {
    match suffix {
        b"net" | b"org" => -0.7,
        b"de" | b"co.uk" | b"co" | b"io" | b"cn" => -0.9,
        b"nl" | b"ru" | b"com.br" | b"com.au" | b"edu" | b"info" => -1.2,
        b"fr" | b"it" | b"eu" | b"pl" | b"ca" | b"ch" | b"es" | b"us" => -1.5,
        _ if suffix.contains(&b'.') => -2.2,
        _ => -1.8,
    }
}

/// How likely one name of this length is meant, of all with `.com`.
fn by_length(length: usize) -> Log10 {
    match length {
        0..=2 => -4.4,
        3 => -4.8,
        4 => -5.6,
        5 => -6.6,
        6 => -7.3,
        7 => -7.8,
        8 => -8.4,
        9 => -8.9,
        _ => -9.4,
    }
}

/// With one letter more it is as likely a typo.
fn is_usual(name: &str, end: &str) -> bool {
    name.strip_suffix(end).is_some_and(|rest| rest.len() != 1)
}
