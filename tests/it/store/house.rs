//! A folder for a store, and things to keep in it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mailvet::catalog::Canonical;
use mailvet::clock::{Clock, StoppedClock};
use mailvet::evidence::{CatchAll, Evidence, MailboxStatus};
use mailvet::reply::EnhancedCode;
use mailvet::route::HostName;
use mailvet::store::{Store, StoreError};
use tempfile::TempDir;

pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(3600);
pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);

pub(super) const ACCEPTED: MailboxStatus = MailboxStatus::Accepted { catch_all: CatchAll::No };

/// A folder that is gone with the test.
pub(super) struct House {
    folder: TempDir,
}

impl House {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// The folder of the store, which the store has to make.
    pub(super) fn state(&self) -> PathBuf {
        self.folder.path().join("state/mailvet")
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.state().join(name)
    }

    /// The store, at noon.
    pub(super) fn open(&self) -> Store {
        self.open_at(noon())
    }

    pub(super) fn open_at(&self, now: Timestamp) -> Store {
        self.open_with(Arc::new(StoppedClock(now)))
    }

    pub(super) fn open_with(&self, clock: Arc<dyn Clock>) -> Store {
        self.try_open(64, clock).unwrap()
    }

    pub(super) fn try_open(&self, mib: u64, clock: Arc<dyn Clock>) -> Result<Store, StoreError> {
        Store::open(&self.state(), mib, clock)
    }

    /// What opening it says is wrong.
    pub(super) fn fault(&self) -> StoreError {
        self.try_open(64, Arc::new(StoppedClock(noon()))).err().expect("a store that is refused")
    }
}

/// Writes a file as mailvet makes its own, for its owner alone.
pub(super) fn write_private(path: &Path, bytes: impl AsRef<[u8]>) {
    let mut options = fs::File::options();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path).unwrap().write_all(bytes.as_ref()).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Noon of some day.
pub(super) fn noon() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

pub(super) fn mailbox(name: &str) -> Canonical {
    Canonical { key: name.to_owned(), tag: None }
}

pub(super) fn host(name: &str) -> HostName {
    HostName::new(name).unwrap()
}

/// What `mx.test` said at noon.
pub(super) fn said(status: MailboxStatus) -> Evidence {
    Evidence {
        status,
        code: Some(250),
        enhanced: Some(EnhancedCode { class: 2, subject: 1, detail: 5 }),
        detail: Some("some_detail".into()),
        text: None,
        host: Some(host("mx.test")),
        asked_at: noon(),
        retry_at: None,
    }
}
