//! Real mail servers, in a network of their own: Postfix in many manners, Exim, Postgrey, and the DNS that
//! leads to them.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::namespace::Namespace;
use crate::process::{Process, system_command};
use crate::support::poll::poll;
use crate::unbound::Unbound;

/// Where Debian's Postfix has its daemons, and where `tests/install-real` unpacks Exim.
const POSTFIX: &str = "/usr/lib/postfix/sbin/master";
const EXIM: &str = "/opt/mailvet-tests/exim4/usr/sbin/exim4";
/// The user whom Debian's Exim asks for.
const EXIM_USER: &str = "Debian-exim:x:9025:9025::/nonexistent:/usr/sbin/nologin\n";
const EXIM_GROUP: &str = "Debian-exim:x:9025:\n";

const DNS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 53)), 53);
/// Unknown clients may come back after so many seconds.
const GREYLISTED_SECONDS: u32 = 2;

/// How long it may take until a server listens.
const START: Duration = Duration::from_secs(20);

/// Running mail servers.
pub(crate) struct MailServers {
    // First: nothing of what ran in it is left to write into the folder.
    namespace: Namespace,
    _dns: Unbound,
    _servers: Vec<Process>,
    dir: TempDir,
}

/// What happens to a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Connection {
    Begun,
    Encrypted,
    Ended,
}

impl Connection {
    fn of(event: &str) -> Option<Self> {
        match event {
            _ if event.starts_with("connect from ") => Some(Self::Begun),
            _ if event.contains("TLS connection established from ") => Some(Self::Encrypted),
            _ if event.starts_with("disconnect from ") => Some(Self::Ended),
            _ => None,
        }
    }
}

impl MailServers {
    /// Starts them all.
    pub(crate) fn start(purpose: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        // The servers give up being root.
        fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).expect("permissions");
        write_certificate(dir.path());
        let namespace = Namespace::new(purpose);
        let (dns, servers) = namespace.run(|| {
            let dns = Unbound::start_at(DNS);
            fs::write(dir.path().join("resolv.conf"), format!("nameserver {}\n", DNS.ip()))
                .expect("resolv.conf");
            (dns, vec![postgrey(dir.path()), postfix(dir.path()), exim(dir.path())])
        });
        Self { namespace, _dns: dns, _servers: servers, dir }
    }

    /// The DNS server.
    pub(crate) fn dns(&self) -> SocketAddr {
        DNS
    }

    /// Does something in their network.
    pub(crate) fn run<T: Send>(&self, task: impl FnOnce() -> T + Send) -> T {
        self.namespace.run(task)
    }

    /// What all have logged.
    fn log(&self) -> String {
        ["mail.log", "exim/mainlog"].map(|name| read(&self.dir.path().join(name))).concat()
    }

    /// The connections to the Postfix that names itself so: a line for the begin of each, and one for its
    /// end.
    pub(crate) fn connections(&self, name: &str) -> Vec<Connection> {
        let own = format!(" at-{name}/smtpd[");
        let log = self.log();
        let lines =
            log.lines().filter_map(|line| Some(line.split_once(&own)?.1.split_once(": ")?.1));
        lines.filter_map(Connection::of).collect()
    }

    /// How many recipients the Postfix that names itself so was asked about, as it counts when a connection
    /// ends.
    pub(crate) fn recipients(&self, name: &str) -> usize {
        let (own, log) = (format!(" at-{name}/smtpd["), self.log());
        let ends = log.lines().filter(|line| line.contains(&own) && line.contains(" rcpt="));
        // Those that it accepted, and where it refused some, all: rcpt=8/10.
        let counts = ends.filter_map(|line| {
            let count = line.split_once(" rcpt=")?.1.split_whitespace().next()?;
            count.rsplit('/').next()?.parse::<usize>().ok()
        });
        counts.sum()
    }

    /// The lines of its log that complain about us.
    pub(crate) fn complaints(&self) -> Vec<String> {
        const COMPLAINTS: [&str; 9] = [
            "too many",
            " 421 ",
            "limit exceeded",
            "pipelining",
            "lost connection",
            "timeout after",
            "PREGREET",
            "HANGUP",
            "protocol",
        ];
        let log = self.log();
        let is_complaint = |line: &&str| COMPLAINTS.iter().any(|phrase| line.contains(phrase));
        log.lines().filter(is_complaint).map(str::to_owned).collect()
    }
}

