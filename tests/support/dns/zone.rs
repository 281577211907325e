//! Reading a zone text: what names there are, and how they behave.

use std::collections::HashMap;
use std::time::Duration;

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, MX};
use hickory_resolver::proto::rr::{Name, RData};

/// How long records hold unless the zone says otherwise, in seconds.
const TTL: u32 = 300;

/// Names and their behaviour.
#[derive(Default)]
pub(super) struct Zone {
    names: HashMap<String, Entry>,
}

/// One name.
pub(super) struct Entry {
    pub(super) records: Vec<RData>,
    pub(super) ttl: u32,
    pub(super) manner: Manner,
    pub(super) denial: Denial,
    pub(super) chain: Chain,
    pub(super) pace: Pace,
    pub(super) forgery: Option<Forgery>,
    pub(super) over_tcp: OverTcp,
}

/// What an answer consists of.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Manner {
    /// The records of the type that was asked for.
    Answers,
    /// All records.
    AnswersAnyType,
    /// The records, as those of another name.
    AnswersForAnother,
    Fails(ResponseCode),
    Refers,
    /// The records, over TCP.
    Truncates,
}

/// What comes with the word that there is nothing.
#[derive(Clone, Copy)]
pub(super) enum Denial {
    Soa { ttl: u32, minimum: u32 },
    Bare,
}

/// How far an alias is followed.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Chain {
    Whole,
    OneLink,
}

/// When an answer comes.
#[derive(Clone, Copy, Default)]
pub(super) enum Pace {
    #[default]
    AtOnce,
    Silent,
    /// Not to this many packets.
    Dropping(usize),
    Delayed(Duration),
    Held,
}

/// What becomes of a question over TCP.
#[derive(Clone, Copy)]
pub(super) enum OverTcp {
    Answers,
    Silent,
    HangsUp,
}

/// A packet that is no answer, and whether the answer follows.
#[derive(Clone, Copy)]
pub(super) enum Forgery {
    First(Forged),
    Only(Forged),
}

/// What is wrong with a packet.
#[derive(Clone, Copy)]
pub(super) enum Forged {
    Id,
    Question,
    Garbage,
    GarbageWithId,
    Empty,
    Port,
}

impl Default for Entry {
    fn default() -> Self {
        Self {
            records: Vec::new(),
            ttl: TTL,
            manner: Manner::Answers,
            denial: Denial::Soa { ttl: TTL, minimum: TTL },
            chain: Chain::Whole,
            pace: Pace::AtOnce,
            forgery: None,
            over_tcp: OverTcp::Answers,
        }
    }
}

impl Zone {
    /// Reads a text; see [`super::DnsServer`] for its lines.
    pub(super) fn read(text: &str) -> Self {
        let mut zone = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let entry = zone.names.entry(words[0].to_owned()).or_default();
            entry.read(&words[1..]).unwrap_or_else(|| panic!("no such line in a zone: {line}"));
        }
        zone
    }

    /// A name in lower case.
    pub(super) fn entry(&self, name: &str) -> Option<&Entry> {
        let below_another = || {
            let mut parents = name.match_indices('.').map(|(dot, _)| &name[dot..]);
            parents.find_map(|parent| self.names.get(&format!("*{parent}")))
        };
        self.names.get(name).or_else(below_another).or_else(|| self.names.get("*"))
    }
}

impl Entry {
    fn read(&mut self, words: &[&str]) -> Option<()> {
        match *words {
            ["MX", preference, host] => {
                self.records.push(RData::MX(MX::new(preference.parse().ok()?, name(host))));
            }
            ["A", ip] => self.records.push(RData::A(A(ip.parse().ok()?))),
            ["AAAA", ip] => self.records.push(RData::AAAA(AAAA(ip.parse().ok()?))),
            ["CNAME", target] => self.records.push(RData::CNAME(CNAME(name(target)))),
            ["NODATA"] => {}
            ["NXDOMAIN"] => self.manner = Manner::Fails(ResponseCode::NXDomain),
            ["SERVFAIL"] => self.manner = Manner::Fails(ResponseCode::ServFail),
            ["REFUSED"] => self.manner = Manner::Fails(ResponseCode::Refused),
            ["FORMERR"] => self.manner = Manner::Fails(ResponseCode::FormErr),
            ["NOTIMP"] => self.manner = Manner::Fails(ResponseCode::NotImp),
            ["REFERRAL"] => self.manner = Manner::Refers,
            ["ANY-TYPE"] => self.manner = Manner::AnswersAnyType,
            ["OF-ANOTHER-NAME"] => self.manner = Manner::AnswersForAnother,
            ["TRUNCATED"] => self.manner = Manner::Truncates,
            ["TTL", ttl] => self.ttl = ttl.parse().ok()?,
            ["SOA", ttl, minimum] => {
                self.denial =
                    Denial::Soa { ttl: ttl.parse().ok()?, minimum: minimum.parse().ok()? };
            }
            ["NO-SOA"] => self.denial = Denial::Bare,
            ["ONE-LINK"] => self.chain = Chain::OneLink,
            ["TCP-SILENCE"] => self.over_tcp = OverTcp::Silent,
            ["TCP-HANGS-UP"] => self.over_tcp = OverTcp::HangsUp,
            ["SILENCE"] => self.pace = Pace::Silent,
            ["DROPS", packets] => self.pace = Pace::Dropping(packets.parse().ok()?),
            ["DELAY", ms] => self.pace = Pace::Delayed(Duration::from_millis(ms.parse().ok()?)),
            ["HELD"] => self.pace = Pace::Held,
            ["FIRST", forged] => self.forgery = Some(Forgery::First(Forged::read(forged)?)),
            ["ONLY", forged] => self.forgery = Some(Forgery::Only(Forged::read(forged)?)),
            _ => return None,
        }
        Some(())
    }
}

impl Forged {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "WRONG-ID" => Self::Id,
            "WRONG-QUESTION" => Self::Question,
            "GARBAGE" => Self::Garbage,
            "ID-AND-GARBAGE" => Self::GarbageWithId,
            "EMPTY" => Self::Empty,
            "ELSEWHERE" => Self::Port,
            _ => return None,
        })
    }
}

/// A name in full, in presentation form. Labels may hold any byte, so hickory's own reader will not do.
pub(super) fn name(text: &str) -> Name {
    let mut labels = vec![Vec::new()];
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let label = labels.last_mut().expect("a label");
        match byte {
            b'.' => labels.push(Vec::new()),
            b'\\' => label.push(bytes.next().expect("an escaped byte")),
            // Stands for a byte that no zone text can hold.
            b'~' => label.push(b' '),
            byte => label.push(byte),
        }
    }
    let labels = labels.iter().filter(|label| !label.is_empty()).map(Vec::as_slice);
    let mut name = Name::from_labels(labels).unwrap();
    name.set_fqdn(true);
    name
}
