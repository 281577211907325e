//! Writes the log without making its callers wait.
//!
//! Lines are appended to a buffer, and a thread of its own writes the buffer with one call. When the log is not
//! read, the buffer fills up; further lines are dropped and counted, and the service goes on. So are the lines of a
//! write that fails. An output that is full for now (`WouldBlock`, as a terminal or pipe in non-blocking mode says)
//! is tried again.
//!
//! `tracing_appender::non_blocking` wakes its thread and makes a write call for each line.

use std::io::{self, ErrorKind, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use metrics::counter;

/// Bound of the lines that wait, of some hundred bytes each. As many again may be being written, so the log holds at
/// most twice this.
const MAX_PENDING_BYTES: usize = 1 << 20;
/// Pause after each write. A line after a quiet moment is written at once; on a busy service, the lines of
/// one pause are written together, and the thread is woken no more often than this.
const WRITE_INTERVAL: Duration = Duration::from_millis(2);
const LOST: &str = "mailvet_log_lines_lost_total";
/// How long the end of a command waits for the last lines to be written.
const FLUSH_TIME: Duration = Duration::from_secs(1);

/// Takes lines, each in one piece. Clones share the buffer.
#[derive(Clone, Default)]
pub(super) struct LogWriter(Arc<LogBuffer>);

#[derive(Default)]
struct LogBuffer {
    pending: Mutex<PendingLines>,
    /// Signalled for the thread: there are lines to write.
    has_lines: Condvar,
    /// Signalled for [`LogWriter::flush_all`]: all lines are written.
    is_flushed: Condvar,
}

#[derive(Default)]
struct PendingLines {
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
        let is_unfinished = |pending: &mut PendingLines| {
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
            let written = self.write_lines(&lines, &mut out);
            count_lost(&lines[written..]);
            lines.clear();
            let pending = self.lock();
            let may_pause = |pending: &mut PendingLines| !pending.is_flushing;
            let _ = self.has_lines.wait_timeout_while(pending, WRITE_INTERVAL, may_pause);
        }
    }

    /// Writes these lines, and waits while the output is full: at the end of the process as long as
    /// [`LogWriter::flush_all`] does. Returns how many bytes were written: fewer than all where the output fails.
    fn write_lines(&self, lines: &[u8], out: &mut impl Write) -> usize {
        let mut written = 0;
        while written < lines.len() {
            match out.write(&lines[written..]) {
                Ok(0) => break,
                Ok(count) => written += count,
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock => self.pause(),
                    // It cannot be reported anywhere.
                    _ => break,
                },
            }
        }
        // Standard error has no buffer.
        let _ = out.flush();
        written
    }

    fn pause(&self) {
        let _ = self.has_lines.wait_timeout_while(self.lock(), WRITE_INTERVAL, |_| true);
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

    fn lock(&self) -> MutexGuard<'_, PendingLines> {
        // No code that holds the lock can panic with the buffer half changed.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts lines that are not written; one that was cut counts too.
fn count_lost(lines: &[u8]) {
    let lost = lines.iter().filter(|byte| **byte == b'\n').count();
    if lost > 0 {
        counter!(LOST).increment(u64::try_from(lost).unwrap_or(u64::MAX));
    }
}

impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut pending = self.0.lock();
        if pending.lines.len() + line.len() > MAX_PENDING_BYTES {
            drop(pending);
            counter!(LOST).increment(1);
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
    use std::collections::VecDeque;
    use std::io::{Read, pipe};
    use std::sync::mpsc;

    use metrics_exporter_prometheus::PrometheusBuilder;

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

    /// Answers each write with the next of these results, then takes everything.
    struct FaultyOutput {
        results: VecDeque<io::Result<usize>>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for FaultyOutput {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = self.results.pop_front().unwrap_or(Ok(usize::MAX))?.min(bytes.len());
            self.written.lock().unwrap().extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The results of the writes, what is written, how many lines are lost.
    type Case = (Vec<io::Result<usize>>, &'static [u8], u64);

    #[test]
    fn what_a_failed_write_loses_is_counted() {
        let full = || Err(ErrorKind::WouldBlock.into());
        let broken = || Err(ErrorKind::BrokenPipe.into());
        let lines: &[u8] = b"first\nsecond\nthird\n";
        let cases: [Case; 6] = [
            (vec![], lines, 0),
            (vec![full(), full(), Ok(3), full(), Ok(1), full()], lines, 0),
            (vec![Err(ErrorKind::Interrupted.into())], lines, 0),
            (vec![broken()], b"", 3),
            (vec![Ok(9), full(), broken()], b"first\nsec", 2),
            (vec![Ok(6), Ok(0)], b"first\n", 2),
        ];
        for (results, expected, lost) in cases {
            let name = format!("{results:?}");
            let recorder = PrometheusBuilder::new().build_recorder();
            let written = Arc::default();
            let mut out = FaultyOutput { results: results.into(), written: Arc::clone(&written) };
            metrics::with_local_recorder(&recorder, || {
                let count = LogBuffer::default().write_lines(lines, &mut out);
                count_lost(&lines[count..]);
            });
            assert_eq!(*written.lock().unwrap(), expected, "{name}");
            let metrics = recorder.handle().render();
            let total =
                metrics.lines().find_map(|line| line.strip_prefix(LOST)?.trim().parse().ok());
            assert_eq!(total.unwrap_or(0), lost, "{name}: {metrics}");
        }
    }
}
