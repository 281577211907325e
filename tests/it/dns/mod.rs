//! The DNS over real sockets: every way in which servers answer, or do not, and what is made of it.

mod answers;
mod asking;
mod bounds;
mod lies;
mod lifetimes;
mod names;
mod patience;
mod servers;
mod service;
