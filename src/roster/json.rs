//! JSON objects, with the positions of their members in the original bytes.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::row_fault::RowFault;
use super::split_addresses;
use super::surrogates::replace_lone_surrogates;

/// One member of an object.
pub(super) struct Member {
    pub(super) key: String,
    /// From the first byte of the key to the last byte of the value.
    pub(super) range: Range<usize>,
    pub(super) value: Range<usize>,
}

/// The members of an object as they are written: keys may occur twice.
struct RawMembers<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for RawMembers<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = RawMembers<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(RawMembers(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

/// The members of an object, in order.
///
/// # Errors
/// The text is no object.
pub(super) fn members(object: &[u8]) -> Result<Vec<Member>, RowFault> {
    let text = std::str::from_utf8(object).map_err(|_| RowFault::NotUtf8)?;
    if !text.starts_with('{') {
        return Err(RowFault::NotJson);
    }
    let RawMembers(members) = serde_json::from_str(text).map_err(|_| RowFault::NotJson)?;
    let range_of = |raw: &RawValue| {
        let start = raw.get().as_ptr().addr() - text.as_ptr().addr();
        start..start + raw.get().len()
    };
    let member = |(key, value): (&RawValue, &RawValue)| {
        let (name, value) = (range_of(key), range_of(value));
        let key = read(key.get().as_bytes()).map_err(|_| RowFault::NotJson)?;
        Ok(Member { key, range: name.start..value.end, value })
    };
    members.into_iter().map(member).collect()
}

/// The addresses in a value: a string, or an array of strings.
pub(super) fn addresses(value: &[u8]) -> Vec<String> {
    if let Ok(text) = read::<String>(value) {
        return split_addresses::addresses(&text);
    }
    let texts = read::<Vec<String>>(value).unwrap_or_default();
    texts.iter().flat_map(|text| split_addresses::addresses(text)).collect()
}

/// A value as text: that of a string, nothing for null, JSON for everything else.
pub(super) fn text(value: &[u8]) -> Cow<'_, str> {
    match read(value) {
        Ok(text) => Cow::Owned(text),
        Err(_) if value == b"null" => Cow::Borrowed(""),
        Err(_) => String::from_utf8_lossy(value),
    }
}

/// Reads a value, with U+FFFD for a lone surrogate.
fn read<T: DeserializeOwned>(value: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(value).or_else(|_| {
        let mut value = value.to_vec();
        replace_lone_surrogates(&mut value);
        serde_json::from_slice(&value)
    })
}
