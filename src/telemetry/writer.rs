//! Writes the log without making its callers wait.
//!
//! Lines are appended to a buffer, and a thread of its own writes the buffer with one call. When nobody
//! reads the log, the buffer fills up; further lines are dropped and counted, and the service goes on.
//!
//! `tracing_appender::non_blocking` wakes its thread and makes a write call for each line.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use metrics::counter;

/// Bound of the lines that wait, of some hundred bytes each.
const MAX_PENDING_BYTES: usize = 1 << 20;
/// Pause after each write. A line after a quiet moment is written at once; on a busy service, the lines of
/// one pause are written together, and the thread is woken no more often than this.
const WRITE_INTERVAL: Duration = Duration::from_millis(2);
/// How long the end of a command waits for the last lines to be written.
const FLUSH_TIME: Duration = Duration::from_secs(1);

/// Takes lines, each in one piece. Clones share the buffer.
#[derive(Clone, Default)]
pub(super) struct LogWriter(Arc<LogBuffer>);

#[derive(Default)]
struct LogBuffer {
    pending: Mutex<Pending>,
    /// Signalled for the thread: there are lines to write.
    has_lines: Condvar,
    /// Signalled for [`LogWriter::flush_all`]: all lines are written.
    is_flushed: Condvar,
}

#[derive(Default)]
struct Pending {
    lines: Vec<u8>,
    thread: WriterThread,
    is_flushing: bool,
}

/// What the thread does.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum WriterThread {
    /// Writes lines, or pauses after that. It looks for further lines by itself.
    #[default]
    Busy,
    /// Waits until it is notified of a line.
    Idle,
}

impl LogWriter {
    /// A writer to `out`, with a thread of its own.
    pub(super) fn to(out: impl Write + Send + 'static) -> io::Result<Self> {
        let writer = Self::default();
        let buffer = writer.0.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || buffer.write_to(out))?;
        Ok(writer)
    }

    /// Waits until all lines are written, for at most [`FLUSH_TIME`].
    pub(super) fn flush_all(&self) {
        let mut pending = self.0.lock();
        pending.is_flushing = true;
        self.0.has_lines.notify_one();
        let is_unfinished = |pending: &mut Pending| {
            pending.thread == WriterThread::Busy || !pending.lines.is_empty()
        };
        let _ = self.0.is_flushed.wait_timeout_while(pending, FLUSH_TIME, is_unfinished);
    }
}

impl LogBuffer {
    fn write_to(&self, mut out: impl Write) {
        let mut lines = Vec::new();
        loop {
            self.wait_for_lines(&mut lines);
            // A failure cannot be reported anywhere.
            let _ = out.write_all(&lines).and_then(|()| out.flush());
            lines.clear();
            let pending = self.lock();
            let may_pause = |pending: &mut Pending| !pending.is_flushing;
            let _ = self.has_lines.wait_timeout_while(pending, WRITE_INTERVAL, may_pause);
        }
    }

    /// Waits for lines, and exchanges them for the empty buffer `lines`.
    fn wait_for_lines(&self, lines: &mut Vec<u8>) {
        let mut pending = self.lock();
        while pending.lines.is_empty() {
            pending.thread = WriterThread::Idle;
            self.is_flushed.notify_all();
            pending = self.has_lines.wait(pending).unwrap_or_else(PoisonError::into_inner);
        }
        pending.thread = WriterThread::Busy;
        mem::swap(&mut pending.lines, lines);
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        // No code that holds the lock can panic with the buffer half changed.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut pending = self.0.lock();
        if pending.lines.len() + line.len() > MAX_PENDING_BYTES {
            drop(pending);
            counter!("mailvet_log_lines_lost_total").increment(1);
            return Ok(line.len());
        }
        pending.lines.extend_from_slice(line);
        let is_idle = pending.thread == WriterThread::Idle;
        // The next line need not notify the thread again.
        pending.thread = WriterThread::Busy;
        drop(pending);
        if is_idle {
            self.0.has_lines.notify_one();
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
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_log_that_nobody_reads_blocks_no_caller() {
        let (mut reader, out) = pipe().unwrap();
        let mut writer = LogWriter::to(out).unwrap();
        let line = [[b'x'; 99].as_slice(), b"\n"].concat();
        // Far more than the pipe and the buffer hold.
        for _ in 0..10 * MAX_PENDING_BYTES / line.len() {
            assert_eq!(writer.write(&line).unwrap(), line.len());
        }
        let waiting = writer.0.lock().lines.len();
        assert!(waiting <= MAX_PENDING_BYTES, "{waiting} bytes");
        // A reader that comes late gets whole lines.
        let mut read = vec![0; MAX_PENDING_BYTES / line.len() * line.len()];
        reader.read_exact(&mut read).unwrap();
        assert!(read.chunks(line.len()).all(|read| read == line));
    }

    #[test]
    fn the_last_lines_are_written_before_the_end() {
        let (mut reader, out) = pipe().unwrap();
        let mut writer = LogWriter::to(out).unwrap();
        for count in [100, 1] {
            for _ in 0..count {
                writer.write_all(b"line\n").unwrap();
            }
            writer.flush_all();
            assert!(writer.0.lock().lines.is_empty());
            let mut read = vec![0; 5 * count];
            reader.read_exact(&mut read).unwrap();
            assert_eq!(read, b"line\n".repeat(count));
        }
    }

    /// Passes on what each call writes, and takes its time for the first one.
    struct SlowOutput {
        written: mpsc::Sender<Vec<u8>>,
        go_on: mpsc::Receiver<()>,
    }

    impl Write for SlowOutput {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.written.send(bytes.to_vec()).unwrap();
            let _ = self.go_on.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_wait_are_written_by_one_call() {
        let ((sender, written), (release, go_on)) = (mpsc::channel(), mpsc::channel());
        let mut writer = LogWriter::to(SlowOutput { written: sender, go_on }).unwrap();
        writer.write_all(b"first\n").unwrap();
        assert_eq!(written.recv().unwrap(), b"first\n");
        for _ in 0..1_000 {
            writer.write_all(b"line\n").unwrap();
        }
        drop(release);
        assert_eq!(written.recv().unwrap(), b"line\n".repeat(1_000));
    }
}
