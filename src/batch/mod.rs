//! Cleans whole lists: reads, judges and writes rows at the same time, in the order of the list.
//!
//! The trace of a row:
//!
//! ```text
//! file, pipe or workbook
//!   │  List::open, List::text (list.rs)                           bytes, decompressed
//!   ▼
//! thread "reader": row_reader::read_chunks ─▶ roster::Reader::read_row
//!   │  Chunk<Row>: up to 256 rows or 256 KiB; at most 64 MiB of rows under way (row_memory.rs)
//!   ▼  queue: 4 chunks
//! Run::run (run.rs) ─▶ judge_chunk: up to 32 chunks at the same time, each a task
//!   │     Judge::row (judge.rs): non-data? fault? suppressed? kept from an earlier run?
//!   │       else Validator::validate for each address ─▶ Report, the best counts
//!   │  Chunk<CheckedRow>, in the order of the list
//!   ▼  queue: 4 chunks
//! blocking thread: Sink::rows (sink.rs): marks duplicates, filters, counts in the Tally
//!   │  RowWriter (output.rs) ─▶ roster::Writer::row_of
//!   ▼
//! OUTPUT.mailvet-partial ─▶ Sink::finish ─▶ OUTPUT        Tally ─▶ Summary
//! ```
//!
//! The validator notes every answer of the DNS and of mail servers in the journal (`store::Journal`), so a run
//! that was stopped can begin anew and asks nothing twice.
//!
//! With `--depth mailbox` **the list is read twice**. Mail servers answer at their own pace, not in the order
//! of the list, so a first pass (`first_pass.rs`) asks about all addresses and writes no row; a second pass
//! reads the list again, finds the answers, and writes the rows as above. The journal is the only channel
//! between both passes. A list from a pipe is spooled to disk first (`List::spool_to_disk`).
//!
//! ```text
//! 1st: read_chunks ─▶ first_pass::probe_all: 2,000 addresses under way, 100 for each mail server party,
//!         │             200,000 waiting in PartyQueues and RetryQueue
//!         ▼
//!       validator: 1,000 mailboxes at the same time (validator/list_mode.rs) ─▶ journal
//! 2nd: read_chunks ─▶ judge_all (answers from the journal) ─▶ Sink
//! ```

mod earlier;
mod estimate;
mod filter;
mod first_pass;
mod judge;
mod list;
mod output;
mod party_queues;
mod progress;
mod row_memory;
mod row_reader;
mod run;
mod sample;
mod sink;
pub mod summary;
mod suppress;

pub use earlier::{EarlierVerdict, Recheck};
pub use estimate::Share;
pub use filter::{Filter, RowClass, UnknownRowClass};
pub use judge::{CheckedRow, Judge, JudgeSettings, RowOutcome};
pub use list::{List, ListOpenError, ListOptions, ListSource};
pub use output::{Output, Outputs, WriteError, WriteOptions};
pub use progress::{ProgressSnapshot, RunProgress};
pub use run::{ProbePass, Run, Stop};
pub use sample::{Sampled, sample};
pub use sink::Sink;
pub use suppress::{SuppressCounts, SuppressError, Suppressed};
