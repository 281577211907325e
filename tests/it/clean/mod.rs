//! `mailvet clean` as a process: lists in, the same lists out with what was found out.

mod mailboxes;
mod outputs;
mod properties;
mod recipe;
mod scenarios;
