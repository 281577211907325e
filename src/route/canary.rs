//! Whether a resolver can be believed: captive portals and filters invent answers, or deny what exists.

use super::{Answer, Failure, Mx};

/// What is known of a resolver's honesty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Nothing speaks against it.
    Sound,
    /// It has answers for a name that nobody ever registered.
    Invents,
    /// It denies the mail servers of a domain that is known to have some.
    Denies,
}

impl Trust {
    /// The state as clients and metrics see it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Invents => "invents_answers",
            Self::Denies => "denies_what_exists",
        }
    }
}

/// Judges a resolver by the MX records of domains that have some and of a name made up at random. No
/// answer says nothing: a resolver that is down tells no lies.
pub fn trust(
    canaries: &[Result<Answer<Mx>, Failure>],
    made_up: &Result<Answer<Mx>, Failure>,
) -> Trust {
    if matches!(made_up, Ok(Answer::Found { .. })) {
        return Trust::Invents;
    }
    let denied = canaries.iter().any(|canary| match canary {
        Ok(Answer::Found { records, .. }) => records.iter().all(|mx| mx.host.is_none()),
        Ok(Answer::NoData { .. } | Answer::NoName { .. }) => true,
        Err(_) => false,
    });
    if denied { Trust::Denies } else { Trust::Sound }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::route::HostName;

    #[test]
    fn liars_are_found_out() {
        const TTL: Duration = Duration::ZERO;
        let mx = |host| Answer::Found { records: vec![Mx { preference: 1, host }], ttl: TTL };
        let found = || Ok(mx(HostName::new("mx.example")));
        let (null, no_data) = (|| Ok(mx(None)), || Ok(Answer::NoData { ttl: TTL }));
        let (no_name, down) = (|| Ok(Answer::NoName { ttl: TTL }), || Err(Failure::Timeout));
        let cases = [
            ("all is well", vec![found(), found()], no_name(), Trust::Sound),
            ("made-up name without MX", vec![found()], no_data(), Trust::Sound),
            ("no canaries", vec![], no_name(), Trust::Sound),
            ("down", vec![down(), down()], down(), Trust::Sound),
            ("one canary not answered", vec![found(), down()], no_name(), Trust::Sound),
            ("invents", vec![found()], found(), Trust::Invents),
            ("invents a null MX", vec![found()], null(), Trust::Invents),
            ("denies the name", vec![found(), no_name()], no_name(), Trust::Denies),
            ("denies the records", vec![no_data()], no_name(), Trust::Denies),
            ("says it takes no mail", vec![null()], no_name(), Trust::Denies),
            ("denies one, the other not answered", vec![no_name(), down()], down(), Trust::Denies),
        ];
        for (name, canaries, made_up, expected) in cases {
            assert_eq!(trust(&canaries, &made_up), expected, "{name}");
        }
    }
}
