//! What a server was asked.

use std::collections::{HashMap, HashSet};

use hickory_resolver::proto::op::Message;

use super::Protocol;

/// Every packet, in order.
#[derive(Default)]
pub(super) struct Log {
    packets: Vec<Packet>,
    /// How many packets there were with a name and a type.
    counts: HashMap<(String, String), usize>,
}

struct Packet {
    id: u16,
    name: String,
    kind: String,
    protocol: Protocol,
}

/// A packet as it was noted.
pub(super) struct Noted {
    pub(super) name: String,
    /// How many packets with this question there were, this one included.
    pub(super) nth: usize,
}

impl Log {
    /// Notes a packet; none where it asks nothing.
    pub(super) fn note(&mut self, request: &Message, protocol: Protocol) -> Option<Noted> {
        let query = request.queries.first()?;
        let name = super::reply::text(query.name());
        let kind = query.query_type().to_string();
        let id = request.metadata.id;
        self.packets.push(Packet { id, name: name.clone(), kind: kind.clone(), protocol });
        let nth = self.counts.entry((name.clone(), kind)).or_default();
        *nth += 1;
        Some(Noted { nth: *nth, name })
    }

    /// Each question as `NAME TYPE`, without what was only sent again.
    pub(super) fn questions(&self) -> Vec<String> {
        let mut seen = HashSet::new();
        self.packets
            .iter()
            .filter(|packet| seen.insert((packet.id, &packet.name, &packet.kind)))
            .map(|packet| format!("{} {}", packet.name, packet.kind))
            .collect()
    }

    /// How many packets came with this question.
    pub(super) fn count(&self, name: &str, kind: &str, protocol: Protocol) -> usize {
        self.of(name, kind).filter(|packet| packet.protocol == protocol).count()
    }

    /// How many packets came in all.
    pub(super) fn len(&self) -> usize {
        self.packets.len()
    }

    /// Whether a packet with this question came.
    pub(super) fn holds(&self, name: &str, kind: &str) -> bool {
        self.counts.contains_key(&(name.to_owned(), kind.to_owned()))
    }

    fn of(&self, name: &str, kind: &str) -> impl Iterator<Item = &Packet> {
        self.packets.iter().filter(move |packet| packet.name == name && packet.kind == kind)
    }
}
