//! Erasing what is kept of somebody.

use super::StoreError;
use super::file::StoreFile;
use super::key::{HashedName, NameOf};
use crate::address::Domain;
use crate::catalog::Canonical;

impl StoreFile {
    /// Erases what is kept of a mailbox under each of these names, and of its domain.
    pub(super) fn forget(
        &mut self,
        mailbox: &[Canonical],
        domain: Option<&Domain>,
    ) -> Result<usize, StoreError> {
        let mailbox: Vec<HashedName> =
            mailbox.iter().map(|name| self.key.mark(NameOf::Mailbox, &name.key)).collect();
        let domain = domain.map(|domain| self.key.mark(NameOf::Domain, domain.ascii()));
        let erased = self.change(|change| {
            let mut erased = 0;
            for mark in &mailbox {
                erased += change.execute("DELETE FROM evidence WHERE mark = ?1", [mark])?;
                erased += change.execute("DELETE FROM greylisting WHERE mark = ?1", [mark])?;
            }
            if let Some(mark) = &domain {
                erased += change.execute("DELETE FROM catch_all WHERE mark = ?1", [mark])?;
                erased += change.execute("DELETE FROM refusals WHERE mark = ?1", [mark])?;
            }
            Ok(erased)
        })?;
        // Out of the log of changes as well, unless another process is reading from it: then it goes
        // when that one is done.
        self.read(|connection| {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        })?;
        Ok(erased)
    }
}
