//! Values of arguments: depths, names out of a set, which help and completions list, and numbers.

use std::error::Error;
use std::ffi::OsStr;
use std::marker::PhantomData;
use std::ops::RangeInclusive;
use std::str::FromStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command, ValueEnum};

use crate::validator::Network;
use crate::verdict::Depth;

/// The value of `--depth`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum DepthArg {
    /// The text, and what the lists know of it
    Syntax,
    /// Also ask the DNS whether the domain accepts mail
    Domain,
    /// Also ask the mail server about the mailbox
    Mailbox,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("--depth mailbox asks mail servers, and --offline asks nobody: give one of them")]
pub(super) struct OfflineMailbox;

impl DepthArg {
    /// Whether this depth can be reached.
    pub(super) fn check(self, network: Network) -> Result<(), OfflineMailbox> {
        match (self, network) {
            (Self::Mailbox, Network::Offline) => Err(OfflineMailbox),
            (Self::Syntax | Self::Domain | Self::Mailbox, _) => Ok(()),
        }
    }
}

impl From<DepthArg> for Depth {
    fn from(depth: DepthArg) -> Self {
        match depth {
            DepthArg::Syntax => Self::Syntax,
            DepthArg::Domain => Self::Domain,
            DepthArg::Mailbox => Self::Mailbox,
        }
    }
}

/// Reads a name by its type's `FromStr`, synonyms too, and knows the names for help and completions.
#[derive(Clone, Debug)]
pub(super) struct OneOf<T> {
    names: Vec<&'static str>,
    value: PhantomData<T>,
}

impl<T> OneOf<T> {
    pub(super) fn new(names: impl IntoIterator<Item = &'static str>) -> Self {
        Self { names: names.into_iter().collect(), value: PhantomData }
    }
}

impl<T> TypedValueParser for OneOf<T>
where
    T: FromStr<Err: Error + Send + Sync + 'static> + Clone + Send + Sync + 'static,
{
    type Value = T;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<T, clap::Error> {
        // The type's own error lists the names, too.
        str::parse::<T>.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.names.iter().copied().map(PossibleValue::new)))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a whole number from {} to {}", .0.start(), .0.end())]
pub(super) struct NumberError(RangeInclusive<u64>);

/// A whole number in this range.
pub(super) fn number<T: FromStr>(text: &str, range: RangeInclusive<u64>) -> Result<T, NumberError> {
    let is_within = text.parse().is_ok_and(|number: u64| range.contains(&number));
    let number = text.parse().ok().filter(|_| is_within);
    number.ok_or(NumberError(range))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn numbers() {
        let cases = [
            ("1", Some(1)),
            ("4096", Some(4_096)),
            ("+7", Some(7)),
            ("0", None),
            ("4097", None),
            ("-1", None),
            ("1.5", None),
            ("many", None),
            ("", None),
            ("99999999999999999999", None),
        ];
        for (text, expected) in cases {
            let read = number::<NonZeroU32>(text, 1..=4_096).map(NonZeroU32::get);
            assert_eq!(read.clone().ok(), expected, "{text:?}");
            if let Err(error) = read {
                assert_eq!(error.to_string(), "not a whole number from 1 to 4096", "{text:?}");
            }
        }
    }
}
