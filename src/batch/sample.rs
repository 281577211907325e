//! Judges random rows of a list and estimates the whole (`--sample`).

use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::estimate::Share;
use super::judge::{Judge, RowOutcome};
use super::list::List;
use super::row_reader;
use super::run::Stop;
use super::summary::{Listing, Summary, Tally, TallyEntry};
use crate::address::Host;
use crate::files::FileError;
use crate::roster::{Row, RowKind, SeenSet};
use crate::store::Journal;
use crate::validator::Strictness;
use crate::verdict::{Depth, Verdict};

/// How many rows are judged at the same time.
const CONCURRENT_ROWS: usize = 1_000;
/// The most memory for the chosen rows.
const MAX_CHOSEN_BYTES: usize = 256 * 1024 * 1024;

/// The result of a sample.
pub struct Sampled {
    /// Of the judged rows.
    pub summary: Summary,
    /// Rows in the list.
    pub whole: u64,
    /// Domains in the list.
    pub domains: u64,
    /// The estimated time for the whole list.
    pub time: Duration,
}

impl Sampled {
    /// The estimated share of rows with this verdict.
    pub fn share(&self, verdict: Verdict) -> Share {
        let index = Verdict::ALL.iter().position(|known| *known == verdict).unwrap_or_default();
        Share::of(self.summary.verdicts[index], self.judged(), self.left())
    }

    /// How many rows of the sample have a verdict. Suppressed ones have none.
    pub fn judged(&self) -> u64 {
        self.summary.rows.read - self.summary.rows.suppressed
    }

    /// How many rows of the list will have a verdict: the same share as in the sample.
    pub fn left(&self) -> u64 {
        let (judged, read) = (u128::from(self.judged()), u128::from(self.summary.rows.read.max(1)));
        let left = (u128::from(self.whole) * judged + read / 2) / read;
        u64::try_from(left).unwrap_or(self.whole)
    }
}

/// Chooses rows at random and judges them.
///
/// # Errors
/// The list cannot be read, or the DNS cannot be trusted.
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
    let judged = stream::iter(rows).map(|row| judge.row(row)).buffer_unordered(CONCURRENT_ROWS);
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

/// The time for all rows, from the time for the sample. The look-ups take the time: the DNS is asked about
/// each domain once, mail servers about each row.
fn scaled(elapsed: Duration, depth: Depth, some: &Summary, whole: u64, domains: u64) -> Duration {
    let (all, some) = match depth {
        Depth::Domain if some.domains_asked > 0 => (domains, some.domains_asked),
        Depth::Syntax | Depth::Domain | Depth::Mailbox => (whole, some.rows.read),
    };
    elapsed.mul_f64(all as f64 / some.max(1) as f64)
}

/// Rows chosen at random.
struct Chosen {
    rows: Vec<Row>,
    whole: u64,
    domains: u64,
}

/// Reads the whole list and keeps some rows, each with the same probability (Vitter's algorithm R).
async fn choose(
    list: &mut List,
    judge: &Judge,
    size: usize,
    mut random: fastrand::Rng,
) -> Result<Chosen, Stop> {
    let (mut chunks, _) = row_reader::read_chunks(list)?;
    let mut rows: Vec<Row> = Vec::new();
    let (mut whole, mut domains) = (0_u64, SeenSet::default());
    let mut bytes = 0;
    while let Some(chunk) = chunks.recv().await {
        for row in chunk.map_err(FileError::Io)?.rows {
            if row.kind() == RowKind::NonData || !super::judge::is_last_part(&row) {
                continue;
            }
            whole += 1;
            for text in row.addresses() {
                if let Some((address, _)) = judge.validator.canonical(text, Strictness::Lenient)
                    && let Host::Domain(domain) = address.host()
                {
                    domains.first_row(domain.ascii(), whole);
                }
            }
            let row_bytes = row.memory_bytes();
            if rows.len() < size {
                rows.push(row);
                bytes += row_bytes;
            } else if let Some(index) =
                usize::try_from(random.u64(0..whole)).ok().filter(|index| *index < size)
            {
                bytes = bytes - rows[index].memory_bytes() + row_bytes;
                rows[index] = row;
            }
            if bytes > MAX_CHOSEN_BYTES {
                return Err(Stop::SampleTooLarge);
            }
        }
    }
    Ok(Chosen { rows, whole, domains: domains.count() as u64 })
}

/// Counts rows, in any order.
async fn count(judged: impl futures_util::Stream<Item = super::judge::CheckedRow>) -> Tally {
    futures_util::pin_mut!(judged);
    let mut tally = Tally::new(Listing::Numbers);
    while let Some(checked) = judged.next().await {
        let number = checked.row.number();
        tally.rows().read += 1;
        match &checked.outcome {
            RowOutcome::NonData => {}
            RowOutcome::Suppressed => tally.rows().suppressed += 1,
            RowOutcome::Unreadable(fault) => tally.row(number, &TallyEntry::Unreadable(*fault)),
            RowOutcome::Kept(earlier) => tally.row(number, &earlier.tally_entry()),
            RowOutcome::Report { report, .. } => tally.row(number, &TallyEntry::Judged(report)),
        }
    }
    tally
}
