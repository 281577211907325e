//! Erasing what is stored of a person.

use super::StoreError;
use super::file::StoreFile;
use super::key::{HashedName, NameOf};
use crate::address::Domain;
use crate::catalog::Canonical;

impl StoreFile {
    /// Erases the rows of a mailbox, under each of these names, and of its domain.
    pub(super) fn forget(
        &mut self,
        mailbox: &[Canonical],
        domain: Option<&Domain>,
    ) -> Result<usize, StoreError> {
        let mailbox: Vec<HashedName> =
            mailbox.iter().map(|name| self.key.hash(NameOf::Mailbox, &name.key)).collect();
        let domain = domain.map(|domain| self.key.hash(NameOf::Domain, domain.ascii()));
        let erased = self.change(|change| {
            let mut erased = 0;
            for name in &mailbox {
                erased += change.execute("DELETE FROM evidence WHERE mark = ?1", [name])?;
                erased += change.execute("DELETE FROM greylisting WHERE mark = ?1", [name])?;
            }
            if let Some(name) = &domain {
                erased += change.execute("DELETE FROM catch_all WHERE mark = ?1", [name])?;
                erased += change.execute("DELETE FROM refusals WHERE mark = ?1", [name])?;
            }
            Ok(erased)
        })?;
        // From the write-ahead log as well, unless another process is reading from it: then later.
        self.read(|connection| {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        })?;
        Ok(erased)
    }
}
