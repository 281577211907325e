//! What stands in the store for a name: a hash with a key that is kept beside it.
//!
//! BLAKE3 in its keyed mode, cut to 128 bits. There are few enough addresses in the world, and people who
//! know whose to look for, that a hash without a key hides none of them: whoever has the file tries. The
//! key (`mailvet.key`, random, made at first use) is in a file of its own, so that a copy of the store
//! alone, in a backup or sent to somebody, tells nothing; and without the key nothing in the store can be
//! found again. It is no help against somebody who may read the whole folder.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

use rusqlite::ToSql;
use rusqlite::types::ToSqlOutput;

const KEY_OCTETS: usize = 32;
const MARK_OCTETS: usize = 16;

/// The key.
pub(super) struct Key([u8; KEY_OCTETS]);

/// What stands for a name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct HashedName([u8; MARK_OCTETS]);

/// What a name is the name of. The same name has another mark for each.
#[derive(Clone, Copy)]
pub(super) enum NameOf {
    Mailbox,
    Domain,
    Host,
    Organisation,
    Network,
    /// Not a name: by its mark a key is known again.
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
    /// The key in this file, which is locked; where there is none, or half of one, it is made.
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

    /// A key that nobody has yet.
    pub(super) fn random() -> io::Result<Self> {
        let mut key = [0; KEY_OCTETS];
        getrandom::fill(&mut key)?;
        Ok(Self(key))
    }

    /// The key in these octets; none where they are too few or too many.
    pub(super) fn from_octets(octets: &[u8]) -> Option<Self> {
        octets.try_into().ok().map(Self)
    }

    /// The key itself.
    pub(super) fn octets(&self) -> &[u8] {
        &self.0
    }

    /// What stands for a name.
    pub(super) fn mark(&self, of: NameOf, name: &str) -> HashedName {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(of.tag()).update(name.as_bytes());
        let mut mark = [0; MARK_OCTETS];
        hasher.finalize_xof().fill(&mut mark);
        HashedName(mark)
    }
}

impl HashedName {
    /// The mark as it is in the file.
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
        let mark = || {
            let mut options = File::options();
            options.read(true).write(true).create(true).truncate(false);
            let key = Key::of(&mut options.open(&path).unwrap()).unwrap();
            key.mark(NameOf::Mailbox, "joe@example.org")
        };
        let first = mark();
        assert!(mark() == first);
        std::fs::write(&path, b"half").unwrap();
        let second = mark();
        assert!(second != first && mark() == second);
    }

    #[test]
    fn a_name_has_a_mark_for_each_use() {
        let key = Key([7; KEY_OCTETS]);
        let [one, two, three] =
            [NameOf::Mailbox, NameOf::Domain, NameOf::Host].map(|of| key.mark(of, "a"));
        assert!(one != two && two != three && one != three);
    }
}
