//! What replies mean: the rules under `data/`, and what holds for any text.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod replying {
    mod general;
    mod meanings;
    mod rules;
}
