//! Every step, and everything that can go wrong at it.

use tokio::time::Instant;

use super::asking::{PATIENCE, ask};
use crate::support::smtp::MailServer;

/// What EHLO tells in these tests.
const OFFERS: &str = "OFFERS PIPELINING STARTTLS\n";
/// The recipient that every server here knows.
const KNOWN: &str = "RCPT a@good.test 250 2.1.5 Ok\n";

/// What each fault comes to, in the words of the tests.
const FAULTS: [(&str, &str); 9] = [
    ("DROP", "dropped"),
    ("STALL", "timeout"),
    ("GARBAGE", "no_reply"),
    ("ENDLESS", "line_too_long"),
    ("TRICKLE", "timeout"),
    ("354 Go on", "out_of_place"),
    ("421 4.7.0 Closing", "421"),
    ("250-2.0.0 Ok|550 5.0.0 No", "code_changed"),
    ("AFTER 70000 250 Ok", "timeout"),
];

async fn check(
    step: &str,
    offers: &str,
    expected: impl Fn(&str) -> [String; 3],
    faults: &[(&str, &str)],
) {
    for (action, fault) in faults {
        let server = MailServer::new(&format!("{step} {action}\n{offers}{KNOWN}"));
        let began = Instant::now();
        let asked = ask(&server, "a@good.test b@good.test c@good.test").await;
        let expected: Vec<String> =
            expected(fault).into_iter().filter(|line| !line.is_empty()).collect();
        assert_eq!(asked, expected, "{step} {action}, {offers}");
        assert!(began.elapsed() <= PATIENCE.whole, "{step} {action}: {:?}", began.elapsed());
        assert!(server.visits().iter().all(|visit| visit.sent < 64 * 1024), "{step} {action}");
    }
}

fn none_asked(stage: &str) -> impl Fn(&str) -> [String; 3] {
    move |fault| [format!("no session: {fault} at {stage}"), String::new(), String::new()]
}

/// The first recipients get these answers; what is left was not asked.
fn after(answers: &'static [&str], stage: &str) -> impl Fn(&str) -> [String; 3] {
    move |fault| {
        std::array::from_fn(|n| match answers.get(n) {
            Some(answer) => (*answer).to_owned(),
            None => format!("not asked: {fault} at {stage}"),
        })
    }
}

#[tokio::test(start_paused = true)]
async fn before_a_recipient_is_named() {
    check("BANNER", OFFERS, none_asked("Connect"), &FAULTS).await;
    check(
        "BANNER",
        OFFERS,
        none_asked("Connect"),
        &[("554 5.7.1 Go away", "554"), ("450 No", "450")],
    )
    .await;
    check("IN-CLEAR EHLO", OFFERS, none_asked("Helo"), &FAULTS).await;
    check("IN-TLS EHLO", OFFERS, none_asked("Helo"), &FAULTS).await;
    check("EHLO", OFFERS, none_asked("Helo"), &[("450 4.7.1 Host not found", "450")]).await;
    check("EHLO 502 No\nHELO", "", none_asked("Helo"), &FAULTS).await;
    check("EHLO 502 No\nHELO", "", none_asked("Helo"), &[("501 No", "501"), ("450 No", "450")])
        .await;
    check("STARTTLS", OFFERS, none_asked("StartTls"), &FAULTS).await;
    // The server has sent something of its own behind the go-ahead, in clear text.
    check("STARTTLS", OFFERS, none_asked("StartTls"), &[("220 Go|250 Ok", "unasked")]).await;
}

