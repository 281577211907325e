//! Reading a list on a thread of its own, some rows at a time.

use std::io::{self, BufRead};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;

use super::judge::is_whole;
use super::list::List;
use crate::files::FileError;
use crate::roster::{Kind, Plan, Reader, Row};

/// How many rows are handed over together,
const ROWS_TOGETHER: usize = 256;
/// unless they are as long as this in bytes before.
const BYTES_TOGETHER: usize = 256 * 1024;
/// How many times that is read ahead.
const READ_AHEAD: usize = 4;

/// Some rows of a list, one after the other.
pub(super) struct Lot<R = Row> {
    pub(super) rows: Vec<R>,
    /// How many bytes of the list had been read by then.
    pub(super) position: u64,
}

/// The rows of a list, as they are read.
pub(super) type Rows = mpsc::Receiver<io::Result<Lot>>;

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
    sender: &mpsc::Sender<io::Result<Lot>>,
    count: &AtomicU64,
    position: &AtomicU64,
) {
    let mut reader = match Reader::new(text, plan) {
        Ok(reader) => reader,
        Err(error) => return drop(sender.blocking_send(Err(error))),
    };
    loop {
        let rows = match some_rows(&mut reader) {
            Ok(rows) if rows.is_empty() => return,
            Ok(rows) => rows,
            Err(error) => return drop(sender.blocking_send(Err(error))),
        };
        let theirs = rows.iter().filter(|row| row.kind() != Kind::Aside && is_whole(row)).count();
        count.fetch_add(theirs as u64, Ordering::Relaxed);
        let lot = Lot { rows, position: position.load(Ordering::Relaxed) };
        if sender.blocking_send(Ok(lot)).is_err() {
            return;
        }
    }
}

/// The next rows; none at the end.
fn some_rows(reader: &mut Reader<impl BufRead>) -> io::Result<Vec<Row>> {
    let mut rows = Vec::with_capacity(ROWS_TOGETHER);
    let mut bytes = 0;
    while rows.len() < ROWS_TOGETHER && bytes < BYTES_TOGETHER {
        let Some(row) = reader.read_row()? else { break };
        bytes += row.raw().len();
        rows.push(row);
    }
    Ok(rows)
}
