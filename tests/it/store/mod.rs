//! The store: what it keeps, who can read it, what it does when things go wrong, and `mailvet forget`.

mod child;
mod evidence;
mod files;
mod forgetting;
mod full;
mod house;
mod journal;
mod killed;
mod privacy;
mod resting;
mod sharing;
