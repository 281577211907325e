//! What replies mean: the rules under `data/`, what holds for any text, and `mailvet reply` as a process.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support {
    pub(crate) mod dns;
    pub(crate) mod program;
    pub(crate) mod run;
}

mod replying {
    mod forms;
    mod general;
    mod input;
    mod meanings;
    mod own_rules;
    mod rules;
    mod usage;
}
