//! Work on a list from its first row to its last: read, judged and written at the same time, in order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use futures_util::pin_mut;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Duration, Instant, timeout};

use super::first_pass::ask_about_all;
use super::judge::{CheckedRow, Judge};
use super::list::List;
use super::output::WriteError;
use super::progress::Progress;
use super::row_reader::{self, Chunk, Rows};
use super::sink::Sink;
use super::summary::{Summary, Tally};
use crate::files::FileError;
use crate::store::{Journal, StoreError};
use crate::validator::{Halt, Validator};
use crate::verdict::Depth;

/// How many lots of rows are judged at the same time: enough of them that one with a slow domain does not
/// hold up the others.
const LOTS_UNDER_WAY: usize = 32;
/// How many lots may wait to be written.
const LOTS_TO_WRITE: usize = 4;
/// How long one waits for what is being written when the work is broken off.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Work on a list.
pub struct Run {
    /// The list.
    pub list: List,
    /// Who says something of each row.
    pub judge: Arc<Judge>,
    /// What was found out. It is there when the run has ended, too: whoever needs nothing more lets it go.
    pub journal: Journal,
    /// Where rows go.
    pub sink: Sink,
    /// How far it is.
    pub progress: Arc<Progress>,
    /// How deep it is looked.
    pub depth: Depth,
    /// When mail servers are asked.
    pub asking: Asking,
}

/// When mail servers are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// Before a row is written: each at its own pace, not in the order of the list.
    First,
    /// They are not.
    Never,
}

