//! Names in the store are keyed hashes; the key is in a file beside it.
//!
//! BLAKE3 in its keyed mode, cut to 128 bits. A hash without a key hides no address: there are few enough of
//! them to try all. The key (`mailvet.key`, random, made at first use) is in a file of its own, so that a copy
//! of the store alone, such as a backup, shows nothing. It does not protect against a reader of the whole
//! folder.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

use rusqlite::ToSql;
use rusqlite::types::ToSqlOutput;

const KEY_OCTETS: usize = 32;
const HASH_OCTETS: usize = 16;

pub(super) struct Key([u8; KEY_OCTETS]);

/// The keyed hash of a name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct HashedName([u8; HASH_OCTETS]);

/// What a name is the name of. The same name has another hash for each.
#[derive(Clone, Copy)]
pub(super) enum NameOf {
    Mailbox,
    Domain,
    Host,
    Organisation,
    Network,
    /// Not a name: its hash identifies the key.
    Key,
}

impl NameOf {
    fn tag(self) -> &'static [u8] {
        match self {
            Self::Mailbox => b"mailbox\0",
            Self::Domain => b"domain\0",
            Self::Host => b"host\0",
            Self::Organisation => b"organisation\0",
            Self::Network => b"network\0",
            Self::Key => b"key\0",
        }
    }
}

impl Key {
    /// The key in this file, which is locked. Without a whole key in it, makes one.
    pub(super) fn of(file: &mut File) -> io::Result<Self> {
        let mut key = [0; KEY_OCTETS];
        match file.read_exact(&mut key) {
            Ok(()) => return Ok(Self(key)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
            Err(error) => return Err(error),
        }
        let key = Self::random()?;
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(&key.0)?;
        file.sync_all()?;
        Ok(key)
    }

    pub(super) fn random() -> io::Result<Self> {
        let mut key = [0; KEY_OCTETS];
        getrandom::fill(&mut key)?;
        Ok(Self(key))
    }

    pub(super) fn from_octets(octets: &[u8]) -> Option<Self> {
        octets.try_into().ok().map(Self)
    }

    pub(super) fn octets(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn hash(&self, of: NameOf, name: &str) -> HashedName {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(of.tag()).update(name.as_bytes());
        let mut hash = [0; HASH_OCTETS];
        hasher.finalize_xof().fill(&mut hash);
        HashedName(hash)
    }
}

impl HashedName {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl ToSql for HashedName {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.as_bytes().to_sql()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_half_of_one_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let hash = || {
            let mut options = File::options();
            options.read(true).write(true).create(true).truncate(false);
            let key = Key::of(&mut options.open(&path).unwrap()).unwrap();
            key.hash(NameOf::Mailbox, "joe@example.org")
        };
        let first = hash();
        assert!(hash() == first);
        std::fs::write(&path, b"half").unwrap();
        let second = hash();
        assert!(second != first && hash() == second);
    }

    #[test]
    fn a_name_has_a_hash_for_each_use() {
        let key = Key([7; KEY_OCTETS]);
        let [one, two, three] =
            [NameOf::Mailbox, NameOf::Domain, NameOf::Host].map(|of| key.hash(of, "a"));
        assert!(one != two && two != three && one != three);
    }
}
