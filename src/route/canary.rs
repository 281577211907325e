//! Whether DNS servers can be believed: captive portals and filters invent answers, or deny names that exist.

use std::fmt;

use super::{Answer, Failure, HostName, Mx, ServerId};

/// The most providers' domains that are kept for one server.
const MAX_PROVIDERS: usize = 1_000;

/// Whether a resolver, or one of its servers, can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// There is no evidence against the resolver.
    Sound,
    /// It has answers for a name that is not registered.
    Invents,
    /// It denies the mail servers of domains that are known to have some.
    Denies,
}

impl Trust {
    /// The code for clients and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Invents => "invents_answers",
            Self::Denies => "denies_what_exists",
        }
    }
}

/// Why a resolver is not believed, for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Distrust {
    /// It has answers for a name that is not registered.
    Invents,
    /// It denies this domain, which has mail servers.
    Denies(HostName, DenialKind),
}

/// How a domain is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DenialKind {
    /// There is no such name.
    NoName,
    /// The name exists and has no mail servers.
    NoMail,
}

impl Distrust {
    pub fn trust(&self) -> Trust {
        match self {
            Self::Invents => Trust::Invents,
            Self::Denies(..) => Trust::Denies,
        }
    }
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invents => {
                f.write_str("your resolver has answers for names that do not exist")?;
            }
            Self::Denies(domain, denial) => {
                let what = match denial {
                    DenialKind::NoName => "does not exist",
                    DenialKind::NoMail => "has no mail server",
                };
                write!(f, "your resolver says {} {what}", domain.as_str())?;
            }
        }
        f.write_str("; check the network or name another with --dns")
    }
}

/// A server's answer about a domain that is known to have mail servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CanaryAnswer {
    /// It names mail servers.
    Found,
    /// It says that there are none.
    Denied(DenialKind),
    /// No answer, which counts neither way.
    Silent,
}

impl CanaryAnswer {
    pub fn of(answer: &Result<Answer<Mx>, Failure>) -> Self {
        match answer {
            Ok(Answer::Found { records, .. }) if records.iter().any(|mx| mx.host.is_some()) => {
                Self::Found
            }
            Ok(Answer::Found { .. } | Answer::NoData { .. }) => Self::Denied(DenialKind::NoMail),
            Ok(Answer::NoName { .. } | Answer::NoTarget { .. }) => Self::Denied(DenialKind::NoName),
            Err(_) => Self::Silent,
        }
    }
}

/// A server's answer about a random name that is not registered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RandomNameAnswer {
    #[default]
    Silent,
    /// There is no such name, as it should be.
    Denied,
    /// It has records.
    Invented,
}

impl RandomNameAnswer {
    pub fn of<T>(answer: &Result<Answer<T>, Failure>) -> Self {
        match answer {
            Ok(Answer::Found { .. }) => Self::Invented,
            Ok(Answer::NoData { .. } | Answer::NoName { .. } | Answer::NoTarget { .. }) => {
                Self::Denied
            }
            Err(_) => Self::Silent,
        }
    }

    /// One invented answer is enough: captive portals map every name to themselves, by its addresses alone.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Invented, _) | (_, Self::Invented) => Self::Invented,
            (Self::Denied, _) | (_, Self::Denied) => Self::Denied,
            (Self::Silent, Self::Silent) => Self::Silent,
        }
    }
}

/// One server's answers about names of which the truth is known.
#[derive(Clone, Debug, Default)]
pub struct ServerRecord {
    random_name: RandomNameAnswer,
    canaries: Vec<(HostName, CanaryAnswer)>,
    /// Domains of big providers that requests asked about. None of them is a canary.
    providers: Vec<(HostName, CanaryAnswer)>,
}

