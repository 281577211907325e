//! Judging some rows of a list, chosen at random, to know what to expect of all.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::estimate::Share;
use super::judge::{Judge, RowOutcome};
use super::list::List;
use super::row_reader;
use super::run::Stop;
use super::summary::{Listing, RowSeen, Summary, Tally};
use crate::address::Host;
use crate::files::FileError;
use crate::roster::{Row, RowKind, SeenSet};
use crate::store::Journal;
use crate::validator::Strictness;
use crate::verdict::{Depth, Verdict};

/// How many rows are judged at the same time.
const SIDE_BY_SIDE: usize = 1_000;
/// How much memory the rows may take that were chosen.
const MAX_CHOSEN_BYTES: usize = 256 * 1024 * 1024;

/// What was found out of a sample, and what that tells of the list.
pub struct Sampled {
    /// What came of the rows that were judged.
    pub summary: Summary,
    /// Rows in the list.
    pub whole: u64,
    /// Domains in the list.
    pub domains: u64,
    /// How long the whole list can be expected to take.
    pub time: Duration,
}

impl Sampled {
    /// What share of all rows can be expected to have a verdict.
    pub fn share(&self, verdict: Verdict) -> Share {
        let place = Verdict::ALL.iter().position(|known| *known == verdict).unwrap_or_default();
        Share::of(self.summary.verdicts[place], self.judged(), self.left())
    }

    /// How many rows of the sample have a verdict. Those of people who are not to be written to have none.
    pub fn judged(&self) -> u64 {
        self.summary.rows.read - self.summary.rows.suppressed
    }

    /// How many rows of the list can be expected to get one: as large a part of it as of the sample.
    pub fn left(&self) -> u64 {
        let (judged, read) = (u128::from(self.judged()), u128::from(self.summary.rows.read.max(1)));
        let left = (u128::from(self.whole) * judged + read / 2) / read;
        u64::try_from(left).unwrap_or(self.whole)
    }
}

/// Chooses so many rows and judges them.
///
/// # Errors
/// The list cannot be read, or the DNS not be believed.
pub async fn sample(
    mut list: List,
    judge: &Judge,
    journal: &Journal,
    depth: Depth,
    size: usize,
    random: fastrand::Rng,
) -> Result<Sampled, Stop> {
    let began = Instant::now();
    let Chosen { rows, whole, domains } = choose(&mut list, judge, size, random).await?;
    let reading = began.elapsed();
    let began = Instant::now();
    let judged = stream::iter(rows).map(|row| judge.row(row)).buffer_unordered(SIDE_BY_SIDE);
    let tally = tokio::select! {
        tally = count(judged) => tally,
        halt = judge.validator.halted() => return Err(halt.into()),
    };
    judge.validator.last_test().await?;
    let judging = began.elapsed();
    let asked = journal.routes().await;
    let summary = tally.summary(depth, asked, judging);
    let time = reading + scaled(judging, depth, &summary, whole, domains);
    Ok(Sampled { summary, whole, domains, time })
}

/// How long all rows take, by how long some of them took. What takes its time is to ask: the DNS about
/// each domain once, mail servers about each row.
fn scaled(took: Duration, depth: Depth, some: &Summary, whole: u64, domains: u64) -> Duration {
    let (all, some) = match depth {
        Depth::Domain if some.domains_asked > 0 => (domains, some.domains_asked),
        Depth::Syntax | Depth::Domain | Depth::Mailbox => (whole, some.rows.read),
    };
    took.mul_f64(all as f64 / some.max(1) as f64)
}

/// Rows chosen at random.
struct Chosen {
    rows: Vec<Row>,
    whole: u64,
    domains: u64,
}

/// Reads the list to its end and keeps some of the rows, each as likely as any other (Vitter's algorithm R).
async fn choose(
    list: &mut List,
    judge: &Judge,
    size: usize,
    mut random: fastrand::Rng,
) -> Result<Chosen, Stop> {
    let (mut chunks, _) = row_reader::rows(list)?;
    let mut rows: Vec<Row> = Vec::new();
    let (mut whole, mut domains) = (0_u64, SeenSet::default());
    let mut bytes = 0;
    while let Some(chunk) = chunks.recv().await {
        for row in chunk.map_err(FileError::Io)?.rows {
            if row.kind() == RowKind::NonData || !super::judge::is_whole(&row) {
                continue;
            }
            whole += 1;
            for text in row.addresses() {
                if let Some((address, _)) = judge.validator.canonical(text, Strictness::Lenient)
                    && let Host::Domain(domain) = address.host()
                {
                    domains.first(domain.ascii(), whole);
                }
            }
            let weight = row.weight();
            if rows.len() < size {
                rows.push(row);
                bytes += weight;
            } else if let Some(place) =
                usize::try_from(random.u64(0..whole)).ok().filter(|place| *place < size)
            {
                bytes = bytes - rows[place].weight() + weight;
                rows[place] = row;
            }
            if bytes > MAX_CHOSEN_BYTES {
                return Err(Stop::SampleTooLarge);
            }
        }
    }
    Ok(Chosen { rows, whole, domains: domains.count() as u64 })
}

/// Counts rows in whatever order they come.
async fn count(judged: impl futures_util::Stream<Item = super::judge::CheckedRow>) -> Tally {
    futures_util::pin_mut!(judged);
    let mut tally = Tally::new(Listing::Numbers);
    while let Some(judged) = judged.next().await {
        let number = judged.row.number();
        tally.rows().read += 1;
        match &judged.said {
            RowOutcome::Nothing => {}
            RowOutcome::Suppressed => tally.rows().suppressed += 1,
            RowOutcome::Unreadable(fault) => tally.row(number, &RowSeen::Unreadable(*fault)),
            RowOutcome::Kept(earlier) => tally.row(number, &earlier.seen()),
            RowOutcome::Report { report, .. } => tally.row(number, &RowSeen::Judged(report)),
        }
    }
    tally
}
