//! What is said to a server that works, about one recipient or many.

use std::time::Duration;

use mailvet::smtp::{RecipientOutcome, Synchronisation};

use super::asking::{ask, connect, ended, outcome_text, recipients};
use crate::support::smtp::{MailServer, Visit};

fn only_visit(server: &MailServer) -> Visit {
    let visits = server.visits();
    assert_eq!(visits.len(), 1, "one connection");
    visits.into_iter().next().unwrap()
}

#[tokio::test(start_paused = true)]
async fn answers_are_the_servers_own() {
    let server = MailServer::new(
        "RCPT known@good.test 250 2.1.5 Ok
         RCPT disabled@good.test 550 5.2.1 The account is disabled
         RCPT full@good.test 552-5.2.2 The mailbox|552 5.2.2 is full
         RCPT slow@good.test AFTER 3000 450 4.2.0 Greylisted
         RCPT forward@good.test 251 Will forward",
    );
    let mut session = connect(&server).await.unwrap();
    let asked = session
        .ask(&recipients(
            "known@good.test nobody@good.test disabled@good.test full@good.test slow@good.test forward@good.test",
        ))
        .await;
    let codes: Vec<String> = asked.iter().map(outcome_text).collect();
    assert_eq!(codes, ["250", "550", "550", "552", "450", "251"]);
    let RecipientOutcome::Answered(_, full) = &asked[3] else { panic!("{:?}", asked[3]) };
    let enhanced = full.enhanced.unwrap();
    assert_eq!((enhanced.class, enhanced.subject, enhanced.detail), (5, 2, 2));
    assert_eq!(&*full.text, "The mailbox\nis full");
    assert_eq!(session.quit().await, Synchronisation::Kept);
    let said = only_visit(&server).commands;
    assert_eq!(said.first().map(String::as_str), Some("EHLO probe.lab.test"));
    assert_eq!(said[1], "MAIL FROM:<probe@lab.test>");
    assert_eq!(said.last().map(String::as_str), Some("QUIT"));
    assert_eq!(said.len(), 2 + 6 + 1);
}

#[tokio::test(start_paused = true)]
async fn helo_where_ehlo_is_not_known() {
    for refusal in ["500 5.5.1 What?", "502 5.5.2 Not implemented", "504 No", "550 No"] {
        let server =
            MailServer::new(&format!("EHLO {refusal}\nOFFERS SMTPUTF8 PIPELINING STARTTLS"));
        let asked = ask(&server, "a@good.test jörg@good.test").await;
        assert_eq!(asked, ["550", "no smtputf8"], "{refusal}");
        let visit = only_visit(&server);
        assert_eq!(visit.commands[1], "HELO probe.lab.test", "{refusal}");
        assert!(visit.writes.iter().all(|commands| *commands == 1), "{refusal}");
    }
}

