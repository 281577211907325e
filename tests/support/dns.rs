//! A DNS server on a loopback port: it answers what a zone text says, and keeps count of what it was asked.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, MX, SOA};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

/// How long records hold, in seconds.
const TTL: u32 = 300;
/// The longest answer over UDP; longer ones are fetched over TCP.
const MAX_UDP: usize = 1232;
/// How long [`DnsServer::wait_for`] waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that runs until it is dropped.
///
/// The zone has one line a record, `NAME MX 10 HOST`, `NAME A IP`, `NAME AAAA IP`, or one that says
/// how a name behaves: `NAME NXDOMAIN`, `NAME NODATA`, `NAME SERVFAIL`, `NAME REFUSED`, `NAME SILENCE`,
/// `NAME HELD` (its records are kept back until [`DnsServer::release`]). Names that it was not told are
/// refused.
pub(crate) struct DnsServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    zone: HashMap<String, Entry>,
    udp: UdpSocket,
    stopping: AtomicBool,
    state: Mutex<State>,
    asked: Condvar,
}

#[derive(Default)]
struct State {
    /// Without what was only sent again.
    questions: Vec<Question>,
    released: bool,
    kept_back: Vec<(SocketAddr, Vec<u8>)>,
}

#[derive(PartialEq)]
struct Question {
    id: u16,
    name: String,
    kind: RecordType,
}

