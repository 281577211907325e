//! How long a route is believed.

use std::time::Duration;

use super::{Failure, MailRoute, Routed};

const MINUTE: u64 = 60;

/// The time to keep a route: the answers' own TTL within bounds. A TTL of zero cannot make us ask
/// with every request, and one of a week cannot hide a repaired domain; a failure is tried again soon.
pub fn lifetime(routed: &Routed) -> Duration {
    let (least, most) = match routed.route {
        MailRoute::Exchangers(_) | MailRoute::Implicit(_) | MailRoute::Null => {
            (MINUTE, 60 * MINUTE)
        }
        MailRoute::NoDomain | MailRoute::NoTarget | MailRoute::NoService | MailRoute::Unusable => {
            (30, 10 * MINUTE)
        }
        // A second question is to be a little later than the first.
        MailRoute::Unresolved(Failure::Unconfirmed) => (MINUTE, MINUTE),
        MailRoute::Unresolved(_) => (5, 5),
    };
    routed.ttl.clamp(Duration::from_secs(least), Duration::from_secs(most))
}
