//! Judging: findings and a policy become a verdict with its reasons, and advice for a form.
//!
//! The rules stand in one table (`judge`). They are pure: the same findings always give the same
//! judgement, and what could not be found out is never a "no".

mod findings;
mod judge;
mod message;
mod reason;

use std::collections::HashMap;

use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::reach::ReachPolicy;
use crate::typo::Confidence;

pub use findings::{
    AddressFindings, CatchAll, Findings, HostFindings, Mailbox, MailboxEvidence, Marks, NotProbed,
    Typo,
};
pub use judge::judge;
pub use message::message;
pub use reason::Reason;

/// Whether mail to an address is likely to arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Verdict {
    /// The mailbox's own server accepted the recipient, and refuses made-up ones.
    Deliverable,
    /// The domain accepts mail, and nothing counts against the address.
    Plausible,
    /// Mail may arrive, and yet something speaks against it.
    Risky,
    /// Mail cannot arrive.
    Undeliverable,
    /// We could not find out.
    Unknown,
}

impl Verdict {
    /// Every verdict, from best to worst, and the one that is neither.
    pub const ALL: [Self; Self::VARIANTS.len()] =
        *Self::VARIANTS.as_array().expect("its own length");

    /// The verdict with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        code.parse().ok()
    }

    /// The code as clients see it.
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
    VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum Advice {
    /// Take it.
    Accept,
    /// Ask the user to confirm: "did you mean…?", "is this right?"
    Confirm,
    /// Refuse it.
    Reject,
}

impl Advice {
    /// Every piece of advice, from lenient to strict.
    pub const ALL: [Self; Self::VARIANTS.len()] =
        *Self::VARIANTS.as_array().expect("its own length");

    /// The advice with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        code.parse().ok()
    }

    /// The code as clients see it.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// How deep to look, and how deep the evidence goes.
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
    VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum Depth {
    /// The text alone, and the lists.
    Syntax,
    /// The DNS too.
    Domain,
    /// The mail server too.
    Mailbox,
}

impl Depth {
    /// Every depth, shallow to deep.
    pub const ALL: [Self; Self::VARIANTS.len()] =
        *Self::VARIANTS.as_array().expect("its own length");

    /// The code as clients see it.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// How one stage ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Check {
    /// It speaks for the address.
    Pass,
    /// It speaks against the address.
    Fail,
    /// It ran and could not find out.
    Unknown,
    /// It did not run.
    Skipped,
}

impl Check {
    /// Every way to end.
    pub const ALL: [Self; Self::VARIANTS.len()] =
        *Self::VARIANTS.as_array().expect("its own length");

    /// The code as clients see it.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// How each stage ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checks {
    /// Reading the text.
    pub syntax: Check,
    /// Asking the DNS.
    pub domain: Check,
    /// Asking the mail server.
    pub mailbox: Check,
}

/// What [`judge`] makes of findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Whether mail is likely to arrive.
    pub verdict: Verdict,
    /// What a form should do.
    pub advice: Advice,
    /// Every finding that holds, in the order of the table; at least one.
    pub reasons: Vec<Reason>,
    /// How each stage ended.
    pub checks: Checks,
    /// How deep the evidence goes.
    pub depth: Depth,
}

/// What the operator can turn.
#[derive(Clone, Debug)]
pub struct Policy {
    /// From this confidence on a suggestion counts against the address (`[typo] risky_at`).
    pub risky_at: Confidence,
    /// Advice that differs from [`Reason::default_advice`] (`[policy.advice]`).
    pub advice: HashMap<Reason, Advice>,
    /// Which IP addresses mail can be sent to (`[network] allow`).
    pub reach: ReachPolicy,
}

impl Policy {
    /// What a form should do about one reason.
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
