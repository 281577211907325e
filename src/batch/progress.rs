//! How far the work is, for whoever watches.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::verdict::Verdict;

/// How far the work is. Shared by those who work and those who watch.
#[derive(Debug, Default)]
pub struct Progress {
    is_asking: AtomicBool,
    position: AtomicU64,
    rows: AtomicU64,
    asked: AtomicU64,
    waiting: AtomicU64,
    verdicts: [AtomicU64; Verdict::ALL.len()],
}

/// How far the work is at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgressSnapshot {
    /// Whether mail servers are asked first, so that no rows are written yet.
    pub is_asking: bool,
    /// Bytes of the list that are done.
    pub position: u64,
    /// Rows done.
    pub rows: u64,
    /// Addresses that mail servers were asked about.
    pub asked: u64,
    /// Addresses that are come back to later.
    pub waiting: u64,
    /// Rows by verdict, in the order of [`Verdict::ALL`].
    pub verdicts: [u64; Verdict::ALL.len()],
}

impl Progress {
    /// How far it is now.
    pub fn now(&self) -> ProgressSnapshot {
        ProgressSnapshot {
            is_asking: self.is_asking.load(Ordering::Relaxed),
            position: self.position.load(Ordering::Relaxed),
            rows: self.rows.load(Ordering::Relaxed),
            asked: self.asked.load(Ordering::Relaxed),
            waiting: self.waiting.load(Ordering::Relaxed),
            verdicts: self.verdicts.each_ref().map(|count| count.load(Ordering::Relaxed)),
        }
    }

    pub(super) fn ask(&self, is_asking: bool) {
        self.is_asking.store(is_asking, Ordering::Relaxed);
    }

    pub(super) fn came_to(&self, position: u64) {
        self.position.store(position, Ordering::Relaxed);
    }

    pub(super) fn rows_done(&self, rows: u64, verdicts: [u64; Verdict::ALL.len()]) {
        self.rows.store(rows, Ordering::Relaxed);
        for (count, now) in self.verdicts.iter().zip(verdicts) {
            count.store(now, Ordering::Relaxed);
        }
    }

    pub(super) fn one_asked(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn now_waiting(&self, waiting: usize) {
        self.waiting.store(waiting as u64, Ordering::Relaxed);
    }
}
