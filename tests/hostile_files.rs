//! `mailvet clean` on files that are made to do harm: they cost no more than any others, or are refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support {
    pub(crate) mod bounded;
    pub(crate) mod dns;
    pub(crate) mod poll;
    pub(crate) mod program;
    pub(crate) mod run;
}

mod hostilefiles {
    mod bombs;
    mod crowded;
    mod laid;
}
