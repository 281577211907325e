//! Folders for a store and for a journal, and things to keep in them.

#![allow(dead_code, reason = "every test target uses a part of it")]

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
use mailvet::route::{Exchanger, Exchangers, HostName, MailRoute, NullMx, RouteWithTtl, Targets};
use mailvet::store::{Journal, NotedRoute, Store, StoreError};
use tempfile::TempDir;

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

pub(crate) const ACCEPTED: MailboxStatus = MailboxStatus::Accepted { catch_all: CatchAll::No };

/// A folder that is gone with the test.
pub(crate) struct TempStore {
    folder: TempDir,
}

impl TempStore {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// The folder of the store, which the store has to make.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state/mailvet")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.state().join(name)
    }

    /// The store, at noon.
    pub(crate) fn open(&self) -> Store {
        self.open_at(noon())
    }

    pub(crate) fn open_at(&self, now: Timestamp) -> Store {
        self.open_with(Arc::new(StoppedClock(now)))
    }

    pub(crate) fn open_with(&self, clock: Arc<dyn Clock>) -> Store {
        self.try_open(64, clock).unwrap()
    }

    pub(crate) fn try_open(&self, mib: u64, clock: Arc<dyn Clock>) -> Result<Store, StoreError> {
        Store::open(&self.state(), mib, clock)
    }

    /// What opening it says is wrong.
    pub(crate) fn fault(&self) -> StoreError {
        self.try_open(64, Arc::new(StoppedClock(noon()))).err().expect("a store that is refused")
    }
}

/// The name of the journal of a run whose output is `out.csv`.
pub(crate) const JOURNAL: &str = "out.csv.mailvet-journal";

/// A folder with a journal in it.
pub(crate) struct TempJournal(TempDir);

impl TempJournal {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join(JOURNAL)
    }

    pub(crate) fn open(&self) -> Journal {
        Journal::open(&self.path()).unwrap()
    }

    pub(crate) fn files(&self) -> Vec<PathBuf> {
        fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

/// Writes a file as mailvet makes its own, for its owner alone.
pub(crate) fn write_private(path: &Path, bytes: impl AsRef<[u8]>) {
    let mut options = fs::File::options();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path).unwrap().write_all(bytes.as_ref()).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Noon of some day.
pub(crate) fn noon() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

pub(crate) fn mailbox(name: &str) -> Canonical {
    Canonical { key: name.to_owned(), tag: None }
}

pub(crate) fn host(name: &str) -> HostName {
    HostName::new(name).unwrap()
}

/// What `mx.test` said at noon.
pub(crate) fn said(status: MailboxStatus) -> Evidence {
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

pub(crate) fn routed(route: MailRoute) -> NotedRoute {
    NotedRoute { routed: RouteWithTtl { route, ttl: 5 * MINUTE }, asked_at: noon() }
}

pub(crate) fn exchangers(name: &str) -> MailRoute {
    let hosts = vec![Exchanger { host: host(name), preference: 10 }];
    MailRoute::Exchangers(Exchangers { hosts, null_mx: NullMx::Absent, targets: Targets::Named })
}

pub(crate) fn joe(number: usize) -> Canonical {
    mailbox(&format!("joe{number}@good.test"))
}

pub(crate) fn domain(number: usize) -> HostName {
    host(&format!("d{number}.test"))
}
