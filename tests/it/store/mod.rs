//! The store: what it keeps, who can read it, what it does when things go wrong, and `mailvet forget`.

mod evidence;
mod files;
mod forgetting;
mod full;
mod journal;
mod privacy;
mod resting;
mod sharing;
