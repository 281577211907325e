//! What was meant by domains and texts that are typed wrong, and silence where nothing was: how often that
//! is right. The figures are printed with `cargo test --test it typo -- --nocapture`.

#![allow(clippy::print_stdout, reason = "the figures are shown on demand")]

pub(crate) mod cases;
pub(crate) mod keyboard;

mod calibration;
mod domains;
mod properties;
mod texts;
