//! How long a route is kept.

use std::time::Duration;

use super::{Failure, MailRoute, RouteWithTtl};

const MINUTE: u64 = 60;

/// The time to keep a route: the TTL of the answers within bounds. A TTL of zero must not make every request ask, and
/// one of a week must not hide a repaired domain. A failure is tried again soon.
pub fn lifetime(routed: &RouteWithTtl) -> Duration {
    let (least, most) = match routed.route {
        MailRoute::Exchangers(_) | MailRoute::Implicit(_) | MailRoute::Null => {
            (MINUTE, 60 * MINUTE)
        }
        MailRoute::NoDomain | MailRoute::NoTarget | MailRoute::NoService | MailRoute::Unusable => {
            (30, 10 * MINUTE)
        }
        // The second question comes a little later than the first, or it confirms nothing.
        MailRoute::Unresolved(Failure::Unconfirmed) => (MINUTE, MINUTE),
        MailRoute::Unresolved(_) => (5, 5),
    };
    routed.ttl.clamp(Duration::from_secs(least), Duration::from_secs(most))
}
