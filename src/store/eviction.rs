//! Eviction: expired rows, and the next to expire when the disk is full.

use jiff::Timestamp;

use super::StoreError;
use super::file::StoreFile;
use super::schema::TABLES;

/// Rows in one transaction: other processes want to write too.
const ROWS_AT_A_TIME: u32 = 10_000;

impl StoreFile {
    /// Deletes expired rows.
    pub(super) fn prune(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let now = now.as_second();
        self.change(|change| {
            for table in TABLES {
                let sql = format!(
                    "DELETE FROM {table} WHERE valid_until <= ?1 AND mark IN (SELECT mark \
                     FROM {table} WHERE valid_until <= ?1 LIMIT {ROWS_AT_A_TIME})"
                );
                change.prepare_cached(&sql)?.execute([now])?;
            }
            Ok(())
        })
    }

    /// Deletes expired rows and the tenth of the evidence that expires first.
    pub(super) fn evict(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.prune(now)?;
        self.change(|change| {
            change.execute(
                "DELETE FROM evidence WHERE mark IN (SELECT mark FROM evidence \
                 ORDER BY valid_until LIMIT (SELECT 1 + count(*) / 10 FROM evidence))",
                [],
            )
        })?;
        Ok(())
    }
}
