//! `mailvet clean` on files that are made to do harm: they cost no more than any others, or are refused.

mod crowded;
mod laid;
