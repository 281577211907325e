//! A bound on the memory of the rows that were read and are not written yet.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// The bound. Clones share it.
#[derive(Clone)]
pub(super) struct InFlight {
    shared: Arc<InFlightInner>,
}

struct InFlightInner {
    most: usize,
    bytes: Mutex<usize>,
    freed: Condvar,
}

/// Some bytes of it, given back when this is dropped.
pub(super) struct Claim {
    shared: Arc<InFlightInner>,
    bytes: usize,
}

impl InFlight {
    /// So many bytes.
    pub(super) fn new(most: usize) -> Self {
        let shared = InFlightInner { most, bytes: Mutex::new(0), freed: Condvar::new() };
        Self { shared: Arc::new(shared) }
    }

    /// Claims so many bytes. Blocks the thread until there is room, or nothing at all is claimed: what is more
    /// than the whole bound goes alone.
    pub(super) fn claim(&self, bytes: usize) -> Claim {
        let shared = self.shared.clone();
        let claimed = shared.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |claimed: &mut usize| *claimed > 0 && *claimed + bytes > shared.most;
        let claimed = shared.freed.wait_while(claimed, is_full);
        *claimed.unwrap_or_else(PoisonError::into_inner) += bytes;
        Claim { shared, bytes }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        *self.shared.bytes.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.shared.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    #[test]
    fn what_does_not_fit_waits() {
        let in_flight = InFlight::new(100);
        let (first, second) = (in_flight.claim(60), in_flight.claim(40));
        let (sender, receiver) = channel();
        let waiting = thread::spawn(move || {
            sender.send("waits").unwrap();
            let claim = in_flight.claim(1_000);
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
