//! Lists as people export them, from the first byte in to the last byte out.

mod encodings;
mod exports;
mod forms;
mod list;
mod long;
mod quirks;
mod refusals;
mod same;
