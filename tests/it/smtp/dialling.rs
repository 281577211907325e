//! Who is dialled, by which way, and who never is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use mailvet::reach::ReachPolicy;
use mailvet::smtp::dial::{
    DialGuard, Dialer, Egress, MAX_ADDRESSES, SMTP_PORT, Socks5, SourceAddress, Target,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tokio::net::TcpSocket;

use super::asking::{Wire, client, ended, host, outcome_text, recipients, target};
use crate::support::smtp::{MailServer, SmtpServer};
use crate::support::socks::{Conduct, SocksProxy};

const KNOWN: &str = "OFFERS PIPELINING STARTTLS\nRCPT known@good.test 250 2.1.5 Ok";

/// A guard that lets loopback through.
fn guard(port: u16) -> DialGuard {
    let allowed = ["127.0.0.0/8", "::1/128"].map(|net| net.parse().unwrap()).to_vec();
    DialGuard::new(ReachPolicy::allowing(allowed), port)
}

fn targets(address: SocketAddr) -> Vec<Target> {
    guard(address.port()).targets(&[address.ip()])
}

/// What comes of dialling these.
async fn answers(dialer: &dyn Dialer, targets: &[Target]) -> String {
    match client().connect(dialer, &host(), targets).await {
        Err(error) => ended(&error),
        Ok(mut session) => {
            let asked = session.ask(&recipients("known@good.test nobody@good.test")).await;
            let _ = session.quit().await;
            asked.iter().map(outcome_text).collect::<Vec<_>>().join(" ")
        }
    }
}

/// Addresses that no mail server on the internet has, in every disguise.
fn barred() -> impl Strategy<Value = IpAddr> {
    let v4 = prop_oneof![
        (any::<[u8; 3]>()).prop_map(|[b, c, d]| [10, b, c, d]),
        (16_u8..32, any::<[u8; 2]>()).prop_map(|(b, [c, d])| [172, b, c, d]),
        any::<[u8; 2]>().prop_map(|[c, d]| [192, 168, c, d]),
        any::<[u8; 3]>().prop_map(|[b, c, d]| [127, b, c, d]),
        any::<[u8; 2]>().prop_map(|[c, d]| [169, 254, c, d]),
        (64_u8..128, any::<[u8; 2]>()).prop_map(|(b, [c, d])| [100, b, c, d]),
        any::<[u8; 3]>().prop_map(|[b, c, d]| [0, b, c, d]),
        (224_u8.., any::<[u8; 3]>()).prop_map(|(a, [b, c, d])| [a, b, c, d]),
        prop::sample::select(vec![
            [192, 0, 2, 1],
            [198, 51, 100, 7],
            [203, 0, 113, 9],
            [198, 18, 0, 1]
        ]),
    ]
    .prop_map(Ipv4Addr::from);
    let wrapped = |[a, b, c, d]: [u8; 4], head: [u16; 6]| {
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let [s, t, u, v, w, x] = head;
        Ipv6Addr::new(s, t, u, v, w, x, high, low)
    };
    let disguise = prop::sample::select(vec![
        // Mapped, compatible, translated by NAT64 and by a private NAT64.
        [0, 0, 0, 0, 0, 0xffff],
        [0, 0, 0, 0, 0, 0],
        [0x64, 0xff9b, 0, 0, 0, 0],
        [0x64, 0xff9b, 1, 0, 0, 0],
        [0, 0, 0, 0, 0xffff, 0],
    ]);
    let six_to_four = |ip: Ipv4Addr| {
        let [a, b, c, d] = ip.octets();
        Ipv6Addr::new(0x2002, u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]), 0, 0, 0, 0, 1)
    };
    prop_oneof![
        v4.clone().prop_map(IpAddr::from),
        (v4.clone(), disguise).prop_map(move |(ip, head)| wrapped(ip.octets(), head).into()),
        v4.prop_map(move |ip| six_to_four(ip).into()),
        prop_oneof![
            (0xfc00_u16..0xfe00, any::<[u16; 7]>()),
            (0xfe80_u16..0xfec0, any::<[u16; 7]>()),
            (0xfec0_u16..0xff00, any::<[u16; 7]>()),
            (0xff00_u16.., any::<[u16; 7]>()),
            (
                Just(0x3fff),
                any::<[u16; 7]>().prop_map(|[b, rest @ ..]| {
                    let [c, d, e, f, g, h] = rest;
                    [b & 0x0fff, c, d, e, f, g, h]
                })
            ),
            (
                Just(0x2001),
                any::<[u16; 7]>().prop_map(|[b, rest @ ..]| {
                    let [c, d, e, f, g, h] = rest;
                    [b & 0x01ff, c, d, e, f, g, h]
                })
            ),
            (
                Just(0x2001),
                any::<[u16; 6]>().prop_map(|[c, d, e, f, g, h]| [0xdb8, c, d, e, f, g, h])
            ),
            (0x4000_u16..0xfc00, any::<[u16; 7]>()),
        ]
        .prop_map(|(a, [b, c, d, e, f, g, h])| Ipv6Addr::new(a, b, c, d, e, f, g, h).into()),
        Just(Ipv6Addr::LOCALHOST.into()),
        Just(Ipv6Addr::UNSPECIFIED.into()),
    ]
}

