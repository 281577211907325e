//! Where routes come from, for the metrics.

use metrics::counter;

use crate::validator::single_flight::Role;

/// Where a route came from, or why there is none.
#[derive(Clone, Copy)]
pub(in crate::validator) enum RouteOrigin {
    Cache,
    /// A domain above this one does not exist.
    Parent,
    Lookup(Role),
    Stale,
    Refused,
    Untrusted,
    OutOfTime,
}

impl RouteOrigin {
    pub(in crate::validator) fn count(self) {
        counter!("mailvet_routes_total", "source" => self.code()).increment(1);
    }

    fn code(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::Parent => "parent",
            Self::Lookup(Role::Leader) => "flight",
            Self::Lookup(Role::Follower) => "coalesced",
            Self::Stale => "stale",
            Self::Refused => "refused",
            Self::Untrusted => "untrusted",
            Self::OutOfTime => "out_of_time",
        }
    }
}
