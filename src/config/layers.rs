//! Laying the sources of configuration over one another.

use toml::{Table, Value};

use super::Config;

/// The sources read so far, later ones over earlier ones.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    table: Table,
}

/// The configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file is no TOML.
    #[error("{file}: {message}")]
    NotToml {
        /// The file's name.
        file: String,
        /// What is wrong, with line and column.
        message: String,
    },
    /// A key that nobody knows.
    #[error("{origin}: unknown key `{key}`{}", did_you_mean(.nearest.as_deref()))]
    UnknownKey {
        /// The file or the environment variable it came from.
        origin: String,
        /// The key, with the table it is in.
        key: String,
        /// The known key most like it.
        nearest: Option<String>,
    },
    /// A value of the wrong kind or out of its range.
    #[error("configuration: {0}")]
    Value(String),
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"))
}

/// Every environment variable that is ours starts like this.
const PREFIX: &str = "MAILVET_";

/// Keys below this one are names of reasons, not of settings.
const OPEN_TABLE: &str = "policy.advice";

impl Layers {
    /// Lays a file over what is there.
    ///
    /// # Errors
    /// The file is no TOML, or has a key that nobody knows.
    pub fn file(mut self, name: &str, text: &str) -> Result<Self, ConfigError> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| ConfigError::NotToml {
            file: name.to_owned(),
            message: error.to_string().trim_end().to_owned(),
        })?;
        check_keys(name, "", &table)?;
        merge(&mut self.table, table);
        Ok(self)
    }

    /// Lays the environment over what is there: `MAILVET_HTTP__LISTEN` is `listen` in `[http]`.
    ///
    /// # Errors
    /// A variable of ours names a key that nobody knows.
    pub fn environment(
        mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        for (variable, text) in variables {
            let Some(path) = variable.strip_prefix(PREFIX) else { continue };
            let path = path.to_ascii_lowercase();
            let table = path.rsplit("__").fold(value_of(&text), |value, key| {
                Value::Table(Table::from_iter([(key.to_owned(), value)]))
            });
            if let Value::Table(table) = table {
                check_keys(&variable, "", &table)?;
                merge(&mut self.table, table);
            }
        }
        Ok(self)
    }

    /// What has come of it, defaults filled in.
    ///
    /// # Errors
    /// A value is of the wrong kind or out of its range.
    pub fn resolve(self) -> Result<Config, ConfigError> {
        let value_error = |error: toml::de::Error| {
            ConfigError::Value(error.to_string().trim_end().replace('\n', " "))
        };
        Config::deserialize_table(self.table).map_err(value_error)
    }
}

impl Config {
    fn deserialize_table(table: Table) -> Result<Self, toml::de::Error> {
        Value::Table(table).try_into()
    }
}

/// A variable's text as a value: a number, a truth or a list where it reads like one, else itself.
fn value_of(text: &str) -> Value {
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
        if !is_known {
            return Err(ConfigError::UnknownKey {
                origin: origin.to_owned(),
                nearest: nearest(&path, &known),
                key: path,
            });
        }
        match value {
            Value::Table(table) if path != OPEN_TABLE => check_keys(origin, &path, table)?,
            _ => {}
        }
    }
    Ok(())
}

/// The keys of the defaults are the keys there are.
fn known_keys() -> Vec<String> {
    fn collect(prefix: &str, table: &Table, keys: &mut Vec<String>) {
        for (key, value) in table {
            let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            match value {
                Value::Table(table) if !table.is_empty() => collect(&path, table, keys),
                _ => keys.push(path),
            }
        }
    }
    let mut keys = Vec::new();
    if let Ok(defaults) = Table::try_from(Config::default()) {
        collect("", &defaults, &mut keys);
    }
    keys
}

/// The known key most like this one, if it is like one at all: the same name in another table, or a
/// few letters away.
fn nearest(path: &str, known: &[String]) -> Option<String> {
    let name = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let distance = |known: &str| {
        let whole = strsim::osa_distance(path, known);
        let last = strsim::osa_distance(&name(path), &name(known));
        whole.min(last + 1)
    };
    let tables = known.iter().filter_map(|known| known.split_once('.')).map(|(table, _)| table);
    let candidates = tables.map(str::to_owned).chain(known.iter().cloned());
    let (distance, best) = candidates.map(|known| (distance(&known), known)).min()?;
    (distance <= 3).then_some(best)
}
