//! `unbound` as the DNS of a laboratory: it answers from zones.txt and fails on demand. No packet of
//! its leaves this machine.

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::process::{Process, system_command};
use crate::support::poll::poll;

const ZONES: &str = include_str!("zones.txt");

/// Before the records of each zone.
const HEAD: &str = "$TTL 300\n@ SOA ns.good.test. hostmaster.good.test. 1 3600 600 86400 120\n\
                    @ NS ns.good.test.\n";

/// Zones without a server to get them from.
const SERVFAIL: [&str; 2] = ["servfail.test.", "gmaill.com."];
/// Questions about these are dropped.
const TIMEOUT: [&str; 2] = ["timeout.test.", "hotmal.com."];
const REFUSED: [&str; 1] = ["refused.test."];

/// Zones with a trust anchor, and what becomes of them once they are signed.
const SECURED: [(&str, Tamper); 3] = [
    ("signed.test.", |_plain, signed| signed.to_owned()),
    ("tampered.test.", |_plain, signed| signed.replace("\tMX\t10 mx.", "\tMX\t10 evil.")),
    ("stripped.test.", |plain, _signed| plain.to_owned()),
];

/// The plain zone and the signed one become the zone that is served.
type Tamper = fn(&str, &str) -> String;

/// How long it may take until the server answers.
const START: Duration = Duration::from_secs(10);
/// How often another port is tried where another process was quicker.
const PORTS: usize = 5;

/// What the server answers.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Answers {
    /// What stands in the zones.
    Zones,
    /// REFUSED, to every question.
    Refused,
    /// SERVFAIL, to every question.
    ServFail,
    /// REFUSED as `unbound` has it for clients that it does not know: a header without the question,
    /// which is easily forged.
    UnknownClient,
}

/// A running server.
pub(crate) struct Unbound {
    address: SocketAddr,
    zones: Vec<String>,
    process: Option<Process>,
    // Last: the files go after the process.
    dir: TempDir,
}

impl Unbound {
    /// Starts a server on a free port.
    pub(crate) fn start(answers: Answers) -> Self {
        let mut log = String::new();
        let mut server = Self::new(free_port());
        for _ in 0..PORTS {
            match server.launch(answers) {
                Ok(()) => return server,
                Err(why) => log = why,
            }
            server.address = free_port();
        }
        panic!("unbound does not start:\n{log}");
    }

    /// Starts a server that knows the zones here, where no other server is.
    pub(crate) fn start_at(address: SocketAddr) -> Self {
        let mut server = Self::new(address);
        if let Err(log) = server.launch(Answers::Zones) {
            panic!("unbound does not start:\n{log}");
        }
        server
    }

    fn new(address: SocketAddr) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let zones = write_zones(dir.path());
        Self { address, zones, process: None, dir }
    }

    /// Where it answers.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the server at once.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again on the port that it had, perhaps with other answers.
    pub(crate) fn start_again(&mut self, answers: Answers) {
        self.kill();
        let mut log = String::new();
        // The port may be taken for a moment by another process as the source of a question.
        let started = poll(START, || self.launch(answers).map_err(|why| log = why).ok());
        assert!(started.is_some(), "unbound does not start again:\n{log}");
    }

    /// Keeps the server from running, though its sockets stay, or lets it run again.
    pub(crate) fn signal(&self, name: &str) {
        if let Some(process) = &self.process {
            process.signal(name);
        }
    }

    /// Starts the server and waits until it answers; its log where it does not.
    fn launch(&mut self, answers: Answers) -> Result<(), String> {
        let (dir, address) = (self.dir.path(), self.address);
        let (file, log) = (dir.join("unbound.conf"), dir.join("unbound.log"));
        fs::write(&file, config(dir, address, answers, &self.zones)).expect("the configuration");
        let mut command = system_command("unbound");
        let mut process = Process::start(command.args(["-d", "-c"]).arg(file), &log);
        let ready = poll(START, || match process.ended() {
            Some(_) => Some(false),
            None => responds(address).then_some(true),
        });
        if ready != Some(true) {
            return Err(process.log());
        }
        self.process = Some(process);
        Ok(())
    }
}

/// A port of this machine that is free for UDP and TCP.
fn free_port() -> SocketAddr {
    let free = poll(START, || {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?;
        let address = tcp.local_addr().ok()?;
        UdpSocket::bind(address).ok().map(|_| address)
    });
    free.expect("a port that is free for UDP and TCP")
}

/// Whether a server answers a question, whatever it says.
fn responds(server: SocketAddr) -> bool {
    // Id, recursion desired, one question: good.test. A IN.
    const QUESTION: &[u8] = b"\x4d\x56\x01\0\0\x01\0\0\0\0\0\0\x04good\x04test\0\0\x01\0\x01";
    let ask = || {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(Duration::from_millis(200)))?;
        socket.connect(server)?;
        socket.send(QUESTION)?;
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer)?;
        std::io::Result::Ok(answer[..length].starts_with(&QUESTION[..2]))
    };
    ask().unwrap_or(false)
}

