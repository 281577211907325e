//! What an SMTP reply says, and of what.
//!
//! A refusal is not always about the mailbox: servers refuse clients that they do not trust, and defer clients that
//! come too often. So the first question is what a reply is about ([`About`]): *the mailbox*, *us* (the client, the
//! sender, the message) or *now*. Only a reply about the mailbox may say that there is none; a reply that no rule
//! matches never does.
//!
//! ```text
//! text ── Reply::parse ──► Reply {code, enhanced, text} ──┐
//! stage (stage_in_log_line), provider ────────────────────┼─ classify ──► Meaning {about, rule}
//! data/replies.toml ── ReplyRules::from_sources ► rules ──┘                 │
//!                                                   explanation, remedy ◄───┘
//! ```
//!
//! # To add a rule
//!
//! Rules are data: `data/replies.toml`, whose top explains the keys, with at least one example for each rule. The
//! first rule that matches decides, so its place counts; data/README.md says how many there are.
//! `cargo test --test it reply::` checks that each example is matched by its own rule first, that words about us win
//! over words about the mailbox, and that nothing transient counts against a mailbox (tests/it/reply/rules.rs,
//! general.rs). Operators add rules of their own in the same form
//! (`[catalog.files.replies]`, docs/lists.md).
//!
//! A new meaning is a variant in `meaning` with its sentences in `explain`; its code goes into
//! `tests/vectors/codes.tsv`.

mod classify;
mod code;
mod explain;
mod meaning;
mod normalized_text;
mod rule_file;
mod rules;
mod scope;
mod stage;
mod text;

pub use classify::{Meaning, classify};
pub use code::{EnhancedCode, EnhancedCodeError, ReplyClass, ReplyCode};
pub use meaning::{About, MailboxDetail, NowDetail, UsDetail};
pub use normalized_text::links;
pub use rule_file::{RuleError, RuleProblem};
#[cfg(feature = "testing")]
pub use rules::RuleExample;
pub use rules::{ReplyRules, RuleFileInForce};
pub use stage::{Stage, StageError};
pub use text::{MAX_TEXT, Reply, ReplyError, stage_in_log_line};
