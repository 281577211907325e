//! What replies mean: the rules under `data/`, what holds for any text, and `mailvet reply` as a process.

mod forms;
mod general;
mod input;
mod meanings;
mod own_rules;
mod rules;
mod usage;
