//! Which server is asked, how often, and which packets are believed.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};
use mailvet::config::Config;
use mailvet::dns::hickory::{DnsSettings, HickoryDns};
use mailvet::dns::{Dns, Servers};
use mailvet::route::{Failure, ServerId};

use tokio::time::Instant;

use super::asking::{PATIENT, REPEAT, addresses, came, host, line, mx, resolver};
use crate::support::dns::{DnsServer, Protocol};

const GOOD: &str = "
    a.test MX 10 mx.test
    b.test MX 10 mx.test
";

#[tokio::test]
async fn a_server_that_does_not_answer_is_passed_over() {
    let cases = [
        ("SERVFAIL", "* SERVFAIL"),
        ("REFUSED", "* REFUSED"),
        ("FORMERR", "* FORMERR"),
        ("NOTIMP", "* NOTIMP"),
        ("a referral", "* REFERRAL"),
        ("silence", "* SILENCE"),
        ("another packet's id", "* ONLY WRONG-ID"),
        ("another question", "* ONLY WRONG-QUESTION"),
        ("nonsense", "* ONLY ID-AND-GARBAGE"),
        ("aliases in a circle", "* CNAME a.test"),
        ("nothing over TCP", "* TRUNCATED\n* TCP-SILENCE"),
        ("a TCP connection that breaks off", "* TRUNCATED\n* TCP-HANGS-UP"),
    ];
    for (case, zone) in cases {
        let (first, second) = (DnsServer::start(zone), DnsServer::start(GOOD));
        let dns = resolver([&first, &second], Duration::from_millis(500), 2);
        assert_eq!(mx(&dns, "a.test").await, "300: 10 mx.test", "{case}");
        let packets = first.all_packets();
        assert!(packets > 0, "{case}");
        // Only the first who asks loses time with it.
        assert_eq!(mx(&dns, "b.test").await, "300: 10 mx.test", "{case}");
        assert_eq!(first.all_packets(), packets, "{case}");
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_passed_over() {
    let (mut first, second) = (DnsServer::start(GOOD), DnsServer::start(GOOD));
    let dns = resolver([&first, &second], Duration::from_millis(500), 2);
    assert_eq!(mx(&dns, "a.test").await, "300: 10 mx.test");
    assert_eq!((first.all_packets(), second.all_packets()), (1, 0));
    first.stop();
    assert_eq!(mx(&dns, "a.test").await, "300: 10 mx.test");
    assert_eq!((first.all_packets(), second.all_packets()), (1, 1));
}

#[tokio::test]
async fn every_server_has_its_turn_however_few_the_tries() {
    let bad = "* SERVFAIL";
    for tries in [1, 2] {
        let servers = [bad, bad, GOOD].map(DnsServer::start);
        let dns = resolver(&servers, PATIENT, tries);
        let mut answers = Vec::new();
        for _ in 0..4 {
            answers.push(mx(&dns, "a.test").await);
        }
        let failures = 2 / tries;
        let (failed, answered) = answers.split_at(failures);
        assert!(failed.iter().all(|answer| answer == "servfail"), "{tries}: {answers:?}");
        assert!(answered.iter().all(|answer| answer == "300: 10 mx.test"), "{tries}: {answers:?}");
    }
}

#[tokio::test]
async fn a_lost_packet_is_sent_again_in_time_also_after_many_names_that_are_not() {
    const TRIES: usize = 3;
    join_all((0..=TRIES).map(|lost| async move {
        let server = DnsServer::start(&format!(
            "* NXDOMAIN\nlossy.test MX 10 mx.test\nlossy.test DROPS {lost}"
        ));
        // The last try is waited for as long as a busy machine needs, unless it is lost too.
        let timeout = if lost < TRIES { PATIENT } else { 2 * REPEAT };
        let dns = resolver([&server], timeout, TRIES);
        // Each of these would make hickory think that the server is slow, and wait longer before it
        // sends a packet again.
        for n in 0..60 {
            assert_eq!(mx(&dns, &format!("gone{n}.test")).await, "300: no name", "{n}");
        }
        let expected = if lost < TRIES { "300: 10 mx.test" } else { "timeout" };
        assert_eq!(mx(&dns, "lossy.test").await, expected, "{lost} lost");
        // A busy machine may send one again that was not lost.
        let packets = server.packets("lossy.test", "MX", Protocol::Udp);
        assert!((lost.max(1)..=TRIES).contains(&packets), "{lost} lost, {packets} sent");
        assert!(packets > lost || lost == TRIES, "{lost} lost, {packets} sent");
    }))
    .await;
}

#[tokio::test]
async fn the_default_clocks_survive_two_lost_packets_and_send_no_more_than_they_say() {
    let defaults = Config::default();
    let mut tries_left = 5;
    loop {
        let lossy = "
            a.test MX 10 mx.test
            a.test DROPS 2
            mx.test A 192.0.2.1
            mx.test DROPS 2";
        let server = DnsServer::start(lossy);
        let dns = HickoryDns::new(&DnsSettings {
            servers: vec![server.address()],
            repeat: defaults.dns.repeat(),
            timeout: defaults.dns.timeout(),
            tries: defaults.dns.tries,
        })
        .unwrap();
        let began = Instant::now();
        assert_eq!(mx(&dns, "a.test").await, "300: 10 mx.test");
        assert_eq!(addresses(&dns, &host("mx.test")).await, "300: 192.0.2.1");
        if began.elapsed() < Duration::from_millis(defaults.budget.timeout_ms) {
            assert_eq!(server.all_packets(), 6, "three for each");
            break;
        }
        // A busy machine may be late once.
        tries_left -= 1;
        assert!(tries_left > 0, "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_late_answer_counts_and_the_next_server_is_asked_meanwhile() {
    // The second server says nothing, or that it does not know, while the first takes its time.
    for (case, zone) in [("silent", "* SILENCE"), ("fails", "* SERVFAIL")] {
        let (first, second) =
            (DnsServer::start(&format!("{GOOD}a.test HELD")), DnsServer::start(zone));
        let dns = resolver([&first, &second], PATIENT, 2);
        let name = host("a.test");
        let release = async {
            came(&second, "a.test").await;
            first.release();
        };
        let (answered, ()) = tokio::join!(dns.mx(&name, Servers::InUse), release);
        assert_eq!(line(&answered.result), "300: 10 mx.test", "{case}");
        assert_eq!(answered.by, Some(ServerId(0)), "{case}");
        assert_eq!((first.all_packets(), second.all_packets()), (1, 1), "{case}");
    }
}

#[tokio::test]
async fn a_second_opinion_is_never_of_the_server_that_answered() {
    // The first server lies about one name and fails for the others, so that these move on to the second
    // while the second opinions on that one are asked for.
    let liar = DnsServer::start("gone.test NXDOMAIN\n* SERVFAIL");
    let honest = DnsServer::start("* MX 10 mx.test");
    let dns = resolver([&liar, &honest], PATIENT, 2);
    for round in 0..20 {
        let lie = dns.mx(&host("gone.test"), Servers::Only(ServerId(0))).await;
        assert_eq!((line(&lie.result).as_str(), lie.by), ("300: no name", Some(ServerId(0))));
        let opinion = async {
            let opinion = dns.mx(&host("gone.test"), Servers::Except(ServerId(0))).await;
            assert_eq!(line(&opinion.result), "300: 10 mx.test", "{round}");
            assert_eq!(opinion.by, Some(ServerId(1)), "{round}");
        };
        let others = join_all((0..10).map(|n| {
            let dns = &dns;
            async move {
                let answered = dns.mx(&host(&format!("n{n}-{round}.test")), Servers::InUse).await;
                assert_eq!(answered.by, Some(ServerId(1)), "{round}: {n}");
            }
        }));
        tokio::join!(opinion, others);
    }
}

#[tokio::test]
async fn who_is_out_of_use_is_not_asked() {
    let servers = [GOOD, GOOD, GOOD].map(DnsServer::start);
    let dns = resolver(&servers, PATIENT, 3);
    let by = async |of| dns.mx(&host("a.test"), of).await.by;
    let (all, none): (Vec<ServerId>, &[ServerId]) = (dns.servers(), &[]);
    for (case, in_use, of, expected) in [
        ("all", &all[..], Servers::InUse, Some(ServerId(0))),
        ("the last alone", &all[2..], Servers::InUse, Some(ServerId(2))),
        ("no other in use", &all[2..], Servers::Except(ServerId(2)), None),
        ("two", &all[1..], Servers::Except(ServerId(2)), Some(ServerId(1))),
        ("one that is not in use", &all[1..], Servers::Only(ServerId(0)), Some(ServerId(0))),
        ("none, which is all", none, Servers::Except(ServerId(1)), Some(ServerId(2))),
    ] {
        dns.set_in_use(in_use);
        assert_eq!(by(of).await, expected, "{case}");
    }
}

#[tokio::test]
async fn a_server_that_is_named_twice_is_one() {
    let server = DnsServer::start(GOOD);
    let dns = resolver([&server, &server], PATIENT, 1);
    assert_eq!(dns.servers(), [ServerId(0)]);
    assert!(!dns.has_other(ServerId(0)));
}

#[tokio::test]
async fn records_of_other_names_are_no_answer() {
    let server = DnsServer::start("a.test MX 10 mx.test\na.test OF-ANOTHER-NAME");
    let dns = resolver([&server], PATIENT, 1);
    assert_eq!(mx(&dns, "a.test").await, "malformed");
}

#[tokio::test]
async fn packets_that_are_no_answer() {
    // The packet, the answer where the right one follows, the answer where none does.
    let cases = [
        ("WRONG-ID", "300: 10 mx.test", "timeout"),
        ("WRONG-QUESTION", "300: 10 mx.test", "timeout"),
        ("GARBAGE", "300: 10 mx.test", "timeout"),
        ("EMPTY", "300: 10 mx.test", "timeout"),
        ("ELSEWHERE", "300: 10 mx.test", "timeout"),
        // It may well be the answer, garbled on the way.
        ("ID-AND-GARBAGE", "malformed", "malformed"),
    ];
    for (packet, with_answer, alone) in cases {
        for (when, timeout, expected) in
            [("FIRST", PATIENT, with_answer), ("ONLY", Duration::from_millis(100), alone)]
        {
            let server = DnsServer::start(&format!("a.test MX 10 mx.test\na.test {when} {packet}"));
            let dns = resolver([&server], timeout, 2);
            assert_eq!(mx(&dns, "a.test").await, expected, "{when} {packet}");
        }
    }
}

#[tokio::test]
async fn long_answers_come_over_tcp() {
    let mut server = DnsServer::start(
        "a.test MX 10 mx.test\na.test TRUNCATED\nb.test MX 10 mx.test\nb.test TRUNCATED",
    );
    let dns = resolver([&server], PATIENT, 2);
    for (name, what) in [("a.test", "a first connection"), ("b.test", "the same connection")] {
        assert_eq!(mx(&dns, name).await, "300: 10 mx.test", "{what}");
        for protocol in [Protocol::Udp, Protocol::Tcp] {
            assert_eq!(server.packets(name, "MX", protocol), 1, "{what}: {protocol:?}");
        }
    }
    server.stop();
    server.start_again();
    assert_eq!(mx(&dns, "a.test").await, "300: 10 mx.test", "a connection that was cut");
    assert_eq!(server.packets("a.test", "MX", Protocol::Tcp), 2);
}

#[tokio::test]
async fn the_same_question_at_the_same_time_is_one_packet() {
    let server = DnsServer::start("a.test MX 10 mx.test\na.test HELD");
    let dns = resolver([&server], PATIENT, 1);
    let questions = join_all((0..50).map(|_| mx(&dns, "a.test")));
    let release = async {
        came(&server, "a.test").await;
        server.release();
    };
    let (answers, ()) = tokio::join!(questions, release);
    assert!(answers.iter().all(|answer| answer == "300: 10 mx.test"), "{answers:?}");
    assert_eq!(server.packets("a.test", "MX", Protocol::Udp), 1);
}

#[tokio::test]
async fn who_joined_a_question_keeps_it_when_the_first_hangs_up() {
    let server = DnsServer::start("a.test MX 10 mx.test\na.test HELD");
    let dns = resolver([&server], PATIENT, 1);
    let name = host("a.test");
    let mut joined = dns.mx(&name, Servers::InUse);
    {
        let mut first = dns.mx(&name, Servers::InUse);
        tokio::select! {
            biased;
            _ = &mut first => panic!("answered before the answer was let go"),
            _ = &mut joined => panic!("answered before the answer was let go"),
            () = came(&server, "a.test") => {}
        }
    }
    server.release();
    assert_eq!(line(&joined.await.result), "300: 10 mx.test");
    assert_eq!(server.packets("a.test", "MX", Protocol::Udp), 1);
}

#[tokio::test]
async fn a_question_that_joined_a_lost_packet_has_the_next_ones_for_itself() {
    const QUESTIONS: usize = 10;
    // The packet that all have in common is lost, and of those that follow the first.
    let cases: [(&str, &[usize]); 2] = [("one server", &[2]), ("two servers", &[1, 1])];
    for (case, lost) in cases {
        let zone = |lost| format!("a.test MX 10 mx.test\na.test DROPS {lost}");
        let servers: Vec<DnsServer> =
            lost.iter().map(|lost| DnsServer::start(&zone(lost))).collect();
        let dns = resolver(&servers, PATIENT, 2);
        let questions: FuturesUnordered<_> = (0..QUESTIONS).map(|_| mx(&dns, "a.test")).collect();
        let answered: Vec<String> = questions.take(QUESTIONS - 1).collect().await;
        assert!(answered.iter().all(|answer| answer == "300: 10 mx.test"), "{case}: {answered:?}");
        let packets: usize = servers.iter().map(DnsServer::all_packets).sum();
        assert_eq!(packets, 1 + QUESTIONS, "{case}");
    }
}

#[tokio::test]
async fn a_second_opinion_is_of_another_server() {
    let cases = [
        ("agrees", "* NXDOMAIN", "300: no name"),
        ("knows better", GOOD, "300: 10 mx.test"),
        ("knows the name", "* NODATA", "300: no data"),
        ("fails", "* SERVFAIL", "servfail"),
        ("silent", "* SILENCE", "timeout"),
    ];
    for (case, zone, expected) in cases {
        let (first, second) = (DnsServer::start("* NXDOMAIN"), DnsServer::start(zone));
        let dns = resolver([&first, &second], Duration::from_millis(500), 1);
        assert_eq!(mx(&dns, "a.test").await, "300: no name", "{case}");
        assert!(dns.has_other(ServerId(0)), "{case}");
        let opinion = dns.mx(&host("a.test"), Servers::Except(ServerId(0))).await;
        assert_eq!(line(&opinion.result), expected, "{case}");
        let said_nothing = opinion.result == Err(Failure::Timeout);
        assert_eq!(opinion.by, (!said_nothing).then_some(ServerId(1)), "{case}");
        assert_eq!((first.all_packets(), second.questions().len()), (1, 1), "{case}");
    }
    let alone = DnsServer::start("* NXDOMAIN");
    let dns = resolver([&alone], PATIENT, 1);
    assert!(!dns.has_other(ServerId(0)));
    let opinion = dns.mx(&host("a.test"), Servers::Except(ServerId(0))).await;
    assert_eq!((opinion.result, opinion.by), (Err(Failure::Unreachable), None));
    assert_eq!(alone.all_packets(), 0);
}
