//! Work on whole lists.

pub mod summary;
