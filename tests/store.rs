//! The store: what it keeps, who can read it, what it does when things go wrong, and `mailvet forget`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support {
    pub(crate) mod dns;
    pub(crate) mod program;
}

mod keeping {
    mod child;
    mod evidence;
    mod files;
    mod forgetting;
    mod full;
    mod house;
    mod journal;
    mod killed;
    mod privacy;
    mod resting;
    mod sharing;
}
