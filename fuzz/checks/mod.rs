//! What has to hold for any bytes, parser by parser. A check panics where it does not.

mod address;
mod lists;
mod meant;
mod paste;
mod reply;
mod roster;
mod smtp_reply;

type Check = (&'static str, fn(&[u8]));

/// The checks by name. The seeds of each are in the folder of its name under `fuzz/seeds`.
pub(crate) const CHECKS: [Check; 7] = [
    ("address", address::check),
    ("lists", lists::check),
    ("meant", meant::check),
    ("paste", paste::check),
    ("reply", reply::check),
    ("roster", roster::check),
    ("smtp_reply", smtp_reply::check),
];
