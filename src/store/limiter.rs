//! The limiter's state in the store, shared by all processes.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::StoreError;
use super::file::StoreFile;
use super::key::{HashedName, Key, NameOf};
use super::time::{after, millisecond_from, second_from, time};
use crate::smtp::limiter::{
    AcquireReply, AcquireRequest, Day, LimitDecision, Limits, OpenConnections, Party, PartyState,
    PauseReason, PauseState, ReleaseRecord, Streak,
};

impl StoreFile {
    /// Decides on a connection, and counts it if it may begin.
    pub(super) fn acquire(
        &mut self,
        request: &AcquireRequest,
        now: Timestamp,
    ) -> Result<AcquireReply, StoreError> {
        let parties = hashed(&self.key, &request.parties);
        let process = self.process;
        self.change_and_prune(now, |change| {
            let states = states(change, parties)?;
            let mut open = [OpenConnections::default(); 2];
            for ((open, party), own) in open.iter_mut().zip(parties).zip(request.own_connections) {
                let others = open_elsewhere(change, party, process, now)?;
                let connections = others.connections.saturating_add(own);
                *open = OpenConnections { connections, ..others };
            }
            let reply = request.decide(states, open, now);
            if let LimitDecision::Go(_) = reply.decision {
                let ends = second_from(after(now, request.limits.conversation));
                let parties = parties.into_iter().zip(reply.states).zip(request.own_connections);
                for ((party, state), own) in parties {
                    store_state(change, party, &state, &request.limits)?;
                    store_connections(change, party, process, own.saturating_add(1), ends)?;
                }
            }
            Ok(reply)
        })
    }

    /// Counts the end of connections.
    pub(super) fn release(
        &mut self,
        releases: &[ReleaseRecord],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if releases.is_empty() {
            return Ok(());
        }
        let releases: Vec<_> =
            releases.iter().map(|release| (release, hashed(&self.key, &release.parties))).collect();
        let process = self.process;
        self.change(|change| {
            for (release, parties) in &releases {
                let states = release.apply_to(states(change, *parties)?, now);
                let own = release.own_connections;
                for ((party, state), own) in parties.iter().zip(states).zip(own) {
                    store_state(change, *party, &state, &release.limits)?;
                    reduce_connections(change, *party, process, own)?;
                }
            }
            Ok(())
        })
    }
}

fn hashed(key: &Key, parties: &[Party; 2]) -> [HashedName; 2] {
    parties.each_ref().map(|party| match party {
        Party::Organisation(name) => key.hash(NameOf::Organisation, name),
        Party::Network(network) => key.hash(NameOf::Network, &network.to_string()),
    })
}

fn states(change: &Transaction<'_>, parties: [HashedName; 2]) -> rusqlite::Result<[PartyState; 2]> {
    let sql = "SELECT day, recipients, answered, absent, refusals, closed_why, closed_until, \
               free_from_ms, refused_us, refused_us_until, failures, failures_until FROM standing WHERE mark = ?1";
    let mut query = change.prepare_cached(sql)?;
    let mut of = |party| query.query_row([party], state_of_row).optional();
    let [one, other] = parties;
    Ok([of(one)?.unwrap_or_default(), of(other)?.unwrap_or_default()])
}

fn state_of_row(row: &Row<'_>) -> rusqlite::Result<PartyState> {
    let (reason, until): (Option<String>, Option<i64>) = (row.get(5)?, row.get(6)?);
    let reason = reason.and_then(|reason| PauseReason::from_code(&reason));
    let free_from: Option<i64> = row.get(7)?;
    Ok(PartyState {
        day: Day(row.get(0)?),
        recipients: row.get(1)?,
        answered: row.get(2)?,
        absent: row.get(3)?,
        refusals: row.get(4)?,
        pause: reason.zip(until).map(|(reason, until)| PauseState { reason, until: time(until) }),
        free_from: free_from.and_then(|free| Timestamp::from_millisecond(free).ok()),
        refused_us: Streak { count: row.get(8)?, until: row.get::<_, Option<i64>>(9)?.map(time) },
        failures: Streak { count: row.get(10)?, until: row.get::<_, Option<i64>>(11)?.map(time) },
    })
}

fn store_state(
    change: &Transaction<'_>,
    party: HashedName,
    state: &PartyState,
    limits: &Limits,
) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO standing \
               (mark, day, recipients, answered, absent, refusals, closed_why, closed_until, \
               free_from_ms, valid_until, refused_us, refused_us_until, failures, failures_until) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    change.prepare_cached(sql)?.execute(params![
        party,
        state.day.0,
        state.recipients,
        state.answered,
        state.absent,
        state.refusals,
        state.pause.map(|pause| pause.reason.code()),
        state.pause.map(|pause| second_from(pause.until)),
        state.free_from.map(millisecond_from),
        second_from(state.matters_until(limits)),
        state.refused_us.count,
        state.refused_us.until.map(second_from),
        state.failures.count,
        state.failures.until.map(second_from),
    ])?;
    Ok(())
}

/// The open connections of other processes. One whose process died counts until the longest conversation
/// would be over.
fn open_elsewhere(
    change: &Transaction<'_>,
    party: HashedName,
    process: i64,
    now: Timestamp,
) -> rusqlite::Result<OpenConnections> {
    let sql = "SELECT coalesce(sum(connections), 0), min(valid_until) FROM connection \
               WHERE mark = ?1 AND process <> ?2 AND valid_until > ?3";
    change.prepare_cached(sql)?.query_row(params![party, process, now.as_second()], |row| {
        let until: Option<i64> = row.get(1)?;
        Ok(OpenConnections { connections: row.get(0)?, until: until.map(time) })
    })
}

fn store_connections(
    change: &Transaction<'_>,
    party: HashedName,
    process: i64,
    connections: u32,
    valid_until: i64,
) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO connection (mark, process, connections, valid_until) \
               VALUES (?1, ?2, ?3, ?4)";
    change.prepare_cached(sql)?.execute(params![party, process, connections, valid_until])?;
    Ok(())
}

fn reduce_connections(
    change: &Transaction<'_>,
    party: HashedName,
    process: i64,
    connections: u32,
) -> rusqlite::Result<()> {
    let sql = "UPDATE connection SET connections = ?3 WHERE mark = ?1 AND process = ?2";
    change.prepare_cached(sql)?.execute(params![party, process, connections])?;
    let sql = "DELETE FROM connection WHERE mark = ?1 AND process = ?2 AND connections = 0";
    change.prepare_cached(sql)?.execute(params![party, process])?;
    Ok(())
}
