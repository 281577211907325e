//! What the limiter remembers of a party, and the decisions that follow. Pure.

use std::time::Duration;

use jiff::Timestamp;
use strum::{EnumString, IntoStaticStr};

use super::Limits;

/// How long to wait for another process's connection before looking again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// The pause of a party whose addresses we seem to harvest.
const HARVEST_PAUSE: Duration = Duration::from_secs(24 * 3600);
/// A streak ends so long after its last event: later than the longest pause by default.
const STREAK: Duration = Duration::from_secs(2 * 24 * 3600);
/// So many recipients refused for a reason about us, with no answer about a mailbox in between, are a refusal
/// of us.
const REFUSALS_THAT_MEAN_US: u32 = 3;
/// So many connections in a row without a usable answer pause a party.
const FAILURES_BEFORE_PAUSE: u32 = 3;
/// The first such pause; each further failure doubles it.
const FAILURE_PAUSE: Duration = Duration::from_secs(5 * 60);

/// What is remembered of a party.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartyState {
    /// The day that the counts are of.
    pub day: Day,
    /// Recipients asked about today, plus those reserved by outstanding permits.
    pub recipients: u32,
    /// Recipients of jobs that the server said exist or not.
    pub answered: u32,
    /// Those that do not exist.
    pub absent: u32,
    /// Conversations in a row in which the server refused us.
    pub refusals: u32,
    /// The latest pause, also one that is over: a refusal soon after it makes a longer one.
    pub pause: Option<PauseState>,
    /// When the next connection may begin.
    pub free_from: Option<Timestamp>,
    /// Recipients refused for a reason about us since the last answer about a mailbox.
    pub refused_us: Streak,
    /// Connections in a row that brought no usable answer.
    pub failures: Streak,
}

/// Events in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streak {
    pub count: u32,
    /// When they are forgotten.
    pub until: Option<Timestamp>,
}

/// A day by UTC, counted from 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub i64);

/// A pause of a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PauseState {
    pub reason: PauseReason,
    pub until: Timestamp,
}

/// Why a party is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum PauseReason {
    /// It refused us.
    Refused,
    /// Too many of the recipients did not exist, which looks like harvesting.
    Harvest,
    /// The recipients of the day are used up.
    DayFull,
    /// It gave no usable answer several times in a row.
    NoAnswer,
}

impl PauseReason {
    pub fn code(self) -> &'static str {
        self.into()
    }

    pub fn from_code(code: &str) -> Option<Self> {
        code.parse().ok()
    }
}

/// Open connections to a party.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenConnections {
    /// Of all processes.
    pub connections: u32,
    /// When the first one of another process ends at the latest.
    pub until: Option<Timestamp>,
}

/// Whether a connection may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitDecision {
    /// Now, for so many recipients.
    Go(u32),
    /// Not before this.
    Later(Timestamp),
    /// Not for a good while.
    Paused(PauseState),
}

/// Recipients that count as asked until the connection is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The day it counts for.
    pub day: Day,
    pub recipients: u32,
}

/// What came of a connection, or of not getting one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcomes {
    /// Recipients that were sent, whatever came back; random ones too.
    pub asked: u32,
    /// Recipients of jobs that the server said exist or not. Random recipients do not count: they are asked
    /// about only after a real one was accepted.
    pub answered: u32,
    /// Those that do not exist.
    pub absent: u32,
    /// Recipients refused for a reason about us, not about one domain or recipient.
    pub refused_us: u32,
    pub feedback: ServerFeedback,
}

/// How a server reacted to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerFeedback {
    /// It answered about a mailbox.
    Answered,
    /// It refused us, for any recipient: block list, rate, HELO, sender, …
    Refused,
    /// It replied, and not about a mailbox: greylisting, trouble of its own, a policy.
    Deferred,
    /// It accepted the connection and gave no usable reply: silence, nonsense, a disconnect, a shutdown.
    NoAnswer,
    /// It was not asked, or no connection came about.
    Unknown,
}

impl Day {
    /// The day of a moment.
    pub fn of(now: Timestamp) -> Self {
        Self(now.as_second().div_euclid(SECONDS_A_DAY))
    }

