//! `mailvet clean --depth mailbox`: a list and mail servers, with patience, without, and stopped half-way.

mod crowds;
mod house;
mod laboratory;
mod stopped;
mod verdicts;
mod waiting;
