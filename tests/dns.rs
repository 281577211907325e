//! The DNS over real sockets: every way in which servers answer, or do not, and what is made of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support {
    pub(crate) mod dns;
}

mod dnscases {
    mod answers;
    mod asking;
    mod names;
    mod patience;
    mod servers;
}
