//! Addresses and domains are personal data: they get into answers, and nowhere else.

use std::net::TcpListener;

use serde_json::json;

use super::reload::{KEPT_OLD, count};
use crate::support::dns::DnsServer;
use crate::support::http::{Connection, ask, post, post_batch};
use crate::support::poll::until;
use crate::support::program::{asking, offline};
use crate::support::service::Service;

/// In every local part, domain, path and header that is sent.
const MARK: &str = "zqx7";

const ZONE: &str = "
    mx-zqx7.test      A 192.0.2.1
    good-zqx7.test    MX 10 mx-zqx7.test
    absent-zqx7.test  NXDOMAIN
    broken-zqx7.test  SERVFAIL
    closed-zqx7.test  REFUSED
    null-zqx7.test    MX 0 .
    mute-zqx7.test    SILENCE
    held-zqx7.test    HELD
";

#[test]
fn the_log_has_no_address() {
    for level in ["error", "warn", "info", "debug"] {
        let dns = DnsServer::start(ZONE);
        let mut program = asking(&dns);
        program.env("MAILVET_LOG__LEVEL", level);
        program.env("MAILVET_DNS__TIMEOUT_MS", "200").env("MAILVET_DNS__TRIES", "2");
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let service = Service::start_on(&socket, &program);
        let addresses = [
            "joe.zqx7@good-zqx7.test",
            "joe.zqx7@absent-zqx7.test",
            "joe.zqx7@broken-zqx7.test",
            "joe.zqx7@closed-zqx7.test",
            "joe.zqx7@null-zqx7.test",
            "joe.zqx7@mute-zqx7.test",
            "joe.zqx7@untold-zqx7.test",
            "joe.zqx7@zqx7.invalid",
            "joe zqx7",
            "zqx7.gmail.com",
            "zqx7@[127.0.0.1]",
            "\u{1b}zqx7\u{202e}@\u{1b}",
        ];
        let mut sent = 0;
        for address in addresses {
            for depth in ["syntax", "domain", "mailbox"] {
                let body = json!({"email": address, "depth": depth, "timeout_ms": 5_000});
                let response = ask(service.address(), post(body.to_string()));
                assert_eq!(response.status, 200, "{address}");
                sent += 1;
            }
        }
        for headers in ["", "Accept: application/x-ndjson\r\n", "Accept: zqx7@good-zqx7.test\r\n"] {
            let body = json!({"emails": addresses, "depth": "mailbox", "timeout_ms": 5_000});
            let response = ask(service.address(), post_batch(body.to_string(), headers));
            assert_eq!(response.status, 200, "{headers}");
            sent += 1;
        }
        let wrong = [
            post_batch(r#"{"emails": ["joe.zqx7@good-zqx7.test", 7]}"#, ""),
            post_batch(r#"{"emails": {"joe.zqx7@good-zqx7.test": 7}}"#, ""),
            post_batch(r#"{"joe.zqx7@good-zqx7.test": 7}"#, "X-Forwarded-For: zqx7.test\r\n"),
            post(r#"{"email": "joe.zqx7@good-zqx7.test", "zqx7": 1}"#),
            post(r#"{"email": "joe.zqx7@good-zqx7.test", "depth": "zqx7"}"#),
            post(r#"{"email": "joe.zqx7@good-zqx7.test", "locale": "zqx7!"}"#),
            post("joe.zqx7@good-zqx7.test"),
            b"GET /v1/validate?email=joe.zqx7@good-zqx7.test HTTP/1.1\r\nHost: localhost\r\n\r\n"
                .into(),
            b"GET /joe.zqx7@good-zqx7.test HTTP/1.1\r\nHost: localhost\r\n\r\n".into(),
            b"ZQX7 / HTTP/1.1\r\nHost: localhost\r\n\r\n".into(),
            b"POST /v1/validate HTTP/1.1\r\nHost: zqx7.test\r\nX-Request-Id: zqx7\r\n\r\n".into(),
            b"POST /v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/zqx7\r\n\r\n"
                .into(),
        ];
        for request in wrong {
            let response = ask(service.address(), request);
            assert!((400..500).contains(&response.status), "{}", response.text());
            sent += 1;
        }
        // What is no HTTP, and who hangs up.
        ask(service.address(), "zqx7@good-zqx7.test\r\n\r\n");
        let mut gone = Connection::open(service.address());
        gone.send(post(r#"{"email": "joe@held-zqx7.test", "timeout_ms": 30000}"#));
        dns.wait_for("held-zqx7.test");
        drop(gone);
        let ended = service.stop();
        assert_eq!(ended.status.code(), Some(0), "{level}: {}", ended.log);
        let log = ended.log.to_lowercase();
        let is_logged = matches!(level, "info" | "debug");
        let lines = log.matches("\"request\"").count();
        assert!(if is_logged { lines >= sent } else { lines == 0 }, "{level}: {log}");
        for secret in [MARK, "joe", "gmail.com", ".test"] {
            assert!(!log.contains(secret), "{level} {secret}: {log}");
        }
        assert_eq!(ended.output, "", "{level}");
    }
}

#[test]
fn files_that_are_broken_when_they_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mailvet.toml");
    std::fs::write(&path, "").unwrap();
    let mut program = offline();
    program.arg("--config").arg(&path).env("MAILVET_LOG__LEVEL", "debug");
    let service = Service::start(program);
    let files = [
        "[catalog]\nallow = 5 # joe@zqx7.test",
        "[catalog]\nallow = [\"joe@zqx7.test\", 5]",
        "[catalog]\nallow = [\"joe@@zqx7.test\"]",
        "[catalog]\ndeny = { \"joe@zqx7.test\" = true }",
        "[catalog]\n\"joe@zqx7.test\" = true",
        "[catalog]\njoe@zqx7.test = true",
        "[catalog.files]\nallow = \"joe@zqx7.test\"",
        "[catalog.files]\nallow = [\"joe@zqx7.test\"]",
        "[catalog.files]\nallow = { extend = [[\"joe@zqx7.test\"]] }",
        "[catalog.files.allow]\n\"joe@zqx7.test\" = 1",
        "\"joe@zqx7.test\" = 1\n\"joe@zqx7.test\" = 2",
        "[\"joe@zqx7.test\"]\n[\"joe@zqx7.test\"]",
        "\"joe@zqx7.test\"",
        "joe@zqx7.test",
        "[http]\nlisten = \"joe@zqx7.test\"",
        "[http]\ntrusted_proxies = \"joe@zqx7.test\"",
        "[http.limits]\nmax_requests = \"joe@zqx7.test\"",
        "[dns]\nservers = [\"joe@zqx7.test\"]",
        "[typo]\ndomains = [\"joe@zqx7.test\"]",
        "[typo]\nrisky_at = \"joe@zqx7.test\"",
        "[probe]\nmail_from = \"joe@@zqx7.test\"",
        "[probe]\nhelo = \"joe@zqx7.test\"",
        "[probe]\nproxy = \"joe@zqx7.test\"",
        "[probe]\nnever = [\"joe@zqx7.test\"]",
        "[probe]\nsource = [\"joe@zqx7.test\"]",
        "[log]\nformat = \"joe@zqx7.test\"",
        "[policy]\nadvice = \"joe@zqx7.test\"",
        "[policy.advice]\n\"joe@zqx7.test\" = 1",
    ];
    for (reloads, file) in (1..).zip(files) {
        std::fs::write(&path, file).unwrap();
        service.signal("HUP");
        until(file, || (count(service.address(), KEPT_OLD) == reloads).then_some(()));
    }
    let log = service.stop().log;
    assert_eq!(log.matches("the lists stay as they were").count(), files.len(), "{log}");
    for secret in [MARK, "joe"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
