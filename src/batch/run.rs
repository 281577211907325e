//! Runs the cleaning of a list: rows are read, judged and written at the same time, in order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use futures_util::pin_mut;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Duration, Instant, timeout};

use super::first_pass::probe_all;
use super::judge::{CheckedRow, Judge};
use super::list::List;
use super::output::WriteError;
use super::progress::RunProgress;
use super::row_reader::{self, Chunk, ChunkReceiver};
use super::sink::Sink;
use super::summary::{Summary, Tally};
use crate::files::FileError;
use crate::store::{Journal, StoreError};
use crate::validator::{Halt, Validator};
use crate::verdict::Depth;

/// How many chunks are judged at the same time: enough that one with a slow domain does not hold up the
/// others.
const CHUNKS_UNDER_WAY: usize = 32;
/// How many judged chunks may wait to be written.
const CHUNKS_TO_WRITE: usize = 4;
/// How long a stopped run waits for rows that are being written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(3);

/// A run over a list.
pub struct Run {
    pub list: List,
    pub judge: Arc<Judge>,
    /// The answers so far. The run does not close it.
    pub journal: Journal,
    pub sink: Sink,
    pub progress: Arc<RunProgress>,
    pub depth: Depth,
    pub probe_pass: ProbePass,
}

/// When mail servers are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbePass {
    /// In a pass of its own, before any row is written.
    First,
    Never,
}

