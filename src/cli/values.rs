//! Values of arguments: names out of a set, which help and completions list, and numbers.

use std::error::Error;
use std::ffi::OsStr;
use std::marker::PhantomData;
use std::ops::RangeInclusive;
use std::str::FromStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command};

/// Reads a name as its type does, synonyms too, and knows the names that there are.
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
        // The error of the type lists the names, too.
        str::parse::<T>.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.names.iter().copied().map(PossibleValue::new)))
    }
}

/// A text is no number of this range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a whole number from {} to {}", .0.start(), .0.end())]
pub(super) struct NumberError(RangeInclusive<u64>);

/// A whole number of this range.
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
