//! Releases of permits that are not in the file yet.

use std::collections::VecDeque;

use crate::smtp::limiter::ReleaseRecord;

/// How many releases are kept while the file cannot be used: a quarter of an hour at a connection a second to
/// each of ten parties. The breaker of a party shows in its last release.
const MAX_RELEASES: usize = 10_000;

/// Releases to write, the oldest first.
#[derive(Default)]
pub(super) struct Outbox {
    releases: VecDeque<ReleaseRecord>,
    /// Whether it was logged that some were dropped.
    has_warned: bool,
}

impl Outbox {
    pub(super) fn push(&mut self, release: ReleaseRecord) {
        self.releases.push_back(release);
        self.drop_beyond();
    }

    pub(super) fn take(&mut self) -> VecDeque<ReleaseRecord> {
        std::mem::take(&mut self.releases)
    }

    /// Puts back releases that could not be written, before those that came meanwhile.
    pub(super) fn put_back(&mut self, mut releases: VecDeque<ReleaseRecord>) {
        releases.append(&mut self.releases);
        self.releases = releases;
        self.drop_beyond();
    }

    fn drop_beyond(&mut self) {
        let beyond = self.releases.len().saturating_sub(MAX_RELEASES);
        self.releases.drain(..beyond);
        if beyond > 0 && !self.has_warned {
            self.has_warned = true;
            tracing::warn!(
                "the store cannot be used for so long that not all connections to mail servers will be \
                 counted in it"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::limiter::{Day, Limits, Outcomes, Party, Reservation};

    fn release(number: u32) -> ReleaseRecord {
        let party = || Party::Organisation("example.org".into());
        ReleaseRecord {
            parties: [party(), party()],
            own_connections: [0; 2],
            reservation: Reservation { day: Day(0), recipients: number },
            outcomes: Outcomes::NOTHING,
            limits: Limits::default(),
        }
    }

    fn numbers(outbox: &mut Outbox) -> Vec<u32> {
        outbox.take().iter().map(|release| release.reservation.recipients).collect()
    }

    #[test]
    fn what_is_put_back_comes_first_and_there_is_a_bound() {
        let mut outbox = Outbox::default();
        (0..3).for_each(|number| outbox.push(release(number)));
        let taken = outbox.take();
        assert!(outbox.releases.is_empty());
        outbox.push(release(3));
        outbox.put_back(taken);
        assert_eq!(numbers(&mut outbox), [0, 1, 2, 3]);
        (0..20_000).for_each(|number| outbox.push(release(number)));
        let kept = numbers(&mut outbox);
        assert_eq!((kept.len(), kept[0], kept[MAX_RELEASES - 1]), (MAX_RELEASES, 10_000, 19_999));
    }
}
