//! Whether a resolver can be believed: captive portals and filters invent answers, or deny what exists.

use std::net::IpAddr;

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

/// Judges a resolver by the MX records of domains that have some, and by those and the addresses of a name
/// made up at random.
///
/// Captive portals lead every name to themselves, by its addresses alone. None where nothing was answered:
/// who is silent neither lies nor tells the truth.
pub fn trust(
    canaries: &[Result<Answer<Mx>, Failure>],
    made_up_mx: &Result<Answer<Mx>, Failure>,
    made_up_addresses: &Result<Answer<IpAddr>, Failure>,
) -> Option<Trust> {
    let invents = matches!(made_up_mx, Ok(Answer::Found { .. }))
        || matches!(made_up_addresses, Ok(Answer::Found { .. }));
    if invents {
        return Some(Trust::Invents);
    }
    let denied = canaries.iter().any(|canary| match canary {
        Ok(Answer::Found { records, .. }) => records.iter().all(|mx| mx.host.is_none()),
        Ok(Answer::NoData { .. } | Answer::NoName { .. } | Answer::NoTarget { .. }) => true,
        Err(_) => false,
    });
    let is_silent = canaries.iter().all(Result::is_err) && made_up_mx.is_err();
    match denied {
        true => Some(Trust::Denies),
        false if is_silent => None,
        false => Some(Trust::Sound),
    }
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
        let address = || Ok(Answer::Found { records: vec![[192, 0, 2, 1].into()], ttl: TTL });
        let none = || Ok(Answer::NoName { ttl: TTL });
        let mute = || Err(Failure::Timeout);
        let (sound, invents, denies) =
            (Some(Trust::Sound), Some(Trust::Invents), Some(Trust::Denies));
        let cases = [
            ("all is well", vec![found(), found()], no_name(), none(), sound),
            ("made-up name without MX", vec![found()], no_data(), none(), sound),
            ("no canaries", vec![], no_name(), none(), sound),
            ("silent", vec![down(), down()], down(), mute(), None),
            ("one canary not answered", vec![found(), down()], no_name(), none(), sound),
            ("invents", vec![found()], found(), none(), invents),
            ("invents a null MX", vec![found()], null(), none(), invents),
            ("leads every name to itself", vec![found()], no_data(), address(), invents),
            ("denies the name", vec![found(), no_name()], no_name(), none(), denies),
            ("denies the records", vec![no_data()], no_name(), none(), denies),
            ("says it takes no mail", vec![null()], no_name(), none(), denies),
            ("denies one, silent else", vec![no_name(), down()], down(), mute(), denies),
        ];
        for (name, canaries, made_up_mx, made_up_addresses, expected) in cases {
            assert_eq!(trust(&canaries, &made_up_mx, &made_up_addresses), expected, "{name}");
        }
    }
}