    /// When it is over.
    pub fn end(self) -> Timestamp {
        let end = self.0.saturating_add(1).saturating_mul(SECONDS_A_DAY);
        Timestamp::from_second(end).unwrap_or(Timestamp::MAX)
    }
}

const SECONDS_A_DAY: i64 = 24 * 3600;

impl PartyState {
    /// The state at a later time: counts of another day end, and times are cut that are so far ahead that a
    /// clock must have been set back.
    #[must_use]
    fn at(self, limits: &Limits, now: Timestamp) -> Self {
        let today = Day::of(now);
        let longest = limits.breaker_longest.max(HARVEST_PAUSE);
        let pause = self
            .pause
            .map(|pause| PauseState { until: pause.until.min(after(now, longest)), ..pause });
        // Long after its end a pause is forgotten: the breaker starts anew.
        let pause = pause.filter(|pause| after(pause.until, longest) > now);
        let free_from = self.free_from.map(|free| free.min(after(now, limits.gap)));
        let refusals = if pause.is_some() { self.refusals } else { 0 };
        let (refused_us, failures) = (self.refused_us.at(now), self.failures.at(now));
        // Another process may be a day ahead.
        let is_of_now = (0..=1).contains(&(self.day.0.saturating_sub(today.0)));
        let counted = if is_of_now { self } else { Self { day: today, ..Self::default() } };
        Self { refusals, pause, free_from, refused_us, failures, ..counted }
    }

    /// Whether a connection for so many recipients may begin.
    pub fn decision(
        &self,
        wanted: u32,
        open: OpenConnections,
        limits: &Limits,
        now: Timestamp,
    ) -> LimitDecision {
        let state = self.at(limits, now);
        if let Some(pause) = state.pause.filter(|pause| pause.until > now) {
            return LimitDecision::Paused(pause);
        }
        let left = limits.recipients_per_day.saturating_sub(state.recipients);
        if left == 0 {
            return LimitDecision::Paused(PauseState {
                reason: PauseReason::DayFull,
                until: state.day.end(),
            });
        }
        if open.connections >= limits.connections {
            let again = after(now, LOOK_AGAIN);
            return LimitDecision::Later(
                open.until.filter(|until| *until > now).map_or(again, |until| until.min(again)),
            );
        }
        match state.free_from.filter(|free| *free > now) {
            Some(free) => LimitDecision::Later(free),
            None => LimitDecision::Go(wanted.min(left).min(limits.allowance.recipients)),
        }
    }

    /// Counts the begin of a connection, and reserves its recipients.
    pub fn begin(&mut self, recipients: u32, limits: &Limits, now: Timestamp) -> Reservation {
        *self = self.at(limits, now);
        self.recipients = self.recipients.saturating_add(recipients);
        self.free_from = Some(after(now, limits.gap));
        Reservation { day: self.day, recipients }
    }

    /// Counts the end of a connection with this reservation.
    pub fn end(
        &mut self,
        reservation: Reservation,
        outcomes: &Outcomes,
        limits: &Limits,
        now: Timestamp,
    ) {
        *self = self.at(limits, now);
        // A connection over midnight counts for both days.
        let reserved = if self.day == reservation.day { reservation.recipients } else { 0 };
        let others = self.recipients.saturating_sub(reserved);
        self.recipients = others.saturating_add(outcomes.asked);
        self.free_from = Some(after(now, limits.gap));
        self.answered = self.answered.saturating_add(outcomes.answered);
        self.absent = self.absent.saturating_add(outcomes.absent);
        match outcomes.feedback {
            ServerFeedback::Answered => {
                self.refusals = 0;
                (self.refused_us, self.failures) = (Streak::default(), Streak::default());
            }
            ServerFeedback::Refused => {
                self.failures = Streak::default();
                self.note_refusal(limits, now);
            }
            ServerFeedback::Deferred => {
                self.failures = Streak::default();
                self.refused_us.add(outcomes.refused_us, now);
                // The streak survives the pause: after it, one more refusal is enough.
                if outcomes.refused_us > 0 && self.refused_us.count >= REFUSALS_THAT_MEAN_US {
                    self.note_refusal(limits, now);
                }
            }
            ServerFeedback::NoAnswer => {
                self.failures.add(1, now);
                if let Some(pause) = failure_pause(self.failures.count, limits) {
                    self.pause_until(PauseReason::NoAnswer, after(now, pause));
                }
            }
            ServerFeedback::Unknown => {}
        }
        if self.looks_like_harvesting(limits) {
            self.pause_until(PauseReason::Harvest, after(now, HARVEST_PAUSE));
            // After the pause only new answers count.
            (self.answered, self.absent) = (0, 0);
        }
    }

