//! Keeping the store small.

use jiff::Timestamp;

use super::StoreError;
use super::file::StoreFile;
use super::schema::TABLES;

/// How many rows go at a time: others want to write too.
const ROWS_AT_A_TIME: u32 = 10_000;

impl StoreFile {
    /// Lets rows go that have ended.
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

    /// Makes room where there is none: what has ended goes, then a tenth of what was found out, that
    /// which ends first.
    pub(super) fn make_room(&mut self, now: Timestamp) -> Result<(), StoreError> {
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
