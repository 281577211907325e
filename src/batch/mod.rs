//! Work on whole lists: rows go through the validator by the thousand and come out in their order.
//!
//! A [`List`] is read on a thread of its own (`intake`), its rows are judged some hundred side by side
//! ([`Judge`]) and written on another thread ([`Sink`]), where duplicates are found and rows are counted. What
//! is found out stands in a journal, so a [`Run`] that was stopped can begin anew and asks nobody twice.
//! Mail servers answer at a pace of their own: they are asked in a first reading of the list (`asking`), and rows
//! are written in a second one.

mod earlier;
mod estimate;
mod filter;
mod first_pass;
mod in_flight;
mod judge;
mod list;
mod output;
mod party_queues;
mod progress;
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
pub use list::{List, ListError, ListOptions, ListSource};
pub use output::{Output, Outputs, RowFormat, WriteError};
pub use progress::{Progress, ProgressSnapshot};
pub use run::{Asking, Run, Stop};
pub use sample::{Sampled, sample};
pub use sink::Sink;
pub use suppress::{SuppressCounts, SuppressError, Suppressed};
