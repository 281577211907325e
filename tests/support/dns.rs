//! A DNS server on a loopback port: it answers and behaves as a zone text says, and keeps count of every
//! packet.

#![allow(dead_code, reason = "every test target uses a part of it")]

mod log;
mod reply;
mod zone;

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use hickory_resolver::proto::op::Message;
use tokio::time::Instant;

use log::{Log, Noted};
use reply::{forged, framed, reply};
use zone::{Forgery, OverTcp, Pace, Zone};

/// How long [`DnsServer::wait_for`] and binding a port once more wait.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that runs until it is stopped or dropped.
///
/// The zone has one line a record, `NAME MX 10 HOST`, `NAME A IP`, `NAME AAAA IP`, `NAME CNAME NAME`, or
/// one that says how a name behaves:
///
/// | line | meaning |
/// |---|---|
/// | `NAME NXDOMAIN`, `SERVFAIL`, `REFUSED`, `FORMERR`, `NOTIMP` | fails so |
/// | `NAME NODATA` | has no records |
/// | `NAME TTL 60` | its records hold so long |
/// | `NAME SOA 60 30` | what it has not is denied with an SOA of this TTL and this minimum |
/// | `NAME NO-SOA` | the same without SOA |
/// | `NAME REFERRAL` | names other servers instead of answering; its addresses come along as glue |
/// | `NAME ANY-TYPE` | all its records answer any question |
/// | `NAME OF-ANOTHER-NAME` | its records answer as those of `another.test` |
/// | `NAME ONE-LINK` | its CNAME comes alone, without what it leads to |
/// | `NAME TRUNCATED` | over UDP nothing but that the answer is too long |
/// | `NAME TCP-SILENCE`, `TCP-HANGS-UP` | does so over TCP |
/// | `NAME SILENCE` | never answers |
/// | `NAME DROPS 2` | does not answer the first packets |
/// | `NAME DELAY 200` | answers after so many milliseconds, over UDP |
/// | `NAME HELD` | keeps its answers back until [`DnsServer::release`] |
/// | `NAME FIRST WRONG-ID` | sends that packet before the answer, over UDP: it denies the name |
/// | `NAME ONLY WRONG-ID` | sends that packet alone |
///
/// The other packets of this kind are `WRONG-QUESTION`, `GARBAGE`, `ID-AND-GARBAGE`, `EMPTY` and
/// `ELSEWHERE`, which comes from another port. The name `*.a.test` is every name below `a.test` without
/// lines of its own, and `*` every other name; else these are refused.
pub(crate) struct DnsServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    running: Option<Running>,
}

/// By which way a packet came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Protocol {
    Udp,
    Tcp,
}

struct Shared {
    state: Mutex<State>,
    asked: Condvar,
}

#[derive(Default)]
struct State {
    zone: Zone,
    log: Log,
    released: bool,
    kept_back: VecDeque<(SocketAddr, Vec<u8>)>,
    most_kept_back: usize,
    /// How many more packets are answered over UDP; none: all.
    answers_left: Option<usize>,
    connections: Vec<TcpStream>,
}