#[tokio::test(start_paused = true)]
async fn as_few_writes_as_the_server_allows() {
    let addresses: Vec<String> = (0..23).map(|n| format!("user{n}@good.test")).collect();
    // What is offered, how many commands came together.
    let cases: [(&str, &[usize]); 2] = [
        // EHLO; MAIL, ten recipients and RSET; the same again; the rest; QUIT.
        ("PIPELINING", &[1, 12, 12, 5, 1]),
        ("SIZE", &[1; 26]),
    ];
    for (offers, writes) in cases {
        let server = MailServer::new(&format!("OFFERS {offers}\nRCPT user7@good.test 250 Ok"));
        let asked = ask(&server, &addresses.join(" ")).await;
        assert_eq!(asked.len(), 23, "{offers}");
        for (n, answer) in asked.iter().enumerate() {
            assert_eq!(answer, if n == 7 { "250" } else { "550" }, "{offers}, {n}");
        }
        assert_eq!(only_visit(&server).writes, writes, "{offers}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_transaction_a_domain_and_answers_in_order() {
    for offers in ["OFFERS PIPELINING SMTPUTF8", "OFFERS SMTPUTF8"] {
        let server = MailServer::new(&format!(
            "{offers}\nRCPT b@one.test 250 Ok\nRCPT jörg@one.test 252 Ok\nRCPT a@two.test 251 Ok"
        ));
        let addresses = "jörg@one.test a@one.test a@two.test b@one.test b@two.test";
        let asked = ask(&server, addresses).await;
        assert_eq!(asked, ["252", "550", "251", "250", "550"], "{offers}");
        let commands = [
            "EHLO probe.lab.test",
            "MAIL FROM:<probe@lab.test>",
            "RCPT TO:<a@one.test>",
            "RCPT TO:<b@one.test>",
            "RSET",
            "MAIL FROM:<probe@lab.test>",
            "RCPT TO:<a@two.test>",
            "RCPT TO:<b@two.test>",
            "RSET",
            "MAIL FROM:<probe@lab.test> SMTPUTF8",
            "RCPT TO:<jörg@one.test>",
            "QUIT",
        ];
        assert_eq!(only_visit(&server).commands, commands, "{offers}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_question_goes_on_where_the_first_stopped() {
    let server = MailServer::new("OFFERS PIPELINING\nRCPT known@good.test 250 Ok");
    let mut session = connect(&server).await.unwrap();
    for (addresses, expected) in [
        ("known@good.test", vec!["250"]),
        ("made.up.1@good.test made.up.2@good.test", vec!["550", "550"]),
        ("", vec![]),
        ("known@other.test", vec!["550"]),
    ] {
        let asked: Vec<String> =
            session.ask(&recipients(addresses)).await.iter().map(outcome_text).collect();
        assert_eq!(asked, expected, "{addresses}");
    }
    assert_eq!(session.ended(), None);
    assert_eq!(session.quit().await, Synchronisation::Kept);
    let visit = only_visit(&server);
    let transactions = visit.commands.iter().filter(|command| command.starts_with("MAIL")).count();
    assert_eq!(transactions, 2);
    // A recipient alone is asked about one command at a time; several together are confirmed by RSET.
    assert_eq!(visit.writes, [1, 1, 1, 3, 1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_was_refused_is_named_again() {
    let server = MailServer::new("OFFERS PIPELINING\nMAIL 451 4.3.0 Not now");
    let mut session = connect(&server).await.unwrap();
    for _ in 0..2 {
        let asked = session.ask(&recipients("a@good.test")).await;
        assert_eq!(outcome_text(&asked[0]), "451 at MailFrom");
    }
    assert_eq!(session.quit().await, Synchronisation::Kept);
    let commands = only_visit(&server).commands;
    assert!(!commands.iter().any(|command| command == "RSET"), "{commands:?}");
}

#[tokio::test(start_paused = true)]
async fn one_too_many_gets_a_transaction_of_its_own() {
    const ANEW: &[&str] = &["RSET", "MAIL FROM:<probe@lab.test>"];
    // How the third is refused, and what is said before it is asked about again.
    let cases: [(&str, &[&str]); 4] = [
        ("452 4.5.3 Error: too many recipients", ANEW),
        ("452 too many recipients", ANEW),
        ("452 4.2.2 Mailbox full", &[]),
        ("450 4.7.1 Error: too many recipients from 127.0.0.1", &[]),
    ];
    for (refusal, before) in cases {
        // A group has ended its transaction in any case.
        for (offers, before) in [("", before), ("PIPELINING", ANEW)] {
            let server = MailServer::new(&format!(
                "OFFERS {offers}\nRCPT #3 {refusal}\nRCPT * 250 2.1.5 Ok"
            ));
            let mut session = connect(&server).await.unwrap();
            let asked = session.ask(&recipients("a@good.test b@good.test c@good.test")).await;
            let expected = ["250", "250", &refusal[..3]];
            assert_eq!(asked.iter().map(outcome_text).collect::<Vec<_>>(), expected);
            let asked = session.ask(&recipients("c@good.test")).await;
            assert_eq!(outcome_text(&asked[0]), "250", "{refusal} {offers}");
            assert_eq!(session.quit().await, Synchronisation::Kept);
            let said = only_visit(&server).commands;
            let (again, before) = (["RCPT TO:<c@good.test>", "QUIT"], before.to_vec());
            assert_eq!(said[5..], [before, again.to_vec()].concat(), "{refusal} {offers}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_that_was_given_up_ends_the_session() {
    let server = MailServer::new(
        "OFFERS PIPELINING\nRCPT a@good.test AFTER 5000 250 Ok\nRCPT b@good.test 250 Ok",
    );
    let mut session = connect(&server).await.unwrap();
    let first = recipients("a@good.test");
    let given_up = tokio::time::timeout(Duration::from_secs(1), session.ask(&first)).await;
    assert_eq!(given_up.ok(), None);
    // The answer about the first would come now.
    tokio::time::advance(Duration::from_secs(10)).await;
    let asked = session.ask(&recipients("b@good.test")).await;
    assert_eq!(outcome_text(&asked[0]), "not asked: timeout at RcptTo");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ended_asks_no_more() {
    let server = MailServer::new("RCPT #2 421 4.7.0 Too many errors");
    let mut session = connect(&server).await.unwrap();
    session.ask(&recipients("a@good.test b@good.test c@good.test")).await;
    assert_eq!(session.ended().map(ended).as_deref(), Some("421 at RcptTo"));
    let asked = session.ask(&recipients("d@good.test jörg@good.test")).await;
    assert_eq!(asked.iter().map(outcome_text).collect::<Vec<_>>(), ["not asked: 421 at RcptTo"; 2]);
    assert_eq!(session.quit().await, Synchronisation::Kept);
    assert_eq!(only_visit(&server).commands.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_at_the_door_is_answered_with_quit() {
    let server = MailServer::new("BANNER 554 5.7.1 Go away");
    assert_eq!(ask(&server, "a@good.test").await, ["no session: 554 at Connect"]);
    assert_eq!(server.commands(), ["QUIT"]);
}

#[test]
fn a_conversation_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let server = MailServer::new("");
    is_send(&ask(&server, "a@good.test"));
}

#[tokio::test(start_paused = true)]
async fn every_recipient_that_was_named_is_counted() {
    // What the server does, and how many it was asked about with pipelining and without.
    let cases = [
        ("RCPT * 250 Ok", 3, 3),
        ("RCPT #1 DROP", 3, 1),
        ("RCPT #1 421 4.3.2 Shutting down", 3, 1),
        ("RCPT #1 STALL", 3, 1),
        ("RCPT #2 GARBAGE", 3, 2),
        ("MAIL 550 5.7.1 No", 3, 0),
        ("MAIL DROP", 3, 0),
    ];
    for (rule, pipelined, one_by_one) in cases {
        for (offers, expected) in [("OFFERS PIPELINING", pipelined), ("OFFERS", one_by_one)] {
            let server = MailServer::new(&format!("{rule}\n{offers}"));
            let mut session = connect(&server).await.unwrap();
            session.ask(&recipients("a@good.test b@good.test c@good.test")).await;
            assert_eq!(session.recipients_sent(), expected, "{rule}, {offers}");
        }
    }
}
