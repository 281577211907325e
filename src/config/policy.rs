//! `[policy]`: what a form should do.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::reading::is_name;
use super::value::{HAS_TO_BE, one_of};
use crate::did_you_mean::{did_you_mean, nearest_name};
use crate::verdict::{Advice, Reason};

/// `[policy]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyConfig {
    /// Advice by reason, where it differs from the default.
    pub advice: AdviceTable,
}

/// `[policy.advice]`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdviceTable(HashMap<Reason, Advice>);

impl AdviceTable {
    pub fn by_reason(&self) -> &HashMap<Reason, Advice> {
        &self.0
    }
}

impl Serialize for AdviceTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let codes = self.0.iter().map(|(reason, advice)| (reason.code(), advice.code()));
        serializer.collect_map(codes.collect::<BTreeMap<_, _>>())
    }
}

impl<'de> Deserialize<'de> for AdviceTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = AdviceTable;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AdviceTable, A::Error> {
                let mut table = HashMap::new();
                while let Some(code) = map.next_key::<String>()? {
                    // An error of the value, unlike one of the key, has the entry in its path.
                    let (reason, advice) = map.next_value_seed(Entry { code: &code })?;
                    table.insert(reason, advice);
                }
                Ok(AdviceTable(table))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// The value of one entry, read together with its key.
struct Entry<'a> {
    code: &'a str,
}

impl<'de> DeserializeSeed<'de> for Entry<'_> {
    type Value = (Reason, Advice);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let reason = Reason::from_code(self.code).ok_or_else(|| no_reason(self.code))?;
        let advice = String::deserialize(deserializer)?;
        let advice = Advice::from_code(&advice).ok_or_else(|| no_advice(&advice))?;
        Ok((reason, advice))
    }
}

fn no_reason<E: de::Error>(code: &str) -> E {
    const MOST_EDITS: usize = 4;
    if !is_name(code) {
        return E::custom("an entry is no reason");
    }
    let nearest = nearest_name(code, Reason::all().map(Reason::code), MOST_EDITS);
    E::custom(format_args!("there is no reason `{code}`{}", did_you_mean(&nearest)))
}

fn no_advice<E: de::Error>(advice: &str) -> E {
    if !is_name(advice) {
        let known = one_of(&Advice::ALL.map(Advice::code));
        return E::custom(format_args!("{HAS_TO_BE} {known}"));
    }
    let known = Advice::ALL.map(Advice::code).join(", ");
    E::custom(format_args!("`{advice}` is none of {known}"))
}
