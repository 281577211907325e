//! Domains made of letters that look like those of a popular one: `gmаil.com` with a Cyrillic а.
//!
//! Two names that UTS #39 gives the same skeleton look alike in some common typeface.

use std::collections::HashMap;

use unicode_security::skeleton;

use crate::address::Domain;

/// Popular domains by what they look like.
#[derive(Clone, Debug)]
pub(super) struct Lookalikes {
    /// None where several look the same, since either could be meant.
    by_skeleton: HashMap<Box<str>, Option<Box<str>>>,
}

impl Lookalikes {
    /// Of these domains (lower-case A-labels).
    pub(super) fn new<'a>(domains: impl Iterator<Item = &'a str>) -> Self {
        let mut by_skeleton = HashMap::new();
        for domain in domains {
            by_skeleton
                .entry(skeleton(domain).collect::<String>().into_boxed_str())
                .and_modify(|domain| *domain = None)
                .or_insert_with(|| Some(domain.into()));
        }
        Self { by_skeleton }
    }

    /// The domain that this one looks like. Plain ASCII is left to the noisy channel: its few look-alikes (`rn`
    /// for `m`, `1` for `l`) are ordinary typos as well, and some are real names.
    pub(super) fn of(&self, typed: &Domain) -> Option<&str> {
        if typed.unicode().is_ascii() {
            return None;
        }
        let skeleton: String = skeleton(typed.unicode()).collect();
        self.by_skeleton.get(skeleton.as_str())?.as_deref()
    }
}
