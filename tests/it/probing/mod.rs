//! Asking mail servers about mailboxes, from the command line and the service to a server and back.

mod counted;
mod crowd;
mod hostile;
mod limiter;
mod memory;
mod probe_env;
mod refused;
mod service;
mod shutdown;
mod signals;
mod verdicts;
mod wire;
