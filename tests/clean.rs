//! `mailvet clean` as a process: lists in, the same lists out with what was found out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support {
    pub(crate) mod dns;
    pub(crate) mod poll;
    pub(crate) mod program;
    pub(crate) mod run;
}

mod cleaning {
    mod outputs;
    mod properties;
    mod recipe;
    mod scenarios;
}
