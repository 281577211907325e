//! The service on a socket that was passed in: one process follows another, and no request is lost.

use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::support::dns::DnsServer;
use crate::support::http::{Connection, ask, get, post};
use crate::support::poll::until;
use crate::support::program::{asking, offline};
use crate::support::service::{Service, passing_in};

#[test]
fn a_socket_can_be_passed_in() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let mut program = offline();
    // It counts more than what is configured.
    program.env("MAILVET_HTTP__LISTEN", "127.0.0.1:1");
    let service = Service::start_on(&socket, &program);
    assert_eq!(service.address(), address);
    assert_eq!(ask(address, post(r#"{"email": "nonsense"}"#)).status, 200);
    assert_eq!(service.stop().status.code(), Some(0));
    // Who comes between two services waits for the next one.
    let mut early = Connection::open(address);
    early.send(post(r#"{"email": "nonsense"}"#));
    let next = Service::start_on(&socket, &program);
    assert_eq!(early.response().status, 200);
    assert_eq!(next.stop().status.code(), Some(0));
}

#[test]
fn a_second_socket_is_for_who_watches_over_the_service() {
    let sockets = || [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    // The names of both, `admin_listen`.
    let cases = [("mailvet:admin", ""), ("", "127.0.0.1:1"), ("a:a", "127.0.0.1:1")];
    for (names, admin_listen) in cases {
        let mut program = offline();
        program.env("MAILVET_HTTP__ADMIN_LISTEN", admin_listen);
        let [main, admin] = sockets();
        let service = Service::start_on_both([&main, &admin], names, &program);
        assert_eq!(get(service.address(), "/metrics").status, 404, "{names}");
        assert_eq!(get(service.admin_address(), "/metrics").status, 200, "{names}");
        assert_eq!(service.stop().status.code(), Some(0), "{names}");
    }
    let [admin, main] = sockets();
    let service = Service::start_on_both([&admin, &main], "admin:main", &offline());
    assert_eq!(get(service.address(), "/metrics").status, 200);
    assert_eq!(ask(service.admin_address(), post(r#"{"email": "nonsense"}"#)).status, 200);
}

#[test]
fn sockets_that_cannot_be_served_on() {
    let local = || TcpListener::bind("127.0.0.1:0").unwrap();
    let open = || TcpListener::bind("0.0.0.0:0").unwrap();
    let connected = || {
        let listener = local();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        TcpListener::from(OwnedFd::from(client))
    };
    // The sockets, their names, what is said.
    let datagrams = || TcpListener::from(OwnedFd::from(UdpSocket::bind("127.0.0.1:0").unwrap()));
    let cases: [(TcpListener, Option<TcpListener>, &str, &[&str]); 8] = [
        (datagrams(), Some(local()), "dns:admin", &["socket 1", "not a valid tcp socket"]),
        (local(), Some(datagrams()), "mailvet:dns", &["socket 2", "not a valid tcp socket"]),
        (open(), None, "", &["0.0.0.0", "--open"]),
        (local(), Some(open()), "mailvet:admin", &["0.0.0.0", "--open"]),
        (connected(), None, "", &["socket 1", "does not listen"]),
        (local(), Some(connected()), "mailvet:admin", &["socket 2", "does not listen"]),
        (local(), Some(local()), "", &["socket 2", "one too many", "admin_listen"]),
        (local(), Some(local()), "admin:admin", &["socket 2", "one too many"]),
    ];
    for (first, second, names, words) in cases {
        let mut program = passing_in(&first, &offline());
        program.env("LISTEN_FDNAMES", names);
        if let Some(second) = second {
            program.env("FDS", "2").stdout(OwnedFd::from(second));
        }
        let output = program.stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{words:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
}

#[test]
fn a_restart_under_load_loses_no_request() {
    const CLIENTS: usize = 6;
    const RESTARTS: usize = 4;
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let dns = DnsServer::start("good.test MX 10 mx.test\nmx.test A 192.0.2.1");
    let over = AtomicBool::new(false);
    let answered = AtomicUsize::new(0);
    let mut service = Service::start_on(&socket, &asking(&dns));
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (over, answered) = (&over, &answered);
            scope.spawn(move || {
                for turn in 0.. {
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                    let body = format!("{{\"email\": \"joe{client}.{turn}@good.test\"}}");
                    let response = ask(address, post(body));
                    assert_eq!(response.status, 200, "{}", response.text());
                    assert_eq!(response.json()["verdict"], "plausible");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let _over = OnDrop(&over);
        for _ in 0..RESTARTS {
            let before = answered.load(Ordering::Relaxed);
            until("some are answered", || {
                (answered.load(Ordering::Relaxed) > before + 5 * CLIENTS).then_some(())
            });
            let next = Service::start_on(&socket, &asking(&dns));
            let old = std::mem::replace(&mut service, next);
            let ended = old.stop();
            assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
            assert!(!ended.log.contains("still under way"), "{}", ended.log);
        }
    });
    assert_eq!(service.stop().status.code(), Some(0));
}

/// Lets the clients end also where the test fails.
struct OnDrop<'a>(&'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
