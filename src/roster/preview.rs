//! What is known of a list before it is read: its first bytes, and what its owner says about it.

use std::io::{self, Read};

use super::encoding::Encoding;
use super::format::{Header, InputFormat};

/// The first bytes of a list.
// No `Debug`: it is full of personal data.
#[derive(Clone)]
pub struct Preview {
    pub(super) bytes: Vec<u8>,
    pub(super) completeness: Completeness,
}

/// Whether the bytes in memory reach to the end of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Completeness {
    All,
    /// More follows; the last row may be cut off.
    Beginning,
}

/// What the owner says about a list. Everything left out is detected.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    pub encoding: Option<Encoding>,
    pub format: Option<InputFormat>,
    pub delimiter: Option<u8>,
    pub header: Option<Header>,
    /// The columns with addresses, by name or by number from 1.
    pub columns: Vec<String>,
}

impl Preview {
    /// How many bytes are enough to detect how a list must be read.
    pub const BYTES: usize = 256 * 1024;

    /// Reads the first bytes of the source. To read the whole list afterwards, chain [`Self::bytes`] and the
    /// source.
    ///
    /// # Errors
    /// Those of the source.
    pub fn read(source: impl Read) -> io::Result<Self> {
        let mut bytes = Vec::new();
        source.take(Self::BYTES as u64).read_to_end(&mut bytes)?;
        let completeness =
            if bytes.len() < Self::BYTES { Completeness::All } else { Completeness::Beginning };
        Ok(Self { bytes, completeness })
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
