//! The real domains compiled in: companies, universities, governments, internet providers, known sites.
//!
//! `data/real.txt` is for people to read. The build script makes a table of it in which each name is 32 bits
//! of its hash, sorted into buckets: five octets a name, nothing to be read at start, two places in memory to
//! look at. A listed name is always found. One that is not listed is taken for a listed one about once in a
//! thousand million times, and all that happens then is that it is not corrected.

mod fingerprint;

use crate::address::Domain;
use fingerprint::{Fingerprint, parents_and_self};

/// Where each bucket starts among the marks, and where the last one ends: 32 bits, little-endian.
static STARTS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/real.starts"));
/// The marks of all names, bucket by bucket.
static MARKS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/real.marks"));
/// The list's date.
static DATE: &str = include_str!(concat!(env!("OUT_DIR"), "/real.date"));

/// The set of real domains that is compiled in.
#[derive(Clone, Copy)]
pub struct KnownReal {
    starts: &'static [[u8; 4]],
    marks: &'static [[u8; 4]],
}

impl KnownReal {
    /// The list it is made of.
    pub const SOURCE: &str = "data/real.txt";

    /// The set, which costs nothing to have.
    pub fn builtin() -> Self {
        Self { starts: STARTS.as_chunks().0, marks: MARKS.as_chunks().0 }
    }

    /// How many names it has.
    pub fn entries(&self) -> usize {
        self.marks.len()
    }

    /// The list's date.
    pub fn date(&self) -> &'static str {
        DATE
    }

    /// Whether the domain, or one above it, is in the set.
    pub fn contains(&self, domain: &Domain) -> bool {
        // No top-level domain is listed.
        parents_and_self(domain.ascii()).skip(1).any(|hash| self.has(hash))
    }

    fn has(&self, hash: u64) -> bool {
        let sought = Fingerprint::new(hash, self.starts.len().saturating_sub(1));
        let Some([start, end]) = self.starts.get(sought.bucket..sought.bucket + 2) else {
            return false;
        };
        let [start, end] = [start, end].map(|at| u32::from_le_bytes(*at) as usize);
        self.marks.get(start..end).is_some_and(|marks| marks.contains(&sought.mark))
    }
}