fn read(path: &Path) -> String {
    // A log is there once something was logged.
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// A self-signed certificate.
fn write_certificate(dir: &Path) {
    let mut command = system_command("openssl");
    command.args(["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=mx.plain.test"]);
    command.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
    command.arg("-keyout").arg(dir.join("key.pem")).arg("-out").arg(dir.join("certificate.pem"));
    succeed(&mut command);
}

fn postfix(dir: &Path) -> Process {
    let etc = dir.join("postfix");
    write_configuration(
        &etc,
        dir,
        &[
            ("main.cf", include_str!("postfix/main.cf")),
            ("master.cf", include_str!("postfix/master.cf")),
        ],
    );
    write(&dir.join("mailboxes.re"), include_str!("postfix/mailboxes.re"));
    fs::create_dir(dir.join("queue")).expect("a folder");
    make_folder(&dir.join("data"), "postfix");
    // Makes what the queue needs.
    succeed(system_command("postfix").arg("-c").arg(&etc).arg("check"));
    let mut command = with_files(dir, &[("resolv.conf", "/etc/resolv.conf")], POSTFIX);
    command.arg("-d").arg("-c").arg(&etc);
    let process = Process::start(&mut command, &dir.join("postfix.stderr"));
    listens(process, "127.25.1.25:25", &dir.join("mail.log"))
}

fn exim(dir: &Path) -> Process {
    let own = dir.join("exim");
    make_folder(&own, "mail");
    write_configuration(&own, &own, &[("exim.conf", include_str!("exim/exim.conf"))]);
    for name in ["certificate.pem", "key.pem"] {
        fs::copy(dir.join(name), own.join(name)).expect("a copy");
        fs::set_permissions(own.join(name), PermissionsExt::from_mode(0o644)).expect("permissions");
    }
    for (name, path, user) in
        [("passwd", "/etc/passwd", EXIM_USER), ("group", "/etc/group", EXIM_GROUP)]
    {
        write(&dir.join(name), &(read(Path::new(path)) + user));
    }
    let files =
        [("resolv.conf", "/etc/resolv.conf"), ("passwd", "/etc/passwd"), ("group", "/etc/group")];
    let mut command = with_files(dir, &files, EXIM);
    command.arg("-C").arg(own.join("exim.conf")).arg("-bdf");
    let process = Process::start(&mut command, &dir.join("exim.stderr"));
    listens(process, "127.25.13.25:25", &own.join("paniclog"))
}

fn postgrey(dir: &Path) -> Process {
    let known = dir.join("postgrey");
    make_folder(&known, "postgrey");
    let mut command = system_command("postgrey");
    command
        .args(["--inet=127.0.0.1:10023", "--user=postgrey", "--group=postgrey"])
        .args(["--auto-whitelist-clients=0", "--whitelist-clients=/dev/null"])
        .arg("--whitelist-recipients=/dev/null")
        .arg(format!("--delay={GREYLISTED_SECONDS}"))
        .arg(format!("--dbdir={}", known.display()))
        .arg(format!("--pidfile={}", dir.join("postgrey.pid").display()));
    let log = dir.join("postgrey.stderr");
    listens(Process::start(&mut command, &log), "127.0.0.1:10023", &log)
}

/// A program that sees files of this folder in the place of those of the machine.
fn with_files(dir: &Path, files: &[(&str, &str)], program: &str) -> Command {
    const SCRIPT: &str = "while [ \"$1\" != -- ]; do mount --bind \"$1\" \"$2\" || exit; shift 2; done; \
                          shift; exec \"$@\"";
    let mut command = system_command("unshare");
    command.args(["--mount", "sh", "-c", SCRIPT, "sh"]);
    for (own, usual) in files {
        command.arg(dir.join(own)).arg(usual);
    }
    command.args(["--", program]);
    command
}

/// Waits until a server listens there.
fn listens(mut process: Process, address: &str, log: &Path) -> Process {
    let address: SocketAddr = address.parse().expect("an address");
    let table = || fs::read_to_string("/proc/thread-self/net/tcp").unwrap_or_default();
    let listening = poll(START, || match process.ended() {
        Some(_) => Some(false),
        None => has_listener(&table(), address).then_some(true),
    });
    if listening != Some(true) {
        panic!("no server listens at {address}:\n{}\n{}", process.log(), read(log));
    }
    process
}

/// Whether a table of the kernel has a socket that listens there; to connect would be to appear in the
/// server's log.
fn has_listener(table: &str, address: SocketAddr) -> bool {
    const LISTENING: &str = "0A";
    let SocketAddr::V4(address) = address else { return false };
    let ip = u32::from_ne_bytes(address.ip().octets());
    let local = format!("{ip:08X}:{:04X}", address.port());
    table.lines().any(|line| {
        let mut columns = line.split_whitespace().skip(1);
        columns.next() == Some(&local) && columns.nth(1) == Some(LISTENING)
    })
}

fn write_configuration(etc: &Path, dir: &Path, files: &[(&str, &str)]) {
    fs::create_dir_all(etc).expect("a folder");
    for (name, text) in files {
        write(&etc.join(name), &text.replace("{dir}", &dir.display().to_string()));
    }
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// A folder of this user's.
fn make_folder(path: &Path, user: &str) {
    succeed(system_command("install").args(["-d", "-o", user]).arg(path));
}

fn succeed(command: &mut Command) {
    let output = command.output();
    let output = output.unwrap_or_else(|error| {
        panic!("cannot start {command:?}: {error}; is everything there that tests/install-real installs?")
    });
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {why}");
}
