//! `--wait`: those who defer strangers are come back to.

use std::time::Duration;

use mailvet::catalog::Canonical;
use mailvet::evidence::MailboxStatus;
use mailvet::store::Journal;
use mailvet::validator::RetryPlan;

use super::house::verdicts;
use super::laboratory::{Laboratory, MINUTE, breathe};

const DELIVERABLE: &str = "deliverable mailbox_accepted";
const SECOND: Duration = Duration::from_secs(1);

/// Knows nobody but joe, however he is spelt, after so many seconds.
fn grey(seconds: u32) -> String {
    let rule = |name| format!("RCPT {name}@grey.io GREY {seconds} 250 2.1.5 Ok\n");
    ["joe", "JOE"].map(rule).concat()
}

#[tokio::test(start_paused = true)]
async fn a_deferred_row_is_come_back_to_three_times_within_an_hour() {
    // After how many seconds they let in; after how many minutes that is found out; what is said.
    let cases = [
        (5 * 60, &[5][..], DELIVERABLE),
        (15 * 60, &[5, 15], DELIVERABLE),
        (20 * 60, &[5, 15, 60], DELIVERABLE),
        (2 * 3600, &[5, 15, 60], "unknown greylisted"),
    ];
    for (seconds, minutes, expected) in cases {
        let laboratory = Laboratory::new(&[("grey.io", &grey(seconds))]);
        let running = laboratory.start("joe@grey.io\n", RetryPlan::ForGreylisting);
        running.comes_to(0, 1).await;
        let mut asked = laboratory.asked(1).len();
        assert_eq!(asked, 1, "{seconds} s");
        for minute in minutes {
            // A moment before, nobody comes.
            laboratory.pass(*minute * MINUTE - SECOND - laboratory.elapsed()).await;
            running.comes_to(0, 1).await;
            breathe().await;
            assert_eq!(laboratory.asked(1).len(), asked, "{seconds} s, before minute {minute}");
            assert!(running.is_silent(), "{seconds} s: rows wait in the journal");
            laboratory.pass(2 * SECOND).await;
            asked += 1;
            laboratory.is_asked(1, asked).await;
            if minutes.last() != Some(minute) {
                running.comes_to(0, 1).await;
            }
        }
        let rows = running.rows().await;
        assert_eq!(verdicts(&rows), [expected], "{seconds} s: {rows:?}");
        let joe = laboratory.asked(1).iter().filter(|address| *address == "joe@grey.io").count();
        assert_eq!(joe, asked, "{seconds} s");
        let is_deferred = expected.ends_with("greylisted");
        assert_eq!(rows[0]["mailvet_retry_at"].is_string(), is_deferred, "{seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn others_go_on_and_the_output_is_in_order() {
    let quick = "RCPT ann@quick.io 250 Ok\nRCPT bob@quick.io 250 Ok";
    let laboratory = Laboratory::new(&[("grey.io", &grey(300)), ("quick.io", quick)]);
    let list = "joe@grey.io\nann@quick.io\nmissing@quick.io\nJOE@grey.io\nbob@quick.io\n";
    let running = laboratory.start(list, RetryPlan::ForGreylisting);
    // No time at all passes for them.
    running.comes_to(4, 1).await;
    assert_eq!(laboratory.elapsed(), Duration::ZERO);
    assert!(running.is_silent());
    laboratory.pass(5 * MINUTE + SECOND).await;
    let rows = running.rows().await;
    let emails: Vec<&str> = rows.iter().map(|row| row["email"].as_str().unwrap()).collect();
    assert_eq!(emails, list.lines().collect::<Vec<_>>());
    let not_found = "undeliverable mailbox_not_found";
    let expected = [DELIVERABLE, DELIVERABLE, not_found, DELIVERABLE, DELIVERABLE];
    assert_eq!(verdicts(&rows), expected);
    assert_eq!(rows[3]["mailvet_duplicate_of"], 1);
    // Of two rows with one mailbox one is asked about, each time with the same spelling: to this server
    // another one would be another stranger.
    let asked = laboratory.asked(1);
    assert_eq!(asked[0], asked[1], "{asked:?}");
    assert_eq!(asked[2..], ["made-up@grey.io"], "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn without_it_nobody_is_come_back_to() {
    let laboratory = Laboratory::new(&[("grey.io", &grey(300))]);
    let running = laboratory.start("joe@grey.io\n", RetryPlan::Never);
    let rows = running.rows().await;
    assert_eq!(verdicts(&rows), ["unknown greylisted"]);
    assert_eq!(rows[0]["mailvet_retry_at"], "2026-11-20T12:05:00Z");
    assert_eq!(laboratory.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_killed_while_waiting_keeps_the_times() {
    // When the run is killed, and when another goes on; when that comes back, in minutes.
    let cases = [
        (2, 3, &[5, 15][..]),
        (6, 8, &[15]),
        // What is due already is asked at once.
        (2, 20, &[20]),
        (2, 7, &[7, 15]),
    ];
    for (killed, resumed, times) in cases {
        let case = format!("killed after {killed}, resumed after {resumed}");
        let laboratory = Laboratory::new(&[("grey.io", &grey(15 * 60))]);
        let running = laboratory.start("joe@grey.io\n", RetryPlan::ForGreylisting);
        running.comes_to(0, 1).await;
        laboratory.pass(killed * MINUTE).await;
        let before = if killed < 5 { 1 } else { 2 };
        laboratory.is_asked(1, before).await;
        running.comes_to(0, 1).await;
        running.kill().await;
        assert_eq!(laboratory.asked(1).len(), before, "{case}");
        laboratory.pass(resumed * MINUTE - laboratory.elapsed()).await;
        let running = laboratory.start("joe@grey.io\n", RetryPlan::ForGreylisting);
        for (count, time) in (1..).zip(times) {
            if *time > resumed {
                running.comes_to(0, 1).await;
                breathe().await;
                assert_eq!(laboratory.asked(1).len(), before + count - 1, "{case}: before {time}");
                laboratory.pass(*time * MINUTE + SECOND - laboratory.elapsed()).await;
            }
            laboratory.is_asked(1, before + count).await;
            if count < times.len() {
                running.comes_to(0, 1).await;
            }
        }
        assert_eq!(verdicts(&running.rows().await), [DELIVERABLE], "{case}");
        let joe = laboratory.asked(1).iter().filter(|address| *address == "joe@grey.io").count();
        assert_eq!(joe, before + times.len(), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_gone_for_a_while_costs_a_deferred_row_nothing() {
    let laboratory = Laboratory::new(&[("grey.io", &grey(300))]);
    let running = laboratory.start("joe@grey.io\n", RetryPlan::ForGreylisting);
    running.comes_to(0, 1).await;
    let server = laboratory.unplug(1);
    laboratory.pass(5 * MINUTE + SECOND).await;
    laboratory.is_dialled_in_vain().await;
    running.comes_to(0, 1).await;
    laboratory.plug_in(1, server);
    // That nobody is there is believed for a quarter of an hour.
    laboratory.pass(15 * MINUTE + SECOND).await;
    assert_eq!(verdicts(&running.rows().await), [DELIVERABLE]);
}

#[tokio::test(start_paused = true)]
async fn that_nobody_may_be_asked_any_more_is_no_news_of_a_deferred_row() {
    let laboratory = Laboratory::new(&[("grey.io", &grey(300))]).with_recipients_per_day(1);
    let running = laboratory.start("joe@grey.io\n", RetryPlan::ForGreylisting);
    running.comes_to(0, 1).await;
    for minute in [5, 15] {
        laboratory.pass(minute * MINUTE + SECOND - laboratory.elapsed()).await;
        // Nothing can be seen of it.
        breathe().await;
        running.comes_to(0, 1).await;
    }
    laboratory.pass(60 * MINUTE + SECOND - laboratory.elapsed()).await;
    let rows = running.rows().await;
    assert_eq!(verdicts(&rows), ["unknown greylisted"]);
    assert_eq!(laboratory.asked(1), ["joe@grey.io"]);
}

#[tokio::test(start_paused = true)]
async fn an_interruption_says_nothing_of_those_in_line() {
    let slow = "RCPT joe@slow.io AFTER 2000 250 Ok\nRCPT * AFTER 2000 550 5.1.1 User unknown";
    let laboratory = Laboratory::new(&[("slow.io", slow)]);
    let list: String = (0..40).map(|number| format!("p{number}@slow.io\n")).collect();
    let running = laboratory.start(&list, RetryPlan::ForGreylisting);
    super::laboratory::comes_true(|| !laboratory.asked(1).is_empty(), || "nobody asked".into())
        .await;
    // Leave is taken in a time that passes.
    let pass = async {
        for _ in 0..60 {
            laboratory.pass(SECOND / 2).await;
            breathe().await;
        }
    };
    tokio::join!(running.interrupt(), pass);
    let visits = laboratory.mail(1).visits();
    assert_eq!(visits.len(), 1);
    assert_eq!(visits[0].commands.last().map(String::as_str), Some("QUIT"));
    let journal = Journal::open(&laboratory.journal_path()).unwrap();
    for number in 0..40 {
        let mailbox = Canonical { key: format!("p{number}@slow.io"), tag: None };
        let noted = journal.mailbox(&mailbox).await.unwrap();
        let is_paused = noted.is_some_and(|noted| noted.evidence.status == MailboxStatus::Paused);
        assert!(!is_paused, "p{number}");
    }
}
