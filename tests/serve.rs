//! `mailvet serve` over a real socket, with a DNS of our own: what every client may rely on.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support {
    pub(crate) mod dns;
    pub(crate) mod http;
    pub(crate) mod poll;
    pub(crate) mod program;
    pub(crate) mod proxy;
    pub(crate) mod service;
}

mod serving {
    mod batch;
    mod connection;
    mod evidence;
    mod keyless;
    mod lenient;
    mod life;
    mod limits;
    mod line;
    mod log;
    mod privacy;
    mod problem;
    mod property;
    mod reload;
    mod report;
    mod restart;
    mod strangers;
}
