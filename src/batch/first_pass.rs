//! Asking mail servers about a list, before a row of it is written.
//!
//! They are asked in any order and at the pace of each; who defers strangers is come back to while others
//! go on. What is found out stands in the journal, from which the rows are written afterwards in theirs.
//!
//! Of those who are asked, some are slow, and a list may be full of their mailboxes: only so many have a
//! place at the same time, and the others stand in a line of their own (`lines`) until one of them is done.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;

use super::judge::Judge;
use super::party_queues::{PartyQueues, Pushed};
use super::progress::Progress;
use super::row_reader::{Chunk, Rows};
use crate::validator::ProbeTarget;

/// How many addresses are under way at the same time,
const UNDER_WAY: usize = 2_000;
/// and how many of them for one party: enough to fill the connections that it has.
const UNDER_WAY_FOR_ONE: usize = 100;
/// How many may wait for their place or their time. Beyond that nobody new is asked.
const MOST_WAITING: usize = 200_000;

/// An address of which it is known who is asked about it.
struct PendingProbe {
    text: Box<str>,
    target: ProbeTarget,
}

/// What is done about an address.
enum State {
    /// To find out who would be asked about it.
    FindOut(Box<str>),
    /// To look at one that nobody is asked about.
    Look(Box<str>),
    Ask(PendingProbe),
}

/// What came of it.
enum Event {
    FoundOut(Box<str>, Option<ProbeTarget>),
    Looked,
    /// It was asked, and is to be asked again at this time.
    Asked(PendingProbe, Option<Timestamp>),
}

/// Those to come back to, the earliest first.
#[derive(Default)]
struct Waiting {
    guests: BTreeMap<(Timestamp, u64), PendingProbe>,
    /// Tells those apart who have the same time.
    last: u64,
}

/// Asks about every address of these rows, until nothing more can be learned of any.
///
/// # Errors
/// The list cannot be read to its end.
pub(super) async fn ask_about_all(
    mut rows: Rows,
    judge: &Judge,
    progress: &Progress,
) -> io::Result<()> {
    let mut next: std::vec::IntoIter<Box<str>> = Vec::new().into_iter();
    let mut has_more = true;
    let mut under_way = FuturesUnordered::new();
    // Their mailboxes: what is found out of one is found in the journal for every row that has it.
    let mut asked: HashSet<String> = HashSet::new();
    let mut lines = PartyQueues::new(UNDER_WAY_FOR_ONE);
    let mut waiting = Waiting::default();
    loop {
        while under_way.len() < UNDER_WAY {
            // Who has waited comes first, however many wait.
            if let Some(guest) = waiting.due(judge.clock.now()) {
                let party = guest.target.party.clone();
                if let Pushed::Now(guest) = lines.push_or_start(&party, guest) {
                    under_way.push(go(judge, State::Ask(guest)));
                }
                continue;
            }
            let is_full = waiting.count() + lines.waiting() + under_way.len() >= MOST_WAITING;
            let Some(text) = (if is_full { None } else { next.next() }) else { break };
            under_way.push(go(judge, State::FindOut(text)));
        }
        progress.now_waiting(waiting.count());
        let has_place = under_way.len() < UNDER_WAY;
        let wants_rows = has_more && next.len() == 0 && has_place;
        let comes_back = waiting.first().map(|time| until(time, judge.clock.now()));
        if !wants_rows && under_way.is_empty() && comes_back.is_none() && next.len() == 0 {
            return Ok(());
        }
        tokio::select! {
            read = rows.recv(), if wants_rows => match read {
                None => has_more = false,
                Some(chunk) => {
                    let Chunk { rows, position, claim: _claim } = chunk?;
                    progress.came_to(position);
                    let texts = rows.iter().flat_map(|row| judge.to_ask(row));
                    next = texts.map(|text| text.as_str().into()).collect::<Vec<_>>().into_iter();
                }
            },
            Some(came) = under_way.next(), if !under_way.is_empty() => match came {
                Event::FoundOut(text, None) => under_way.push(go(judge, State::Look(text))),
                Event::FoundOut(text, Some(target)) => {
                    if !asked.insert(target.mailbox.clone()) {
                        progress.one_asked();
                        continue;
                    }
                    let party = target.party.clone();
                    if let Pushed::Now(guest) = lines.push_or_start(&party, PendingProbe { text, target }) {
                        under_way.push(go(judge, State::Ask(guest)));
                    }
                }
                Event::Looked => progress.one_asked(),
                Event::Asked(guest, come_back) => {
                    if let Some(first) = lines.decision(&guest.target.party) {
                        under_way.push(go(judge, State::Ask(first)));
                    }
                    match come_back {
                        Some(time) => waiting.push(time, guest),
                        None => {
                            asked.remove(&guest.target.mailbox);
                            progress.one_asked();
                        }
                    }
                }
            },
            () = tokio::time::sleep(comes_back.unwrap_or_default()), if has_place && comes_back.is_some() => {}
        }
    }
}

async fn go(judge: &Judge, step: State) -> Event {
    match step {
        State::FindOut(text) => {
            let target = judge.probe_target(&text).await;
            Event::FoundOut(text, target)
        }
        State::Look(text) => {
            judge.text(&text).await;
            Event::Looked
        }
        State::Ask(guest) => {
            let report = judge.text(&guest.text).await;
            Event::Asked(guest, report.mailbox.and_then(|mailbox| mailbox.next_attempt))
        }
    }
}

impl Waiting {
    fn push(&mut self, time: Timestamp, guest: PendingProbe) {
        self.last += 1;
        self.guests.insert((time, self.last), guest);
    }

    /// Somebody whom it is time to come back to.
    fn due(&mut self, now: Timestamp) -> Option<PendingProbe> {
        let first = self.guests.first_entry()?;
        let (time, _) = first.key();
        (*time <= now).then(|| first.remove())
    }

    /// The time of the first of them.
    fn first(&self) -> Option<Timestamp> {
        self.guests.first_key_value().map(|((time, _), _)| *time)
    }

    fn count(&self) -> usize {
        self.guests.len()
    }
}

/// How long it is until then, and a moment.
fn until(time: Timestamp, now: Timestamp) -> Duration {
    const MOMENT: Duration = Duration::from_millis(50);
    Duration::try_from(time.duration_since(now)).unwrap_or_default() + MOMENT
}
