//! A configuration from a table, and what is wrong with a value in our own words.
//!
//! serde's sentences quote the value, which may be somebody's address, and name Rust's types.

use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, Deserializer, Expected, IntoDeserializer, Unexpected, Visitor};
use serde_path_to_error::{Path, Segment};
use toml::{Table, Value};

use super::{Config, within};

/// A value that cannot be used.
pub(super) struct Wrong {
    /// Its key.
    pub(super) key: String,
    /// A sentence that names the key and does not repeat the value.
    pub(super) message: String,
}

/// The configuration that a table holds.
pub(super) fn read(table: Table) -> Result<Config, Wrong> {
    serde_path_to_error::deserialize(Reader(Value::Table(table))).map_err(|error| {
        let key = key(error.path());
        let message = match error.into_inner() {
            Mistake::Kind => format!("`{key}` has to be {}", wanted(&key)),
            Mistake::Range => format!("`{key}` has to be {}", range(&key)),
            Mistake::NoneOf(names) => format!("`{key}` has to be {}", one_of(names)),
            Mistake::Said(said) => format!("`{key}`: {said}"),
        };
        Wrong { key, message }
    })
}

/// The key of a value; for an element of a list that of the list, for what has no name that of the table.
fn key(path: &Path) -> String {
    let names = path.iter().map_while(|segment| match segment {
        Segment::Map { key } if is_name(key) => Some(key.as_str()),
        Segment::Map { .. } | Segment::Seq { .. } | Segment::Enum { .. } | Segment::Unknown => None,
    });
    names.collect::<Vec<_>>().join(".")
}

/// Whether a key could be the name of a setting. What could not is never repeated: it may be somebody's address.
pub(super) fn is_name(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// What belongs under a key: something like the default.
fn wanted(key: &str) -> String {
    let defaults = Table::try_from(Config::default()).unwrap_or_default();
    let step = |value: &Value, name| value.get(name).cloned();
    let default = key.split('.').try_fold(Value::Table(defaults), |value, name| step(&value, name));
    match default {
        Some(Value::Integer(_)) => "a whole number".to_owned(),
        Some(Value::Float(_)) => "a number".to_owned(),
        Some(Value::Boolean(_)) => "true or false".to_owned(),
        Some(Value::Array(_)) => "a list of texts".to_owned(),
        Some(Value::Table(table)) if !table.is_empty() => {
            let keys: Vec<String> = table.keys().map(|key| format!("`{key}`")).collect();
            format!("a table with {}", keys.join(", "))
        }
        Some(Value::Table(_)) => "a table".to_owned(),
        Some(Value::String(_) | Value::Datetime(_)) | None => "a text".to_owned(),
    }
}

/// What a number under a key may be.
fn range(key: &str) -> String {
    match Config::default().all_ranges().find(|(known, ..)| *known == key) {
        Some((_, _, range)) => within(&range),
        None => "a whole number, at least 0".to_owned(),
    }
}

fn one_of(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("one of {}", names.join(", "))
}

/// What a value is not.
#[derive(Debug)]
enum Mistake {
    /// Of the kind that is wanted.
    Kind,
    /// A number that fits.
    Range,
    /// One of these names.
    NoneOf(&'static [&'static str]),
    /// What one of our own types says about it.
    Said(String),
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Mistake {}

impl de::Error for Mistake {
    fn custom<T: fmt::Display>(said: T) -> Self {
        Self::Said(said.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::Kind
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::Range
    }

    fn invalid_length(_: usize, _: &dyn Expected) -> Self {
        Self::Kind
    }

    fn unknown_variant(_: &str, names: &'static [&'static str]) -> Self {
        Self::NoneOf(names)
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self::Kind
    }

    fn missing_field(_: &'static str) -> Self {
        Self::Kind
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self::Kind
    }
}

/// A value that is read with our own errors.
struct Reader(Value);

impl<'de> IntoDeserializer<'de, Mistake> for Reader {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Reader {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.0 {
            Value::String(text) => visitor.visit_string(text),
            Value::Integer(number) => visitor.visit_i64(number),
            Value::Float(number) => visitor.visit_f64(number),
            Value::Boolean(truth) => visitor.visit_bool(truth),
            Value::Datetime(_) => Err(Mistake::Kind),
            Value::Array(elements) => {
                visitor.visit_seq(SeqDeserializer::new(elements.into_iter().map(Reader)))
            }
            Value::Table(table) => {
                let entries = table.into_iter().map(|(key, value)| (key, Self(value)));
                visitor.visit_map(MapDeserializer::new(entries))
            }
        }
    }

    /// serde would take a list of the fields' values as well.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        if self.0.is_table() { self.deserialize_any(visitor) } else { Err(Mistake::Kind) }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        let text = String::deserialize(self).map_err(|_| Mistake::NoneOf(variants))?;
        IntoDeserializer::<Mistake>::into_deserializer(text)
            .deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}
