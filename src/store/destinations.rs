//! How we stand with those who run mail servers, all processes together.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::StoreError;
use super::file::StoreFile;
use super::key::{HashedName, Key, NameOf};
use super::time::{after, millisecond_from, second_from, time};
use crate::smtp::limiter::{
    AcquireReply, AcquireRequest, Busy, Day, LimitDecision, Limits, Party, PartyState, Pause,
    PauseState, ReleaseRecord, Streak,
};

impl StoreFile {
    /// Decides on a connection, and notes it if it may begin.
    pub(super) fn begin(
        &mut self,
        opening: &AcquireRequest,
        now: Timestamp,
    ) -> Result<AcquireReply, StoreError> {
        let marks = marks(&self.key, &opening.parties);
        let process = self.process;
        self.change_and_prune(now, |change| {
            let standings = standings(change, marks)?;
            let mut busy = [Busy::default(); 2];
            for ((busy, mark), ours) in busy.iter_mut().zip(marks).zip(opening.ours) {
                let others = others(change, mark, process, now)?;
                *busy = Busy { connections: others.connections.saturating_add(ours), ..others };
            }
            let opened = opening.decide(standings, busy, now);
            if let LimitDecision::Go(_) = opened.decision {
                let ends = second_from(after(now, opening.limits.conversation));
                let parties = marks.into_iter().zip(opened.standings).zip(opening.ours);
                for ((mark, standing), ours) in parties {
                    keep_standing(change, mark, &standing, &opening.limits)?;
                    keep_connections(change, mark, process, ours.saturating_add(1), ends)?;
                }
            }
            Ok(opened)
        })
    }

    /// Notes connections that are over.
    pub(super) fn close(
        &mut self,
        over: &[ReleaseRecord],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if over.is_empty() {
            return Ok(());
        }
        let over: Vec<_> =
            over.iter().map(|closing| (closing, marks(&self.key, &closing.parties))).collect();
        let process = self.process;
        self.change(|change| {
            for (closing, marks) in &over {
                let standings = closing.settle(standings(change, *marks)?, now);
                for ((mark, standing), ours) in marks.iter().zip(standings).zip(closing.ours) {
                    keep_standing(change, *mark, &standing, &closing.limits)?;
                    fewer_connections(change, *mark, process, ours)?;
                }
            }
            Ok(())
        })
    }
}

fn marks(key: &Key, parties: &[Party; 2]) -> [HashedName; 2] {
    parties.each_ref().map(|party| match party {
        Party::Organisation(name) => key.mark(NameOf::Organisation, name),
        Party::Network(network) => key.mark(NameOf::Network, &network.to_string()),
    })
}

fn standings(
    change: &Transaction<'_>,
    marks: [HashedName; 2],
) -> rusqlite::Result<[PartyState; 2]> {
    let sql = "SELECT day, recipients, answered, absent, refusals, closed_why, closed_until, \
               free_from_ms, refused_us, refused_us_until, failures, failures_until FROM standing WHERE mark = ?1";
    let mut query = change.prepare_cached(sql)?;
    let mut of = |mark| query.query_row([mark], standing_of_row).optional();
    let [one, other] = marks;
    Ok([of(one)?.unwrap_or_default(), of(other)?.unwrap_or_default()])
}

fn standing_of_row(row: &Row<'_>) -> rusqlite::Result<PartyState> {
    let (why, until): (Option<String>, Option<i64>) = (row.get(5)?, row.get(6)?);
    let why = why.and_then(|why| Pause::ALL.into_iter().find(|known| known.code() == why));
    let free_from: Option<i64> = row.get(7)?;
    Ok(PartyState {
        day: Day(row.get(0)?),
        recipients: row.get(1)?,
        answered: row.get(2)?,
        absent: row.get(3)?,
        refusals: row.get(4)?,
        closed: why.zip(until).map(|(why, until)| PauseState { why, until: time(until) }),
        free_from: free_from.and_then(|free| Timestamp::from_millisecond(free).ok()),
        refused_us: Streak { count: row.get(8)?, until: row.get::<_, Option<i64>>(9)?.map(time) },
        failures: Streak { count: row.get(10)?, until: row.get::<_, Option<i64>>(11)?.map(time) },
    })
}

fn keep_standing(
    change: &Transaction<'_>,
    mark: HashedName,
    standing: &PartyState,
    limits: &Limits,
) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO standing \
               (mark, day, recipients, answered, absent, refusals, closed_why, closed_until, \
               free_from_ms, valid_until, refused_us, refused_us_until, failures, failures_until) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    let PartyState { day, recipients, answered, absent, refusals, closed, free_from, .. } =
        standing;
    let PartyState { refused_us, failures, .. } = standing;
    change.prepare_cached(sql)?.execute(params![
        mark,
        day.0,
        recipients,
        answered,
        absent,
        refusals,
        closed.map(|closed| closed.why.code()),
        closed.map(|closed| second_from(closed.until)),
        free_from.map(millisecond_from),
        second_from(standing.matters_until(limits)),
        refused_us.count,
        refused_us.until.map(second_from),
        failures.count,
        failures.until.map(second_from),
    ])?;
    Ok(())
}

/// The connections of other processes. One that says no more that it is over counts until it must be.
fn others(
    change: &Transaction<'_>,
    mark: HashedName,
    process: i64,
    now: Timestamp,
) -> rusqlite::Result<Busy> {
    let sql = "SELECT coalesce(sum(connections), 0), min(valid_until) FROM connection \
               WHERE mark = ?1 AND process <> ?2 AND valid_until > ?3";
    change.prepare_cached(sql)?.query_row(params![mark, process, now.as_second()], |row| {
        let until: Option<i64> = row.get(1)?;
        Ok(Busy { connections: row.get(0)?, until: until.map(time) })
    })
}

fn keep_connections(
    change: &Transaction<'_>,
    mark: HashedName,
    process: i64,
    connections: u32,
    valid_until: i64,
) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO connection (mark, process, connections, valid_until) \
               VALUES (?1, ?2, ?3, ?4)";
    change.prepare_cached(sql)?.execute(params![mark, process, connections, valid_until])?;
    Ok(())
}

fn fewer_connections(
    change: &Transaction<'_>,
    mark: HashedName,
    process: i64,
    connections: u32,
) -> rusqlite::Result<()> {
    let sql = "UPDATE connection SET connections = ?3 WHERE mark = ?1 AND process = ?2";
    change.prepare_cached(sql)?.execute(params![mark, process, connections])?;
    let sql = "DELETE FROM connection WHERE mark = ?1 AND process = ?2 AND connections = 0";
    change.prepare_cached(sql)?.execute(params![mark, process])?;
    Ok(())
}
