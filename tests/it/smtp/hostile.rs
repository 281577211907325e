//! Servers that send replies too many, too few or too late: no answer is another recipient's.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mailvet::reply::{ReplyClass, Stage};
use mailvet::smtp::dial::{Connection, DialError, Dialer, Target};
use mailvet::smtp::{RecipientOutcome, SmtpClient, Synchronisation};
use proptest::prelude::*;

use super::asking::{client, connect, host, outcome_text, recipients, target};
use crate::support::hostile::{Conduct, Disorder, Fault, HostileServer, Plan, plans};
use crate::support::smtp::MailServer;

/// Leads to a hostile server.
struct Wire(HostileServer);

impl Dialer for Wire {
    fn dial(&self, _: Target) -> BoxFuture<'_, Result<Connection, DialError>> {
        let (ours, theirs) = tokio::io::duplex(4096);
        tokio::spawn(self.0.clone().talk(theirs));
        async { Ok(Box::new(ours) as Connection) }.boxed()
    }
}

/// Behaves, apart from these faults.
fn conduct(offers: Offers, faults: &[(usize, Fault)]) -> Conduct {
    Conduct {
        pipelining: offers == Offers::Pipelining,
        faults: faults.to_vec(),
        ..Conduct::orderly()
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Offers {
    Pipelining,
    Nothing,
}

fn server(conducts: &[Conduct]) -> HostileServer {
    HostileServer::new(Plan { catch_all: false, connections: conducts.to_vec() })
}

/// What was answered on one connection, and whether it counts.
async fn ask(
    client: &SmtpClient,
    server: &HostileServer,
    addresses: &str,
) -> (Vec<String>, Synchronisation) {
    let wire = Wire(server.clone());
    let mut session = client.connect(&wire, &host(), &[target()]).await.unwrap();
    let asked = session.ask(&recipients(addresses)).await;
    (asked.iter().map(outcome_text).collect(), session.quit().await)
}

const THREE: &str = "known.a@good.test b@good.test known.c@good.test";
const ANSWERS: [&str; 3] = ["250", "550", "250"];

#[tokio::test(start_paused = true)]
async fn a_plan_without_faults_is_an_orderly_server() {
    for offers in [Offers::Pipelining, Offers::Nothing] {
        let slow =
            Conduct { delays: vec![0, 300], pieces: vec![(3, 0), (7, 20)], ..conduct(offers, &[]) };
        let server = server(&[slow]);
        let (asked, synchronisation) = ask(&client(), &server, THREE).await;
        assert_eq!(asked, ANSWERS, "{offers:?}");
        assert_eq!(synchronisation, Synchronisation::Kept, "{offers:?}");
        assert_eq!(server.recipients().join(" "), THREE);
    }
}

/// The numbers of replies where three recipients are asked about in a group.
const MAIL: usize = 2;
const FIRST: usize = 3;
const SECOND: usize = 4;
const THIRD: usize = 5;
const RSET: usize = 6;

#[tokio::test(start_paused = true)]
async fn what_a_reply_too_many_or_missing_comes_to() {
    use Offers::{Nothing, Pipelining};
    use Synchronisation::{Kept, Lost};
    let (ok, no) = ("250 Ok", "550 No");
    // What is offered, the fault, why no recipient counts as asked about, and what the reply to QUIT shows.
    let cases = [
        (Pipelining, (RSET, Fault::ExtraAfter(ok, 0)), Some("unasked"), Lost),
        (Pipelining, (RSET, Fault::ExtraAfter(ok, 90)), Some("unasked"), Lost),
        (Pipelining, (RSET, Fault::ExtraAfter(ok, 110)), None, Lost),
        (Pipelining, (RSET, Fault::ExtraBefore(ok)), Some("unasked"), Lost),
        (Pipelining, (SECOND, Fault::ExtraBefore(no)), Some("unasked"), Lost),
        (Pipelining, (SECOND, Fault::ExtraBefore("221 Bye")), Some("unmatched"), Lost),
        (Pipelining, (MAIL, Fault::Missing), Some("timeout"), Kept),
        (Pipelining, (SECOND, Fault::Missing), Some("timeout"), Kept),
        (Pipelining, (RSET, Fault::Missing), Some("timeout"), Kept),
        (Pipelining, (RSET, Fault::HangUp), Some("dropped"), Kept),
        (Pipelining, (RSET, Fault::Closing), Some("421"), Kept),
        (Nothing, (THIRD, Fault::ExtraAfter(no, 0)), Some("unasked"), Lost),
        (Nothing, (THIRD, Fault::ExtraAfter(no, 1)), None, Lost),
    ];
    for (offers, fault, ended, expected) in cases {
        // The reply to QUIT takes a moment, in which what is late comes.
        let mut delays = vec![0; if offers == Pipelining { RSET + 1 } else { RSET }];
        delays.push(50);
        let server = server(&[Conduct { delays, ..conduct(offers, &[fault]) }]);
        let (asked, synchronisation) = ask(&client(), &server, THREE).await;
        let answers = match ended {
            Some(fault) => vec![format!("not asked: {fault} at RcptTo"); 3],
            None => ANSWERS.map(str::to_owned).to_vec(),
        };
        assert_eq!(asked, answers, "{offers:?} {fault:?}");
        assert_eq!(synchronisation, expected, "{offers:?} {fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn answers_that_came_one_by_one_stay() {
    for (ending, ended) in [
        (Fault::HangUp, "dropped"),
        (Fault::Closing, "421"),
        (Fault::Missing, "timeout"),
        (Fault::Garbage, "no_reply"),
    ] {
        let server = server(&[conduct(Offers::Nothing, &[(THIRD, ending)])]);
        let (asked, synchronisation) = ask(&client(), &server, THREE).await;
        assert_eq!(asked, ["250", "550", &format!("not asked: {ended} at RcptTo")], "{ending:?}");
        assert_eq!(synchronisation, Synchronisation::Kept, "{ending:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_reply_to_quit_shows() {
    // Where RSET is refused between two transactions, too.
    let cases = [
        ("QUIT 221 Bye", Synchronisation::Kept),
        ("QUIT 221-Good|221 bye", Synchronisation::Kept),
        ("QUIT TWICE 221 Bye", Synchronisation::Lost),
        ("QUIT 250 Ok", Synchronisation::Lost),
        ("QUIT 550 5.1.1 User unknown", Synchronisation::Lost),
        ("QUIT 450 4.2.0 Greylisted", Synchronisation::Lost),
        ("QUIT 421 Closing", Synchronisation::Kept),
        ("QUIT DROP", Synchronisation::Kept),
        ("QUIT STALL", Synchronisation::Kept),
        ("QUIT GARBAGE", Synchronisation::Kept),
        ("QUIT AFTER 9000 550 5.1.1 User unknown", Synchronisation::Lost),
        ("RSET 550 5.1.1 User unknown", Synchronisation::Lost),
        ("RSET 421 Closing", Synchronisation::Kept),
        ("RSET 220 mx.test", Synchronisation::Lost),
    ];
    for (rule, expected) in cases {
        let mut session = connect(&MailServer::new(rule)).await.unwrap();
        session.ask(&recipients("a@good.test a@other.test")).await;
        assert_eq!(session.quit().await, expected, "{rule}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_lost_count_gets_one_command_at_a_time() {
    for fault in [Fault::Twice(0), Fault::Missing, Fault::HangUp] {
        let faulty = conduct(Offers::Pipelining, &[(SECOND, fault)]);
        let orderly = conduct(Offers::Pipelining, &[]);
        let server = server(&[faulty, orderly.clone(), orderly.clone(), orderly]);
        let one = client();
        let (asked, _) = ask(&one, &server, THREE).await;
        assert!(asked.iter().all(|answer| answer.starts_with("not asked")), "{fault:?}: {asked:?}");
        // EHLO, MAIL, three recipients, QUIT: no RSET, since nothing is grouped.
        for _ in 0..2 {
            let (asked, synchronisation) = ask(&one.clone(), &server, THREE).await;
            assert_eq!(
                (&asked[..], synchronisation),
                (&ANSWERS.map(str::to_owned)[..], Synchronisation::Kept)
            );
            assert_eq!(server.seen().last().unwrap().commands, 6, "{fault:?}");
        }
        // Another client has not seen it.
        let (asked, _) = ask(&client(), &server, THREE).await;
        assert_eq!(asked, ANSWERS, "{fault:?}");
        assert_eq!(server.seen().last().unwrap().commands, 7, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_reply_too_many_of_a_server_that_lost_count_is_nobodys() {
    use Synchronisation::{Kept, Lost};
    let ok = "250 Ok";
    // How the second conversation goes wrong, how long its replies take, what is answered and whether it counts.
    let cases = [
        // 20 ms after the first answer, and 421 in place of the second: the silence shows it.
        (vec![(FIRST, Fault::ExtraAfter(ok, 20)), (SECOND, Fault::Closing)], 50, 0, Lost),
        (vec![(SECOND, Fault::ExtraAfter(ok, 90)), (THIRD, Fault::Closing)], 50, 0, Lost),
        // Too late for that: the reply too many passes for the third answer, and the third is 421.
        (vec![(SECOND, Fault::ExtraAfter(ok, 150)), (THIRD, Fault::Closing)], 120, 2, Kept),
        // The server hangs up in order.
        (vec![(THIRD, Fault::Closing)], 50, 2, Kept),
        (vec![(THIRD, Fault::HangUp)], 50, 2, Kept),
        (vec![], 50, 3, Kept),
    ];
    for (faults, delay, answered, expected) in cases {
        let lost = conduct(Offers::Pipelining, &[(SECOND, Fault::Twice(0))]);
        let mut delays = vec![0; SECOND];
        delays.extend([delay, delay]);
        let late = Conduct { delays, ..conduct(Offers::Pipelining, &faults) };
        let (server, client) = (server(&[lost, late]), client());
        let _ = ask(&client, &server, THREE).await;
        let (asked, synchronisation) = ask(&client, &server, THREE).await;
        assert_eq!(asked[..answered], ANSWERS[..answered], "{faults:?}: {asked:?}");
        let rest = &asked[answered..];
        assert!(rest.iter().all(|one| one.starts_with("not asked")), "{faults:?}: {asked:?}");
        assert_eq!(synchronisation, expected, "{faults:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Replies too many or too few, cut and late as may be, as long as they can be seen by counting.
    #[test]
    fn no_answer_is_another_recipients(
        plan in plans(Disorder::Countable, 2_000),
        known in prop::collection::vec(any::<bool>(), 1..9),
        groups in 1_usize..4,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let server = HostileServer::new(plan);
        let addresses: Vec<String> = known
            .iter()
            .enumerate()
            .map(|(n, known)| format!("{}{n}@good.test", if *known { "known." } else { "nobody." }))
            .collect();
        let answered = runtime.block_on(async {
            let (client, wire) = (client(), Wire(server.clone()));
            let mut answered = Vec::new();
            for _ in 0..3 {
                let connected = client.connect(&wire, &host(), &[target()]).await;
                let Ok(mut session) = connected else { continue };
                let mut of_session = Vec::new();
                for some in addresses.chunks(addresses.len().div_ceil(groups)) {
                    let asked = session.ask(&recipients(&some.join(" "))).await;
                    of_session.extend(some.iter().cloned().zip(asked));
                }
                if session.quit().await == Synchronisation::Kept {
                    answered.extend(of_session);
                }
            }
            answered
        });
        for (address, asked) in answered {
            let RecipientOutcome::Answered(Stage::RcptTo, reply) = asked else { continue };
            let is_accepted = match reply.code.class() {
                ReplyClass::Positive => true,
                ReplyClass::Permanent => false,
                ReplyClass::Transient | ReplyClass::Intermediate => continue,
            };
            prop_assert_eq!(is_accepted, server.plan().knows(&address), "{}: {:?}", address, reply);
        }
    }
}
