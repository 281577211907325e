//! `--wait`: a server that defers unknown clients is asked again.

use std::time::Duration;

use mailvet::catalog::Canonical;
use mailvet::evidence::MailboxStatus;
use mailvet::store::Journal;
use mailvet::validator::RetryPlan;

use super::mail_lab::{MINUTE, MailLab, breathe};
use super::mail_list_env::verdicts;

const DELIVERABLE: &str = "deliverable mailbox_accepted";
const SECOND: Duration = Duration::from_secs(1);

/// Knows only joe, in any spelling, after so many seconds.
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
        let lab = MailLab::new(&[("grey.io", &grey(seconds))]);
        let running = lab.start("joe@grey.io\n", RetryPlan::ForGreylisting);
        running.comes_to(0, 1).await;
        let mut asked = lab.asked(1).len();
        assert_eq!(asked, 1, "{seconds} s");
        for minute in minutes {
            // A moment before, no connection is made.
            lab.pass(*minute * MINUTE - SECOND - lab.elapsed()).await;
            running.comes_to(0, 1).await;
            breathe().await;
            assert_eq!(lab.asked(1).len(), asked, "{seconds} s, before minute {minute}");
            assert!(running.is_silent(), "{seconds} s: rows wait in the journal");
            lab.pass(2 * SECOND).await;
            asked += 1;
            lab.is_asked(1, asked).await;
            if minutes.last() != Some(minute) {
                running.comes_to(0, 1).await;
            }
        }
        let rows = running.rows().await;
        assert_eq!(verdicts(&rows), [expected], "{seconds} s: {rows:?}");
        let joe = lab.asked(1).iter().filter(|address| *address == "joe@grey.io").count();
        assert_eq!(joe, asked, "{seconds} s");
        let is_deferred = expected.ends_with("greylisted");
        assert_eq!(rows[0]["mailvet_retry_at"].is_string(), is_deferred, "{seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn others_go_on_and_the_output_is_in_order() {
    let quick = "RCPT ann@quick.io 250 Ok\nRCPT bob@quick.io 250 Ok";
    let lab = MailLab::new(&[("grey.io", &grey(300)), ("quick.io", quick)]);
    let list = "joe@grey.io\nann@quick.io\nmissing@quick.io\nJOE@grey.io\nbob@quick.io\n";
    let running = lab.start(list, RetryPlan::ForGreylisting);
    // No time at all passes for them.
    running.comes_to(4, 1).await;
    assert_eq!(lab.elapsed(), Duration::ZERO);
    assert!(running.is_silent());
    lab.pass(5 * MINUTE + SECOND).await;
    let rows = running.rows().await;
    let emails: Vec<&str> = rows.iter().map(|row| row["email"].as_str().unwrap()).collect();
    assert_eq!(emails, list.lines().collect::<Vec<_>>());
    let not_found = "undeliverable mailbox_not_found";
    let expected = [DELIVERABLE, DELIVERABLE, not_found, DELIVERABLE, DELIVERABLE];
    assert_eq!(verdicts(&rows), expected);
    assert_eq!(rows[3]["mailvet_duplicate_of"], 1);
    // Of two rows with one mailbox one is asked about, each time with the same spelling: to this server
    // another one would be another unknown client.
    let asked = lab.asked(1);
    assert_eq!(asked[0], asked[1], "{asked:?}");
    assert_eq!(asked[2..], ["made-up@grey.io"], "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn without_it_nobody_is_come_back_to() {
    let lab = MailLab::new(&[("grey.io", &grey(300))]);
    let running = lab.start("joe@grey.io\n", RetryPlan::Never);
    let rows = running.rows().await;
    assert_eq!(verdicts(&rows), ["unknown greylisted"]);
    assert_eq!(rows[0]["mailvet_retry_at"], "2026-11-20T12:05:00Z");
    assert_eq!(lab.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_run_killed_while_waiting_keeps_the_times() {
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
        let lab = MailLab::new(&[("grey.io", &grey(15 * 60))]);
        let running = lab.start("joe@grey.io\n", RetryPlan::ForGreylisting);
        running.comes_to(0, 1).await;
        lab.pass(killed * MINUTE).await;
        let before = if killed < 5 { 1 } else { 2 };
        lab.is_asked(1, before).await;
        running.comes_to(0, 1).await;
        running.kill().await;
        assert_eq!(lab.asked(1).len(), before, "{case}");
        lab.pass(resumed * MINUTE - lab.elapsed()).await;
        let running = lab.start("joe@grey.io\n", RetryPlan::ForGreylisting);
        for (count, time) in (1..).zip(times) {
            if *time > resumed {
                running.comes_to(0, 1).await;
                breathe().await;
                assert_eq!(lab.asked(1).len(), before + count - 1, "{case}: before {time}");
                lab.pass(*time * MINUTE + SECOND - lab.elapsed()).await;
            }
            lab.is_asked(1, before + count).await;
            if count < times.len() {
                running.comes_to(0, 1).await;
            }
        }
        assert_eq!(verdicts(&running.rows().await), [DELIVERABLE], "{case}");
        let joe = lab.asked(1).iter().filter(|address| *address == "joe@grey.io").count();
        assert_eq!(joe, before + times.len(), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_gone_for_a_while_costs_a_deferred_row_nothing() {
    let lab = MailLab::new(&[("grey.io", &grey(300))]);
    let running = lab.start("joe@grey.io\n", RetryPlan::ForGreylisting);
    running.comes_to(0, 1).await;
    let server = lab.unplug(1);
    lab.pass(5 * MINUTE + SECOND).await;
    lab.is_dialled_in_vain().await;
    running.comes_to(0, 1).await;
    lab.plug_in(1, server);
    // That the server does not answer is believed for a quarter of an hour.
    lab.pass(15 * MINUTE + SECOND).await;
    assert_eq!(verdicts(&running.rows().await), [DELIVERABLE]);
}

#[tokio::test(start_paused = true)]
async fn that_nobody_may_be_asked_any_more_is_no_news_of_a_deferred_row() {
    let lab = MailLab::new(&[("grey.io", &grey(300))]).with_recipients_per_day(1);
    let running = lab.start("joe@grey.io\n", RetryPlan::ForGreylisting);
    running.comes_to(0, 1).await;
    for minute in [5, 15] {
        lab.pass(minute * MINUTE + SECOND - lab.elapsed()).await;
        // Nothing can be seen of it.
        breathe().await;
        running.comes_to(0, 1).await;
    }
    lab.pass(60 * MINUTE + SECOND - lab.elapsed()).await;
    let rows = running.rows().await;
    assert_eq!(verdicts(&rows), ["unknown greylisted"]);
    assert_eq!(lab.asked(1), ["joe@grey.io"]);
}

#[tokio::test(start_paused = true)]
async fn an_interruption_says_nothing_of_those_in_line() {
    let slow = "RCPT joe@slow.io AFTER 2000 250 Ok\nRCPT * AFTER 2000 550 5.1.1 User unknown";
    let lab = MailLab::new(&[("slow.io", slow)]);
    let list: String = (0..40).map(|number| format!("p{number}@slow.io\n")).collect();
    let running = lab.start(&list, RetryPlan::ForGreylisting);
    super::mail_lab::comes_true(|| !lab.asked(1).is_empty(), || "no question came".into()).await;
    // Leave is taken in a time that passes.
    let pass = async {
        for _ in 0..60 {
            lab.pass(SECOND / 2).await;
            breathe().await;
        }
    };
    tokio::join!(running.interrupt(), pass);
    let visits = lab.mail(1).visits();
    assert_eq!(visits.len(), 1);
    assert_eq!(visits[0].commands.last().map(String::as_str), Some("QUIT"));
    let journal = Journal::open(&lab.journal_path()).unwrap();
    for number in 0..40 {
        let mailbox = Canonical { key: format!("p{number}@slow.io"), tag: None };
        let noted = journal.mailbox(&mailbox).await.unwrap();
        let is_paused = noted.is_some_and(|noted| noted.evidence.status == MailboxStatus::Paused);
        assert!(!is_paused, "p{number}");
    }
}
