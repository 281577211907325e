//! The rule table: findings and a policy become a verdict with its reasons, and advice for a form.
//!
//! ```text
//! Findings ──┬─ judge ──► Judgement {verdict, reasons, advice, checks, depth} ──► Report
//! Policy ────┘                │
//!                             └─ message ──► the sentence for the first reason
//! ```
//!
//! [`judge()`] is pure: the same findings always give the same judgement, and what could not be found out is never
//! "undeliverable". A verdict follows from its first reason that has one ([`Reason::verdict`]).
//!
//! # To add a reason
//!
//! A variant of [`Reason`] at its place in the order (its code is the variant's name in snake case), its verdict and
//! advice there, the condition in `judge`, the sentence in `message`; then a row in `tests/vectors/verdict.tsv`, a
//! line in `tests/vectors/codes.tsv` and in the README's table. Tests fail while one of these is missing, but for
//! the README.

mod findings;
mod judge;
mod message;
mod reason;

use std::collections::HashMap;

use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::reach::ReachPolicy;
use crate::typo::Confidence;

pub use findings::{AddressFindings, Findings, Flags, HostFindings, Typo};
pub use judge::judge;
pub use message::message;
pub use reason::Reason;

/// Whether mail to an address is likely to arrive.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, Serialize, VariantArray,
)]
#[strum(serialize_all = "snake_case")]
#[serde(into = "&'static str")]
pub enum Verdict {
    /// The mailbox's own server accepted the recipient, and refuses made-up ones.
    Deliverable,
    /// The domain accepts mail, and nothing counts against the address.
    Plausible,
    /// Mail may arrive, but something counts against the address.
    Risky,
    /// Mail cannot arrive.
    Undeliverable,
    /// It could not be found out.
    Unknown,
}

impl Verdict {
    /// From best to worst, then `unknown`.
    pub const ALL: [Self; Self::VARIANTS.len()] =
        *Self::VARIANTS.as_array().expect("its own length");

    pub fn from_code(code: &str) -> Option<Self> {
        code.parse().ok()
    }

    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// What a form should do with an address. In order of strictness.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumString,
    IntoStaticStr,
    Serialize,
    VariantArray,
)]
#[strum(serialize_all = "snake_case")]
#[serde(into = "&'static str")]
pub enum Advice {
    Accept,
    /// Ask the user to confirm: "did you mean…?", "is this right?"
    Confirm,
    Reject,
}

impl Advice {
    /// From lenient to strict.
    pub const ALL: [Self; Self::VARIANTS.len()] =
        *Self::VARIANTS.as_array().expect("its own length");

    pub fn from_code(code: &str) -> Option<Self> {
        code.parse().ok()
    }

    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// How deep to check, or how deep the evidence goes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, IntoStaticStr, Serialize, VariantArray,
)]
#[strum(serialize_all = "snake_case")]
#[serde(into = "&'static str")]
pub enum Depth {
    /// The text and the lists.
    Syntax,
    /// The DNS too.
    Domain,
    /// The mail server too.
    Mailbox,
}

impl Depth {
    /// From shallow to deep.
    pub const ALL: [Self; Self::VARIANTS.len()] =
        *Self::VARIANTS.as_array().expect("its own length");

    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// How one stage ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, Serialize, VariantArray)]
#[strum(serialize_all = "snake_case")]
#[serde(into = "&'static str")]
pub enum Check {
    /// It counts for the address.
    Pass,
    /// It counts against the address.
    Fail,
    /// It ran without a result.
    Unknown,
    /// It did not run.
    Skipped,
}

impl Check {
    pub const ALL: [Self; Self::VARIANTS.len()] =
        *Self::VARIANTS.as_array().expect("its own length");

    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// How each stage ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Checks {
    pub syntax: Check,
    pub domain: Check,
    pub mailbox: Check,
}

/// The result of [`judge()`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub advice: Advice,
    /// Every reason that holds, in the order of the table; at least one.
    pub reasons: Vec<Reason>,
    pub checks: Checks,
    pub depth: Depth,
}

/// The operator's settings for judging.
#[derive(Clone, Debug)]
pub struct Policy {
    /// From this confidence on, a typo counts against the address (`[typo] risky_at`).
    pub risky_at: Confidence,
    /// Advice that differs from [`Reason::default_advice`] (`[policy.advice]`).
    pub advice: HashMap<Reason, Advice>,
    /// Which IP addresses mail can be sent to (`[network] allow`).
    pub reach: ReachPolicy,
}

impl Policy {
    pub fn advice(&self, reason: Reason) -> Advice {
        self.advice.get(&reason).copied().unwrap_or_else(|| reason.default_advice())
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            risky_at: Confidence::from_percent(80),
            advice: HashMap::new(),
            reach: ReachPolicy::default(),
        }
    }
}
