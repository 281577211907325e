//! `mailvet clean --depth mailbox`: a list and mail servers, with patience, without, and stopped half-way.

mod crowds;
mod mail_lab;
mod mail_list_env;
mod stopped;
mod verdicts;
mod waiting;
