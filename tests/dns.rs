//! The DNS over real sockets: every way in which servers answer, or do not, and what is made of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support {
    pub(crate) mod dns;
    pub(crate) mod http;
    pub(crate) mod poll;
    pub(crate) mod program;
    pub(crate) mod service;
}

mod dnscases {
    mod answers;
    mod asking;
    mod bounds;
    mod lies;
    mod lifetimes;
    mod names;
    mod patience;
    mod servers;
    mod service;
}
