//! Connections that are over, until that is in the file.

use std::collections::VecDeque;

use crate::smtp::limiter::ReleaseRecord;

/// How many of them are kept while the file cannot be used. At a connection a second for each of ten parties that is
/// a quarter of an hour; a breaker that has opened shows in the last one of its party.
const MOST: usize = 10_000;

/// What there is to note, the oldest first.
#[derive(Default)]
pub(super) struct Outbox {
    over: VecDeque<ReleaseRecord>,
    /// Whether it was told that some were given up.
    has_told: bool,
}

impl Outbox {
    /// One more.
    pub(super) fn push(&mut self, closing: ReleaseRecord) {
        self.over.push_back(closing);
        self.give_up_beyond();
    }

    /// Takes all of them, to note them.
    pub(super) fn take(&mut self) -> VecDeque<ReleaseRecord> {
        std::mem::take(&mut self.over)
    }

    /// Puts back those that could not be noted, before those that came meanwhile.
    pub(super) fn put_back(&mut self, mut over: VecDeque<ReleaseRecord>) {
        over.append(&mut self.over);
        self.over = over;
        self.give_up_beyond();
    }

    fn give_up_beyond(&mut self) {
        let beyond = self.over.len().saturating_sub(MOST);
        self.over.drain(..beyond);
        if beyond > 0 && !self.has_told {
            self.has_told = true;
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
    use crate::smtp::limiter::{Day, Limits, Outcomes, Party, Promise};

    fn closing(number: u32) -> ReleaseRecord {
        let party = || Party::Organisation("example.org".into());
        ReleaseRecord {
            parties: [party(), party()],
            ours: [0; 2],
            promise: Promise { day: Day(0), recipients: number },
            outcomes: Outcomes::NOTHING,
            limits: Limits::default(),
        }
    }

    fn numbers(outbox: &mut Outbox) -> Vec<u32> {
        outbox.take().iter().map(|closing| closing.promise.recipients).collect()
    }

    #[test]
    fn what_is_put_back_comes_first_and_there_is_a_bound() {
        let mut outbox = Outbox::default();
        (0..3).for_each(|number| outbox.push(closing(number)));
        let taken = outbox.take();
        assert!(outbox.over.is_empty());
        outbox.push(closing(3));
        outbox.put_back(taken);
        assert_eq!(numbers(&mut outbox), [0, 1, 2, 3]);
        (0..20_000).for_each(|number| outbox.push(closing(number)));
        let kept = numbers(&mut outbox);
        assert_eq!((kept.len(), kept[0], kept[MOST - 1]), (MOST, 10_000, 19_999));
    }
}
