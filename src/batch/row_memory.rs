//! Bounds the memory of the rows that were read and are not written yet.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// The bound. Clones share it.
#[derive(Clone)]
pub(super) struct RowMemory {
    inner: Arc<RowMemoryInner>,
}

struct RowMemoryInner {
    most: usize,
    bytes: Mutex<usize>,
    freed: Condvar,
}

/// Bytes that are in use until this is dropped.
pub(super) struct MemoryClaim {
    inner: Arc<RowMemoryInner>,
    bytes: usize,
}

impl RowMemory {
    pub(super) fn new(most: usize) -> Self {
        let inner = RowMemoryInner { most, bytes: Mutex::new(0), freed: Condvar::new() };
        Self { inner: Arc::new(inner) }
    }

    /// Claims bytes. Blocks the thread until they are free. More than the whole bound is granted when nothing
    /// else is claimed.
    pub(super) fn claim(&self, bytes: usize) -> MemoryClaim {
        let inner = self.inner.clone();
        let claimed = inner.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |claimed: &mut usize| *claimed > 0 && *claimed + bytes > inner.most;
        let claimed = inner.freed.wait_while(claimed, is_full);
        *claimed.unwrap_or_else(PoisonError::into_inner) += bytes;
        MemoryClaim { inner, bytes }
    }
}

impl Drop for MemoryClaim {
    fn drop(&mut self) {
        *self.inner.bytes.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.inner.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    #[test]
    fn what_does_not_fit_waits() {
        let memory = RowMemory::new(100);
        let (first, second) = (memory.claim(60), memory.claim(40));
        let (sender, receiver) = channel();
        let waiting = thread::spawn(move || {
            sender.send("waits").unwrap();
            let claim = memory.claim(1_000);
            sender.send("is there").unwrap();
            drop(claim);
        });
        assert_eq!(receiver.recv(), Ok("waits"));
        drop(first);
        assert!(receiver.try_recv().is_err(), "more than the bound goes alone");
        drop(second);
        assert_eq!(receiver.recv(), Ok("is there"));
        waiting.join().unwrap();
    }
}
