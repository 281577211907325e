//! STARTTLS: taken where it is offered, done without where it fails, unless the server minds.

use std::time::Duration;

use mailvet::reach::ReachPolicy;
use mailvet::smtp::dial::{DialGuard, SMTP_PORT};
use mailvet::smtp::{Encryption, Synchronisation, Timeouts};
use tokio::time::Instant;

use super::asking::{
    PATIENCE, Wire, ask, client, client_with, connect, ended, host, outcome_text, recipients,
    target,
};
use crate::support::smtp::MailServer;

const KNOWN: &str = "RCPT a@good.test 250 2.1.5 Ok\nRCPT #2 250 2.1.5 Ok\n";
const DEMANDED: &str = "IN-CLEAR MAIL 530 5.7.0 Must issue a STARTTLS command first\n";

#[tokio::test(start_paused = true)]
async fn what_becomes_of_an_offer() {
    use Encryption::{Failed, NotOffered, Tls};
    let works: &[&str] = &["250"];
    let fails: &[&str] = &["not asked: tls at StartTls"];
    // Rules, how it is encrypted, what is answered, how many connections.
    let cases: [(&str, &str, Encryption, &[&str], usize); 17] = [
        ("not offered", "", NotOffered, works, 1),
        ("offered", "OFFERS STARTTLS", Tls, works, 1),
        ("offered by an old server", "OFFERS STARTTLS\nTLS OLD", Tls, works, 1),
        ("demanded", &format!("OFFERS STARTTLS\n{DEMANDED}"), Tls, works, 1),
        ("demanded, not offered", DEMANDED, NotOffered, &["530 at MailFrom"], 1),
        ("refused for now", "OFFERS STARTTLS\nSTARTTLS 454 4.7.0 Not now", Failed, works, 1),
        ("refused", "OFFERS STARTTLS\nSTARTTLS 502 5.5.1 No", Failed, works, 1),
        ("accepted by another code", "OFFERS STARTTLS\nSTARTTLS 250 Ok", Failed, works, 1),
        (
            "refused and demanded",
            &format!("OFFERS STARTTLS\nSTARTTLS 454 Not now\n{DEMANDED}"),
            Failed,
            fails,
            1,
        ),
        ("cut off", "OFFERS STARTTLS\nTLS DROP", Failed, works, 2),
        ("garbage", "OFFERS STARTTLS\nTLS GARBAGE", Failed, works, 2),
        ("endless", "OFFERS STARTTLS\nTLS ENDLESS", Failed, works, 2),
        ("a trickle", "OFFERS STARTTLS\nTLS TRICKLE", Failed, works, 2),
        ("no handshake", "OFFERS STARTTLS\nTLS STALL", Failed, works, 2),
        (
            "broken and demanded",
            &format!("OFFERS STARTTLS\nTLS DROP\n{DEMANDED}"),
            Failed,
            fails,
            2,
        ),
        (
            "broken and demanded at the recipient",
            "OFFERS STARTTLS PIPELINING\nTLS DROP\nRCPT * 451 5.7.3 STARTTLS is required",
            Failed,
            fails,
            2,
        ),
        (
            "broken, refused for another reason",
            "OFFERS STARTTLS\nTLS DROP\nMAIL 530 5.7.0 Authentication required",
            Failed,
            &["530 at MailFrom"],
            2,
        ),
    ];
    for (case, rules, encryption, expected, connections) in cases {
        let server = MailServer::new(&format!("{rules}\n{KNOWN}"));
        let mut session = connect(&server).await.unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(session.encryption(), encryption, "{case}");
        let asked = session.ask(&recipients("a@good.test")).await;
        assert_eq!(asked.iter().map(outcome_text).collect::<Vec<_>>(), expected, "{case}");
        let _ = session.quit().await;
        assert_eq!(server.visits().len(), connections, "{case}");
        let encrypted = server.visits().iter().filter(|visit| visit.encrypted).count();
        assert_eq!(encrypted, usize::from(encryption == Encryption::Tls), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_offered_counts_again_behind_tls() {
    let server = MailServer::new(&format!(
        "IN-TLS EHLO 250-mx.test|250-SMTPUTF8|250 PIPELINING\nOFFERS STARTTLS\n{KNOWN}"
    ));
    assert_eq!(ask(&server, "jörg@good.test a@good.test").await, ["250", "250"]);
    let [visit] = &server.visits()[..] else { panic!("one connection") };
    let commands = [
        "EHLO probe.lab.test",
        "STARTTLS",
        "EHLO probe.lab.test",
        "MAIL FROM:<probe@lab.test>",
        "RCPT TO:<a@good.test>",
        "RSET",
        "MAIL FROM:<probe@lab.test> SMTPUTF8",
        "RCPT TO:<jörg@good.test>",
        "QUIT",
    ];
    assert_eq!(visit.commands, commands);
    // The other way round: what does not hold any more is not used.
    let server = MailServer::new(
        "IN-TLS EHLO 250 mx.test\nOFFERS STARTTLS SMTPUTF8 PIPELINING\nRCPT * 250 Ok",
    );
    assert_eq!(ask(&server, "jörg@good.test a@good.test").await, ["no smtputf8", "250"]);
    assert!(server.visits()[0].writes.iter().all(|commands| *commands <= 1));
}

#[tokio::test(start_paused = true)]
async fn after_a_broken_handshake_the_caller_says_when_to_dial_again() {
    let server = MailServer::new(&format!("TLS STALL\nOFFERS STARTTLS\n{KNOWN}"));
    let (client, wire) = (client(), Wire::to(&server));
    let connect = async || client.connect(&wire, &host(), &[target()]).await;
    let began = Instant::now();
    let error = connect().await.err().unwrap();
    assert_eq!(ended(&error), "tls at StartTls");
    assert_eq!(began.elapsed(), PATIENCE.reply);
    assert_eq!(wire.dialled(), [target()]);
    // Clear text for an hour, and then encryption is tried again.
    for _ in 0..2 {
        let mut session = connect().await.unwrap();
        assert_eq!(session.encryption(), Encryption::Failed);
        assert_eq!(outcome_text(&session.ask(&recipients("a@good.test")).await[0]), "250");
        assert_eq!(session.quit().await, Synchronisation::Kept);
        tokio::time::advance(Duration::from_secs(30 * 60)).await;
    }
    assert_eq!(
        connect().await.err().map(|error| ended(&error)).as_deref(),
        Some("tls at StartTls")
    );
    // Of another client, or another server, nothing is known.
    let other =
        DialGuard::new(ReachPolicy::default(), SMTP_PORT).admit([8, 8, 4, 4].into()).unwrap();
    let error = client.connect(&wire, &host(), &[other]).await.err().unwrap();
    assert_eq!(ended(&error), "tls at StartTls");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_ends_with_the_whole() {
    let server = MailServer::new(&format!(
        "BANNER AFTER 19000 220 mx.test\nEHLO AFTER 9000 250-mx.test|250 STARTTLS\n\
         STARTTLS AFTER 9500 220 Go\nTLS STALL\n{KNOWN}"
    ));
    let patience = Timeouts { whole: Duration::from_secs(40), ..PATIENCE };
    let wire = Wire::to(&server);
    // 19 s + 9 s + 9.5 s, which leaves less than one reply may take.
    let began = Instant::now();
    let client = client_with(patience);
    let error = client.connect(&wire, &host(), &[target()]).await.err().unwrap();
    assert_eq!(ended(&error), "timeout at StartTls");
    assert_eq!(began.elapsed(), patience.whole);
    assert_eq!(wire.dialled(), [target()]);
}
