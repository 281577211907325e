//! Whether a mail server's refusals mean anything, or it refuses every recipient. Pure.
//!
//! A proxy or a broken gateway in front of a mail server may refuse every recipient as unknown, which would make
//! a whole domain undeliverable. Where the first recipients of a domain were all refused, postmaster is asked
//! about, which every domain with mail must accept (RFC 5321 §4.5.1).

use strum::{EnumString, IntoStaticStr};

use super::limiter::Day;

/// So many recipients, all refused as unknown, raise the question.
pub const FIRST_RECIPIENTS: u32 = 3;

/// What is known of the refusals of one server at one domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefusalRecord {
    /// Recipients refused as unknown, counted up to [`FIRST_RECIPIENTS`].
    pub absent: u32,
    pub finding: RefusalFinding,
    /// The day on which postmaster was last asked about.
    pub postmaster_asked: Option<Day>,
}

/// Whether refusals are believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum RefusalFinding {
    /// No recipient was accepted yet.
    #[default]
    Open,
    /// The server distinguishes mailboxes.
    Believed,
    /// The server refused postmaster with the same words as other recipients.
    RefusesEverybody,
}

/// What a server answered about recipients of a domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecipientAnswers {
    /// Refused as unknown.
    pub absent: u32,
    /// Said to exist: accepted, full, disabled.
    pub present: u32,
}

/// What it answered about postmaster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostmasterAnswer {
    Accepted,
    /// Refused with the same code and text.
    RefusedAlike,
    /// Any other answer, or none.
    Other,
}

impl RefusalFinding {
    pub fn code(self) -> &'static str {
        self.into()
    }

    pub fn from_code(code: &str) -> Option<Self> {
        code.parse().ok()
    }
}

impl RefusalRecord {
    /// The record after answers about recipients.
    #[must_use]
    pub fn after(self, answers: RecipientAnswers) -> Self {
        if answers.present > 0 {
            return Self { finding: RefusalFinding::Believed, ..self };
        }
        let absent = self.absent.saturating_add(answers.absent).min(FIRST_RECIPIENTS);
        Self { absent, ..self }
    }

    /// Whether postmaster is to be asked about on this day.
    pub fn is_postmaster_due(self, today: Day) -> bool {
        // A clock that was set back must not make us ask twice.
        let was_asked = self.postmaster_asked.is_some_and(|asked| asked >= today);
        match self.finding {
            RefusalFinding::Believed => false,
            RefusalFinding::Open => self.absent >= FIRST_RECIPIENTS && !was_asked,
            RefusalFinding::RefusesEverybody => !was_asked,
        }
    }

    /// The record after the decision to ask about postmaster on this day.
    #[must_use]
    pub fn asking_postmaster(self, today: Day) -> Self {
        Self { postmaster_asked: Some(today), ..self }
    }

    /// The record after that answer.
    #[must_use]
    pub fn after_postmaster(self, answer: PostmasterAnswer) -> Self {
        match (self.finding, answer) {
            // Another connection may have found out more.
            (RefusalFinding::Believed, _) | (_, PostmasterAnswer::Other) => self,
            (_, PostmasterAnswer::Accepted) => Self { finding: RefusalFinding::Believed, ..self },
            (_, PostmasterAnswer::RefusedAlike) => {
                Self { finding: RefusalFinding::RefusesEverybody, ..self }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What happens to a record.
    enum Event {
        Refused(u32),
        Accepted,
        Postmaster(i64, PostmasterAnswer),
    }

    #[test]
    fn postmaster_is_asked_once_a_day_until_a_recipient_is_accepted() {
        use Event::{Accepted, Postmaster, Refused};
        use PostmasterAnswer::{Other, RefusedAlike};
        use RefusalFinding::{Believed, Open, RefusesEverybody};
        let postmaster_accepted = PostmasterAnswer::Accepted;
        // The events, the finding, whether postmaster is due on day 1 and on day 2.
        let cases: [(&str, &[Event], RefusalFinding, [bool; 2]); 12] = [
            ("nothing", &[], Open, [false, false]),
            ("two", &[Refused(2)], Open, [false, false]),
            ("three at once", &[Refused(3)], Open, [true, true]),
            ("three in turn", &[Refused(1), Refused(1), Refused(1)], Open, [true, true]),
            ("many", &[Refused(u32::MAX), Refused(u32::MAX)], Open, [true, true]),
            ("one accepted", &[Accepted, Refused(9)], Believed, [false, false]),
            ("accepted late", &[Refused(2), Accepted, Refused(9)], Believed, [false, false]),
            (
                "postmaster accepted",
                &[Refused(3), Postmaster(1, postmaster_accepted), Refused(9)],
                Believed,
                [false, false],
            ),
            (
                "postmaster refused alike",
                &[Refused(3), Postmaster(1, RefusedAlike), Refused(9)],
                RefusesEverybody,
                [false, true],
            ),
            ("no answer", &[Refused(3), Postmaster(1, Other)], Open, [false, true]),
            (
                "no answer later",
                &[Refused(3), Postmaster(0, RefusedAlike), Postmaster(1, Other)],
                RefusesEverybody,
                [false, true],
            ),
            (
                "until one is accepted",
                &[Refused(3), Postmaster(1, RefusedAlike), Accepted],
                Believed,
                [false, false],
            ),
        ];
        for (name, events, finding, due) in cases {
            let mut record = RefusalRecord::default();
            for event in events {
                record = match event {
                    Refused(absent) => {
                        record.after(RecipientAnswers { absent: *absent, present: 0 })
                    }
                    Accepted => record.after(RecipientAnswers { absent: 0, present: 1 }),
                    Postmaster(day, answer) => {
                        record.asking_postmaster(Day(*day)).after_postmaster(*answer)
                    }
                };
            }
            assert_eq!(record.finding, finding, "{name}");
            assert_eq!([1, 2].map(|day| record.is_postmaster_due(Day(day))), due, "{name}");
        }
    }
}