    /// Until when it can influence a decision.
    pub fn matters_until(&self, limits: &Limits) -> Timestamp {
        let longest = limits.breaker_longest.max(HARVEST_PAUSE);
        let pause = self.pause.map(|pause| after(pause.until, longest));
        let counts = (self.recipients > 0 || self.answered > 0).then(|| self.day.end());
        let streaks = self.refused_us.until.max(self.failures.until);
        pause.max(counts).max(self.free_from).max(streaks).unwrap_or(Timestamp::MIN)
    }

    fn note_refusal(&mut self, limits: &Limits, now: Timestamp) {
        self.refusals = self.refusals.saturating_add(1);
        self.pause_until(PauseReason::Refused, after(now, breaker(self.refusals, limits)));
    }

    fn looks_like_harvesting(&self, limits: &Limits) -> bool {
        let (answered, absent) = (u64::from(self.answered), u64::from(self.absent));
        self.answered >= limits.harvest_sample
            && absent * 100 > answered * u64::from(limits.harvest_percent)
    }

    fn pause_until(&mut self, reason: PauseReason, until: Timestamp) {
        if self.pause.is_none_or(|pause| pause.until < until) {
            self.pause = Some(PauseState { reason, until });
        }
    }
}

impl Streak {
    /// The streak at a later time. An end too far ahead is cut: a clock must have been set back.
    fn at(self, now: Timestamp) -> Self {
        let until = self.until.map(|until| until.min(after(now, STREAK)));
        if until.is_some_and(|until| until > now) {
            Self { until, ..self }
        } else {
            Self::default()
        }
    }

    fn add(&mut self, events: u32, now: Timestamp) {
        if events > 0 {
            let count = self.count.saturating_add(events);
            *self = Self { count, until: Some(after(now, STREAK)) };
        }
    }
}

impl LimitDecision {
    /// The stricter of two decisions.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Paused(one), Self::Paused(other)) => {
                Self::Paused(if one.until < other.until { other } else { one })
            }
            (Self::Paused(pause), _) | (_, Self::Paused(pause)) => Self::Paused(pause),
            (Self::Later(one), Self::Later(other)) => Self::Later(one.max(other)),
            (Self::Later(until), _) | (_, Self::Later(until)) => Self::Later(until),
            (Self::Go(one), Self::Go(other)) => Self::Go(one.min(other)),
        }
    }
}

impl Outcomes {
    /// The permit was not used, or no connection came about.
    pub const NOTHING: Self =
        Self { asked: 0, answered: 0, absent: 0, refused_us: 0, feedback: ServerFeedback::Unknown };

    /// The outcome is lost: everything that was reserved counts as asked.
    pub fn unknown(reservation: Reservation) -> Self {
        Self { asked: reservation.recipients, ..Self::NOTHING }
    }
}

/// The pause after so many refusals of us in a row.
fn breaker(refusals: u32, limits: &Limits) -> Duration {
    let doublings = refusals.saturating_sub(1).min(31);
    limits.breaker.saturating_mul(1 << doublings).min(limits.breaker_longest)
}

/// The pause after so many connections in a row without a usable answer.
fn failure_pause(failures: u32, limits: &Limits) -> Option<Duration> {
    let doublings = failures.checked_sub(FAILURES_BEFORE_PAUSE)?.min(31);
    Some(FAILURE_PAUSE.saturating_mul(1 << doublings).min(limits.breaker_longest))
}

fn after(time: Timestamp, wait: Duration) -> Timestamp {
    time.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
