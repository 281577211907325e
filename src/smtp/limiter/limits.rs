//! The limits for one party, and their defaults.

use std::time::Duration;

/// The limits of the probe. The defaults are what a postmaster would accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time.
    pub connections: u32,
    /// From the end of one connection, or its start if several are allowed, to the start of the next.
    pub gap: Duration,
    pub allowance: Allowance,
    /// Recipients in a day, counted by UTC.
    pub recipients_per_day: u32,
    /// The pause after a refusal of us; each further one in a row doubles it.
    pub breaker: Duration,
    /// The longest such pause.
    pub breaker_longest: Duration,
    /// Where more recipients than these per cent do not exist, asking looks like harvesting.
    pub harvest_percent: u32,
    /// Answers that are needed to judge that.
    pub harvest_sample: u32,
    /// The longest conversation. Other processes wait so long for one whose process died.
    pub conversation: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1,
            gap: Duration::from_secs(1),
            allowance: Allowance::default(),
            recipients_per_day: 500,
            breaker: Duration::from_secs(2 * 3600),
            breaker_longest: Duration::from_secs(24 * 3600),
            harvest_percent: 30,
            harvest_sample: 20,
            conversation: Duration::from_secs(120),
        }
    }
}

/// How much one connection may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    pub recipients: u32,
    /// Refused recipients. A default Postfix slows down after the tenth error of a client, and disconnects after
    /// the twentieth (`smtpd_soft_error_limit`, `smtpd_hard_error_limit`).
    pub refusals: u32,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { recipients: 10, refusals: 9 }
    }
}
