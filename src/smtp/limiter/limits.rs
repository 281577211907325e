//! How much may be asked of one organisation or network.

use std::time::Duration;

/// What a postmaster would call polite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time.
    pub connections: u32,
    /// From the end of one connection, or its start if several are allowed, to the start of the next.
    pub gap: Duration,
    /// How much one connection may be used for.
    pub allowance: Allowance,
    /// Recipients in a day, counted by UTC.
    pub recipients_per_day: u32,
    /// How long a server that refused us is left alone; each time after that in a row twice as long.
    pub breaker: Duration,
    /// The longest that it is left alone.
    pub breaker_longest: Duration,
    /// Where more than this many in a hundred do not exist, asking looks like harvesting.
    pub harvest_percent: u32,
    /// That is judged once this many have been asked about.
    pub harvest_sample: u32,
    /// The longest that a conversation takes. Where a process died in one, the others wait so long.
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
    /// Recipients asked.
    pub recipients: u32,
    /// Recipients refused. A default Postfix slows down after the tenth mistake of a client, and hangs up
    /// after the twentieth (`smtpd_soft_error_limit`, `smtpd_hard_error_limit`).
    pub refusals: u32,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { recipients: 10, refusals: 9 }
    }
}

impl Allowance {
    /// How many recipients may be sent in one go after so many were asked, so many of them refused:
    /// none of those sent may be one refusal too many, even if all are refused.
    pub fn at_once(self, asked: u32, refused: u32) -> u32 {
        self.recipients.saturating_sub(asked).min(self.refusals.saturating_sub(refused))
    }
}
