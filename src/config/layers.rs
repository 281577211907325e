//! The sources of configuration, each over the ones before: their keys are checked, and origins noted.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::Config;
use super::reading::{self, InvalidValue, OPEN_TABLE, is_name};
use crate::did_you_mean::{did_you_mean, nearest_name};

/// The sources read so far, later ones over earlier ones.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    table: Table,
    origins: Origins,
}

/// The file, variable or flag that each value comes from.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    by_key: BTreeMap<String, String>,
}

impl Origins {
    /// The origin of a value that is not set.
    pub const DEFAULT: &str = "default";

    /// The origin of the value of a key (`http.listen`).
    pub fn of(&self, key: &str) -> &str {
        self.by_key.get(key).map_or(Self::DEFAULT, String::as_str)
    }

    /// Notes what set a key.
    pub fn set(&mut self, key: &str, origin: &str) {
        self.by_key.insert(key.to_owned(), origin.to_owned());
    }

    /// The file or variable that a key, or a key below it, was read from.
    pub fn source(&self, key: &str) -> &str {
        let is_it =
            |set: &str| set.strip_prefix(key).is_some_and(|r| r.is_empty() || r.starts_with('.'));
        let source = self.by_key.iter().find(|(set, _)| is_it(set));
        source.map_or("configuration", |(_, origin)| origin.as_str())
    }

    fn set_all(&mut self, origin: &str, table: &Table) {
        for (key, _) in leaves(table) {
            self.set(&key, origin);
        }
    }
}

/// The configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("{file}, line {line}: {message}")]
    NotToml {
        file: String,
        /// Counted from 1.
        line: usize,
        /// It does not repeat the line, which may hold an address.
        message: String,
    },
    #[error("{origin}: unknown key `{key}`{}", did_you_mean(.nearest))]
    UnknownKey {
        /// The file or the environment variable.
        origin: String,
        /// With the table it is in.
        key: String,
        nearest: Option<String>,
    },
    /// A key that is no name at all. It is not repeated, because it may be an address.
    #[error("{origin}: a key in {table} is not one of ours")]
    StrangeKey { origin: String, table: String },
    /// A value of the wrong kind or out of its range.
    #[error("{origin}: {message}")]
    Value {
        origin: String,
        /// It names the key and does not repeat the value.
        message: String,
    },
}

/// The start of the name of each environment variable that is a setting.
pub const VARIABLE_PREFIX: &str = "MAILVET_";

/// The variable that names the configuration file. It is no setting.
pub const CONFIG_FILE_VARIABLE: &str = "MAILVET_CONFIG";

impl Layers {
    /// Adds a file.
    ///
    /// # Errors
    /// The file is no TOML, or has an unknown key.
    pub fn file(mut self, name: &str, text: &str) -> Result<Self, ConfigError> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| ConfigError::NotToml {
            file: name.to_owned(),
            line: error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count()),
            message: syntax_message(error.message()),
        })?;
        check_keys(name, "", &table)?;
        self.origins.set_all(name, &table);
        merge(&mut self.table, table);
        Ok(self)
    }

    /// Adds the environment: `MAILVET_HTTP__LISTEN` is `listen` in `[http]`.
    ///
    /// # Errors
    /// A variable with our prefix names an unknown key.
    pub fn environment(
        mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        for (variable, text) in variables {
            if variable == CONFIG_FILE_VARIABLE {
                continue;
            }
            let Some(path) = variable.strip_prefix(VARIABLE_PREFIX) else { continue };
            let path = path.to_ascii_lowercase();
            let table = path.rsplit("__").fold(variable_value(&text), |value, key| {
                Value::Table(Table::from_iter([(key.to_owned(), value)]))
            });
            if let Value::Table(table) = table {
                check_keys(&variable, "", &table)?;
                self.origins.set_all(&variable, &table);
                merge(&mut self.table, table);
            }
        }
        Ok(self)
    }

    /// The configuration, with defaults filled in, and the origin of each value.
    ///
    /// # Errors
    /// A value is of the wrong kind or out of its range.
    pub fn resolve(self) -> Result<(Config, Origins), ConfigError> {
        let Self { table, origins } = self;
        let config = reading::read(table)
            .and_then(|config| config.check().map(|()| config))
            .map_err(|InvalidValue { key, message }| {
                let origin = origins.source(&key).to_owned();
                ConfigError::Value { origin, message }
            })?;
        Ok((config, origins))
    }
}

impl Config {
    /// Every value with its key (`http.listen`), as TOML writes it.
    pub fn values(&self) -> Vec<(String, String)> {
        // A struct of tables, lists and plain values can be written as TOML.
        let table = Table::try_from(self).unwrap_or_default();
        leaves(&table).into_iter().map(|(key, value)| (key, value.to_string())).collect()
    }
}

