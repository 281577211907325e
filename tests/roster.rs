//! Lists as people export them, from the first byte in to the last byte out.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

mod listing {
    mod encodings;
    mod exports;
    mod forms;
    mod list;
    mod long;
    mod quirks;
    mod refusals;
    mod same;
}
