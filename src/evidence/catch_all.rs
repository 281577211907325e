//! Whether a domain accepts mail for any mailbox.

use std::time::Duration;

use jiff::Timestamp;
use strum::{EnumString, IntoStaticStr};

use super::after;

/// How long a catch-all result holds.
pub const CATCH_ALL_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// Whether a mail server accepts a random recipient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum CatchAll {
    Yes,
    No,
    #[default]
    Unknown,
}

/// A catch-all result and its age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownCatchAll {
    pub catch_all: CatchAll,
    /// When a server showed it; none where a list says so, or nothing is known.
    pub asked_at: Option<Timestamp>,
}

impl CatchAll {
    pub fn code(self) -> &'static str {
        self.into()
    }

    pub fn from_code(code: &str) -> Self {
        code.parse().unwrap_or_default()
    }
}

impl KnownCatchAll {
    pub const UNKNOWN: Self = Self { catch_all: CatchAll::Unknown, asked_at: None };

    /// A result from our list of providers.
    pub const fn listed(catch_all: CatchAll) -> Self {
        Self { catch_all, asked_at: None }
    }

    /// A result that a mail server showed.
    pub const fn shown(catch_all: CatchAll, asked_at: Timestamp) -> Self {
        Self { catch_all, asked_at: Some(asked_at) }
    }

    /// When it stops holding; none where no server showed it.
    pub fn valid_until(self) -> Option<Timestamp> {
        Some(after(self.asked_at?, CATCH_ALL_LIFETIME))
    }
}
