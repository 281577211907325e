//! Progress of a run, for the progress display.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::verdict::Verdict;

/// Progress of a run, shared between the run and its observers.
#[derive(Debug, Default)]
pub struct RunProgress {
    is_first_pass: AtomicBool,
    position: AtomicU64,
    rows: AtomicU64,
    probed: AtomicU64,
    waiting: AtomicU64,
    verdicts: [AtomicU64; Verdict::ALL.len()],
}

/// Progress at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgressSnapshot {
    /// Whether mail servers are being asked, so that no row is written yet.
    pub is_first_pass: bool,
    /// Bytes of the list that are done.
    pub position: u64,
    /// Rows written.
    pub rows: u64,
    /// Addresses about which the first pass is done.
    pub probed: u64,
    /// Addresses to ask about again later.
    pub waiting: u64,
    /// Rows by verdict, in the order of [`Verdict::ALL`].
    pub verdicts: [u64; Verdict::ALL.len()],
}

impl RunProgress {
    pub fn snapshot(&self) -> ProgressSnapshot {
        ProgressSnapshot {
            is_first_pass: self.is_first_pass.load(Ordering::Relaxed),
            position: self.position.load(Ordering::Relaxed),
            rows: self.rows.load(Ordering::Relaxed),
            probed: self.probed.load(Ordering::Relaxed),
            waiting: self.waiting.load(Ordering::Relaxed),
            verdicts: self.verdicts.each_ref().map(|count| count.load(Ordering::Relaxed)),
        }
    }

    pub(super) fn first_pass_began(&self) {
        self.is_first_pass.store(true, Ordering::Relaxed);
    }

    pub(super) fn first_pass_ended(&self) {
        self.is_first_pass.store(false, Ordering::Relaxed);
    }

    pub(super) fn set_position(&self, position: u64) {
        self.position.store(position, Ordering::Relaxed);
    }

    pub(super) fn set_rows(&self, rows: u64, verdicts: [u64; Verdict::ALL.len()]) {
        self.rows.store(rows, Ordering::Relaxed);
        for (count, now) in self.verdicts.iter().zip(verdicts) {
            count.store(now, Ordering::Relaxed);
        }
    }

    pub(super) fn one_probed(&self) {
        self.probed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn set_waiting(&self, waiting: usize) {
        self.waiting.store(waiting as u64, Ordering::Relaxed);
    }
}