#[tokio::test(start_paused = true)]
async fn at_the_sender() {
    for offers in [OFFERS, "OFFERS\n", "OFFERS PIPELINING\n"] {
        check("MAIL", offers, after(&[], "MailFrom"), &FAULTS).await;
        let refused = |code: &str| std::array::from_fn(|_| format!("{code} at MailFrom"));
        check("MAIL", offers, refused, &[("550 5.7.1 No", "550"), ("451 4.7.1 No", "451")]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn at_a_recipient() {
    for offers in [OFFERS, "OFFERS\n", "OFFERS PIPELINING\n"] {
        check("RCPT #1", offers, after(&[], "RcptTo"), &FAULTS).await;
        // What was asked together counts together.
        let is_grouped = offers.contains("PIPELINING");
        let answers = |answers: &'static [&str]| if is_grouped { &[] } else { answers };
        check("RCPT #2", offers, after(answers(&["250"]), "RcptTo"), &FAULTS).await;
        check("RCPT #3", offers, after(answers(&["250", "550"]), "RcptTo"), &FAULTS).await;
        let refusals = [("450 4.2.0 Greylisted", "450"), ("552 5.2.2 Full", "552")];
        check("RCPT #2", offers, |code| ["250", code, "550"].map(str::to_owned), &refusals).await;
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_recipients_nothing_is_lost() {
    let answered = |_: &str| ["250", "550", "550"].map(str::to_owned);
    for offers in [OFFERS, "OFFERS\n"] {
        check("QUIT", offers, answered, &FAULTS).await;
    }
}

#[tokio::test(start_paused = true)]
async fn between_transactions() {
    let addresses = "a@good.test b@other.test";
    for (action, fault) in FAULTS.into_iter().chain([("550 5.0.0 No", "550")]) {
        let server = MailServer::new(&format!("RSET {action}\n{KNOWN}"));
        let expected = ["250".to_owned(), format!("not asked: {fault} at Quit")];
        assert_eq!(ask(&server, addresses).await, expected, "{action}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_too_many_is_nobodys() {
    let none_asked = |fault: &str| vec![format!("not asked: {fault}"); 3];
    // How it shows where commands are said one by one, and where they are grouped: there RSET may get
    // another command's reply.
    let cases = [
        ("BANNER", "220 mx.test", None, None),
        ("EHLO", "250-mx.test|250 PIPELINING", Some("unasked at MailFrom"), None),
        ("EHLO", "250 mx.test", Some("unasked at MailFrom"), None),
        ("MAIL", "250 Ok", Some("unasked at RcptTo"), Some("unmatched at RcptTo")),
        ("RCPT #1", "250 Ok", Some("unasked at RcptTo"), Some("unmatched at RcptTo")),
        ("RCPT #2", "250 Ok", Some("unasked at RcptTo"), Some("unmatched at RcptTo")),
        ("RCPT #3", "250 Ok", Some("unasked at RcptTo"), None),
        ("RSET", "250 Ok", None, Some("unasked at RcptTo")),
    ];
    for (step, reply, one_by_one, grouped) in cases {
        for (offers, expected) in [("PIPELINING", grouped.or(one_by_one)), ("", one_by_one)] {
            let expected = match (step, expected) {
                ("BANNER", _) => vec!["no session: unasked at Helo".to_owned()],
                (_, Some(fault)) => none_asked(fault),
                (_, None) => vec!["550".to_owned(); 3],
            };
            let server = MailServer::new(&format!("{step} TWICE {reply}\nOFFERS {offers}"));
            let asked = ask(&server, "a@good.test b@good.test c@good.test").await;
            assert_eq!(asked, expected, "{step} {offers}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn slow_is_not_gone() {
    let server = MailServer::new(
        "BANNER AFTER 15000 220-mx.test is slow|220-and has much to say|220 ESMTP
         EHLO AFTER 9000 250-mx.test|250 PIPELINING
         MAIL AFTER 9000 250 2.1.0 Ok
         RCPT a@good.test AFTER 9000 250 2.1.5 Ok
         RCPT b@good.test AFTER 9000 550 5.1.1 No",
    );
    assert_eq!(ask(&server, "a@good.test b@good.test").await, ["250", "550"]);
}

#[tokio::test(start_paused = true)]
async fn the_whole_has_an_end() {
    let rules: String = (1..20).map(|nth| format!("RCPT #{nth} AFTER 9000 250 Ok\n")).collect();
    let addresses = "a@good.test b@good.test c@good.test d@good.test e@good.test f@good.test g@good.test h@good.test";
    for (offers, in_time) in [("", 6), ("OFFERS PIPELINING", 0)] {
        let began = Instant::now();
        let asked = ask(&MailServer::new(&format!("{rules}{offers}")), addresses).await;
        let (answered, rest) = asked.split_at(in_time);
        assert!(answered.iter().all(|answer| answer == "250"), "{offers}: {answered:?}");
        assert!(rest.iter().all(|answer| answer == "not asked: timeout at RcptTo"), "{offers}");
        assert_eq!(began.elapsed().as_secs(), PATIENCE.whole.as_secs(), "{offers}");
    }
}
