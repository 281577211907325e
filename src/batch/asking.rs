//! Asking mail servers about a list, before a row of it is written.
//!
//! They are asked in any order and at the pace of each; who defers strangers is come back to while others
//! go on. What is found out stands in the journal, from which the rows are written afterwards in theirs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;

use super::intake::{Lot, Rows};
use super::judge::Judge;
use super::progress::Progress;

/// How many addresses are under way at the same time.
const UNDER_WAY: usize = 2_000;
/// How many may wait until it is time to come back to them. Beyond that nobody new is asked.
const MOST_WAITING: usize = 200_000;

/// An address to come back to, the earliest first.
type Waiting = BinaryHeap<Reverse<(Timestamp, Box<str>)>>;

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
    let mut waiting = Waiting::new();
    loop {
        while under_way.len() < UNDER_WAY && waiting.len() + under_way.len() < MOST_WAITING {
            let Some(text) = due(&mut waiting, judge.clock.now()).or_else(|| next.next()) else {
                break;
            };
            under_way.push(ask(judge, text));
        }
        progress.now_waiting(waiting.len());
        let wants_rows = has_more && next.len() == 0 && under_way.len() < UNDER_WAY;
        let comes_back = waiting.peek().map(|Reverse((time, _))| until(*time, judge.clock.now()));
        if !wants_rows && under_way.is_empty() && comes_back.is_none() && next.len() == 0 {
            return Ok(());
        }
        tokio::select! {
            read = rows.recv(), if wants_rows => match read {
                None => has_more = false,
                Some(lot) => {
                    let Lot { rows, position } = lot?;
                    progress.came_to(position);
                    let texts = rows.iter().flat_map(|row| judge.to_ask(row));
                    next = texts.map(|text| text.as_str().into()).collect::<Vec<_>>().into_iter();
                }
            },
            Some((text, come_back)) = under_way.next(), if !under_way.is_empty() => {
                match come_back {
                    Some(time) => waiting.push(Reverse((time, text))),
                    None => progress.one_asked(),
                }
            }
            () = tokio::time::sleep(comes_back.unwrap_or_default()), if comes_back.is_some() => {}
        }
    }
}

async fn ask(judge: &Judge, text: Box<str>) -> (Box<str>, Option<Timestamp>) {
    let report = judge.text(&text).await;
    let come_back = report.mailbox.and_then(|mailbox| mailbox.come_back);
    (text, come_back)
}

/// An address that it is time to come back to.
fn due(waiting: &mut Waiting, now: Timestamp) -> Option<Box<str>> {
    let Reverse((time, _)) = waiting.peek()?;
    if *time > now {
        return None;
    }
    waiting.pop().map(|Reverse((_, text))| text)
}

/// How long it is until then, and a moment.
fn until(time: Timestamp, now: Timestamp) -> Duration {
    const MOMENT: Duration = Duration::from_millis(50);
    Duration::try_from(time.duration_since(now)).unwrap_or_default() + MOMENT
}