/// The values in a table, then those in the tables below it (the order that TOML wants), each with its
/// whole key.
fn leaves(table: &Table) -> Vec<(String, &Value)> {
    fn collect<'t>(prefix: &str, table: &'t Table, found: &mut Vec<(String, &'t Value)>) {
        let path = |key: &String| {
            if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") }
        };
        let is_inner = |value: &Value| value.as_table().is_some_and(|table| !table.is_empty());
        found.extend(table.iter().filter(|(_, v)| !is_inner(v)).map(|(k, v)| (path(k), v)));
        for (key, value) in table {
            if let Value::Table(inner) = value {
                collect(&path(key), inner, found);
            }
        }
    }
    let mut found = Vec::new();
    collect("", table, &mut found);
    found
}

/// The library's message on a syntax error. On a number beyond 64 bits it names Rust's types and repeats the
/// number.
fn syntax_message(message: &str) -> String {
    if message.starts_with("invalid ") && message.contains("expected any valid TOML value") {
        return "a number is too large".to_owned();
    }
    message.to_owned()
}

/// A variable's text as a number, a boolean or a list where it reads like one, else as text.
fn variable_value(text: &str) -> Value {
    let line = format!("value = {text}");
    match line.parse::<Table>().ok().and_then(|mut table| table.remove("value")) {
        Some(
            value @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Array(_)),
        ) => value,
        _ => Value::String(text.to_owned()),
    }
}

fn merge(below: &mut Table, above: Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => merge(below, above),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

fn check_keys(origin: &str, prefix: &str, table: &Table) -> Result<(), ConfigError> {
    let known = known_keys();
    for (key, value) in table {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        let is_known = known.iter().any(|known| {
            *known == path || known.strip_prefix(&path).is_some_and(|rest| rest.starts_with('.'))
        });
        if !is_known && !is_name(key) {
            let table =
                if prefix.is_empty() { "the file".to_owned() } else { format!("`{prefix}`") };
            return Err(ConfigError::StrangeKey { origin: origin.to_owned(), table });
        }
        if !is_known {
            return Err(ConfigError::UnknownKey {
                origin: origin.to_owned(),
                nearest: nearest(&path, value, &known),
                key: path,
            });
        }
        if value.is_table() && path != OPEN_TABLE && known.contains(&path) {
            // The keys in it are not repeated: they may be addresses.
            let message = format!("`{path}` is no table");
            return Err(ConfigError::Value { origin: origin.to_owned(), message });
        }
        match value {
            Value::Table(table) if path != OPEN_TABLE => check_keys(origin, &path, table)?,
            _ => {}
        }
    }
    Ok(())
}

/// Every key has a default.
fn known_keys() -> Vec<String> {
    leaves(&reading::defaults()).into_iter().map(|(key, _)| key).collect()
}

/// The known table nearest to an unknown one, or the known key nearest to an unknown key, if any is near: a few
/// edits away, with a part of its name, or with the same name in another table.
fn nearest(path: &str, value: &Value, known: &[String]) -> Option<String> {
    let known: Vec<&str> = if value.is_table() {
        let above = known.iter().flat_map(|key| key.match_indices('.').map(|(at, _)| &key[..at]));
        above.chain([OPEN_TABLE]).collect()
    } else {
        known.iter().map(String::as_str).filter(|key| *key != OPEN_TABLE).collect()
    };
    if let Some(name) = nearest_name(path, known.iter().copied(), 2) {
        return Some(name.to_owned());
    }
    let mut longer_or_shorter = known.iter().filter(|name| begins_alike(path, name));
    // `max` begins many keys.
    if let (Some(name), None) = (longer_or_shorter.next(), longer_or_shorter.next()) {
        return Some((*name).to_owned());
    }
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let names: Vec<String> = known.iter().map(|name| last(name)).collect();
    // The table differs, so the name has to be nearly the same.
    let name = nearest_name(&last(path), names.iter().map(String::as_str), 1)?;
    known.iter().find(|known| last(known) == name).map(|name| (*name).to_owned())
}

/// Whether two keys are in one table, and the name of one begins with the other's.
fn begins_alike(one: &str, other: &str) -> bool {
    let (Some((table, one)), Some((other_table, other))) =
        (one.rsplit_once('.'), other.rsplit_once('.'))
    else {
        return false;
    };
    table == other_table
        && one.len().min(other.len()) > 2
        && (one.starts_with(other) || other.starts_with(one))
}
