//! How not to be a nuisance to the mail servers that are asked.
//!
//! Whoever wants to ask takes leave first. [`Etiquette`] keeps the [`Limits`] twice, for the organisation
//! that runs a mail server and for the network it is in, so that neither many servers of one company nor
//! many domains on one machine add up to more. The decisions are plain functions of a [`Standing`] and a
//! time; [`Etiquette`] adds the waiting in line. What has to outlive the process, or to be shared with
//! another one, goes through a [`Ledger`].

mod book;
mod destination;
mod leave;
mod ledger;
mod limits;
mod never;
mod standing;

pub use destination::{Destination, Party};
pub use leave::{Etiquette, Grant, Permission};
pub use ledger::{Closing, Ledger, Opened, Opening};
pub use limits::{Allowance, Limits};
pub use never::{NeverEntry, NeverError, NeverList};
pub use standing::{Busy, Closed, Day, Leave, Outcomes, Pause, Promise, Stance, Standing, Streak};

#[cfg(test)]
mod tests;