/// Why work on a list ended before the list.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// Somebody wished so.
    #[error("stopped")]
    Interrupted,
    /// What the DNS says is not to be believed.
    #[error(transparent)]
    Halted(#[from] Halt),
    /// The list cannot be read.
    #[error("cannot read the list: {0}")]
    Reading(#[from] FileError),
    /// An output cannot be written.
    #[error(transparent)]
    Writing(#[from] WriteError),
    /// The rows chosen for a sample are too long to be kept.
    #[error("the rows chosen take more than 256 MiB of memory; choose fewer with --sample")]
    SampleTooLarge,
    /// What is found out cannot be noted.
    #[error("cannot note what was found out: {0}")]
    Noting(#[from] StoreError),
    /// A fault of ours: a row went nowhere.
    #[error("a fault of ours: {read} rows were read, and {told} are accounted for")]
    RowsLost {
        /// Rows read.
        read: u64,
        /// Rows that went somewhere.
        told: u64,
    },
    /// A fault of ours, of which standard error has the place.
    #[error("a fault of ours")]
    Broken,
}

impl From<JoinError> for Stop {
    fn from(_: JoinError) -> Self {
        Self::Broken
    }
}

impl Run {
    /// Works on the list to its end, or until somebody wishes it to stop. What is complete has appeared
    /// then; what is not stays where it is, and what was found out in the journal.
    ///
    /// # Errors
    /// Why it ended before.
    pub async fn run(self, wish_to_stop: impl Future<Output = ()>) -> Result<Summary, Stop> {
        let began = Instant::now();
        let Self { mut list, judge, journal, sink, progress, depth, asking } = self;
        let broken_off = broken_off(&judge.validator, &journal, wish_to_stop);
        pin_mut!(broken_off);
        if asking == Asking::First {
            progress.ask(true);
            list = tokio::select! {
                biased;
                stop = &mut broken_off => return Err(stop),
                asked = ask_first(list, &judge, &progress) => asked?,
            };
            progress.ask(false);
        }
        let (rows, read) = row_reader::rows(&mut list)?;
        let (chunks, to_write) = mpsc::channel(LOTS_TO_WRITE);
        let mut written = write_on_a_thread(sink, to_write, progress);
        let judged = tokio::select! {
            biased;
            stop = &mut broken_off => Err(stop),
            judged = judge_all(rows, &judge, &chunks) => judged,
        };
        drop(chunks);
        if let Err(stop) = judged {
            // What is done already is still written, unless whoever takes it does not take it.
            let _ = timeout(TIMEOUT, written).await;
            return Err(stop);
        }
        let sink = tokio::select! {
            biased;
            // Where nobody took the rows any more, this tells why.
            sink = &mut written => sink??,
            stop = &mut broken_off => return Err(stop),
        };
        tokio::select! {
            biased;
            stop = &mut broken_off => return Err(stop),
            tested = judge.validator.last_test() => tested?,
        }
        let domains = journal.routes().await;
        journal.last_error().map_or(Ok(()), Err)?;
        let tally = complete(sink, &read).await?;
        Ok(tally.summary(depth, domains, began.elapsed()))
    }
}

/// Waits for a reason to break off.
async fn broken_off(
    validator: &Validator,
    journal: &Journal,
    wish_to_stop: impl Future<Output = ()>,
) -> Stop {
    tokio::select! {
        () = wish_to_stop => Stop::Interrupted,
        halt = validator.halted() => halt.into(),
        error = journal.failed() => error.into(),
    }
}

/// Asks mail servers before a row is written; the list is read once for that, and once more afterwards.
async fn ask_first(mut list: List, judge: &Judge, progress: &Progress) -> Result<List, Stop> {
    // Whoever writes into a pipe may take their time.
    let spool_to_disk = tokio::task::spawn_blocking(move || list.spool_to_disk().map(|()| list));
    let mut list = spool_to_disk.await?.map_err(FileError::Io)?;
    let (rows, _) = row_reader::rows(&mut list)?;
    ask_about_all(rows, judge, progress).await.map_err(FileError::Io)?;
    Ok(list)
}

/// Lets the outputs appear.
async fn complete(mut sink: Sink, read: &AtomicU64) -> Result<Tally, Stop> {
    let (read, counts) = (read.load(Ordering::Relaxed), *sink.tally().rows());
    if read != counts.accounted_for() {
        return Err(Stop::RowsLost { read, told: counts.accounted_for() });
    }
    Ok(tokio::task::spawn_blocking(move || sink.finish()).await??)
}

/// Judges all rows and hands them over in their order, for as long as somebody takes them.
async fn judge_all(
    mut rows: Rows,
    judge: &Arc<Judge>,
    chunks: &mpsc::Sender<Chunk<CheckedRow>>,
) -> Result<(), Stop> {
    let mut under_way: VecDeque<UnderWay> = VecDeque::new();
    let mut has_more = true;
    while has_more || !under_way.is_empty() {
        let wants_more = has_more && under_way.len() < LOTS_UNDER_WAY;
        tokio::select! {
            read = rows.recv(), if wants_more => match read {
                None => has_more = false,
                Some(chunk) => {
                    let chunk = judge_chunk(judge.clone(), chunk.map_err(FileError::Io)?);
                    under_way.push_back(UnderWay(tokio::spawn(chunk)));
                }
            },
            judged = first(&mut under_way), if !under_way.is_empty() => {
                under_way.pop_front();
                if chunks.send(judged?).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// The first of them, when it is done.
async fn first(under_way: &mut VecDeque<UnderWay>) -> Result<Chunk<CheckedRow>, JoinError> {
    match under_way.front_mut() {
        Some(UnderWay(chunk)) => chunk.await,
        None => std::future::pending().await,
    }
}

/// A lot that is being judged, for as long as somebody wants to know.
struct UnderWay(JoinHandle<Chunk<CheckedRow>>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        // When the work is broken off nobody is asked about the rest of it.
        self.0.abort();
    }
}

async fn judge_chunk(judge: Arc<Judge>, chunk: Chunk) -> Chunk<CheckedRow> {
    let Chunk { rows, position, claim } = chunk;
    Chunk { rows: join_all(rows.into_iter().map(|row| judge.row(row))).await, position, claim }
}

/// Writes rows as they come, on a thread of its own; gives the sink back when there are no more.
fn write_on_a_thread(
    mut sink: Sink,
    mut chunks: mpsc::Receiver<Chunk<CheckedRow>>,
    progress: Arc<Progress>,
) -> JoinHandle<Result<Sink, WriteError>> {
    tokio::task::spawn_blocking(move || {
        sink.begin()?;
        while let Some(chunk) = chunks.blocking_recv() {
            sink.take(&chunk.rows)?;
            let tally = sink.tally();
            progress.came_to(chunk.position);
            progress.rows_done(tally.rows().read, tally.verdicts());
        }
        sink.flush()?;
        Ok(sink)
    })
}
