//! Reading a list on a thread of its own, some rows at a time.

use std::io::{self, BufRead};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;

use super::in_flight::{Claim, InFlight};
use super::judge::is_whole;
use super::list::List;
use crate::files::FileError;
use crate::roster::{Plan, Reader, Row, RowKind};

/// How many rows are handed over together,
const ROWS_TOGETHER: usize = 256;
/// unless they take as much memory as this before.
const BYTES_TOGETHER: usize = 256 * 1024;
/// How many times that is read ahead.
const READ_AHEAD: usize = 4;
/// How much memory all rows may take together that are read and not written yet. Usual ones take a fifth of it; a row
/// of 1 MiB with 150,000 addresses takes 10 MiB.
const BYTES_IN_FLIGHT: usize = 64 * 1024 * 1024;
/// What is found out about a row, and about each address in it.
const ROW_BYTES: usize = 1024;
const ADDRESS_BYTES: usize = 128;

/// Some rows of a list, one after the other.
pub(super) struct Chunk<R = Row> {
    pub(super) rows: Vec<R>,
    /// How many bytes of the list had been read by then.
    pub(super) position: u64,
    /// The memory that is claimed for them until they are written.
    pub(super) claim: Claim,
}

/// The rows of a list, as they are read.
pub(super) type Rows = mpsc::Receiver<io::Result<Chunk>>;

/// Reads a list from its first row on, for as long as somebody takes the rows. Also counts them: those
/// that are somebody's.
///
/// # Errors
/// It cannot be opened.
pub(super) fn rows(list: &mut List) -> Result<(Rows, Arc<AtomicU64>), FileError> {
    let text = list.text()?;
    let plan = list.plan().clone();
    let position = list.bytes_read();
    let (sender, rows) = mpsc::channel(READ_AHEAD);
    let count = Arc::new(AtomicU64::new(0));
    let counter = count.clone();
    std::thread::Builder::new()
        .name("reader".to_owned())
        .spawn(move || read(text, &plan, &sender, &counter, &position))?;
    Ok((rows, count))
}

fn read(
    text: Box<dyn BufRead + Send>,
    plan: &Arc<Plan>,
    sender: &mpsc::Sender<io::Result<Chunk>>,
    count: &AtomicU64,
    position: &AtomicU64,
) {
    let mut reader = match Reader::new(text, plan) {
        Ok(reader) => reader,
        Err(error) => return drop(sender.blocking_send(Err(error))),
    };
    let in_flight = InFlight::new(BYTES_IN_FLIGHT);
    loop {
        let (rows, bytes) = match some_rows(&mut reader) {
            Ok((rows, _)) if rows.is_empty() => return,
            Ok(read) => read,
            Err(error) => return drop(sender.blocking_send(Err(error))),
        };
        let theirs =
            rows.iter().filter(|row| row.kind() != RowKind::NonData && is_whole(row)).count();
        count.fetch_add(theirs as u64, Ordering::Relaxed);
        let chunk = Chunk {
            rows,
            position: position.load(Ordering::Relaxed),
            claim: in_flight.claim(bytes),
        };
        if sender.blocking_send(Ok(chunk)).is_err() {
            return;
        }
    }
}

/// The next rows, and how much memory they will take; none at the end.
fn some_rows(reader: &mut Reader<impl BufRead>) -> io::Result<(Vec<Row>, usize)> {
    let mut rows = Vec::with_capacity(ROWS_TOGETHER);
    let (mut bytes, mut found_out) = (0, 0);
    while rows.len() < ROWS_TOGETHER && bytes < BYTES_TOGETHER {
        let Some(row) = reader.read_row()? else { break };
        bytes += row.weight();
        found_out += ROW_BYTES + row.addresses().len() * ADDRESS_BYTES;
        rows.push(row);
    }
    Ok((rows, bytes + found_out))
}
