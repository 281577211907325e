//! What a server sends.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use hickory_resolver::proto::op::{Message, OpCode, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::{NS, SOA};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use super::Protocol;
use super::zone::{Chain, Denial, Entry, Forged, Manner, Zone, name};

/// The longest answer over UDP; longer ones are fetched over TCP.
const MAX_UDP: usize = 1232;

/// The answer to a request, as bytes.
pub(super) fn reply(zone: &Zone, request: &Message, protocol: Protocol) -> Option<Vec<u8>> {
    let query = request.queries.first()?;
    let mut reply = empty_reply(request, query.clone());
    let manner = answer(zone, query, &mut reply);
    let whole = reply.to_vec().unwrap();
    let is_too_long = whole.len() > MAX_UDP || manner == Manner::Truncates;
    match protocol {
        Protocol::Udp if is_too_long => Some(reply.truncate().to_vec().unwrap()),
        Protocol::Udp | Protocol::Tcp => Some(whole),
    }
}

fn empty_reply(request: &Message, query: Query) -> Message {
    let mut reply = Message::response(request.metadata.id, OpCode::Query);
    reply.metadata.recursion_desired = request.metadata.recursion_desired;
    reply.metadata.recursion_available = true;
    reply.add_query(query);
    reply
}

/// Fills a reply. Aliases are followed as a recursive server does.
fn answer(zone: &Zone, query: &Query, reply: &mut Message) -> Manner {
    let mut owner = query.name().clone();
    loop {
        let Some(entry) = zone.entry(&text(&owner)) else {
            // What is not in the zone is not ours; an alias that leads there leads nowhere.
            let is_alias = !reply.answers.is_empty();
            let code = if is_alias { ResponseCode::NXDomain } else { ResponseCode::Refused };
            return fails(reply, code, &Entry::default());
        };
        match entry.manner {
            Manner::Fails(code) => return fails(reply, code, entry),
            Manner::Refers => return refers(reply, &owner, entry),
            Manner::AnswersForAnother => {
                add_records(reply, &name("another.test"), entry, query.query_type());
                return entry.manner;
            }
            Manner::Answers | Manner::AnswersAnyType | Manner::Truncates => {}
        }
        add_records(reply, &owner, entry, query.query_type());
        let target = entry.records.iter().find_map(|data| match data {
            RData::CNAME(target) if query.query_type() != RecordType::CNAME => Some(&target.0),
            _ => None,
        });
        let follows = entry.chain == Chain::Whole && entry.manner != Manner::AnswersAnyType;
        match target {
            Some(target) if follows && reply.answers.iter().all(|link| link.name != *target) => {
                owner = target.clone();
            }
            Some(_) => return entry.manner,
            None => {
                let is_there = reply.answers.last().is_some_and(|last| last.name == owner);
                if !is_there {
                    deny(reply, entry);
                }
                return entry.manner;
            }
        }
    }
}

fn add_records(reply: &mut Message, owner: &Name, entry: &Entry, kind: RecordType) {
    let is_wanted = |data: &&RData| {
        entry.manner == Manner::AnswersAnyType
            || data.record_type() == kind
            || data.record_type() == RecordType::CNAME
    };
    let wanted = entry.records.iter().filter(is_wanted);
    reply
        .add_answers(wanted.map(|data| Record::from_rdata(owner.clone(), entry.ttl, data.clone())));
}

fn fails(reply: &mut Message, code: ResponseCode, entry: &Entry) -> Manner {
    reply.metadata.response_code = code;
    if code == ResponseCode::NXDomain {
        deny(reply, entry);
    }
    entry.manner
}

fn deny(reply: &mut Message, entry: &Entry) {
    if let Denial::Soa { ttl, minimum } = entry.denial {
        let soa = SOA::new(name("ns.test"), name("hostmaster.test"), 1, 3600, 600, 86_400, minimum);
        reply.add_authority(Record::from_rdata(Name::root(), ttl, RData::SOA(soa)));
    }
}

fn refers(reply: &mut Message, owner: &Name, entry: &Entry) -> Manner {
    let server = RData::NS(NS(owner.clone()));
    reply.add_authority(Record::from_rdata(name("test"), entry.ttl, server));
    let glue = entry.records.iter().cloned();
    reply.add_additionals(glue.map(|data| Record::from_rdata(owner.clone(), entry.ttl, data)));
    entry.manner
}

/// A name as zones and logs have it.
pub(super) fn text(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}

/// A reply with its length, as TCP has it.
pub(super) fn framed(reply: &[u8]) -> Vec<u8> {
    let mut framed = u16::try_from(reply.len()).unwrap().to_be_bytes().to_vec();
    framed.extend(reply);
    framed
}

/// A packet that must not be believed.
pub(super) struct Lie {
    bytes: Vec<u8>,
    from_elsewhere: bool,
}

/// A packet with something wrong with it. As far as it can be read it denies the name.
pub(super) fn forged(forged: Forged, request: &Message) -> Lie {
    const GARBAGE: [u8; 24] = [0xa5; 24];
    let id = request.metadata.id;
    let denial = |id, query| {
        let mut reply = empty_reply(request, query);
        reply.metadata.id = id;
        fails(&mut reply, ResponseCode::NXDomain, &Entry::default());
        reply.to_vec().unwrap()
    };
    let query = request.queries[0].clone();
    let bytes = match forged {
        Forged::Id => denial(id ^ 1, query),
        Forged::Question => denial(id, Query::query(name("other.test"), query.query_type())),
        Forged::Garbage => [&(id ^ 1).to_be_bytes()[..], &GARBAGE].concat(),
        Forged::GarbageWithId => [&id.to_be_bytes()[..], &GARBAGE].concat(),
        Forged::Empty => Vec::new(),
        Forged::Port => denial(id, query),
    };
    Lie { bytes, from_elsewhere: matches!(forged, Forged::Port) }
}

impl Lie {
    pub(super) fn send(&self, udp: &UdpSocket, peer: SocketAddr) {
        if self.from_elsewhere {
            let other = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let _ = other.send_to(&self.bytes, peer);
        } else {
            let _ = udp.send_to(&self.bytes, peer);
        }
    }
}