impl ServerRecord {
    /// Replaces the last test. One without any answer says nothing new.
    pub fn take_test(
        &mut self,
        random_name: RandomNameAnswer,
        canaries: Vec<(HostName, CanaryAnswer)>,
    ) {
        let is_silent = random_name == RandomNameAnswer::Silent
            && canaries.iter().all(|(_, said)| *said == CanaryAnswer::Silent);
        if !is_silent {
            self.providers
                .retain(|(domain, _)| canaries.iter().all(|(canary, _)| canary != domain));
            (self.random_name, self.canaries) = (random_name, canaries);
        }
    }

    /// Notes an answer about a provider's domain.
    pub fn note_provider(&mut self, domain: &HostName, said: CanaryAnswer) {
        if said == CanaryAnswer::Silent || self.canaries.iter().any(|(canary, _)| canary == domain)
        {
            return;
        }
        if let Some((_, before)) = self.providers.iter_mut().find(|(known, _)| known == domain) {
            *before = said;
        } else if self.providers.len() < MAX_PROVIDERS {
            self.providers.push((domain.clone(), said));
        }
    }

    /// The providers' domains that the server denied last.
    pub fn denied_providers(&self) -> impl Iterator<Item = &HostName> {
        denied(&self.providers).map(|(domain, _)| domain)
    }

    /// Judges the server; none where it has answered nothing.
    ///
    /// One canary may have changed its DNS: a server lies when it denies two, or every one that it answered about. A
    /// provider's domain that it denies counts as a denied canary.
    pub fn trust(&self) -> Option<Trust> {
        let all = || self.canaries.iter().chain(&self.providers);
        let found = all().filter(|(_, said)| *said == CanaryAnswer::Found).count();
        let denied = all().filter(|(_, said)| matches!(said, CanaryAnswer::Denied(_))).count();
        match (self.random_name, denied, found) {
            (RandomNameAnswer::Invented, _, _) => Some(Trust::Invents),
            (_, 2.., _) | (_, 1, 0) => Some(Trust::Denies),
            (RandomNameAnswer::Silent, 0, 0) => None,
            (RandomNameAnswer::Denied | RandomNameAnswer::Silent, _, _) => Some(Trust::Sound),
        }
    }

    /// Why the server is not believed; none where it is, or has answered nothing.
    pub fn distrust(&self) -> Option<Distrust> {
        match self.trust()? {
            Trust::Sound => None,
            Trust::Invents => Some(Distrust::Invents),
            Trust::Denies => {
                let (domain, denial) =
                    denied(&self.canaries).chain(denied(&self.providers)).next()?;
                Some(Distrust::Denies(domain.clone(), denial))
            }
        }
    }
}

fn denied(list: &[(HostName, CanaryAnswer)]) -> impl Iterator<Item = (&HostName, DenialKind)> {
    list.iter().filter_map(|(domain, said)| match said {
        CanaryAnswer::Denied(denial) => Some((domain, *denial)),
        CanaryAnswer::Found | CanaryAnswer::Silent => None,
    })
}

/// What follows from the records of all servers for the resolver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolverJudgement {
    /// None where no server has answered anything.
    pub trust: Option<Trust>,
    pub distrust: Option<Distrust>,
    /// The servers to ask: one that fails is left out as long as another passes.
    pub in_use: Vec<ServerId>,
}

