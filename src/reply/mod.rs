//! What an SMTP reply speaks of.
//!
//! A refusal is not always about the mailbox. Servers refuse whom they do not trust, in the same words
//! for everybody, and put people off who come too often. So the first question to a reply is whether it
//! speaks of *the mailbox*, of *us* or of *now*; only a reply that does speak of the mailbox may say that
//! there is none.
//!
//! The stage, the codes and the words tell. What servers are known to say stands in
//! `data/replies.toml`, in order, and can be extended by the operator ([`Patterns`]). What no rule knows
//! is never a word against a mailbox.

mod classify;
mod code;
mod explain;
mod meaning;
mod patterns;
mod reading;
mod scope;
mod stage;
mod text;
mod wording;

pub use classify::{Meaning, classify};
pub use code::{EnhancedCode, EnhancedCodeError, ReplyClass, ReplyCode};
pub use meaning::{About, MailboxDetail, NowDetail, UsDetail};
pub use patterns::{Example, Patterns, PatternsInForce};
pub use reading::{PatternError, PatternProblem};
pub use stage::{Stage, StageError};
pub use text::{MAX_TEXT, Reply, ReplyError, stage_in_log_line};
pub use wording::links;