#[tokio::test(start_paused = true)]
async fn of_a_thousand_odd_addresses_none_is_dialled() {
    let guard = DialGuard::new(ReachPolicy::default(), SMTP_PORT);
    let server = MailServer::new(KNOWN);
    let wire = Wire::to(&server);
    let mut runner = TestRunner::deterministic();
    let odd: Vec<IpAddr> =
        (0..1000).map(|_| barred().new_tree(&mut runner).unwrap().current()).collect();
    for ip in &odd {
        assert_eq!(answers(&wire, &guard.targets(&[*ip])).await, "no_target at Connect", "{ip}");
    }
    assert_eq!(wire.dialled(), []);
    assert_eq!(server.visits().len(), 0);
    // One good address among them is the only one that is dialled.
    let mut many = odd;
    many.insert(500, target().ip());
    assert_eq!(answers(&wire, &guard.targets(&many)).await, "250 550");
    assert_eq!(wire.dialled(), [target()]);
}

#[tokio::test(start_paused = true)]
async fn a_host_is_tried_so_often_and_no_more() {
    let guard = DialGuard::new(ReachPolicy::default(), SMTP_PORT);
    let ips: Vec<IpAddr> = (1..50).map(|n| IpAddr::from([8, 8, 8, n])).collect();
    let wire = Wire::cut();
    assert_eq!(answers(&wire, &guard.targets(&ips)).await, "refused at Connect");
    assert_eq!(wire.dialled().len(), MAX_ADDRESSES);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_takes_the_place_of_those_behind_it() {
    let guard = DialGuard::new(ReachPolicy::default(), SMTP_PORT);
    let wire = Wire::to(&MailServer::new("BANNER 554 5.7.1 Blocked"));
    let both = guard.targets(&[[8, 8, 8, 8].into(), [8, 8, 4, 4].into()]);
    assert_eq!(answers(&wire, &both).await, "554 at Connect");
    assert_eq!(wire.dialled().len(), 1);
}

#[tokio::test]
async fn the_next_address_where_the_first_does_not_answer() {
    let server = SmtpServer::start_at("127.0.0.2:0".parse().unwrap(), KNOWN);
    let port = server.address().port();
    // The port is bound and not listened on, so that no other process can.
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind((Ipv4Addr::LOCALHOST, port).into()).unwrap();
    let both = guard(port).targets(&[Ipv4Addr::LOCALHOST.into(), server.address().ip()]);
    assert_eq!(
        answers(&Egress::Direct(SourceAddress::System), &both[..1]).await,
        "refused at Connect"
    );
    assert_eq!(answers(&Egress::Direct(SourceAddress::System), &both).await, "250 550");
    let [visit] = &server.visits()[..] else { panic!("one connection") };
    assert!(visit.encrypted);
}

#[tokio::test]
async fn ipv6() {
    // A machine may have none.
    if std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        return;
    }
    let server = SmtpServer::start_at((Ipv6Addr::LOCALHOST, 0).into(), KNOWN);
    let targets = targets(server.address());
    assert_eq!(answers(&Egress::Direct(SourceAddress::System), &targets).await, "250 550");
    let source = SourceAddress::Fixed { v4: None, v6: Some(Ipv6Addr::LOCALHOST) };
    assert_eq!(answers(&Egress::Direct(source), &targets).await, "250 550");
}

#[tokio::test]
async fn the_source_address() {
    let server = SmtpServer::start(KNOWN);
    let targets = targets(server.address());
    let named = Ipv4Addr::new(127, 0, 0, 3);
    // One that this machine does not have: documentation addresses belong to no machine.
    let foreign = Ipv4Addr::new(203, 0, 113, 1);
    for (source, expected) in [
        (SourceAddress::Fixed { v4: Some(named), v6: None }, "250 550"),
        (SourceAddress::Fixed { v4: Some(foreign), v6: None }, "bad_source at Connect"),
        // Of the other family only.
        (SourceAddress::Fixed { v4: None, v6: Some(Ipv6Addr::LOCALHOST) }, "no_route at Connect"),
    ] {
        assert_eq!(answers(&Egress::Direct(source), &targets).await, expected, "{source:?}");
    }
    let [visit] = &server.visits()[..] else { panic!("one connection") };
    assert_eq!(visit.peer.map(|peer| peer.ip()), Some(named.into()));
}

#[tokio::test]
async fn by_a_proxy() {
    let server = SmtpServer::start(KNOWN);
    let targets = targets(server.address());
    for (conduct, password, expected) in [
        (Conduct::Connect, "", "250 550"),
        (Conduct::Secret, "secret", "250 550"),
        (Conduct::Secret, "wrong", "proxy_failed at Connect"),
        (Conduct::Secret, "", "proxy_failed at Connect"),
        (Conduct::Reply(1), "", "proxy_failed at Connect"),
        (Conduct::Reply(2), "", "proxy_failed at Connect"),
        (Conduct::Reply(3), "", "no_route at Connect"),
        (Conduct::Reply(4), "", "no_route at Connect"),
        (Conduct::Reply(5), "", "refused at Connect"),
        (Conduct::Reply(6), "", "timed_out at Connect"),
        (Conduct::Reply(99), "", "proxy_failed at Connect"),
        (Conduct::HangUp, "", "proxy_failed at Connect"),
    ] {
        let proxy = SocksProxy::start(conduct).await;
        let login = (!password.is_empty()).then_some(("joe", password));
        let dialer = Egress::Proxy(Socks5::new("127.0.0.1", proxy.address().port(), login));
        assert_eq!(answers(&dialer, &targets).await, expected, "{conduct:?} {password}");
        if expected == "250 550" {
            let user = login.map_or("", |(user, _)| user);
            assert_eq!(proxy.asked(), [format!("{user} {}", server.address())]);
        }
    }
    assert_eq!(server.visits().len(), 2);
}

#[tokio::test]
async fn a_proxy_that_is_not_there() {
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let port = closed.local_addr().unwrap().port();
    let dialer = Egress::Proxy(Socks5::new("127.0.0.1", port, None));
    assert_eq!(answers(&dialer, &[target()]).await, "proxy_failed at Connect");
}
