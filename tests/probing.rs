//! Asking mail servers about mailboxes, from the command line and the service to a server and back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support {
    pub(crate) mod dns;
    pub(crate) mod hostile;
    pub(crate) mod http;
    pub(crate) mod poll;
    pub(crate) mod program;
    pub(crate) mod run;
    pub(crate) mod service;
    pub(crate) mod smtp;
}

mod mailboxes {
    mod counted;
    mod crowd;
    mod hostile;
    mod house;
    mod limiter;
    mod memory;
    mod refused;
    mod service;
    mod shutdown;
    mod signals;
    mod verdicts;
    mod wire;
}