struct Running {
    udp: Arc<UdpSocket>,
    stopping: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl DnsServer {
    /// Starts a server with this zone.
    pub(crate) fn start(zone: &str) -> Self {
        let (udp, tcp) = (0..100)
            .find_map(|_| bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).ok())
            .expect("a port that is free for both UDP and TCP");
        let state = State { zone: Zone::read(zone), ..State::default() };
        let shared = Arc::new(Shared { state: Mutex::new(state), asked: Condvar::new() });
        let address = udp.local_addr().unwrap();
        let running = Some(Running::start(&shared, udp, tcp));
        Self { address, shared, running }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers no more questions, and closes its connections.
    pub(crate) fn stop(&mut self) {
        let Some(running) = self.running.take() else { return };
        running.stopping.store(true, Ordering::SeqCst);
        // Both threads wait for a question.
        let _ = running.udp.send_to(&[], self.address);
        let _ = TcpStream::connect(self.address);
        for thread in running.threads {
            let _ = thread.join();
        }
        for connection in self.shared.lock().connections.drain(..) {
            // The other side may have hung up first.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Answers again, on the same port.
    pub(crate) fn start_again(&mut self) {
        // Another process may use the port for a moment as the source of a question.
        let deadline = Instant::now() + PATIENCE;
        let (udp, tcp) = loop {
            match bind(self.address) {
                Ok(sockets) => break sockets,
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
            std::thread::park_timeout(Duration::from_millis(10));
        };
        self.running = Some(Running::start(&self.shared, udp, tcp));
    }

    /// Answers by another zone from now on.
    pub(crate) fn replace_zone(&self, zone: &str) {
        self.shared.lock().zone = Zone::read(zone);
    }

    /// Every question so far, as `NAME TYPE`, in order, without what was only sent again.
    pub(crate) fn questions(&self) -> Vec<String> {
        self.shared.lock().log.questions()
    }

    /// How often the MX of this name was asked for.
    pub(crate) fn mx_questions(&self, name: &str) -> usize {
        let wanted = format!("{name} MX");
        self.questions().iter().filter(|question| **question == wanted).count()
    }

    /// How many packets came with this question.
    pub(crate) fn packets(&self, name: &str, kind: &str, protocol: Protocol) -> usize {
        self.shared.lock().log.count(name, kind, protocol)
    }

    /// How many packets came in all.
    pub(crate) fn all_packets(&self) -> usize {
        self.shared.lock().log.len()
    }

    /// Waits until the MX of this name is asked for.
    pub(crate) fn wait_for(&self, name: &str) {
        let is_missing = |state: &mut State| !state.log.holds(name, "MX");
        let state = self.shared.lock();
        let (state, waited) =
            self.shared.asked.wait_timeout_while(state, PATIENCE, is_missing).unwrap();
        drop(state);
        assert!(!waited.timed_out(), "no question came for the MX of {name}");
    }

    /// Answers so many more packets over UDP and then none, until this is said again.
    pub(crate) fn answer_only(&self, packets: Option<usize>) {
        self.shared.lock().answers_left = packets;
    }

    /// How many answers are kept back now.
    pub(crate) fn kept_back(&self) -> usize {
        self.shared.lock().kept_back.len()
    }

    /// How many answers were kept back at the same time, at most.
    pub(crate) fn most_kept_back(&self) -> usize {
        self.shared.lock().most_kept_back
    }

    /// Answers the one that was kept back longest.
    pub(crate) fn release_one(&self) {
        let mut state = self.shared.lock();
        let running = self.running.as_ref().expect("a server that runs");
        if let Some((peer, reply)) = state.kept_back.pop_front() {
            // The client may have given up.
            let _ = running.udp.send_to(&reply, peer);
        }
    }

    /// Answers everything that was kept back, and keeps nothing back from now on.
    pub(crate) fn release(&self) {
        let mut state = self.shared.lock();
        state.released = true;
        let running = self.running.as_ref().expect("a server that runs");
        for (peer, reply) in state.kept_back.drain(..) {
            // The client may have given up.
            let _ = running.udp.send_to(&reply, peer);
        }
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The first try at two sockets may find the port of one taken for the other.
fn bind(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let udp = UdpSocket::bind(address)?;
    let tcp = TcpListener::bind(udp.local_addr()?)?;
    Ok((udp, tcp))
}

impl Running {
    fn start(shared: &Arc<Shared>, udp: UdpSocket, tcp: TcpListener) -> Self {
        let (udp, stopping) = (Arc::new(udp), Arc::new(AtomicBool::new(false)));
        let threads = vec![
            std::thread::spawn({
                let (shared, udp, stopping) = (shared.clone(), udp.clone(), stopping.clone());
                move || shared.serve_udp(&udp, &stopping)
            }),
            std::thread::spawn({
                let (shared, stopping) = (shared.clone(), stopping.clone());
                move || shared.serve_tcp(&tcp, &stopping)
            }),
        ];
        Self { udp, stopping, threads }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn serve_udp(&self, udp: &UdpSocket, stopping: &AtomicBool) {
        let mut late: Vec<(Instant, SocketAddr, Vec<u8>)> = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let due = late.iter().map(|(due, ..)| *due).min();
            let pause = due.map(|due| due.saturating_duration_since(Instant::now()));
            udp.set_read_timeout(pause.map(|pause| pause.max(Duration::from_millis(1)))).unwrap();
            let received = udp.recv_from(&mut buffer);
            if stopping.load(Ordering::SeqCst) {
                return;
            }
            if let Ok((length, peer)) = received
                && let Ok(request) = Message::from_vec(&buffer[..length])
                && let Some((due, reply)) = self.answer_udp(udp, &request, peer)
            {
                late.push((due, peer, reply));
            }
            late.retain(|(due, peer, reply)| {
                let is_early = *due > Instant::now();
                if !is_early {
                    let _ = udp.send_to(reply, peer);
                }
                is_early
            });
        }
    }

    /// Answers, or tells the answer for later.
    fn answer_udp(
        &self,
        udp: &UdpSocket,
        request: &Message,
        peer: SocketAddr,
    ) -> Option<(Instant, Vec<u8>)> {
        let mut state = self.lock();
        let Noted { name, nth } = state.log.note(request, Protocol::Udp)?;
        self.asked.notify_all();
        match &mut state.answers_left {
            Some(0) => return None,
            Some(left) => *left -= 1,
            None => {}
        }
        let reply = reply(&state.zone, request, Protocol::Udp)?;
        let entry = state.zone.entry(&name);
        let (pace, forgery) = entry.map(|entry| (entry.pace, entry.forgery)).unwrap_or_default();
        if let Some(forgery) = forgery {
            let (packet, is_alone) = match forgery {
                Forgery::First(kind) => (kind, false),
                Forgery::Only(kind) => (kind, true),
            };
            forged(packet, request).send(udp, peer);
            if is_alone {
                return None;
            }
        }
        match pace {
            Pace::Silent => {}
            Pace::Dropping(packets) if nth <= packets => {}
            Pace::Held if !state.released => {
                state.kept_back.push_back((peer, reply));
                state.most_kept_back = state.most_kept_back.max(state.kept_back.len());
            }
            Pace::Delayed(delay) => return Some((Instant::now() + delay, reply)),
            Pace::AtOnce | Pace::Dropping(_) | Pace::Held => {
                let _ = udp.send_to(&reply, peer);
            }
        }
        None
    }

    fn serve_tcp(self: Arc<Self>, listener: &TcpListener, stopping: &AtomicBool) {
        loop {
            let accepted = listener.accept();
            if stopping.load(Ordering::SeqCst) {
                return;
            }
            let Ok((connection, _)) = accepted else { continue };
            self.lock().connections.extend(connection.try_clone());
            let shared = self.clone();
            // Ends with the connection, which ends with the program under test, or with this server.
            std::thread::spawn(move || while shared.serve_tcp_once(&connection).is_ok() {});
        }
    }

    fn serve_tcp_once(&self, mut connection: &TcpStream) -> io::Result<()> {
        let mut length = [0; 2];
        connection.read_exact(&mut length)?;
        let mut request = vec![0; usize::from(u16::from_be_bytes(length))];
        connection.read_exact(&mut request)?;
        let request = Message::from_vec(&request).map_err(io::Error::other)?;
        let mut state = self.lock();
        let noted = state.log.note(&request, Protocol::Tcp).ok_or(io::ErrorKind::InvalidData)?;
        self.asked.notify_all();
        let over_tcp = state.zone.entry(&noted.name).map(|entry| entry.over_tcp);
        let reply = reply(&state.zone, &request, Protocol::Tcp).unwrap_or_default();
        drop(state);
        match over_tcp {
            Some(OverTcp::Silent) => Ok(()),
            Some(OverTcp::HangsUp) => connection.shutdown(Shutdown::Both),
            Some(OverTcp::Answers) | None => connection.write_all(&framed(&reply)),
        }
    }
}
