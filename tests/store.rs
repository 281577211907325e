//! The store: what it keeps, who can read it, and what it does when things go wrong.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod keeping {
    mod child;
    mod evidence;
    mod files;
    mod full;
    mod house;
    mod killed;
    mod privacy;
    mod sharing;
}
