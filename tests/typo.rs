//! What was meant by domains and texts that are typed wrong, and silence where nothing was: how often that
//! is right. The figures are printed with `cargo test --test typo -- --nocapture`.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]
#![allow(clippy::print_stdout, reason = "the figures are shown on demand")]

mod typing {
    pub(crate) mod cases;
    pub(crate) mod keyboard;

    mod calibration;
    mod domains;
    mod properties;
    mod texts;
}
