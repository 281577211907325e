//! How we stand with one organisation or network, and what may be asked of it: plain functions.

use std::time::Duration;

use jiff::Timestamp;

use super::Limits;

/// How long another process's connection is waited for before looking again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long a party is left alone that we seem to harvest.
const HARVEST_PAUSE: Duration = Duration::from_secs(24 * 3600);
/// A streak is forgotten so long after its last event: later than the longest pause ends by default.
const STREAK: Duration = Duration::from_secs(2 * 24 * 3600);
/// So many recipients refused for a reason that speaks of us, with no answer about a mailbox in between:
/// it is us that they refuse.
const REFUSALS_THAT_MEAN_US: u32 = 3;
/// So many connections in a row without a usable answer, and a party is left alone.
const FAILURES_BEFORE_PAUSE: u32 = 3;
/// For so long; after each further failure twice as long.
const FAILURE_PAUSE: Duration = Duration::from_secs(5 * 60);

/// What is remembered of a party.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartyState {
    /// The day that the counts are of.
    pub day: Day,
    /// Recipients that were asked about, or that somebody was promised to be let ask about.
    pub recipients: u32,
    /// Mailboxes of people of which we were told whether they exist.
    pub answered: u32,
    /// Those that do not.
    pub absent: u32,
    /// Conversations in a row in which we were refused.
    pub refusals: u32,
    /// The latest pause, also one that is over: another refusal soon after it makes a longer one.
    pub closed: Option<PauseState>,
    /// When the next connection may begin.
    pub free_from: Option<Timestamp>,
    /// Recipients refused for a reason that speaks of us since a mailbox was last told about, over all
    /// conversations.
    pub refused_us: Streak,
    /// Connections in a row that brought no usable answer.
    pub failures: Streak,
}

/// Events with nothing in between that would end the streak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streak {
    /// How many.
    pub count: u32,
    /// When they are forgotten.
    pub until: Option<Timestamp>,
}

/// A day by UTC, counted from 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub i64);

/// A party that is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PauseState {
    /// Why.
    pub why: Pause,
    /// Until when.
    pub until: Timestamp,
}

/// Why a party is left alone for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// It refused us.
    Refused,
    /// Too many of those we asked about did not exist: it must take us for harvesters.
    Harvest,
    /// It was asked about as many as a day has.
    DayFull,
    /// It gave no usable answer several times in a row.
    NoAnswer,
}

impl Pause {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Refused, Self::Harvest, Self::DayFull, Self::NoAnswer];

    /// The reason's short name.
    pub fn code(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Harvest => "harvest",
            Self::DayFull => "day_full",
            Self::NoAnswer => "no_answer",
        }
    }
}

/// Connections to a party under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Busy {
    /// How many, ours included.
    pub connections: u32,
    /// When the first of other processes' is over at the latest.
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

/// What a connection may be used for, which counts as used until it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The day it counts for.
    pub day: Day,
    /// How many recipients may be asked about.
    pub recipients: u32,
}

/// What came of a connection, or of not getting one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcomes {
    /// Recipients that were sent, whatever came back; made-up ones too.
    pub asked: u32,
    /// Mailboxes of people of which the server told whether they exist. Made-up ones do not count: they
    /// are asked only after a real one was accepted.
    pub answered: u32,
    /// Those that do not.
    pub absent: u32,
    /// Recipients refused for a reason that speaks of us, and not of one domain or recipient alone.
    pub refused_us: u32,
    /// What the server showed of its mind about us.
    pub feedback: ServerFeedback,
}

