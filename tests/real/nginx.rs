//! Debian's nginx in front of the service: as it is configured by default, as many configure it, and as
//! docs/operating.md says.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::LAB_TOML;
use crate::process::{Process, system_command};
use crate::serve::Serve;
use crate::support::poll::poll;

/// How long nginx and its answers may take.
const PATIENCE: Duration = Duration::from_secs(20);
const MANUAL: &str = include_str!("../../docs/operating.md");

/// nginx, in the foreground, with this server.
struct Nginx {
    address: SocketAddr,
    _process: Process,
    _dir: TempDir,
}

impl Nginx {
    /// `server` has `ADDRESS` where it listens.
    fn start(server: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        // nginx cannot be given a socket: between here and there another may take the port.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let address = free.expect("a free port");
        let path = dir.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| format!("{kind}_temp_path {path}/{kind};\n"))
            .collect();
        let server = server.replace("ADDRESS", &address.to_string());
        let config = format!(
            "daemon off;\nmaster_process off;\npid {path}/pid;\nerror_log {path}/errors;\n\
             events {{}}\nhttp {{\naccess_log off;\n{temporary}{server}\n}}\n"
        );
        let file = dir.path().join("nginx.conf");
        std::fs::write(&file, &config).expect("the configuration");
        let mut command = system_command("nginx");
        command.arg("-e").arg(dir.path().join("errors")).arg("-c").arg(&file);
        let mut process = Process::start(&mut command, &dir.path().join("log"));
        let listens = poll(PATIENCE, || match process.ended() {
            Some(_) => Some(false),
            None => TcpStream::connect(address).ok().map(|_| true),
        });
        assert_eq!(listens, Some(true), "nginx does not start: {}\n{config}", process.log());
        Self { address, _process: process, _dir: dir }
    }

    /// In front of this service, with these directives beside `proxy_pass`.
    fn before(service: &Serve, directives: &str) -> Self {
        let service = service.address();
        Self::start(&format!(
            "server {{ listen ADDRESS; location / {{ proxy_pass http://{service}; {directives} }} }}"
        ))
    }

    /// The status and the body of what is answered to a client with these headers.
    fn ask(&self, headers: &str) -> (u16, Value) {
        let body = r#"{"email": "joe@gmail.com", "depth": "syntax"}"#;
        let request = format!(
            "POST /v1/validate HTTP/1.1\r\n{headers}Content-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let mut connection = TcpStream::connect(self.address).expect("nginx listens");
        connection.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        connection.write_all(request.as_bytes()).expect("nginx reads");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("nginx answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.get(9..12).and_then(|status| status.parse().ok()).expect("a status");
        // In chunks where nginx has no length; the body is one.
        let start = body.find('{').unwrap_or(body.len());
        let end = body.rfind('}').map_or(start, |at| at + 1);
        let json = serde_json::from_str(&body[start..end]);
        (status, json.unwrap_or_else(|_| panic!("no JSON: {answer}")))
    }
}

/// The block of this language in the manual.
fn block(language: &str) -> &'static str {
    let fence = format!("```{language}\n");
    let (_, rest) = MANUAL.split_once(&fence).unwrap_or_else(|| panic!("a block {fence}"));
    rest.split("```").next().unwrap_or_default()
}

fn service(config: &str) -> Serve {
    Serve::start(&[], &format!("{LAB_TOML}canaries = []\n{config}"))
}

const PUBLIC: &str = "Host: mailvet.example.com\r\n";
const HTTP_11: &str = "proxy_http_version 1.1; proxy_set_header Connection '';";

#[test]
fn a_service_is_not_published_by_accident() {
    let service = service("");
    // The directives, what the client sends, what the refusal names.
    let cases = [
        ("", PUBLIC, "HTTP/1.0"),
        ("", "Host: localhost\r\n", "HTTP/1.0"),
        ("proxy_set_header Host $host;", "Host: localhost\r\n", "HTTP/1.0"),
        ("HTTP_11 proxy_set_header Host $host;", PUBLIC, "`Host`"),
        (
            "HTTP_11 proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
            PUBLIC,
            "`X-Forwarded-For`",
        ),
        ("HTTP_11 proxy_set_header X-Real-IP $remote_addr;", PUBLIC, "`X-Real-IP`"),
        ("HTTP_11 proxy_set_header Forwarded 'for=$remote_addr';", PUBLIC, "`Forwarded`"),
        // Through a browser on the machine, or a page that was let in elsewhere.
        ("HTTP_11", "Host: localhost\r\nOrigin: https://shop.example\r\n", "`Origin`"),
    ];
    for (directives, headers, named) in cases {
        let nginx = Nginx::before(&service, &directives.replace("HTTP_11", HTTP_11));
        let (status, problem) = nginx.ask(headers);
        assert_eq!(status, 403, "{directives} {headers:?}: {problem}");
        assert_eq!(problem["type"], "urn:mailvet:problem:origin_not_allowed", "{directives}");
        let detail = problem["detail"].as_str().unwrap_or_default();
        for word in [named, "keys", "trusted_proxies", "--open"] {
            assert!(detail.contains(word), "{directives} {word}: {detail}");
        }
    }
    // What nginx sends by default from 1.29.7 on, as the manual says.
    let (status, report) = Nginx::before(&service, HTTP_11).ask(PUBLIC);
    assert_eq!(status, 200, "{report}");
}

#[test]
fn a_trusted_nginx_without_keys_serves_this_machine() {
    let service = service("[http]\ntrusted_proxies = [\"127.0.0.1\"]");
    let forwarded = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;";
    let nginx = Nginx::before(&service, &format!("{HTTP_11} {forwarded}"));
    let (status, report) = nginx.ask(PUBLIC);
    assert_eq!(status, 200, "the client is on this machine: {report}");
    // For nginx these headers come from another proxy, which is trusted as well.
    let (status, problem) = nginx.ask(&format!("{PUBLIC}X-Forwarded-For: 203.0.113.7\r\n"));
    assert_eq!(status, 401, "{problem}");
    assert_eq!(problem["type"], "urn:mailvet:problem:missing_key");
}

#[test]
fn what_the_manual_says_works() {
    let (_, config) = block("toml").split_once("listen = \"127.0.0.1:8080\"\n").expect("listen");
    let service = service(&format!("[http]\n{config}"));
    let server = block("nginx")
        .replace("listen 80;", "listen ADDRESS;")
        .replace("127.0.0.1:8080", &service.address().to_string())
        .replace("allow 192.0.2.0/24;", "allow 127.0.0.0/8;");
    let nginx = Nginx::start(&server);
    for headers in [PUBLIC.to_owned(), format!("{PUBLIC}X-Forwarded-For: 203.0.113.7\r\n")] {
        let (status, report) = nginx.ask(&headers);
        assert_eq!((status, report["email"].as_str()), (200, Some("joe@gmail.com")), "{headers}");
    }
    let log = service.log();
    assert!(!log.contains("trusted_proxies"), "{log}");
}

#[test]
fn an_open_service_behind_an_unknown_proxy_says_so_once() {
    let service = service("[http]\nopen = true");
    let nginx =
        Nginx::before(&service, "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;");
    for _ in 0..3 {
        assert_eq!(nginx.ask(PUBLIC).0, 200);
    }
    let logged = poll(PATIENCE, || {
        let log = service.log();
        log.contains("trusted_proxies does not name").then_some(log)
    });
    let log = logged.expect("a warning");
    assert_eq!(log.matches("trusted_proxies does not name").count(), 1, "{log}");
}
