//! Conversations with mail servers that behave in every way: what is said, what is made of the answers,
//! and that it ends.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support {
    pub(crate) mod hostile;
    pub(crate) mod smtp;
    pub(crate) mod socks;
}

mod conversing {
    mod asking;
    mod bounds;
    mod dialling;
    mod encryption;
    mod faults;
    mod hostile;
    mod recipients;
}
