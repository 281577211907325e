//! Conversations with mail servers that behave in every way: what is said, what is made of the answers,
//! and that it ends.

mod asking;
mod bounds;
mod dialling;
mod encryption;
mod faults;
mod hostile;
mod recipients;
