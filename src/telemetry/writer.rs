//! Writing the log without waiting for whoever reads it.
//!
//! A pipe that nobody empties must not hold up the service: lines wait in a queue, and what does not fit
//! into it is lost, and counted.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::counter;

/// How many lines wait; some hundred bytes each.
const MOST_LINES: usize = 4_096;
/// How long the end of a command waits until the last lines are written.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// Takes lines, each in one piece. Clones share the queue.
#[derive(Clone, Default)]
pub(super) struct Queue(Arc<QueueInner>);

#[derive(Default)]
struct QueueInner {
    lines: Mutex<PendingLines>,
    changed: Condvar,
}

#[derive(Default)]
struct PendingLines {
    waiting: VecDeque<Vec<u8>>,
    /// One was taken from the queue and is on its way.
    is_writing: bool,
}

impl Queue {
    /// A queue whose lines are written by a thread of its own.
    pub(super) fn to(out: impl Write + Send + 'static) -> io::Result<Self> {
        let queue = Self::default();
        let lines = queue.clone();
        std::thread::Builder::new().name("log".to_owned()).spawn(move || lines.write_to(out))?;
        Ok(queue)
    }

    fn write_to(&self, mut out: impl Write) {
        loop {
            let line = self.next();
            // Nobody is left to tell when this fails.
            let _ = out.write_all(&line).and_then(|()| out.flush());
        }
    }

    fn next(&self) -> Vec<u8> {
        let mut lines = self.lock();
        loop {
            lines.is_writing = false;
            if let Some(line) = lines.waiting.pop_front() {
                lines.is_writing = true;
                return line;
            }
            self.0.changed.notify_all();
            lines = self.0.changed.wait(lines).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until everything is written, for a moment at most.
    pub(super) fn flush(&self) {
        let is_busy = |lines: &mut PendingLines| lines.is_writing || !lines.waiting.is_empty();
        let _ = self.0.changed.wait_timeout_while(self.lock(), LAST_MOMENT, is_busy);
    }

    fn lock(&self) -> MutexGuard<'_, PendingLines> {
        // Nothing that holds the lock can leave the queue half changed.
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut lines = self.lock();
        if lines.waiting.len() < MOST_LINES {
            lines.waiting.push_back(line.to_vec());
            self.0.changed.notify_all();
        } else {
            drop(lines);
            counter!("mailvet_log_lines_lost_total").increment(1);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, pipe};

    use super::*;

    #[test]
    fn what_nobody_reads_holds_nobody_up() {
        let (mut reader, writer) = pipe().unwrap();
        let mut queue = Queue::to(writer).unwrap();
        let line = [[b'x'; 99].as_slice(), b"\n"].concat();
        // Far more than the pipe and the queue hold.
        for _ in 0..10 * MOST_LINES {
            assert_eq!(queue.write(&line).unwrap(), line.len());
        }
        let waiting = queue.lock().waiting.len();
        assert!(waiting <= MOST_LINES, "{waiting} lines");
        // Who reads after all gets whole lines.
        let mut read = vec![0; MOST_LINES * line.len()];
        reader.read_exact(&mut read).unwrap();
        assert!(read.chunks(line.len()).all(|read| read == line));
    }

    #[test]
    fn the_last_lines_are_written_before_the_end() {
        let (mut reader, writer) = pipe().unwrap();
        let mut queue = Queue::to(writer).unwrap();
        for _ in 0..100 {
            queue.write_all(b"line\n").unwrap();
        }
        queue.flush();
        assert!(queue.lock().waiting.is_empty() && !queue.lock().is_writing);
        let mut read = [0; 500];
        reader.read_exact(&mut read).unwrap();
        assert_eq!(read, *b"line\n".repeat(100));
    }
}
