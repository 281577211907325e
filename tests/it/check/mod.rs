//! `mailvet check` as a process: what it writes, how it ends, what it takes as settings.

mod forms;
mod hostile;
mod input;
mod resolver;
mod settings;
mod usage;