/// Writes a file for each zone and signs what is to be signed. Returns the names of the zones.
fn write_zones(dir: &Path) -> Vec<String> {
    let mut zones: Vec<(String, String)> = ZONES
        .split("$ORIGIN ")
        // What stands before the first is a comment.
        .skip(1)
        .map(|zone| zone.split_once('\n').expect("records"))
        .map(|(name, records)| (name.trim().to_owned(), format!("{HEAD}{records}")))
        .collect();
    zones.push(("many.test.".to_owned(), many(80)));
    zones.push(("names.test.".to_owned(), names(1_000)));
    for (name, text) in &zones {
        fs::write(dir.join(format!("{name}zone")), text).expect("a zone");
    }
    for (name, tamper) in SECURED {
        secure(dir, name, tamper);
    }
    zones.into_iter().map(|(name, _)| name).collect()
}

/// A zone with so many names.
fn names(count: usize) -> String {
    let mut zone = HEAD.to_owned();
    for number in 0..count {
        let _ = writeln!(zone, "n{number} MX 10 mx.good.test.");
    }
    zone
}

/// A zone whose names have so many MX that they do not go into a UDP packet.
fn many(count: usize) -> String {
    let mut zone = HEAD.to_owned();
    for number in 1..=count {
        let host = format!("a-rather-long-mail-exchanger-name-{number:03}");
        let _ = writeln!(zone, "@ MX {number} {host}\n* MX {number} {host}\n{host} A 127.0.0.10");
    }
    zone
}

/// Makes a key for a zone, whose DS is its trust anchor, and signs the zone with it.
fn secure(dir: &Path, zone: &str, tamper: Tamper) {
    let run = |program: &str, arguments: &[&str]| {
        let output = system_command(program).args(arguments).current_dir(dir).output();
        let output = output.unwrap_or_else(|error| panic!("cannot start {program}: {error}"));
        let why = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} failed: {why}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let (file, signed) = (format!("{zone}zone"), format!("{zone}signed"));
    let key = run("ldns-keygen", &["-a", "ECDSAP256SHA256", "-k", zone]);
    run("ldns-signzone", &["-o", zone, "-f", &signed, &file, &key]);
    let read = |name: &str| fs::read_to_string(dir.join(name)).expect("what ldns has written");
    fs::write(dir.join(&file), tamper(&read(&file), &read(&signed))).expect("a zone");
    fs::rename(dir.join(format!("{key}.ds")), dir.join(format!("{zone}ds"))).expect("a DS");
}

fn config(dir: &Path, address: SocketAddr, answers: Answers, zones: &[String]) -> String {
    let access = if answers == Answers::UnknownClient { "refuse" } else { "allow" };
    let mut config = format!(
        r#"server:
  directory: "{dir}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
  num-threads: 1
  so-reuseport: no
  interface: {ip}@{port}
  outgoing-interface: 127.0.0.1
  do-ip6: no
  access-control: 127.0.0.0/8 {access}
  module-config: "validator iterator"
"#,
        dir = dir.display(),
        ip = address.ip(),
        port = address.port(),
    );
    let mut local_zones = Vec::new();
    if answers == Answers::Refused {
        // The second is built in otherwise, as a zone without names.
        local_zones.extend([(".", "refuse"), ("test.", "refuse")]);
    } else {
        local_zones.push(("test.", "nodefault"));
        local_zones.extend(TIMEOUT.map(|zone| (zone, "deny")));
        local_zones.extend(REFUSED.map(|zone| (zone, "refuse")));
    }
    for (zone, kind) in local_zones {
        let _ = writeln!(config, "  local-zone: \"{zone}\" {kind}");
    }
    for (zone, _) in SECURED {
        let _ = writeln!(config, "  trust-anchor-file: \"{zone}ds\"");
    }
    config += "remote-control:\n  control-enable: no\n";
    if answers == Answers::ServFail {
        // Everything is in a zone that cannot be had.
        return config + &auth_zone(".", "");
    }
    let files = zones.iter().map(|zone| (zone.as_str(), format!("  zonefile: \"{zone}zone\"\n")));
    let lost = SERVFAIL.map(|zone| (zone, String::new()));
    config.extend(files.chain(lost).map(|(zone, source)| auth_zone(zone, &source)));
    config
}

/// A zone, and where it comes from.
fn auth_zone(name: &str, source: &str) -> String {
    format!(
        "auth-zone:\n  name: \"{name}\"\n{source}  for-downstream: no\n  for-upstream: yes\n  \
         fallback-enabled: no\n"
    )
}