/// How a server reacted to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerFeedback {
    /// It answered about a mailbox.
    Answered,
    /// It refused us, whoever the recipient: block list, rate, HELO, sender, …
    Refused,
    /// It replied, and not about a mailbox: greylisting, trouble of its own, a policy.
    Deferred,
    /// It accepted the connection and gave no usable reply: silence, nonsense, a hang-up, a shutdown.
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
    /// The same at a later time: counts of another day are over, and so is what is too far ahead to be
    /// anything but the work of a clock that was set back.
    #[must_use]
    fn at(self, limits: &Limits, now: Timestamp) -> Self {
        let today = Day::of(now);
        let longest = limits.breaker_longest.max(HARVEST_PAUSE);
        let closed = self
            .closed
            .map(|closed| PauseState { until: closed.until.min(after(now, longest)), ..closed });
        // A party that has been left alone for long enough starts anew.
        let closed = closed.filter(|closed| after(closed.until, longest) > now);
        let free_from = self.free_from.map(|free| free.min(after(now, limits.gap)));
        let refusals = if closed.is_some() { self.refusals } else { 0 };
        let (refused_us, failures) = (self.refused_us.at(now), self.failures.at(now));
        // A day ahead is one that another process has begun already.
        let is_of_now = (0..=1).contains(&(self.day.0.saturating_sub(today.0)));
        let counted = if is_of_now { self } else { Self { day: today, ..Self::default() } };
        Self { refusals, closed, free_from, refused_us, failures, ..counted }
    }

    /// Whether a connection for so many recipients may begin.
    pub fn decision(
        &self,
        wanted: u32,
        busy: Busy,
        limits: &Limits,
        now: Timestamp,
    ) -> LimitDecision {
        let standing = self.at(limits, now);
        if let Some(closed) = standing.closed.filter(|closed| closed.until > now) {
            return LimitDecision::Paused(closed);
        }
        let left = limits.recipients_per_day.saturating_sub(standing.recipients);
        if left == 0 {
            return LimitDecision::Paused(PauseState {
                why: Pause::DayFull,
                until: standing.day.end(),
            });
        }
        if busy.connections >= limits.connections {
            let again = after(now, LOOK_AGAIN);
            return LimitDecision::Later(
                busy.until.filter(|until| *until > now).map_or(again, |until| until.min(again)),
            );
        }
        match standing.free_from.filter(|free| *free > now) {
            Some(free) => LimitDecision::Later(free),
            None => LimitDecision::Go(wanted.min(left).min(limits.allowance.recipients)),
        }
    }

    /// Notes that a connection begins, and how many recipients may be asked about on it.
    pub fn begin(&mut self, recipients: u32, limits: &Limits, now: Timestamp) -> Promise {
        *self = self.at(limits, now);
        self.recipients = self.recipients.saturating_add(recipients);
        self.free_from = Some(after(now, limits.gap));
        Promise { day: self.day, recipients }
    }

    /// Notes that a connection is over, which began with that promise.
    pub fn end(&mut self, promise: Promise, outcomes: &Outcomes, limits: &Limits, now: Timestamp) {
        *self = self.at(limits, now);
        // Over midnight nobody knows on which side of it a recipient was sent: it counts on both.
        let reserved = if self.day == promise.day { promise.recipients } else { 0 };
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
                // The streak goes on over the pause: then one more is enough.
                if outcomes.refused_us > 0 && self.refused_us.count >= REFUSALS_THAT_MEAN_US {
                    self.note_refusal(limits, now);
                }
            }
            ServerFeedback::NoAnswer => {
                self.failures.add(1, now);
                if let Some(pause) = failure_pause(self.failures.count, limits) {
                    self.close(Pause::NoAnswer, after(now, pause));
                }
            }
            ServerFeedback::Unknown => {}
        }
        if self.looks_like_harvesting(limits) {
            self.close(Pause::Harvest, after(now, HARVEST_PAUSE));
            // After the pause it is judged by what is asked then.
            (self.answered, self.absent) = (0, 0);
        }
    }

    /// Until when it makes a difference.
    pub fn matters_until(&self, limits: &Limits) -> Timestamp {
        let longest = limits.breaker_longest.max(HARVEST_PAUSE);
        let closed = self.closed.map(|closed| after(closed.until, longest));
        let counts = (self.recipients > 0 || self.answered > 0).then(|| self.day.end());
        let streaks = self.refused_us.until.max(self.failures.until);
        closed.max(counts).max(self.free_from).max(streaks).unwrap_or(Timestamp::MIN)
    }

    fn note_refusal(&mut self, limits: &Limits, now: Timestamp) {
        self.refusals = self.refusals.saturating_add(1);
        self.close(Pause::Refused, after(now, breaker(self.refusals, limits)));
    }

    fn looks_like_harvesting(&self, limits: &Limits) -> bool {
        let (answered, absent) = (u64::from(self.answered), u64::from(self.absent));
        self.answered >= limits.harvest_sample
            && absent * 100 > answered * u64::from(limits.harvest_percent)
    }

    fn close(&mut self, why: Pause, until: Timestamp) {
        if self.closed.is_none_or(|closed| closed.until < until) {
            self.closed = Some(PauseState { why, until });
        }
    }
}

impl Streak {
    /// The same at a later time. An end too far ahead is the work of a clock that was set back.
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
    /// What both allow.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Paused(one), Self::Paused(other)) => {
                Self::Paused(if one.until < other.until { other } else { one })
            }
            (Self::Paused(closed), _) | (_, Self::Paused(closed)) => Self::Paused(closed),
            (Self::Later(one), Self::Later(other)) => Self::Later(one.max(other)),
            (Self::Later(until), _) | (_, Self::Later(until)) => Self::Later(until),
            (Self::Go(one), Self::Go(other)) => Self::Go(one.min(other)),
        }
    }
}

impl Outcomes {
    /// The connection was not used, or did not come about.
    pub const NOTHING: Self =
        Self { asked: 0, answered: 0, absent: 0, refused_us: 0, feedback: ServerFeedback::Unknown };

    /// Nobody knows what came of it: all that may have been asked counts as asked.
    pub fn unknown(promise: Promise) -> Self {
        Self { asked: promise.recipients, ..Self::NOTHING }
    }
}

/// The pause after so many refusals in a row.
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
