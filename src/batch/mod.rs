//! Work on whole lists: rows go through the validator by the thousand and come out in their order.
//!
//! A [`List`] is read on a thread of its own (`intake`), its rows are judged some hundred side by side
//! ([`Judge`]) and written on another thread ([`Sink`]), where duplicates are found and rows are counted. What
//! is found out stands in a journal, so a [`Run`] that was stopped can begin anew and asks nobody twice.
//! Mail servers answer at a pace of their own: they are asked in a first reading of the list (`asking`), and rows
//! are written in a second one.

mod asking;
mod earlier;
mod estimate;
mod filter;
mod in_flight;
mod intake;
mod judge;
mod lines;
mod list;
mod outlet;
mod progress;
mod run;
mod sample;
mod sink;
pub mod summary;
mod suppress;

pub use earlier::{Earlier, Recheck};
pub use estimate::Share;
pub use filter::{Class, Filter, UnknownClass};
pub use judge::{Judge, JudgeSettings, Judged, Said};
pub use list::{List, ListError, Reading, Source};
pub use outlet::{Form, Outlet, Outlets, WriteError};
pub use progress::{Moment, Progress};
pub use run::{Asking, Run, Stop};
pub use sample::{Sampled, sample};
pub use sink::Sink;
pub use suppress::{Added, SuppressError, Suppressed};
