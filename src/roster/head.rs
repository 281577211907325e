//! What is known of a list before it is read: its beginning, and what its owner says of it.

use std::io::{self, Read};

use super::encoding::Encoding;
use super::shape::{Header, InputFormat};

/// The beginning of a list.
// No `Debug`: it is full of personal data.
#[derive(Clone)]
pub struct Preview {
    pub(super) bytes: Vec<u8>,
    pub(super) extent: Completeness,
}

/// How much of a list is in sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Completeness {
    /// All of it.
    All,
    /// Its beginning; the last row may be cut off.
    Beginning,
}

/// What the owner says of a list; what is left open is found out.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Its encoding.
    pub encoding: Option<Encoding>,
    /// Its format.
    pub format: Option<InputFormat>,
    /// What stands between its columns.
    pub delimiter: Option<u8>,
    /// Whether its first row names the columns.
    pub header: Option<Header>,
    /// The columns with addresses, by name or by number from 1.
    pub columns: Vec<String>,
}

impl Preview {
    /// How many bytes of a list are enough to find out how it is to be read.
    pub const BYTES: usize = 256 * 1024;

    /// The beginning of what can be read. To read the list after that, chain [`Self::bytes`] and the source.
    ///
    /// # Errors
    /// Those of the source.
    pub fn read(source: impl Read) -> io::Result<Self> {
        let mut bytes = Vec::new();
        source.take(Self::BYTES as u64).read_to_end(&mut bytes)?;
        let extent =
            if bytes.len() < Self::BYTES { Completeness::All } else { Completeness::Beginning };
        Ok(Self { bytes, extent })
    }

    /// The bytes read.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
