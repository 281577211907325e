//! The operator's own lists: at start, read again while the service runs, and shown by `mailvet config`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::support::dns::DnsServer;
use crate::support::http::{Connection, ask, post};
use crate::support::poll::until;
use crate::support::program::{asking, offline};
use crate::support::service::Service;
use tempfile::TempDir;

/// A folder with a configuration that names two list files beside it.
struct ReloadEnv {
    folder: TempDir,
}

impl ReloadEnv {
    fn new(settings: &str) -> Self {
        let env = Self { folder: tempfile::tempdir().unwrap() };
        env.write("disposable.txt", "# Date: 2026-01-02\nthrowaway.test\n");
        env.write("deny.txt", "eve@good.test\n");
        let files = "[catalog.files]\ndisposable = { extend = [\"disposable.txt\"] }\n\
                     deny = { extend = [\"deny.txt\"] }\n";
        env.write("mailvet.toml", &format!("{settings}\n{files}"));
        env
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn configure(&self, mut program: Command) -> Command {
        program.arg("--config").arg(self.path("mailvet.toml"));
        program
    }

    /// The program without a network.
    fn offline(&self) -> Command {
        let mut program = self.configure(offline());
        program.env("MAILVET_CATALOG__ALLOW_RESERVED", "test");
        program
    }
}

/// Reasons and advice for an address.
fn reasons_and_advice(address: SocketAddr, email: &str) -> String {
    let report = ask(address, post(format!(r#"{{"email": "{email}"}}"#))).json();
    format!("{} {}", report["reasons"], report["advice"].as_str().unwrap())
}

/// A count from the metrics.
pub(super) fn count(address: SocketAddr, metric: &str) -> u64 {
    let metrics = ask(address, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let line = metrics.text().lines().find_map(|line| line.strip_prefix(metric)).unwrap_or("0");
    line.trim().parse().unwrap()
}

const LOADED: &str = "mailvet_list_reloads_total{outcome=\"loaded\"}";
pub(super) const KEPT_OLD: &str = "mailvet_list_reloads_total{outcome=\"kept_old\"}";

const UNKNOWN: &str = "[\"not_checked\"] accept";
const DISPOSABLE: &str = "[\"disposable\",\"not_checked\"] confirm";
const DENIED: &str = "[\"denied_by_operator\",\"not_checked\"] reject";

#[test]
fn a_hang_up_signal_puts_new_lists_in_force() {
    let env = ReloadEnv::new("");
    let service = Service::start(env.offline());
    let address = service.address();
    assert_eq!(reasons_and_advice(address, "joe@throwaway.test"), DISPOSABLE);
    assert_eq!(reasons_and_advice(address, "Eve@good.test"), DENIED);
    assert_eq!(reasons_and_advice(address, "joe@new.test"), UNKNOWN);

    env.write("disposable.txt", "new.test\n");
    env.write("deny.txt", "");
    service.signal("HUP");
    until("the lists are read again", || (count(address, LOADED) == 1).then_some(()));
    assert_eq!(reasons_and_advice(address, "joe@throwaway.test"), UNKNOWN);
    assert_eq!(reasons_and_advice(address, "Eve@good.test"), UNKNOWN);
    assert_eq!(reasons_and_advice(address, "joe@below.new.test"), DISPOSABLE);
}

#[test]
fn the_configuration_is_read_again_with_the_lists() {
    let env = ReloadEnv::new("[catalog]\nallow = [\"throwaway.test\"]");
    let service = Service::start(env.offline());
    let address = service.address();
    let allowed = "[\"not_checked\",\"allowed_by_operator\"] accept";
    assert_eq!(reasons_and_advice(address, "joe@throwaway.test"), allowed);
    env.write("mailvet.toml", "[catalog]\ndeny = [\"throwaway.test\"]");
    service.signal("HUP");
    until("the lists are read again", || (count(address, LOADED) == 1).then_some(()));
    assert_eq!(reasons_and_advice(address, "joe@throwaway.test"), DENIED);
}

#[test]
fn a_bad_file_keeps_the_old_lists_and_says_so() {
    let env = ReloadEnv::new("");
    let service = Service::start(env.offline());
    let address = service.address();
    env.write("disposable.txt", "new.test\nmarked somebody@private.test\n");
    service.signal("HUP");
    until("it is noticed", || (count(address, KEPT_OLD) == 1).then_some(()));
    assert_eq!(reasons_and_advice(address, "joe@throwaway.test"), DISPOSABLE, "the old list");
    assert_eq!(reasons_and_advice(address, "joe@new.test"), UNKNOWN, "nothing of the new one");
    std::fs::remove_file(env.path("disposable.txt")).unwrap();
    service.signal("HUP");
    until("it is noticed", || (count(address, KEPT_OLD) == 2).then_some(()));
    env.write("disposable.txt", "new.test\n");
    service.signal("HUP");
    until("it is mended", || (count(address, LOADED) == 1).then_some(()));
    assert_eq!(reasons_and_advice(address, "joe@new.test"), DISPOSABLE);
    let log = service.stop().log;
    assert!(log.contains("disposable.txt, line 2: not a domain name"), "{log}");
    assert!(log.contains("cannot read the list of disposable"), "{log}");
    assert!(!log.contains("marked") && !log.contains("private.test"), "{log}");
}

#[test]
fn a_changed_file_is_noticed_where_that_is_switched_on() {
    let env = ReloadEnv::new("[catalog]\nwatch_seconds = 1");
    let service = Service::start(env.offline());
    let address = service.address();
    env.write("disposable.txt", "a-much-longer-name.new.test\n");
    until("the change is noticed", || (count(address, LOADED) >= 1).then_some(()));
    assert_eq!(reasons_and_advice(address, "joe@a-much-longer-name.new.test"), DISPOSABLE);
    assert_eq!(reasons_and_advice(address, "joe@throwaway.test"), UNKNOWN);
}

#[test]
fn a_reload_under_load_drops_no_request() {
    const CLIENTS: usize = 4;
    const RELOADS: u64 = 30;
    let env = ReloadEnv::new("");
    let service = Service::start(env.offline());
    let address = service.address();
    let stop = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (stop, answered) = (stop.clone(), answered.clone());
            std::thread::spawn(move || {
                let mut connection = Connection::open(address);
                while !stop.load(Ordering::Relaxed) {
                    connection.send(post(r#"{"email": "joe@throwaway.test"}"#));
                    let response = connection.response();
                    assert_eq!(response.status, 200, "{}", response.text());
                    let verdict = response.json()["verdict"].as_str().unwrap().to_owned();
                    assert!(verdict == "risky" || verdict == "unknown", "{verdict}");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for round in 0..RELOADS {
        let text = match round % 3 {
            0 => "other.test\n",
            1 => "no domain at all\n",
            _ => "throwaway.test\n",
        };
        env.write("disposable.txt", text);
        let before = answered.load(Ordering::Relaxed);
        service.signal("HUP");
        until("the lists were read again, between requests", || {
            let done = count(address, LOADED) + count(address, KEPT_OLD) > round;
            (done && answered.load(Ordering::Relaxed) > before + CLIENTS).then_some(())
        });
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().expect("every request is answered");
    }
    assert_eq!(count(address, KEPT_OLD), RELOADS / 3);
    assert_eq!(reasons_and_advice(address, "joe@throwaway.test"), DISPOSABLE, "the last list");
}

#[test]
fn denied_and_allowed_mail_servers() {
    let env = ReloadEnv::new("");
    env.write("deny.txt", "mx:foe.test\ngood.test\n");
    env.write(
        "mailvet.toml",
        "[catalog]\nallow = [\"mx:friend.test\", \"vip@hosted.test\"]\n\
         [catalog.files]\ndeny = { replace = [\"deny.txt\"] }",
    );
    let dns = DnsServer::start(
        "hosted.test MX 10 mx.foe.test\nmx.foe.test A 192.0.2.1\n\
         trusted.test MX 10 mx.friend.test\nmx.friend.test A 192.0.2.2\ngood.test MX 10 mx.friend.test",
    );
    let service = Service::start(env.configure(asking(&dns)));
    let address = service.address();
    let cases = [
        ("joe@hosted.test", "[\"denied_by_operator\",\"domain_accepts_mail\"] reject"),
        ("vip@hosted.test", "[\"domain_accepts_mail\",\"allowed_by_operator\"] accept"),
        ("joe@trusted.test", "[\"domain_accepts_mail\",\"allowed_by_operator\"] accept"),
        ("joe@good.test", "[\"denied_by_operator\",\"domain_accepts_mail\"] reject"),
    ];
    for (email, expected) in cases {
        assert_eq!(reasons_and_advice(address, email), expected, "{email}");
    }
}

#[test]
fn a_bad_list_is_named_at_start() {
    let cases = [
        ("disposable.txt", "good.test\n\nbad domain.test\n", "disposable.txt, line 3: "),
        ("deny.txt", "joe@\n", "deny.txt, line 1: not an address"),
        ("disposable.txt", "x.test\nX.test\n", "disposable.txt, line 2: a second row"),
        (
            "mailvet.toml",
            "[catalog]\nallow = [\"ok.test\", \"a b\"]",
            "catalog.allow, line 2: not a domain name",
        ),
        (
            "mailvet.toml",
            "[catalog.files]\nroles = { extend = [\"none.txt\"] }",
            "cannot read the list of roles",
        ),
        (
            "mailvet.toml",
            "[catalog.files]\nrolls = { extend = [\"x.txt\"] }",
            "did you mean `catalog.files.roles",
        ),
    ];
    for (file, text, message) in cases {
        let env = ReloadEnv::new("");
        env.write(file, text);
        for command in [vec!["check", "joe@good.test"], vec!["config"]] {
            let output = env.offline().args(&command).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{command:?} {text}: {said}");
            assert!(said.contains(message), "{command:?} {text}: {said}");
        }
    }
    let env = ReloadEnv::new("");
    std::fs::write(env.path("deny.txt"), b"good.test\nb\xfcse.test\n").unwrap();
    let output = env.offline().arg("config").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("deny.txt, line 2: not UTF-8"), "{said}");
}

#[test]
fn config_shows_what_is_in_force_and_can_be_used_again() {
    let env = ReloadEnv::new("[typo]\nrisky_at = 0.9");
    let shown = |program: &mut Command| {
        let output = program.arg("config").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        String::from_utf8(output.stdout).unwrap()
    };
    let mut program = env.offline();
    let text = shown(program.args(["--dns", "127.0.0.1:5353"]).env("MAILVET_DNS__TRIES", "2"));
    let file = env.path("mailvet.toml").display().to_string();
    for line in [
        format!("risky_at = 0.9  # {file}"),
        "suggest_at = 0.5  # default".to_owned(),
        "tries = 2  # MAILVET_DNS__TRIES".to_owned(),
        "servers = [\"127.0.0.1:5353\"]  # --dns".to_owned(),
        "canaries = [\"gmail.com\", \"outlook.com\", \"yahoo.com\", \"icloud.com\", \"gmx.net\"]  # default"
            .to_owned(),
        format!(
            "# disposable               1  2026-01-02  {}",
            env.path("disposable.txt").display()
        ),
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line}\n{text}");
    }
    let again = ReloadEnv::new("");
    again.write("mailvet.toml", &text);
    let values = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| line.split("  # ").next().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(values(&shown(&mut again.offline())), values(&text));
}