/// Why a run ended before the list did.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    #[error("stopped")]
    Interrupted,
    /// The resolver lies, contradicts itself or does not answer.
    #[error(transparent)]
    Halted(#[from] Halt),
    #[error("cannot read the list: {0}")]
    Reading(#[from] FileError),
    #[error(transparent)]
    Writing(#[from] WriteError),
    #[error("the rows chosen take more than 256 MiB of memory; choose fewer with --sample")]
    SampleTooLarge,
    /// The journal cannot be written.
    #[error("cannot note what was found out: {0}")]
    Noting(#[from] StoreError),
    /// An internal error: a row is missing.
    #[error(
        "internal error; please report it: {read} rows were read, and {accounted_for} are accounted for"
    )]
    RowsLost { read: u64, accounted_for: u64 },
    /// An internal error: a task panicked; standard error has the place.
    #[error("internal error; please report it")]
    Broken,
}

impl From<JoinError> for Stop {
    fn from(_: JoinError) -> Self {
        Self::Broken
    }
}

impl Run {
    /// Cleans the list to its end, or until `stop_requested`. A stopped run leaves the incomplete outputs and
    /// the journal, so that it can be resumed.
    ///
    /// # Errors
    /// Why it ended before.
    pub async fn run(self, stop_requested: impl Future<Output = ()>) -> Result<Summary, Stop> {
        let began = Instant::now();
        let Self { mut list, judge, journal, sink, progress, depth, probe_pass } = self;
        let stopped = stopped(&judge.validator, &journal, stop_requested);
        pin_mut!(stopped);
        if probe_pass == ProbePass::First {
            progress.first_pass_began();
            list = tokio::select! {
                biased;
                stop = &mut stopped => return Err(stop),
                probed = first_pass(list, &judge, &progress) => probed?,
            };
            progress.first_pass_ended();
        }
        let (chunks, read) = row_reader::read_chunks(&mut list)?;
        let (judged_chunks, to_write) = mpsc::channel(CHUNKS_TO_WRITE);
        let mut written = write_on_a_thread(sink, to_write, progress);
        let judged = tokio::select! {
            biased;
            stop = &mut stopped => Err(stop),
            judged = judge_all(chunks, &judge, &judged_chunks) => judged,
        };
        drop(judged_chunks);
        if let Err(stop) = judged {
            // Rows that are judged already are still written, unless the reader of a pipe does not read.
            let _ = timeout(WRITE_TIMEOUT, written).await;
            return Err(stop);
        }
        let sink = tokio::select! {
            biased;
            // Where the writer ended early, this has its error.
            sink = &mut written => sink??,
            stop = &mut stopped => return Err(stop),
        };
        tokio::select! {
            biased;
            stop = &mut stopped => return Err(stop),
            tested = judge.validator.last_test() => tested?,
        }
        let domains = journal.routes().await;
        journal.last_error().map_or(Ok(()), Err)?;
        let tally = complete(sink, &read).await?;
        Ok(tally.summary(depth, domains, began.elapsed()))
    }
}

/// Waits for a reason to stop.
async fn stopped(
    validator: &Validator,
    journal: &Journal,
    stop_requested: impl Future<Output = ()>,
) -> Stop {
    tokio::select! {
        () = stop_requested => Stop::Interrupted,
        halt = validator.halted() => halt.into(),
        error = journal.failed() => error.into(),
    }
}

/// The first pass, which asks mail servers. Gives the list back, to be read once more.
async fn first_pass(mut list: List, judge: &Judge, progress: &RunProgress) -> Result<List, Stop> {
    // The writer of a pipe may be slow.
    let spooled = tokio::task::spawn_blocking(move || list.spool_to_disk().map(|()| list));
    let mut list = spooled.await?.map_err(FileError::Io)?;
    let (chunks, _) = row_reader::read_chunks(&mut list)?;
    probe_all(chunks, judge, progress).await.map_err(FileError::Io)?;
    Ok(list)
}

/// Completes the outputs, unless a row is missing.
async fn complete(mut sink: Sink, read: &AtomicU64) -> Result<Tally, Stop> {
    let read = read.load(Ordering::Relaxed);
    let accounted_for = sink.tally().rows().accounted_for();
    if read != accounted_for {
        return Err(Stop::RowsLost { read, accounted_for });
    }
    Ok(tokio::task::spawn_blocking(move || sink.finish()).await??)
}

/// Judges all rows and sends them in their order, until the writer ends.
async fn judge_all(
    mut chunks: ChunkReceiver,
    judge: &Arc<Judge>,
    judged_chunks: &mpsc::Sender<Chunk<CheckedRow>>,
) -> Result<(), Stop> {
    let mut under_way: VecDeque<ChunkTask> = VecDeque::new();
    let mut has_more = true;
    while has_more || !under_way.is_empty() {
        let wants_more = has_more && under_way.len() < CHUNKS_UNDER_WAY;
        tokio::select! {
            chunk = chunks.recv(), if wants_more => match chunk {
                None => has_more = false,
                Some(chunk) => {
                    let chunk = judge_chunk(judge.clone(), chunk.map_err(FileError::Io)?);
                    under_way.push_back(ChunkTask(tokio::spawn(chunk)));
                }
            },
            judged = first(&mut under_way), if !under_way.is_empty() => {
                under_way.pop_front();
                if judged_chunks.send(judged?).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// Waits for the first of the chunks.
async fn first(under_way: &mut VecDeque<ChunkTask>) -> Result<Chunk<CheckedRow>, JoinError> {
    match under_way.front_mut() {
        Some(ChunkTask(chunk)) => chunk.await,
        None => std::future::pending().await,
    }
}

/// A chunk that is being judged. Dropping it aborts the task, so that a stopped run asks nothing more.
struct ChunkTask(JoinHandle<Chunk<CheckedRow>>);

impl Drop for ChunkTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn judge_chunk(judge: Arc<Judge>, chunk: Chunk) -> Chunk<CheckedRow> {
    let Chunk { rows, position, claim } = chunk;
    Chunk { rows: join_all(rows.into_iter().map(|row| judge.row(row))).await, position, claim }
}

/// Writes rows as they come, on a thread of its own, and gives the sink back when there are no more.
fn write_on_a_thread(
    mut sink: Sink,
    mut chunks: mpsc::Receiver<Chunk<CheckedRow>>,
    progress: Arc<RunProgress>,
) -> JoinHandle<Result<Sink, WriteError>> {
    tokio::task::spawn_blocking(move || {
        sink.header()?;
        while let Some(chunk) = chunks.blocking_recv() {
            sink.rows(&chunk.rows)?;
            let tally = sink.tally();
            progress.set_position(chunk.position);
            progress.set_rows(tally.rows().read, tally.verdicts());
        }
        sink.flush()?;
        Ok(sink)
    })
}
