//! A process that ends while a slow server is being asked.

use std::time::Duration;

use futures_util::future::join_all;
use mailvet::evidence::MailboxStatus;
use mailvet::smtp::limiter::Limits;
use tokio::time::{Instant, sleep};

use super::wire::{clock, scripted, validate, validator};
use crate::support::smtp::MailServer;

#[tokio::test(start_paused = true)]
async fn a_slow_server_is_asked_no_further_and_gets_quit() {
    let zone = "d.io MX 10 mx.d.io\nmx.d.io A 8.8.8.8";
    // The script, when the end comes, how many have been sent by then, and when the last of them is answered.
    let cases = [
        ("RCPT * AFTER 3000 250 Ok", 4, 2, 6),
        ("RCPT * AFTER 3000 550 5.1.1 User unknown", 4, 2, 6),
        // The replies to a group that was sent are all read.
        ("OFFERS PIPELINING\nRCPT * AFTER 500 250 Ok", 2, 10, 5),
    ];
    for (script, end, sent, answered) in cases {
        let server = MailServer::new(script);
        let limits = Limits { harvest_percent: 100, ..Limits::default() };
        let (validator, dialled) = validator(zone, scripted(&server), limits, None, clock());
        let begin = Instant::now();
        let addresses: Vec<String> = (0..30).map(|n| format!("joe{n}@d.io")).collect();
        let ending = async {
            sleep(Duration::from_secs(end)).await;
            validator.shut_down().await;
            begin.elapsed()
        };
        let asking = join_all(addresses.iter().map(|address| validate(&validator, address)));
        let (reports, ended) = tokio::join!(asking, ending);
        let commands = server.commands();
        let rcpt = commands.iter().filter(|command| command.starts_with("RCPT")).count();
        assert!((1..=sent).contains(&rcpt), "{script}: {commands:?}");
        assert_eq!(commands.last().map(String::as_str), Some("QUIT"), "{script}: {commands:?}");
        assert!(ended <= Duration::from_secs(answered + 1), "{script}: {ended:?}");
        assert_eq!(dialled.lock().unwrap().at.len(), 1, "{script}");
        let paused = reports.iter().filter(|report| {
            let mailbox = report.mailbox.as_ref().map(|facts| facts.evidence.status);
            mailbox == Some(MailboxStatus::Paused)
        });
        assert_eq!(paused.count(), addresses.len() - rcpt, "{script}");
    }
}
