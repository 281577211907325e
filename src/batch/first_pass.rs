//! The first pass over a list with `--depth mailbox`: asks mail servers about its addresses before any row is
//! written.
//!
//! Addresses are asked about in any order, at the pace of each mail server. One whose server defers unknown
//! clients (greylisting) waits in the [`RetryQueue`] while others go on. The answers go to the journal, and
//! the second pass, which judges and writes the rows in order, finds them there: the journal is the only
//! channel between both passes.
//!
//! Some servers are slow, and a list may be full of their mailboxes. So for each party only a limited number
//! of addresses is under way; the others wait in [`PartyQueues`].

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;

use super::judge::Judge;
use super::party_queues::{PartyQueues, Pushed};
use super::progress::RunProgress;
use super::row_reader::{Chunk, ChunkReceiver};
use crate::validator::ProbeTarget;

/// How many addresses are under way at the same time.
const UNDER_WAY: usize = 2_000;
/// How many of them for one party: enough to fill its connections.
const UNDER_WAY_OF_PARTY: usize = 100;
/// How many may wait in queues. When as many wait no further row is read.
const MOST_WAITING: usize = 200_000;

/// An address whose mail server is known.
struct PendingProbe {
    text: Box<str>,
    target: ProbeTarget,
}

/// The next step for an address.
enum FirstPassStep {
    FindTarget(Box<str>),
    /// For an address about which no mail server is asked.
    Validate(Box<str>),
    Probe(PendingProbe),
}

/// A completed step.
enum FirstPassEvent {
    TargetFound(Box<str>, Option<ProbeTarget>),
    Validated,
    /// The probe has ended. It is to be repeated at this time, if any.
    Probed(PendingProbe, Option<Timestamp>),
}

/// Probes to repeat, the earliest first.
#[derive(Default)]
struct RetryQueue {
    probes: BTreeMap<(Timestamp, u64), PendingProbe>,
    /// Makes keys with the same time unique.
    last_id: u64,
}

/// Asks about every address of these rows, until nothing more can be learned about any.
///
/// # Errors
/// The list cannot be read to its end.
pub(super) async fn probe_all(
    mut chunks: ChunkReceiver,
    judge: &Judge,
    progress: &RunProgress,
) -> io::Result<()> {
    let mut next: std::vec::IntoIter<Box<str>> = Vec::new().into_iter();
    let mut has_more = true;
    let mut under_way = FuturesUnordered::new();
    // The mailboxes under way. A second row with the same one finds the answer in the journal.
    let mut mailboxes: HashSet<String> = HashSet::new();
    let mut queues = PartyQueues::new(UNDER_WAY_OF_PARTY);
    let mut retries = RetryQueue::default();
    loop {
        while under_way.len() < UNDER_WAY {
            // Retries come before new addresses, however many wait.
            if let Some(probe) = retries.pop_due(judge.clock.now()) {
                let party = probe.target.party.clone();
                if let Pushed::Start(probe) = queues.push(&party, probe) {
                    under_way.push(run_step(judge, FirstPassStep::Probe(probe)));
                }
                continue;
            }
            let is_full = retries.len() + queues.queued() + under_way.len() >= MOST_WAITING;
            let Some(text) = (if is_full { None } else { next.next() }) else { break };
            under_way.push(run_step(judge, FirstPassStep::FindTarget(text)));
        }
        progress.set_waiting(retries.len());
        let can_start = under_way.len() < UNDER_WAY;
        let wants_rows = has_more && next.len() == 0 && can_start;
        let next_retry = retries.next_time().map(|time| until(time, judge.clock.now()));
        if !wants_rows && under_way.is_empty() && next_retry.is_none() && next.len() == 0 {
            return Ok(());
        }
        tokio::select! {
            chunk = chunks.recv(), if wants_rows => match chunk {
                None => has_more = false,
                Some(chunk) => {
                    let Chunk { rows, position, claim: _claim } = chunk?;
                    progress.set_position(position);
                    let texts = rows.iter().flat_map(|row| judge.addresses_to_check(row));
                    next = texts.map(|text| text.as_str().into()).collect::<Vec<_>>().into_iter();
                }
            },
            Some(event) = under_way.next(), if !under_way.is_empty() => match event {
                FirstPassEvent::TargetFound(text, None) => {
                    under_way.push(run_step(judge, FirstPassStep::Validate(text)));
                }
                FirstPassEvent::TargetFound(text, Some(target)) => {
                    if !mailboxes.insert(target.mailbox.clone()) {
                        progress.one_probed();
                        continue;
                    }
                    let party = target.party.clone();
                    if let Pushed::Start(probe) = queues.push(&party, PendingProbe { text, target }) {
                        under_way.push(run_step(judge, FirstPassStep::Probe(probe)));
                    }
                }
                FirstPassEvent::Validated => progress.one_probed(),
                FirstPassEvent::Probed(probe, retry_at) => {
                    if let Some(next) = queues.finish(&probe.target.party) {
                        under_way.push(run_step(judge, FirstPassStep::Probe(next)));
                    }
                    match retry_at {
                        Some(time) => retries.push(time, probe),
                        None => {
                            mailboxes.remove(&probe.target.mailbox);
                            progress.one_probed();
                        }
                    }
                }
            },
            () = tokio::time::sleep(next_retry.unwrap_or_default()), if can_start && next_retry.is_some() => {}
        }
    }
}

async fn run_step(judge: &Judge, step: FirstPassStep) -> FirstPassEvent {
    match step {
        FirstPassStep::FindTarget(text) => {
            let target = judge.probe_target(&text).await;
            FirstPassEvent::TargetFound(text, target)
        }
        FirstPassStep::Validate(text) => {
            judge.report(&text).await;
            FirstPassEvent::Validated
        }
        FirstPassStep::Probe(probe) => {
            let report = judge.report(&probe.text).await;
            FirstPassEvent::Probed(probe, report.mailbox.and_then(|mailbox| mailbox.next_attempt))
        }
    }
}

impl RetryQueue {
    fn push(&mut self, time: Timestamp, probe: PendingProbe) {
        self.last_id += 1;
        self.probes.insert((time, self.last_id), probe);
    }

    /// The first probe whose time has come.
    fn pop_due(&mut self, now: Timestamp) -> Option<PendingProbe> {
        let first = self.probes.first_entry()?;
        let (time, _) = first.key();
        (*time <= now).then(|| first.remove())
    }

    fn next_time(&self) -> Option<Timestamp> {
        self.probes.first_key_value().map(|((time, _), _)| *time)
    }

    fn len(&self) -> usize {
        self.probes.len()
    }
}

/// The time until then, and a little more.
fn until(time: Timestamp, now: Timestamp) -> Duration {
    const MARGIN: Duration = Duration::from_millis(50);
    Duration::try_from(time.duration_since(now)).unwrap_or_default() + MARGIN
}