pub fn judge_servers(records: &[(ServerId, ServerRecord)]) -> ResolverJudgement {
    let trusts: Vec<_> = records.iter().map(|(server, record)| (*server, record.trust())).collect();
    let passes = trusts.iter().any(|(_, trust)| *trust == Some(Trust::Sound));
    let fails = |trust: Option<Trust>| matches!(trust, Some(Trust::Invents | Trust::Denies));
    let in_use = trusts.iter().filter(|(_, trust)| !(passes && fails(*trust)));
    let in_use = in_use.map(|(server, _)| *server).collect();
    let distrust = records.iter().find_map(|(_, record)| record.distrust()).filter(|_| !passes);
    let trust = match &distrust {
        Some(distrust) => Some(distrust.trust()),
        None => passes.then_some(Trust::Sound),
    };
    ResolverJudgement { trust, distrust, in_use }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn host(name: &str) -> HostName {
        HostName::new(name).unwrap()
    }

    const DOMAINS: [&str; 6] = ["a.test", "b.test", "c.test", "d.test", "e.test", "f.test"];

    /// Letters: `+` found, `-` denied, `?` silent.
    fn answers(letters: &str) -> Vec<(HostName, CanaryAnswer)> {
        let answers = letters.chars().map(|letter| match letter {
            '+' => CanaryAnswer::Found,
            '-' => CanaryAnswer::Denied(DenialKind::NoName),
            _ => CanaryAnswer::Silent,
        });
        DOMAINS.map(host).into_iter().zip(answers).collect()
    }

    fn record(random_name: RandomNameAnswer, canaries: &str, providers: &str) -> ServerRecord {
        let mut record = ServerRecord::default();
        record.take_test(random_name, answers(canaries));
        for (domain, said) in answers(providers) {
            record.note_provider(&host(&format!("of-{}", domain.as_str())), said);
        }
        record
    }

    #[test]
    fn answers_about_a_canary_are_read() {
        const TTL: Duration = Duration::ZERO;
        let mx = |host| Ok(Answer::Found { records: vec![Mx { preference: 1, host }], ttl: TTL });
        let (no_name, no_mail) =
            (CanaryAnswer::Denied(DenialKind::NoName), CanaryAnswer::Denied(DenialKind::NoMail));
        let cases = [
            (
                "mail servers",
                mx(HostName::new("mx.example")),
                CanaryAnswer::Found,
                RandomNameAnswer::Invented,
            ),
            ("no mail here", mx(None), no_mail, RandomNameAnswer::Invented),
            ("no records", Ok(Answer::NoData { ttl: TTL }), no_mail, RandomNameAnswer::Denied),
            ("no name", Ok(Answer::NoName { ttl: TTL }), no_name, RandomNameAnswer::Denied),
            (
                "alias of nothing",
                Ok(Answer::NoTarget { ttl: TTL }),
                no_name,
                RandomNameAnswer::Denied,
            ),
            ("nothing", Err(Failure::Timeout), CanaryAnswer::Silent, RandomNameAnswer::Silent),
            ("a failure", Err(Failure::ServFail), CanaryAnswer::Silent, RandomNameAnswer::Silent),
        ];
        for (name, answer, said, random_name) in cases {
            assert_eq!(
                (CanaryAnswer::of(&answer), RandomNameAnswer::of(&answer)),
                (said, random_name),
                "{name}"
            );
        }
    }

    #[test]
    fn liars_are_found_out() {
        let (sound, invents, denies) =
            (Some(Trust::Sound), Some(Trust::Invents), Some(Trust::Denies));
        let (no, yes, mute) =
            (RandomNameAnswer::Denied, RandomNameAnswer::Invented, RandomNameAnswer::Silent);
        // The made-up name, the canaries, providers' domains.
        let cases = [
            ("all is well", no, "+++++", "", sound),
            ("no canaries", no, "", "", sound),
            ("silent", mute, "?????", "", None),
            ("silent but for a canary", mute, "+????", "", sound),
            ("silent but for the made-up name", no, "?????", "", sound),
            ("invents", yes, "+++++", "", invents),
            ("invents, and denies", yes, "-----", "", invents),
            ("one canary has changed", no, "++++-", "", sound),
            ("one has changed, others are silent", no, "+???-", "", sound),
            ("denies two", no, "+++--", "", denies),
            ("denies all", no, "-----", "", denies),
            ("denies every one that it answers", no, "????-", "", denies),
            ("denies the only one", no, "-", "", denies),
            ("a provider counts as a canary", no, "++++-", "-", denies),
            ("a provider alone", no, "+++++", "-", sound),
            ("a provider, and nothing else", mute, "?????", "-", denies),
            ("two providers", no, "+++++", "++--", denies),
            ("providers are denied but for the canaries", no, "++", "----", denies),
        ];
        for (name, random_name, canaries, providers, expected) in cases {
            assert_eq!(record(random_name, canaries, providers).trust(), expected, "{name}");
        }
    }

    #[test]
    fn a_server_that_falls_silent_keeps_its_record() {
        let mut record = record(RandomNameAnswer::Denied, "---", "");
        record.take_test(RandomNameAnswer::Silent, answers("???"));
        assert_eq!(record.trust(), Some(Trust::Denies));
        record.take_test(RandomNameAnswer::Silent, answers("+??"));
        assert_eq!(record.trust(), Some(Trust::Sound));
    }

    #[test]
    fn what_is_said_of_a_provider_last_counts() {
        let mut record = record(RandomNameAnswer::Denied, "+-", "");
        record.note_provider(&host("big.test"), CanaryAnswer::Denied(DenialKind::NoMail));
        assert_eq!(record.trust(), Some(Trust::Denies));
        assert_eq!(record.denied_providers().collect::<Vec<_>>(), [&host("big.test")]);
        record.note_provider(&host("big.test"), CanaryAnswer::Silent);
        assert_eq!(record.trust(), Some(Trust::Denies));
        record.note_provider(&host("big.test"), CanaryAnswer::Found);
        assert_eq!(record.trust(), Some(Trust::Sound));
        // A canary counts once.
        record.note_provider(&host("b.test"), CanaryAnswer::Denied(DenialKind::NoMail));
        assert_eq!(record.trust(), Some(Trust::Sound));
    }

    #[test]
    fn a_server_that_fails_is_left_out_while_another_passes() {
        let honest = || record(RandomNameAnswer::Denied, "++", "");
        let invents = || record(RandomNameAnswer::Invented, "++", "");
        let denies = || record(RandomNameAnswer::Denied, "--", "");
        let silent = || record(RandomNameAnswer::Silent, "??", "");
        let (sound, invented) = (Some(Trust::Sound), Some(Trust::Invents));
        let denied = Some(Trust::Denies);
        let cases = [
            ("honest", vec![honest()], sound, vec![0]),
            ("one lies", vec![honest(), denies()], sound, vec![0]),
            ("the first lies", vec![invents(), honest(), honest()], sound, vec![1, 2]),
            ("both lie", vec![denies(), invents()], denied, vec![0, 1]),
            ("one lies, one is silent", vec![silent(), invents()], invented, vec![0, 1]),
            ("one is silent", vec![silent(), honest()], sound, vec![0, 1]),
            ("all but the honest one", vec![silent(), honest(), denies()], sound, vec![0, 1]),
            ("all are silent", vec![silent(), silent()], None, vec![0, 1]),
        ];
        for (name, records, trust, in_use) in cases {
            let records: Vec<_> =
                records.into_iter().enumerate().map(|(id, it)| (ServerId(id), it)).collect();
            let standing = judge_servers(&records);
            assert_eq!(standing.trust, trust, "{name}");
            assert_eq!(
                standing.in_use,
                in_use.into_iter().map(ServerId).collect::<Vec<_>>(),
                "{name}"
            );
            let distrust = standing.distrust.map(|distrust| distrust.trust());
            assert_eq!(distrust, trust.filter(|trust| *trust != Trust::Sound), "{name}");
        }
    }

    #[test]
    fn a_person_is_told_what_to_do() {
        let gmail = || host("gmail.com");
        let cases = [
            (
                Distrust::Denies(gmail(), DenialKind::NoName),
                "your resolver says gmail.com does not exist",
            ),
            (
                Distrust::Denies(gmail(), DenialKind::NoMail),
                "your resolver says gmail.com has no mail server",
            ),
            (Distrust::Invents, "your resolver has answers for names that do not exist"),
        ];
        for (distrust, told) in cases {
            let what_to_do = "check the network or name another with --dns";
            assert_eq!(distrust.to_string(), format!("{told}; {what_to_do}"));
        }
    }
}
