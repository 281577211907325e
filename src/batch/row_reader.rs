//! Reads a list on a thread of its own, in chunks of rows.

use std::io::{self, BufRead};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;

use super::judge::is_last_part;
use super::list::List;
use super::row_memory::{MemoryClaim, RowMemory};
use crate::files::FileError;
use crate::roster::{Plan, Reader, Row, RowKind};

/// The most rows in a chunk.
const CHUNK_ROWS: usize = 256;
/// A chunk ends with the row by which it takes this much memory.
const CHUNK_BYTES: usize = 256 * 1024;
/// How many chunks are read ahead.
const READ_AHEAD: usize = 4;
/// The most memory for all rows that are read and not written yet. Usual ones take a fifth of it; a row of
/// 1 MiB with 150,000 addresses takes 10 MiB.
const BYTES_UNDER_WAY: usize = 64 * 1024 * 1024;
/// The memory for what is found out about a row, and about each address in it.
const ROW_BYTES: usize = 1024;
const ADDRESS_BYTES: usize = 128;

/// Consecutive rows of a list.
pub(super) struct Chunk<R = Row> {
    pub(super) rows: Vec<R>,
    /// How many bytes of the list had been read after them.
    pub(super) position: u64,
    /// The memory that they occupy until they are written.
    pub(super) claim: MemoryClaim,
}

pub(super) type ChunkReceiver = mpsc::Receiver<io::Result<Chunk>>;

/// Reads a list from its first row on until it ends or the receiver is dropped. Also counts the rows with
/// data.
///
/// # Errors
/// The list cannot be opened.
pub(super) fn read_chunks(list: &mut List) -> Result<(ChunkReceiver, Arc<AtomicU64>), FileError> {
    let text = list.text()?;
    let plan = list.plan().clone();
    let position = list.bytes_read();
    let (sender, chunks) = mpsc::channel(READ_AHEAD);
    let count = Arc::new(AtomicU64::new(0));
    let counter = count.clone();
    std::thread::Builder::new()
        .name("reader".to_owned())
        .spawn(move || read(text, &plan, &sender, &counter, &position))?;
    Ok((chunks, count))
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
    let memory = RowMemory::new(BYTES_UNDER_WAY);
    loop {
        let (rows, bytes) = match read_chunk(&mut reader) {
            Ok((rows, _)) if rows.is_empty() => return,
            Ok(read) => read,
            Err(error) => return drop(sender.blocking_send(Err(error))),
        };
        let with_data =
            rows.iter().filter(|row| row.kind() != RowKind::NonData && is_last_part(row)).count();
        count.fetch_add(with_data as u64, Ordering::Relaxed);
        let chunk =
            Chunk { rows, position: position.load(Ordering::Relaxed), claim: memory.claim(bytes) };
        if sender.blocking_send(Ok(chunk)).is_err() {
            return;
        }
    }
}

/// The next rows, and the memory that they will take; no rows at the end.
fn read_chunk(reader: &mut Reader<impl BufRead>) -> io::Result<(Vec<Row>, usize)> {
    let mut rows = Vec::with_capacity(CHUNK_ROWS);
    let (mut bytes, mut result_bytes) = (0, 0);
    while rows.len() < CHUNK_ROWS && bytes < CHUNK_BYTES {
        let Some(row) = reader.read_row()? else { break };
        bytes += row.memory_bytes();
        result_bytes += ROW_BYTES + row.addresses().len() * ADDRESS_BYTES;
        rows.push(row);
    }
    Ok((rows, bytes + result_bytes))
}
