//! A configuration from a table, with errors that name the key and never repeat the value.
//!
//! serde's own sentences quote the value, which may be an address, and name Rust's types. So the kind of every
//! value is compared with that of its default first. What is left to go wrong in serde is a number out of range,
//! or a text that one of our own types refuses in words that do not repeat it.

use serde_path_to_error::{Path, Segment};
use strum::VariantNames;
use toml::{Table, Value};

use super::log::{LogFormat, LogLevel};
use super::value::{HAS_TO_BE, one_of};
use super::{Config, within};
use crate::verdict::Advice;

/// Keys below this one are codes of reasons, not settings.
pub(super) const OPEN_TABLE: &str = "policy.advice";

/// A value that cannot be used.
pub(super) struct InvalidValue {
    pub(super) key: String,
    /// A sentence that names the key and does not repeat the value.
    pub(super) message: String,
}

/// The configuration that a table holds.
pub(super) fn read(table: Table) -> Result<Config, InvalidValue> {
    let table = Value::Table(table);
    let defaults = Value::Table(defaults());
    check_kinds("", &table, &defaults)?;
    serde_path_to_error::deserialize(table).map_err(|error| {
        let key = key(error.path());
        let step = |value: &Value, name| value.get(name).cloned();
        let message = match key.split('.').try_fold(defaults, |value, name| step(&value, name)) {
            Some(Value::Integer(_)) => format!("`{key}` has to be {}", range(&key)),
            _ => match error.inner().message() {
                wanted if wanted.starts_with(HAS_TO_BE) => format!("`{key}` {wanted}"),
                wrong => format!("`{key}`: {wrong}"),
            },
        };
        InvalidValue { key, message }
    })
}

/// Every key with its default.
pub(super) fn defaults() -> Table {
    // A struct of tables, lists and plain values can be written as TOML.
    Table::try_from(Config::default()).unwrap_or_default()
}

/// Whether every value is of the kind of its default.
fn check_kinds(key: &str, value: &Value, default: &Value) -> Result<(), InvalidValue> {
    let is_right = match (value, default) {
        (Value::Table(values), Value::Table(defaults)) => {
            let any_text = Value::String(String::new());
            let is_open = key == OPEN_TABLE;
            for (name, value) in values {
                let default = if is_open { Some(&any_text) } else { defaults.get(name) };
                if let Some(default) = default {
                    check_kinds(&below(key, name), value, default)?;
                }
            }
            true
        }
        (Value::Integer(_), Value::Integer(_) | Value::Float(_))
        | (Value::Float(_), Value::Float(_))
        | (Value::Boolean(_), Value::Boolean(_))
        | (Value::String(_), Value::String(_) | Value::Array(_)) => true,
        (Value::Array(elements), Value::Array(_)) => elements.iter().all(Value::is_str),
        _ => false,
    };
    if is_right {
        return Ok(());
    }
    let message = format!("`{key}` has to be {}", wanted(key, default));
    Err(InvalidValue { key: key.to_owned(), message })
}

/// The key of an entry in a table; that of the table where the entry's name must not be repeated.
fn below(table: &str, name: &str) -> String {
    match (table, is_name(name)) {
        ("", _) => name.to_owned(),
        (_, true) => format!("{table}.{name}"),
        (_, false) => table.to_owned(),
    }
}

/// The key of a value; for an element of a list that of the list, for an entry whose name must not be repeated
/// that of the table.
fn key(path: &Path) -> String {
    let names = path.iter().map_while(|segment| match segment {
        Segment::Map { key } if is_name(key) => Some(key.as_str()),
        Segment::Map { .. } | Segment::Seq { .. } | Segment::Enum { .. } | Segment::Unknown => None,
    });
    names.collect::<Vec<_>>().join(".")
}

/// Whether a key could be the name of a setting. Any other key is never repeated: it may be an address.
pub(super) fn is_name(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// What may stand in the place of a default.
fn wanted(key: &str, default: &Value) -> String {
    match default {
        Value::Integer(_) => "a whole number".to_owned(),
        Value::Float(_) => "a number".to_owned(),
        Value::Boolean(_) => "true or false".to_owned(),
        Value::Array(_) => "a list of texts".to_owned(),
        Value::Table(table) if !table.is_empty() => {
            let keys: Vec<String> = table.keys().map(|key| format!("`{key}`")).collect();
            format!("a table with {}", keys.join(", "))
        }
        Value::Table(_) => "a table".to_owned(),
        Value::String(_) | Value::Datetime(_) => {
            names(key).map_or_else(|| "a text".to_owned(), |names| one_of(&names))
        }
    }
}

/// The names that the value of a key may be, if it is one of an enum.
fn names(key: &str) -> Option<Vec<&'static str>> {
    match key {
        "log.level" => Some(LogLevel::VARIANTS.to_vec()),
        "log.format" => Some(LogFormat::VARIANTS.to_vec()),
        _ if key.starts_with(OPEN_TABLE) => Some(Advice::ALL.map(Advice::code).to_vec()),
        _ => None,
    }
}

/// What a number under a key may be.
fn range(key: &str) -> String {
    match Config::default().all_ranges().find(|(known, ..)| *known == key) {
        Some((_, _, range)) => within(&range),
        None => "a whole number, at least 0".to_owned(),
    }
}
