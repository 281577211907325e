//! `mailvet check` as a process: what it writes, how it ends, what it takes as settings.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support {
    pub(crate) mod dns;
    pub(crate) mod poll;
    pub(crate) mod program;
    pub(crate) mod run;
}

mod checking {
    mod forms;
    mod hostile;
    mod input;

    mod resolver;
    mod settings;
    mod usage;
}
