//! The prior of the typed domain: how likely it is meant just as it was typed.
//!
//! No list has every domain, so its shape decides: nearly every short name is registered, hardly any long one
//! that resembles a provider's is, and none whose top-level domain does not exist.

use super::endings::EndingStatus;
use super::typos::Log10;

/// A text that is no domain.
const NO_DOMAIN: Log10 = -12.0;
/// A public suffix itself, such as `co.uk`.
const ENDING_ITSELF: Log10 = -4.4;
/// A domain below a registered one.
const BELOW_ANOTHER: Log10 = -6.9;
/// A provider's very name with `.com`, where that is not the provider's own domain.
const NAME_WITH_COM: Log10 = -6.4;
/// The same with another ending.
const NAME_WITH_OTHER: Log10 = -7.4;
/// Bonus for each country in which the provider has a domain: it may well have one here too.
const PER_COUNTRY: Log10 = 0.5;
const MOST_COUNTRIES: usize = 4;
/// A provider's very name below another domain.
const NAME_BELOW_ANOTHER: Log10 = -8.9;
/// A name that no list has, with a typo in its ending.
const ENDING_MISTYPED: Log10 = -3.0;
/// Bonus of names such as something-mail and something-cloud, which many services have.
const SERVICE_NAME: Log10 = 0.8;
const SERVICE_SUFFIXES: [&str; 2] = ["mail", "cloud"];

/// A domain taken apart by the public suffix list.
#[derive(Clone, Copy)]
pub(super) struct DomainShape {
    name: NameShape,
    ending: EndingShape,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum NameShape {
    /// One label, or none.
    NoDomain,
    /// No name before the ending.
    None,
    /// One label of this length.
    Registered(usize),
    /// The same, named as many services are.
    Service(usize),
    /// Several labels.
    Below,
}

#[derive(Clone, Copy, PartialEq)]
enum EndingShape {
    Com,
    /// Any other ending, with its penalty.
    Other(Log10),
    Invalid,
}

impl DomainShape {
    pub(super) fn of(domain: &str) -> Self {
        let suffix = psl::suffix(domain.as_bytes());
        let known = suffix.filter(psl::Suffix::is_known);
        let ending = match known.map(|suffix| suffix.as_bytes()) {
            None => EndingShape::Invalid,
            Some(b"com") => EndingShape::Com,
            Some(suffix) => EndingShape::Other(share(suffix)),
        };
        let ending_length = suffix.map_or(0, |suffix| suffix.as_bytes().len());
        let names = domain.len().checked_sub(ending_length + 1).and_then(|end| domain.get(..end));
        let name = match names {
            _ if !domain.contains('.') => NameShape::NoDomain,
            None => NameShape::None,
            Some(names) if names.contains('.') => NameShape::Below,
            Some(name) if SERVICE_SUFFIXES.iter().any(|end| is_service_name(name, end)) => {
                NameShape::Service(name.len())
            }
            Some(name) => NameShape::Registered(name.len()),
        };
        Self { name, ending }
    }

    /// Whether all that follows its first label is an ending that exists.
    pub(super) fn ending_status(self) -> EndingStatus {
        match (self.ending, self.name) {
            (EndingShape::Invalid, _) | (_, NameShape::NoDomain | NameShape::Below) => {
                EndingStatus::Invalid
            }
            _ => EndingStatus::Exists,
        }
    }

    /// How likely it is meant as it was typed. `countries_of_name` is the number of endings of the provider
    /// whose very name it has; none where it has no provider's name.
    pub(super) fn prior(self, countries_of_name: Option<usize>) -> Log10 {
        let own = match self.name {
            NameShape::NoDomain => return NO_DOMAIN,
            NameShape::None => ENDING_ITSELF,
            NameShape::Below => BELOW_ANOTHER,
            NameShape::Registered(length) => by_length(length) + self.ending.share(),
            NameShape::Service(length) => by_length(length) + self.ending.share() + SERVICE_NAME,
        };
        match (self.ending, countries_of_name) {
            (_, None) => own,
            (EndingShape::Invalid, Some(_)) => NAME_WITH_OTHER + ENDING_MISTYPED,
            (_, Some(_)) if self.name == NameShape::Below => NAME_BELOW_ANOTHER,
            (EndingShape::Com, Some(_)) => own.max(NAME_WITH_COM),
            (EndingShape::Other(_), Some(countries)) => {
                let further = countries.saturating_sub(1).min(MOST_COUNTRIES);
                own.max(NAME_WITH_OTHER + PER_COUNTRY * further as f64)
            }
        }
    }
}

impl EndingShape {
    /// The penalty of this ending.
    fn share(self) -> Log10 {
        match self {
            Self::Com => 0.0,
            Self::Other(share) => share,
            Self::Invalid => ENDING_MISTYPED,
        }
    }
}

/// How many names have this ending, relative to `.com`.
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

/// How likely one name of this length is meant, among all with `.com`.
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

/// One letter more than the suffix (`gmail`, `xmail`) is as likely a typo, so it is no service's name.
fn is_service_name(name: &str, end: &str) -> bool {
    name.strip_suffix(end).is_some_and(|rest| rest.len() != 1)
}
