//! A shell in a folder of its own, on a small internet of its own: a DNS, a mail server, and whatever
//! service the page starts.

use std::collections::HashMap;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::page::root;
use crate::support::dns::DnsServer;
use crate::support::poll::until;
use crate::support::service::Service;
use crate::support::smtp::SmtpServer;

const ZONE: &str = include_str!("zone.txt");
const MAIL: &str = include_str!("mail.txt");

/// What the commands of one page share.
pub(super) struct Session {
    folder: TempDir,
    environment: HashMap<String, String>,
    service: Option<Service>,
    /// A program of the page that listens on port 8000.
    backend: Option<Child>,
    _dns: DnsServer,
    _mail: SmtpServer,
}

impl Session {
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["bin", "home", "here"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let program = Path::new(env!("CARGO_BIN_EXE_mailvet"));
        std::os::unix::fs::symlink(program, folder.path().join("bin/mailvet")).unwrap();
        std::os::unix::fs::symlink(root().join("deploy"), folder.path().join("here/deploy"))
            .unwrap();
        let (dns, mail) = (DnsServer::start(ZONE), SmtpServer::start(MAIL));
        let port = mail.address().port().to_string();
        let home = folder.path().join("home").display().to_string();
        let path = std::env::var("PATH").unwrap();
        let variables = [
            ("PATH", format!("{}:{path}", folder.path().join("bin").display())),
            ("CURL_HOME", home.clone()),
            ("HOME", home),
            ("NO_PROXY", "*".to_owned()),
            ("MAILVET_DNS__SERVERS", dns.address().to_string()),
            // Every mail server of this internet is on this machine.
            ("MAILVET_NETWORK__ALLOW", "127.0.0.0/8".to_owned()),
            ("MAILVET_PROBE__PORT", port),
            ("MAILVET_PROBE__GAP_MS", "0".to_owned()),
        ];
        let environment = variables.map(|(name, value)| (name.to_owned(), value)).into();
        let session =
            Self { folder, environment, service: None, backend: None, _dns: dns, _mail: mail };
        session.lead_curl(&[]);
        session
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    pub(super) fn unset(&mut self, name: &str) {
        self.environment.remove(name);
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.here().join(name), text).unwrap();
    }

    /// Runs commands in one shell, one after the other; what each printed.
    pub(super) fn run(&self, commands: &[String]) -> Vec<String> {
        const MARK: char = '\u{1}';
        let script: String = commands
            .iter()
            .map(|command| format!("s=$?; printf '{MARK}'; (exit $s)\n{command}\n"))
            .collect();
        let mut shell = Command::new("bash");
        shell.args(["-c", &format!("exec 2>&1\n{script}")]);
        let output = self.in_here(shell).stdin(Stdio::null()).output().expect("bash");
        let printed = String::from_utf8(output.stdout).expect("UTF-8");
        let printed = printed.replace(&format!("{}/", self.here().display()), "");
        let printed = printed.replace(&self.environment["HOME"], "/home/you");
        printed.split(MARK).skip(1).map(str::to_owned).collect()
    }

    /// Starts `mailvet serve` with these arguments, and leads curl to it.
    pub(super) fn serve(&mut self, arguments: &[&str]) {
        self.service = None;
        let program = Command::new(env!("CARGO_BIN_EXE_mailvet"));
        let service = Service::start_with(self.in_here(program), arguments);
        let address = service.address();
        self.lead_curl(&[(8080, address)]);
        self.set("VALIDATOR_URL", &format!("http://{address}"));
        self.service = Some(service);
    }

    /// Starts a program that serves port 8000, which `PORT` says otherwise, and leads curl to it.
    pub(super) fn start_backend(&mut self, program: &str) {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).unwrap();
        self.set("PORT", &free.port().to_string());
        let mut command = Command::new("bash");
        command.args(["-c", &format!("exec {program}")]);
        let child =
            self.in_here(command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.backend = Some(child);
        until(program, || TcpStream::connect(free).ok());
        let service = self.service.as_ref().expect("a service before it").address();
        self.lead_curl(&[(8080, service), (8000, free)]);
    }

    /// Ports in the pages, and where curl goes instead.
    fn lead_curl(&self, ports: &[(u16, SocketAddr)]) {
        let mut lines = String::from("silent\nshow-error\nnoproxy = \"*\"\nwrite-out = \"\\n\"\n");
        for (port, address) in ports {
            lines += &format!("connect-to = \"127.0.0.1:{port}:{address}\"\n");
        }
        fs::write(self.folder.path().join("home/.curlrc"), lines).unwrap();
    }

    /// The folder in which the commands run.
    pub(super) fn here(&self) -> PathBuf {
        self.folder.path().join("here")
    }

    fn in_here(&self, mut command: Command) -> Command {
        let ours = |name: &str| name.starts_with("MAILVET_") || name.starts_with("XDG_");
        for (name, _) in std::env::vars().filter(|(name, _)| ours(name)) {
            command.env_remove(name);
        }
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env("COLUMNS", "100");
        command.env("MAILVET_CONFIG", "").envs(&self.environment).current_dir(self.here());
        command
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(mut backend) = self.backend.take() {
            // Fails where it has ended already.
            let _ = backend.kill();
            let _ = backend.wait();
        }
    }
}