#[derive(Default)]
struct Entry {
    records: Vec<RData>,
    manner: Manner,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Manner {
    #[default]
    Answers,
    Fails(ResponseCode),
    IsSilent,
    IsHeld,
}

/// What becomes of a question.
enum Reply {
    Now(Message),
    Later(Message),
    Never,
}

impl DnsServer {
    /// Starts a server with this zone.
    pub(crate) fn start(zone: &str) -> Self {
        let (udp, tcp) = both_on_one_port();
        let address = udp.local_addr().unwrap();
        let shared = Arc::new(Shared {
            zone: read(zone),
            udp,
            stopping: AtomicBool::new(false),
            state: Mutex::default(),
            asked: Condvar::new(),
        });
        let threads = vec![
            std::thread::spawn({
                let shared = shared.clone();
                move || shared.serve_udp()
            }),
            std::thread::spawn({
                let shared = shared.clone();
                move || shared.serve_tcp(&tcp)
            }),
        ];
        Self { address, shared, threads }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every question so far, as `NAME TYPE`, in order.
    pub(crate) fn questions(&self) -> Vec<String> {
        let state = self.shared.lock();
        state.questions.iter().map(|asked| format!("{} {}", asked.name, asked.kind)).collect()
    }

    /// How often the MX of this name was asked for.
    pub(crate) fn mx_questions(&self, name: &str) -> usize {
        let wanted = format!("{name} MX");
        self.questions().iter().filter(|question| **question == wanted).count()
    }

    /// Waits until the MX of this name is asked for.
    pub(crate) fn wait_for(&self, name: &str) {
        let is_missing = |state: &mut State| {
            !state.questions.iter().any(|asked| asked.name == name && asked.kind == RecordType::MX)
        };
        let state = self.shared.lock();
        let (state, waited) =
            self.shared.asked.wait_timeout_while(state, PATIENCE, is_missing).unwrap();
        drop(state);
        assert!(!waited.timed_out(), "nobody asked for the MX of {name}");
    }

    /// Answers everything that was kept back, and keeps nothing back from now on.
    pub(crate) fn release(&self) {
        let mut state = self.shared.lock();
        state.released = true;
        for (peer, reply) in state.kept_back.drain(..) {
            // Whoever asked may have lost patience.
            let _ = self.shared.udp.send_to(&reply, peer);
        }
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Both threads wait for somebody to ask.
        let _ = self.shared.udp.send_to(&[], self.address);
        let _ = TcpStream::connect(self.address);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    fn serve_udp(&self) {
        let mut buffer = [0; 4096];
        while !self.is_stopping() {
            let Ok((length, peer)) = self.udp.recv_from(&mut buffer) else { continue };
            let Ok(request) = Message::from_vec(&buffer[..length]) else { continue };
            let mut state = self.lock();
            match self.answer(&request, &mut state) {
                Reply::Now(reply) => {
                    let _ = self.udp.send_to(&for_udp(&reply), peer);
                }
                Reply::Later(reply) => state.kept_back.push((peer, for_udp(&reply))),
                Reply::Never => {}
            }
        }
    }

    fn serve_tcp(self: Arc<Self>, listener: &TcpListener) {
        while !self.is_stopping() {
            let Ok((connection, _)) = listener.accept() else { continue };
            let shared = self.clone();
            // Ends with the connection, which ends with the program under test.
            std::thread::spawn(move || while shared.serve_tcp_once(&connection).is_ok() {});
        }
    }

    fn serve_tcp_once(&self, mut connection: &TcpStream) -> io::Result<()> {
        let mut length = [0; 2];
        connection.read_exact(&mut length)?;
        let mut request = vec![0; usize::from(u16::from_be_bytes(length))];
        connection.read_exact(&mut request)?;
        let request = Message::from_vec(&request).map_err(io::Error::other)?;
        let Reply::Now(reply) = self.answer(&request, &mut self.lock()) else { return Ok(()) };
        let reply = reply.to_vec().unwrap();
        let mut framed = u16::try_from(reply.len()).unwrap().to_be_bytes().to_vec();
        framed.extend(reply);
        connection.write_all(&framed)
    }

    fn answer(&self, request: &Message, state: &mut State) -> Reply {
        let Some(query) = request.queries.first() else { return Reply::Never };
        let name = query.name().to_ascii().trim_end_matches('.').to_ascii_lowercase();
        let kind = query.query_type();
        let question = Question { id: request.metadata.id, name: name.clone(), kind };
        if !state.questions.contains(&question) {
            state.questions.push(question);
            self.asked.notify_all();
        }
        let mut reply = Message::response(request.metadata.id, OpCode::Query);
        reply.metadata.recursion_desired = request.metadata.recursion_desired;
        reply.metadata.recursion_available = true;
        reply.add_query(query.clone());
        let manner = match self.zone.get(&name) {
            None => Manner::Fails(ResponseCode::Refused),
            Some(entry) => {
                let of_kind = entry.records.iter().filter(|data| data.record_type() == kind);
                reply.add_answers(
                    of_kind.map(|data| Record::from_rdata(query.name().clone(), TTL, data.clone())),
                );
                entry.manner
            }
        };
        if let Manner::Fails(code) = manner {
            reply.metadata.response_code = code;
        }
        let is_no =
            matches!(reply.metadata.response_code, ResponseCode::NoError | ResponseCode::NXDomain);
        if reply.answers.is_empty() && is_no {
            reply.add_authority(start_of_authority());
        }
        match manner {
            Manner::IsSilent => Reply::Never,
            Manner::IsHeld if !state.released => Reply::Later(reply),
            _ => Reply::Now(reply),
        }
    }
}

/// The first try at two sockets may find the port of one taken for the other.
fn both_on_one_port() -> (UdpSocket, TcpListener) {
    (0..100)
        .find_map(|_| {
            let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).ok()?;
            let tcp = TcpListener::bind(udp.local_addr().ok()?).ok()?;
            Some((udp, tcp))
        })
        .expect("a port that is free for both UDP and TCP")
}

fn for_udp(reply: &Message) -> Vec<u8> {
    let whole = reply.to_vec().unwrap();
    if whole.len() <= MAX_UDP { whole } else { reply.truncate().to_vec().unwrap() }
}

fn start_of_authority() -> Record {
    let soa = SOA::new(name("ns.test"), name("hostmaster.test"), 1, 3600, 600, 86_400, TTL);
    Record::from_rdata(Name::root(), TTL, RData::SOA(soa))
}

fn name(text: &str) -> Name {
    Name::from_ascii(format!("{}.", text.trim_end_matches('.'))).unwrap()
}

fn read(zone: &str) -> HashMap<String, Entry> {
    let mut entries: HashMap<String, Entry> = HashMap::new();
    for line in zone.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let entry = entries.entry(words[0].to_owned()).or_default();
        match words[1..] {
            ["MX", preference, host] => {
                let preference = preference.parse().unwrap();
                entry.records.push(RData::MX(MX::new(preference, name(host))));
            }
            ["A", ip] => entry.records.push(RData::A(A(ip.parse().unwrap()))),
            ["AAAA", ip] => entry.records.push(RData::AAAA(AAAA(ip.parse().unwrap()))),
            ["NODATA"] => {}
            ["NXDOMAIN"] => entry.manner = Manner::Fails(ResponseCode::NXDomain),
            ["SERVFAIL"] => entry.manner = Manner::Fails(ResponseCode::ServFail),
            ["REFUSED"] => entry.manner = Manner::Fails(ResponseCode::Refused),
            ["SILENCE"] => entry.manner = Manner::IsSilent,
            ["HELD"] => entry.manner = Manner::IsHeld,
            _ => panic!("no such line in a zone: {line}"),
        }
    }
    entries
}
