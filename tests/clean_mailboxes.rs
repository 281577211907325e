//! `mailvet clean --depth mailbox`: a list and mail servers, with patience, without, and stopped half-way.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support {
    pub(crate) mod dns;
    pub(crate) mod poll;
    pub(crate) mod program;
    pub(crate) mod run;
    pub(crate) mod smtp;
}

mod cleaning {
    mod mailboxes {
        mod crowds;
        mod house;
        mod laboratory;
        mod stopped;
        mod verdicts;
        mod waiting;
    }
}
