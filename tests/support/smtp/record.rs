//! What a server noted of a connection.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

/// One connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Visit {
    /// Who came; none over a stream without addresses.
    pub(crate) peer: Option<SocketAddr>,
    /// What was said, a line a command.
    pub(crate) commands: Vec<String>,
    /// How many commands came together each time.
    pub(crate) writes: Vec<usize>,
    /// Whether it was encrypted in the end.
    pub(crate) encrypted: bool,
    /// How many bytes the server could send.
    pub(crate) sent: usize,
    /// Whether it has ended.
    pub(crate) over: bool,
}

/// Every connection, in order.
#[derive(Clone, Default)]
pub(super) struct Record(Arc<Mutex<Vec<Visit>>>);

/// The place of one connection in the record.
pub(super) struct Page {
    record: Record,
    at: usize,
}

impl Record {
    /// Begins the record of a new connection.
    pub(super) fn begin(&self, peer: Option<SocketAddr>) -> Page {
        let mut visits = self.0.lock().unwrap();
        visits.push(Visit { peer, ..Visit::default() });
        Page { record: self.clone(), at: visits.len() - 1 }
    }

    /// All of it.
    pub(super) fn visits(&self) -> Vec<Visit> {
        self.0.lock().unwrap().clone()
    }
}

impl Page {
    /// Writes something down.
    pub(super) fn note(&self, write: impl FnOnce(&mut Visit)) {
        write(&mut self.record.0.lock().unwrap()[self.at]);
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.note(|visit| visit.over = true);
    }
}
